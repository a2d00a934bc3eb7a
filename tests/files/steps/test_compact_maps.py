"""A map is said in few entries that mean the same, and in its pairs where no few do."""

import pytest

from ckpt_magics.files.steps.compact_maps import compact_map, compact_patterns
from ckpt_magics.files.steps.mapping import NameMap

LAYERS = [f"net/layer_{number}/{leaf}" for number in range(3) for leaf in ("weights", "biases")]


@pytest.mark.parametrize(
    ("pairs", "entries"),
    [
        ({f"new/{name}": name for name in LAYERS}, {"new/": "/"}),
        ({name.replace("net/", ""): name for name in LAYERS}, {"/": "net/"}),
        ({f"{name}:0": name for name in LAYERS}, {"*:0": "*"}),
        ({name: f"{name}/ExponentialMovingAverage" for name in LAYERS}, {"*": "*/ExponentialMovingAverage"}),
        (
            {name.replace("weights", "kernel").replace("biases", "bias"): name for name in LAYERS},
            {"*/kernel": "*/weights", "*/bias": "*/biases"},
        ),
        (
            {name.replace("/", "."): name for name in LAYERS},
            {"net.layer_*.weights": "net/layer_*/weights", "net.layer_*.biases": "net/layer_*/biases"},
        ),
        ({"w_3": "w", "w_4": "w_1"}, {"w_3": "w", "w_4": "w_1"}),
        ({"a/w": "b/x"}, {"a/w": "b/x"}),
        ({}, {}),
    ],
)
def test_says_a_map_in_few_entries(pairs, entries):
    assert compact_map(pairs, pairs, list(pairs.values())) == entries


def test_takes_no_name_elsewhere():
    pairs = {"new/a": "old/a", "new/b": "old/b"}
    wanted = {**pairs, "new/c": "new/c"}
    stored = ["old/a", "old/b", "old/c", "new/c"]
    names = NameMap(compact_map(pairs, wanted, stored), stored)
    assert {new: names.stored_name(new) for new in wanted} == wanted


@pytest.mark.parametrize(
    ("names", "among", "patterns"),
    [
        ({"a/w", "b/w"}, {"a/w", "b/w", "a/b"}, ["*/w"]),
        ({"a/w", "a/b"}, {"a/w", "a/b", "c/w"}, ["a/*"]),
        ({"a.w", "b.w"}, {"a.w", "b.w"}, ["*.w"]),
        ({"a", "b"}, {"a", "b"}, ["*"]),
        ({"a", "b"}, {"a", "b", "c"}, ["a", "b"]),
        (set(), {"a"}, []),
    ],
)
def test_finds_patterns_for_names_and_no_others(names, among, patterns):
    assert compact_patterns(names, among) == patterns
