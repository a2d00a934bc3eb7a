"""Every byte of every file belongs to one thing on each level, whatever the file holds."""

import os
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import CheckpointNotFoundError
from ckpt_magics.files.directory.byte_maps import find_tensor_ranges, map_bytes, range_at
from ckpt_magics.files.formats.maps.byte_range import TENSOR, UNREADABLE, UNUSED, inside_of
from ckpt_magics.files.kinds.known import WRITTEN_KINDS, kind_named
from ckpt_magics.files.storage.place import place_of
from tests import strategies
from tests.files.saved import write_kind
from tests.truth import CORPUS, GOLDEN

DEEP = 300
"""Ranges of one file that are looked at; a graph has as many as it has fields."""


def walked(file):
    """All ranges of a file on all levels, each level being checked to make up all of the one above."""
    check_level(0, file.size, file.ranges)
    found = list(file.ranges)
    with file.place.open() as stream:
        for one in found:
            if one.inside is not None and len(found) < DEEP:
                parts = inside_of(one, stream)
                check_level(one.offset, one.end, parts)
                found += parts
    return found


def check_level(start, end, ranges):
    assert [one.offset for one in ranges] == [start, *(one.end for one in ranges)][: len(ranges)]
    assert (ranges[-1].end if ranges else start) == end
    assert all(one.size > 0 for one in ranges)


def mapped(path):
    """The maps of what is there, none of what is not."""
    with warnings.catch_warnings(action="ignore"):
        try:
            return map_bytes(path)
        except CheckpointNotFoundError:
            return []


def check(path):
    for file in mapped(path):
        assert file.size == os.path.getsize(file.name)
        yield from walked(file)


def checkpoints(folder):
    return sorted(
        {
            path.with_suffix("") if path.suffix == ".index" else path
            for path in folder.rglob("*")
            if path.suffix == ".index" or (path.is_file() and path.suffix in {"", ".ckpt"})
        }
    )


@pytest.mark.parametrize("version", ["tf0.12.1", "tf2.21.0"])
def test_nothing_of_what_tensorflow_writes_is_unknown(version):
    ranges = [one for path in checkpoints(GOLDEN / version) for one in check(path)]
    assert len(ranges) > 20
    assert not [one for one in ranges if one.problem or one.what in {UNUSED, UNREADABLE}]


def test_damaged_files_say_what_is_wrong_with_them():
    found = [list(check(path)) for folder in CORPUS.glob("damaged/v[12]_*") for path in checkpoints(folder)]
    assert sum(any(one.problem for one in ranges) for ranges in found) > len(found) / 4


@pytest.mark.parametrize("kind", WRITTEN_KINDS, ids=lambda kind: kind.name)
@settings(max_examples=5)
@given(data=st.data())
def test_whatever_becomes_of_a_file_each_byte_is_accounted_for(tmp_path_factory, kind, data):
    folder = tmp_path_factory.mktemp("m")
    numbers = strategies.shapes(max_rank=2).map(lambda shape: np.arange(np.prod(shape, dtype=int)).reshape(shape))
    arrays = data.draw(st.lists(numbers, min_size=1, max_size=4))
    names = [kind.name_form.format(f"layer_{at}") for at in range(len(arrays))]
    sink = write_kind(folder / "m", dict(zip(names, arrays, strict=True)), kind)
    whole = [one for file in map_bytes(folder / "m") for one in walked(file)]
    assert not [one for one in whole if one.problem or one.what in {UNUSED, UNREADABLE}]
    path = data.draw(st.sampled_from(sorted(file.path for file in sink.written)))
    with open(path, "rb") as file:
        contents = bytearray(file.read())
    for _ in range(data.draw(st.integers(0, 3))):
        if contents:
            contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    with open(path, "wb") as file:
        file.write(contents[: data.draw(st.integers(0, len(contents)))])
    list(check(folder / "m"))


@pytest.mark.parametrize("kind", ["v1", "v2"])
def test_a_flipped_byte_of_a_value_is_named_in_its_tensor(tmp_path, kind):
    write_kind(tmp_path / "m", {"a": np.arange(5.0), "b": np.arange(3.0)}, kind_named(kind))
    maps = map_bytes(tmp_path / "m")
    *_, path = find_tensor_ranges(maps, b"b")
    file, one = range_at(maps, path)
    with open(file.name, "r+b") as stream:
        stream.seek(one.end - 1)
        stream.write(b"\x77")
    problems = {one.what for one in check(tmp_path / "m") if one.problem}
    assert problems == ({"values"} if kind == "v2" else {"trailer", "checksum"})


@pytest.mark.parametrize("kind", WRITTEN_KINDS, ids=lambda kind: kind.name)
def test_the_bytes_of_a_tensor_are_found_by_its_name(tmp_path, kind):
    names = [kind.name_form.format(f"layer_{at}") for at in range(40)]
    write_kind(tmp_path / "m", {name: np.full(2, at, np.float32) for at, name in enumerate(names)}, kind)
    maps = map_bytes(tmp_path / "m")
    for at in (0, 17, 39):
        found = [range_at(maps, path) for path in find_tensor_ranges(maps, names[at].encode())]
        assert any(file.read(one.offset, one.size).endswith(np.full(2, at, "<f4").tobytes()) for file, one in found)
        assert {one.what for _, one in found} <= {TENSOR, "entry"}
    assert not list(find_tensor_ranges(maps, b"layer"))


def test_a_large_checkpoint_is_mapped_without_reading_its_values(tmp_path):
    arrays = {f"layer_{at}": np.zeros(1 << 20, np.uint8) for at in range(8)}
    write_kind(tmp_path / "m", arrays, kind_named("v2"))
    data = map_bytes(tmp_path / "m")[1]
    os.truncate(data.place.name, 0)
    assert [one.size for one in data.ranges] == [1 << 20] * 8
    assert [one.what for one in data.inside(data.ranges[3])] == [UNREADABLE]


def test_a_file_that_is_something_else_is_one_range(tmp_path):
    (tmp_path / "page.ckpt").write_bytes(b"<html>" * 20)
    (one,) = (one for file in map_bytes(place_of(tmp_path / "page.ckpt")) for one in file.ranges)
    assert (one.offset, one.size, one.what) == (0, 120, UNREADABLE)
    assert "magic number" in one.problem
