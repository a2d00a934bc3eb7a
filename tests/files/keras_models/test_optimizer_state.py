"""The state of optimizers of every age comes in the order of Keras 3: iteration, learning rate, slots by variable."""

from pathlib import Path

import numpy as np
import pytest

from ckpt_magics import convert_checkpoint, load_checkpoint

GOLDEN = Path(__file__).with_name("golden")
END = "/.ATTRIBUTES/VARIABLE_VALUE"
TRAINED = [
    f"model/layer_with_weights-{at}/{name}" for at, names in enumerate(["kernel bias", "gamma beta", "kernel bias"])
    for name in names.split()
]  # fmt: skip
LEGACY = ["optimizer/iter", "optimizer/learning_rate"]
KEPT = {
    "adam-legacy": [*LEGACY, *(f"{name}/.OPTIMIZER_SLOT/optimizer/{slot}" for name in TRAINED for slot in "mv")],
    "sgd-legacy": [*LEGACY, *(f"{name}/.OPTIMIZER_SLOT/optimizer/momentum" for name in TRAINED)],
    "adam-2": [
        f"optimizer/{name}" for name in ("_iterations", "_learning_rate", *(f"_variables/{at}" for at in range(1, 13)))
    ],
    "adam-3": [
        f"optimizer/{name}" for name in ("_iterations", "_learning_rate", *(f"_variables/{at}" for at in range(2, 14)))
    ],
}


@pytest.mark.parametrize(("target", "step", "name"), [
    ("m.weights.h5", "layers", "optimizer/vars/{}"),
    ("m", "keras-3-objects", f"optimizer/_variables/{{}}{END}"),
])  # fmt: skip
@pytest.mark.parametrize("source", KEPT)
def test_each_variable_is_where_keras_3_has_it(tmp_path, source, target, step, name):
    convert_checkpoint(GOLDEN / source, tmp_path / target, [step])
    with load_checkpoint(GOLDEN / source) as old, load_checkpoint(tmp_path / target) as new:
        expected = [old[f"{kept}{END}"] for kept in KEPT[source]]
        assert sum(one.startswith("optimizer/") for one in new) == len(expected)
        for at, array in enumerate(expected):
            np.testing.assert_array_equal(new[name.format(at)], array, err_msg=KEPT[source][at])


def test_weights_can_go_without_it(tmp_path):
    convert_checkpoint(GOLDEN / "adam-2", tmp_path / "m.weights.h5", ["weights-only"])
    with load_checkpoint(tmp_path / "m.weights.h5") as reader:
        assert not any(name.startswith("optimizer") for name in reader)


def test_a_state_that_is_not_whole_is_left_out(tmp_path):
    exclude = [("exclude", "*layer_with_weights-0/kernel/.OPTIMIZER_SLOT/optimizer/m/*")]
    report = convert_checkpoint(GOLDEN / "adam-legacy", tmp_path / "m.weights.h5", exclude)
    with load_checkpoint(tmp_path / "m.weights.h5") as reader:
        assert not any(name.startswith("optimizer") for name in reader)
    assert "no weight of the model" in str(report)
