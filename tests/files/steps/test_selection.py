"""Patterns take in and leave out names, with the optimizer slots of what is left out."""

import pytest

from ckpt_magics.files.steps.patterns import Names
from ckpt_magics.files.steps.selection import Selection

NAMES = [
    "body/w",
    "body/w/Adam",
    "head/w",
    "head/w/Adam",
    "head/w/Adam_1",
    "head/w/ExponentialMovingAverage",
    "Adam/head/w/momentum",
    "Adam/body/w/momentum",
    "other/head/w",
    "global_step",
    "odd[0]/w",
]


def chosen(include=(), exclude=(), slots=False):
    return Selection(include, exclude, slots=slots).choose(Names(NAMES)).names


@pytest.mark.parametrize(
    ("include", "names"),
    [
        ((), NAMES),
        (("global_step",), ["global_step"]),
        (("body",), ["body/w", "body/w/Adam"]),
        (("body/",), ["body/w", "body/w/Adam"]),
        (("*/Adam",), ["body/w/Adam", "head/w/Adam"]),
        (("glob?l_*",), ["global_step"]),
        (("odd[0]/w",), ["odd[0]/w"]),
        (("global_step", "body/w"), ["body/w", "global_step"]),
        (("head/w/",), ["head/w/Adam", "head/w/Adam_1", "head/w/ExponentialMovingAverage"]),
        ((r"re:(body|head)/\w",), ["body/w", "head/w"]),
    ],
)
def test_takes_in_by_glob_name_and_scope(include, names):
    assert chosen(include) == names


@pytest.mark.parametrize("pattern", ["head/w", "head/*", "head/?"])
def test_leaves_out_the_slots_of_what_is_left_out(pattern):
    assert chosen(exclude=(pattern,)) == [
        "body/w",
        "body/w/Adam",
        "Adam/body/w/momentum",
        "other/head/w",
        "global_step",
        "odd[0]/w",
    ]


def test_takes_the_slots_of_what_is_taken_in_along_when_asked():
    slots = ["head/w/Adam", "head/w/Adam_1", "head/w/ExponentialMovingAverage", "Adam/head/w/momentum"]
    assert chosen(["head/w"], slots=True) == ["head/w", *slots]
    assert chosen(["head/w"], ["*/Adam"], slots=True) == ["head/w", *slots[1:]]
    assert chosen(slots=True) == NAMES


def test_names_patterns_that_match_nothing():
    assert Selection(["body", "bodi"], ["tail/*"]).choose(Names(NAMES)).idle == ["bodi", "tail/*"]


def test_matches_the_other_names_too():
    names = Names(["new/w", "b"], {"new/w": "old/w"}, {"b": "b/.ATTRIBUTES/VARIABLE_VALUE"})
    assert Selection(["old"]).choose(names).names == ["new/w"]
    assert Selection(["b/.ATTRIBUTES/VARIABLE_VALUE"]).choose(names).names == ["b"]


def test_its_own_name_comes_before_another():
    names = Names(["a", "b"], {"a": "b", "b": "a"})
    assert Selection(["a"]).choose(names).names == ["a"]
    assert Selection(["[a]"]).choose(names).names == ["a", "b"]
