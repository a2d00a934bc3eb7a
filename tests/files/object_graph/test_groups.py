"""What a variable is for is told from its name."""

import pytest

from ckpt_magics.files.object_graph.groups import GROUPS, variable_group

NAMES = {
    "weights": [
        "dense/kernel", "weight", "momentum_net/w", "step_net/kernel", "layer/gamma", "optimizer_free/w", "Adam",
        "model/layer/.ATTRIBUTES/VARIABLE_VALUE", "steps/w", "scope/_CHECKPOINTABLE_OBJECT_GRAPH",
        "OBJECT_CONFIG_JSON", "adam/w", "lion/weights", "Adam_model/kernel", "slot_v", "slots/w", "count", "bag/count",
        "total/kernel", "metrics_head/kernel", "metric_net/w", "optional/w", "network/Adamant/w", "sgd_net/w_momentum",
        "dense/kernel:0",
    ],
    "optimizer slot": [
        "dense/kernel/Adam", "dense/kernel/Adam_1", "w/Momentum", "w/RMSProp_1", "beta1_power", "scope/beta2_power_1",
        "bert/w/adam_m", "w/Adagrad", "v/.OPTIMIZER_SLOT/opt/m/.ATTRIBUTES/VARIABLE_VALUE",
        "optimizer/_variables/2/.ATTRIBUTES/VARIABLE_VALUE", "training/Adam/dense/kernel/m",
        "training_1/SGD/Variable_3",
        "dense/kernel/Adam:0", "Adam/dense/kernel/m", "Adam/dense/kernel/vhat", "Adam/beta_1", "Adam_1/learning_rate",
        "Adam/m/dense/kernel", "SGD/dense/kernel/momentum", "RMSprop/dense/kernel/rms", "train/Adam/w/m",
        "AdamWeightDecay/bert/pooler/kernel/m", "Adadelta/dense/bias/accum_var", "Nadam/m/dense/kernel:0",
        "adam/dense_kernel_momentum", "adam/sequential_dense_kernel_velocity", "adam/learning_rate",
        "rmsprop/dense_bias_average_gradient", "ftrl/w_linear", "sgd_2/w_momentum", "adamax/w_norm",
        "decoder/wi/kernel_slot_vc", "decoder/wi/kernel_slot_vr", "decoder/scale_slot_v", "shared/embedding_slot_m",
        "bert/kernel/adam_v_1", "bert/kernel/lamb_m", "w/Adafactor_1", "w/LARSOptimizer", "w/DistributedMomentum",
        "current_loss_scale", "optimizer/loss_scale/good_steps", "w/AdamW_1", "beta_1_power",
        "model/optimizer/_learning_rate/.ATTRIBUTES/VARIABLE_VALUE",
    ],
    "moving average": [
        "bn/moving_mean", "bn/moving_variance", "w/ExponentialMovingAverage", "running_var",
        "w/ExponentialMovingAverage_1",
    ],
    "step": [
        "global_step", "save_counter/.ATTRIBUTES/VARIABLE_VALUE", "step", "scope/global_step_1",
        "optimizer/_iterations/.ATTRIBUTES/VARIABLE_VALUE", "training/Adam/iterations",
        "optimizer/iter/.ATTRIBUTES/VARIABLE_VALUE",
    ],
    "metric": [
        "keras_api/metrics/0/total/.ATTRIBUTES/VARIABLE_VALUE",
        "model/keras_api/metrics/1/count/.ATTRIBUTES/VARIABLE_VALUE",
        "model/_loss_tracker/total/.ATTRIBUTES/VARIABLE_VALUE",
        "model/_compile_metrics/_metrics/0/x/.ATTRIBUTES/VARIABLE_VALUE",
        "accuracy/total", "accuracy_1/count", "auc/true_positives", "mean_iou/total_confusion_matrix",
        "eval/mean_loss/count",
    ],
    "object graph": ["_CHECKPOINTABLE_OBJECT_GRAPH", "layer/.ATTRIBUTES/OBJECT_CONFIG_JSON"],
}  # fmt: skip


@pytest.mark.parametrize(("group", "name"), [(group, name) for group, names in NAMES.items() for name in names])
def test_group_of(group, name):
    assert variable_group(name) == group


def test_groups_are_all_there_are():
    assert list(NAMES) == list(GROUPS)
