"""The nearest names are those that a person would take for the one meant."""

import pytest

from ckpt_magics.files.tensors.suggestions import Suggester, suggestion_hint

NAMES = ["model/dense/kernel", "model/dense/bias", "model/conv/kernel", "global_step", "weight", "biases"]


def nearest(name, names):
    return Suggester(dict.fromkeys(names, ())).nearest(name)


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("model/dense/kernal", "model/dense/kernel"),
        ("dense/bias", "model/dense/bias"),
        ("weights", "weight"),
        ("GLOBAL_STEP", "global_step"),
        ("tower_0/weight", "weight"),
    ],
)
def test_nearest_comes_first(asked, first):
    assert nearest(asked, NAMES)[0] == first


def test_nothing_near_gives_nothing():
    assert nearest("zzz", NAMES) == []
    assert "list(reader)" in suggestion_hint((), "m")


def test_many_names_are_compared_by_their_last_part():
    names = [f"layer_{i}/kernel" for i in range(30_000)] + ["scope/odd_one"]
    assert nearest("other/odd_one", names)[0] == "scope/odd_one"
