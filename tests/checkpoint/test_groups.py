"""What a variable is for is told from its name."""

import pytest

from ckpt_magics.checkpoint.groups import GROUPS, variable_group

NAMES = {
    "weights": [
        "dense/kernel", "weight", "momentum_net/w", "step_net/kernel", "layer/gamma", "optimizer_free/w", "Adam",
        "model/layer/.ATTRIBUTES/VARIABLE_VALUE", "steps/w", "scope/_CHECKPOINTABLE_OBJECT_GRAPH",
        "OBJECT_CONFIG_JSON",
    ],
    "optimizer slot": [
        "dense/kernel/Adam", "dense/kernel/Adam_1", "w/Momentum", "w/RMSProp_1", "beta1_power", "scope/beta2_power_1",
        "bert/w/adam_m", "w/Adagrad", "v/.OPTIMIZER_SLOT/opt/m/.ATTRIBUTES/VARIABLE_VALUE",
        "optimizer/_variables/2/.ATTRIBUTES/VARIABLE_VALUE", "training/Adam/dense/kernel/m",
    ],
    "moving average": ["bn/moving_mean", "bn/moving_variance", "w/ExponentialMovingAverage", "running_var"],
    "step": [
        "global_step", "save_counter/.ATTRIBUTES/VARIABLE_VALUE", "step", "scope/global_step_1",
        "optimizer/_iterations/.ATTRIBUTES/VARIABLE_VALUE", "training/Adam/iterations",
        "optimizer/iter/.ATTRIBUTES/VARIABLE_VALUE",
    ],
    "object graph": ["_CHECKPOINTABLE_OBJECT_GRAPH", "layer/.ATTRIBUTES/OBJECT_CONFIG_JSON"],
}  # fmt: skip


@pytest.mark.parametrize(("group", "name"), [(group, name) for group, names in NAMES.items() for name in names])
def test_group_of(group, name):
    assert variable_group(name) == group


def test_groups_are_all_there_are():
    assert list(NAMES) == list(GROUPS)
