"""The nearest names are those that a person would take for the one meant."""

import pytest

from ckpt_magics.checkpoint.suggestions import nearest_names, suggestion_hint

NAMES = ["model/dense/kernel", "model/dense/bias", "model/conv/kernel", "global_step", "weight", "biases"]


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
    assert nearest_names(asked, NAMES)[0] == first


def test_nothing_near_gives_nothing():
    assert nearest_names("zzz", NAMES) == ()
    assert "list(reader)" in suggestion_hint((), "m")


def test_many_names_are_compared_by_their_last_part():
    names = [f"layer_{i}/kernel" for i in range(30_000)] + ["scope/odd_one"]
    assert nearest_names("other/odd_one", names) == ("scope/odd_one",)
