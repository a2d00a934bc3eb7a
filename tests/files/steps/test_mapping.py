"""Names, scopes and patterns that differ between the program and the checkpoint."""

import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.steps.mapping import NameMap, parse_map

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
        ({"*/w": "*/b"}, "old/w", "old/b"),
        ({"*/x/": "*/"}, "useful/x/x", "useful/x"),
        ({"n?w/*": "ol?/*"}, "ndw/w", "old/w"),
        ({"[mn]ew/*": "[o]ld/*"}, "new/w", "new/w"),
        ({"re:(.*)/kernel": r"\1/w"}, "old/kernel", "old/w"),
        ({r"\1/kernel": "re:(.*)/w"}, "old/kernel", "old/w"),
        ({r"re:n.*/([wb])": r"old/\1"}, "nice/b", "old/b"),
        ({"/": "old/", "step": "step"}, "step", "step"),
    ],
)
def test_finds_the_stored_name(entries, name, stored):
    assert NameMap(entries, STORED).stored_name(name) == stored


@pytest.mark.parametrize(
    ("entries", "stored", "names"),
    [
        ({}, "step", ["step"]),
        ({"new/": "old/"}, "old/w", ["new/w"]),
        ({"a/": "old/", "b/": "old/"}, "old/w", ["a/w", "b/w"]),
        ({"a": "step", "b": "step"}, "step", ["a", "b"]),
        ({"*/kernel": "*/w"}, "old/w", ["old/kernel"]),
        ({"*/kernel": "*/w"}, "old/b", ["old/b"]),
        ({"re:(.*)/kernel": r"\1/w"}, "old/w", ["old/kernel"]),
        ({"step": "old/w"}, "step", []),
    ],
)
def test_gives_a_stored_tensor_its_new_names(entries, stored, names):
    assert NameMap(entries, STORED).new_names(stored) == names


@pytest.mark.parametrize(
    "entry",
    [
        ("old/", "new/"),
        ("step", "some/step"),
        ("w", "old/W"),
        ("*", "*/ExponentialMovingAverage"),
        ("a_*/", "b_*/"),
        (r"\1", "re:(.*)/gone"),
        ("re:(.*)/w", r"\1/gone"),
    ],
)
def test_knows_what_is_not_in_the_checkpoint(entry):
    names = NameMap({"w": "old/w", entry[0]: entry[1]} if entry[0] != "w" else dict([entry]), STORED)
    assert [(one.new, one.old) for one in names.without_old] == [entry]


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        (("n", "step"), ["old/w"]),
        (("new/", "old/"), ["old/w"]),
        (("*/kernel", "*/w"), ["old/w"]),
        (("*/kernel", "*/w"), ["new/kernel"]),
        (("re:n.*", "step"), ["old/w"]),
    ],
)
def test_knows_what_is_nowhere_here(entry, names):
    assert [(one.new, one.old) for one in NameMap(dict([entry]), STORED).without_new(names)] == [entry]


def test_a_pattern_leaves_what_is_not_there_to_other_entries():
    average = "ExponentialMovingAverage"
    names = NameMap({"*": f"*/{average}", "new/": "old/"}, ["old/w", f"old/w/{average}", "b", f"b/{average}", "step"])
    assert [names.stored_name(name) for name in ("b", "new/w", "step")] == [f"b/{average}", "old/w", "step"]
    assert [names.passed_over(name) for name in ("b", "new/w", "step")] == [None, None, f"step/{average}"]
    assert names.stored_name("gone") == f"gone/{average}"


def test_the_most_particular_entry_counts():
    stored = ["x/w", "y/w", "z/w", "v"]
    entries = {"*": "x/*", "a/*": "y/*", "re:a/(b)/w": r"z/w", "a/b/c": "v"}
    names = NameMap(entries, stored)
    assert [names.stored_name(name) for name in ("w", "a/w", "a/b/w", "a/b/c")] == ["x/w", "y/w", "z/w", "v"]


def test_a_stored_name_is_no_pattern():
    names = NameMap({"a[0]": "b[0]", "c_0/": "c[0]/", "d": "re:d"}, ["b[0]", "b0", "c[0]/w", "c0/w", "re:d"])
    assert [names.stored_name(name) for name in ("a[0]", "c_0/w", "d")] == ["b[0]", "c[0]/w", "re:d"]


def test_takes_the_keys_of_files_too():
    names = NameMap({"w": "net/1/w", "n/": "net/", "*/k": "*/1/w"}, ["model/w"], {"model/w": "net/1/w"})
    assert [names.stored_name(name) for name in ("w", "n/1/w", "net/k")] == ["model/w"] * 3
    assert names.new_names("model/w") == ["w", "net/k"]


def test_swaps_two_scopes():
    names = NameMap({"a/": "b/", "b/": "a/"}, ["a/x", "b/x"])
    assert (names.stored_name("a/x"), names.stored_name("b/x")) == ("b/x", "a/x")
    assert (names.new_names("a/x"), names.new_names("b/x")) == (["b/x"], ["a/x"])


def test_gives_a_taken_name_to_nothing_else():
    names = NameMap({"w": "v"}, ["v", "w"])
    assert (names.new_names("v"), names.new_names("w")) == (["w"], [])


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (("new", "old/"), "takes a scope to a name"),
        (("a/*", "*/*"), "has 1 wildcard on its left, 2 on its right.*'\\*/kernel=\\*/weights'"),
        (("re:a", "re:b"), "a regular expression on both sides"),
        (("re:a(", "b"), "is no regular expression"),
        ((r"\2", "re:(a)"), "has the group"),
        (("x", "re:old/."), "takes old/w and old/b both to x"),
    ],
)
def test_refuses_what_has_no_meaning(entry, text):
    with pytest.raises(InvalidArgumentError, match=text):
        NameMap(dict([entry]), STORED)


@pytest.mark.parametrize("text", ["name", "=old", "new=", "="])
def test_refuses_half_a_map(text):
    with pytest.raises(InvalidArgumentError, match="is no map"):
        parse_map([text])


def test_parses_a_map():
    assert parse_map(["a=b", "c/=d/", "e=f=g"]) == {"a": "b", "c/": "d/", "e": "f=g"}
    assert parse_map(["re:a(?=b)=c", r"\1=re:(?=b)(a)"]) == {"re:a(?=b)": "c", r"\1": "re:(?=b)(a)"}
