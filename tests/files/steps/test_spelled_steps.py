"""Steps in Python are words with entries in whichever form is at hand."""

import numpy as np
import pytest

from ckpt_magics import InvalidArgumentError
from ckpt_magics.files.steps.spelled_steps import spelled_steps
from ckpt_magics.files.steps.step import Step


@pytest.mark.parametrize(
    ("spelled", "words"),
    [
        (("map", {"b": "a"}), "--map b=a"),
        (("map", ["b=a", ("d", "c")]), "--map b=a d=c"),
        (("exclude", "*/Adam"), "--exclude '*/Adam'"),
        (("transpose", {"w": (1, 0)}), "--transpose w=1,0"),
        (("weights_only", True), "--weights-only"),
        ("weights-only", "--weights-only"),
        (("set", {"step": 7}), "--set step=7"),
        (("drop-axis", {"w": 0}), "--drop-axis w=0"),
    ],
)
def test_forms(spelled, words):
    (step,) = spelled_steps([spelled])
    assert str(step) == words


def test_values_that_are_no_text_are_kept_as_they_are():
    array = np.ones(3)
    (step,) = spelled_steps([("set", {"w": array})])
    ((name, variable),) = step.entries
    assert name == "w"
    assert step.variables[variable] is array


def test_steps_may_be_a_mapping_or_made_before():
    (step,) = spelled_steps({"exclude": ["a"]})
    assert isinstance(step, Step)
    assert spelled_steps([step]) == [step]


@pytest.mark.parametrize(
    ("spelled", "message"),
    [
        (("mapp", "a=b"), "Nearest: map"),
        (("zzz", "a=b"), "There are include"),
        (("map", {1: "a"}), "is nothing for map"),
        (("map", None), "once or more"),
        (("weights-only", ["w"]), "takes nothing"),
    ],
)
def test_what_is_no_step(spelled, message):
    with pytest.raises(InvalidArgumentError, match=message):
        spelled_steps([spelled])
