"""Names of files are made from prefixes, and prefixes found in them."""

import pytest

from ckpt_magics.files.storage import naming


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("a/m.index", "a/m"),
        ("a/m.data-00003-of-00010", "a/m"),
        ("a/m.data-100000-of-100001", "a/m"),
        ("a/m.meta", "a/m"),
        ("a/m-00001-of-00002", "a/m-?????-of-00002"),
        ("a/m-?????-of-00002", "a/m-?????-of-00002"),
        ("a/m", "a/m"),
        (".index", ".index"),
        ("m.index.index", "m.index"),
    ],
)
def test_prefix_is_found_in_any_name(path, prefix):
    assert naming.prefix_of(path) == prefix


@pytest.mark.parametrize("shard", [0, 7, 99_999, 100_000])
def test_data_names_are_read_back(shard):
    name = naming.data_filename("run.1/m\n", shard, shard + 1)
    assert naming.parse_data_filename(name) == ("run.1/m\n", shard, shard + 1)
    assert naming.parse_v1_shard(name) is None


def test_v1_shards_are_read_back():
    assert naming.parse_v1_shard(naming.v1_shard_filename("m", 1, 2)) == ("m", 1, 2)
    assert naming.parse_v1_shard(naming.v1_shard_pattern("m", 2)) == ("m", None, 2)
    assert naming.parse_v1_shard("m-1-of-2") is None


@pytest.mark.parametrize(
    ("checkpoint", "name"),
    [("a-1-?????-of-00005", "a-1.meta"), ("a-00001-of-00002", "a.meta"), ("a.b-2", "a.b-2.meta"), ("m", "m.meta")],
)
def test_meta_graph_is_named_as_in_tensorflow(checkpoint, name):
    assert naming.meta_graph_filename(checkpoint) == name
