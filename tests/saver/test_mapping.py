"""Names and scopes that differ, in both directions in which people write them."""

import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.saver.mapping import NameMap, parse_map

STORED = ["old/w", "old/b", "step", "useful/x"]


@pytest.mark.parametrize(
    ("entries", "name", "stored"),
    [
        ({}, "step", "step"),
        ({"global_step": "step"}, "global_step", "step"),
        ({"new/": "old/"}, "new/w", "old/w"),
        ({"/": "old/"}, "w", "old/w"),
        ({"net/": "/"}, "net/step", "step"),
        ({"new/": "old/", "new/w": "step"}, "new/w", "step"),
        ({"a/": "useful/", "a/b/": "old/"}, "a/b/w", "old/w"),
        # TensorFlow's init_from_checkpoint has the checkpoint's name first.
        ({"old/": "new/"}, "new/w", "old/w"),
        ({"step": "some/step"}, "some/step", "step"),
        ({"/": "scope/"}, "scope/step", "step"),
        ({"old/": "/"}, "w", "old/w"),
    ],
)
def test_finds_the_stored_name(entries, name, stored):
    names = NameMap(entries, STORED)
    assert names.stored_name(name) == stored
    assert name in names.new_names(stored)


def test_says_which_entry_was_turned_round():
    assert NameMap({"old/": "new/"}, STORED).reversed == ["new/=old/"]
    assert NameMap({"new/": "old/"}, STORED).reversed == []


def test_swaps_two_scopes():
    names = NameMap({"a/": "b/", "b/": "a/"}, ["a/x", "b/x"])
    assert (names.stored_name("a/x"), names.stored_name("b/x")) == ("b/x", "a/x")
    assert (names.new_names("a/x"), names.new_names("b/x")) == (["b/x"], ["a/x"])


def test_gives_a_taken_name_to_nothing_else():
    names = NameMap({"w": "v"}, ["v", "w"])
    assert (names.new_names("v"), names.new_names("w")) == (["w"], [])


def test_refuses_a_scope_for_a_name():
    with pytest.raises(InvalidArgumentError, match="takes a scope to a name"):
        NameMap({"new": "old/"}, STORED)


@pytest.mark.parametrize("text", ["name", "=old", "new=", "="])
def test_refuses_half_a_map(text):
    with pytest.raises(InvalidArgumentError, match="is no map"):
        parse_map([text])


def test_parses_a_map():
    assert parse_map(["a=b", "c/=d/"]) == {"a": "b", "c/": "d/"}
