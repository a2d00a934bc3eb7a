"""What is printed of a checkpoint."""

import numpy as np
import pytest

from ckpt_magics.compat import inspect_checkpoint
from ckpt_magics.graphs.saver.array_saving import save_checkpoint

MATRIX = "tensor: a/w (float32) [1, 3]\n[[1. 2. 3.]]\n"
TEXT = "tensor: s (string) []\nb'hi'\n"


@pytest.fixture
def prefix(tmp_path):
    values = {"a/w": np.array([[1, 2, 3]], np.float32), "s": "hi"}
    return str(save_checkpoint(tmp_path / "m", values))


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("", True), f"{MATRIX}{TEXT}# Total number of params: 4\n"),
        (("s", True), f"{MATRIX}{TEXT}# Total number of params: 4\n"),
        (("", False, True), "tensor: a/w (float32) [1, 3]\ntensor: s (string) []\n# Total number of params: 4\n"),
        ((None, False), "a/w (DT_FLOAT) [1,3]\ns (DT_STRING) []\n\n# Total number of params: 4\n"),
        (("s", False), f"{TEXT}# Total number of params: 4\n"),
        (("nope", False), "Tensor nope not found in checkpoint\n"),
        (
            ("s", False, False, "^a/"),
            f"{TEXT}# Excluding 1 tensors (3 params) that match ^a/ when counting.\n# Total number of params: 1\n",
        ),
    ],
)
def test_prints_as_tensorflow_does(prefix, capsys, arguments, printed):
    inspect_checkpoint.print_tensors_in_checkpoint_file(prefix, *arguments)
    assert capsys.readouterr().out == printed


def test_prints_what_is_wrong(tmp_path, capsys):
    inspect_checkpoint.print_tensors_in_checkpoint_file(str(tmp_path / "none"), "", all_tensors=True)
    assert "Failed to find any matching files for" in capsys.readouterr().out
