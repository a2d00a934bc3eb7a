"""Patterns take in and leave out names, with the optimizer slots of what is left out."""

import pytest

from ckpt_magics.saver.selection import Selection

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


def chosen(include=(), exclude=()):
    selection = Selection(include, exclude)
    excluded = selection.excluded(NAMES, {})
    return [name for name in NAMES if name not in excluded and selection.includes(name, {})]


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
        (("global_step", "body/w"), ["body/w", "body/w/Adam", "global_step"]),
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


def test_names_patterns_that_match_nothing():
    assert Selection(["body", "bodi"], ["tail/*"]).without_match(NAMES, {}) == ["bodi", "tail/*"]


def test_matches_the_other_name_too():
    assert Selection(["old"]).includes("new/w", {"new/w": "old/w"})
