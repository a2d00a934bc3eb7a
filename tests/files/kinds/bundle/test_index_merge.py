"""Indexes merged in one pass give the bytes of an index of all entries, in the memory of a few blocks."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import CheckpointError, InvalidArgumentError
from ckpt_magics.files.formats.bundle_records import BundleHeader
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.formats.entry_encoding import EncodedEntries, encode_columns, sorted_entries, write_index
from ckpt_magics.files.kinds.bundle.index_merge import IndexPart, merge_indexes
from ckpt_magics.files.storage.memory_store import MemoryStore
from ckpt_magics.files.storage.place import Place

HEADER = BundleHeader(num_shards=3)


def encoded(keys):
    keys = sorted(keys)
    crcs = np.array([hash(key) & 0xFFFF for key in keys], np.uint32)
    places = np.stack([crcs % 7, crcs, crcs], axis=1).astype(np.int64).reshape(-1, 3)
    return encode_columns(keys, [(FLOAT, (2, 3))], np.zeros(len(keys), np.intp), places, crcs)


def index_of(*entries):
    contents = bytearray()
    write_index(contents.extend, HEADER, entries)
    return bytes(contents)


def parts_of(groups):
    store = MemoryStore()
    for number, keys in enumerate(groups):
        place = Place(store, f"/part-{number}.index")
        place.put(index_of(encoded(keys)))
        yield IndexPart(place, min(keys))


KEYS = st.lists(st.binary(min_size=1, max_size=6), unique=True, max_size=40)


@settings(max_examples=30)
@given(KEYS, st.integers(1, 5), st.booleans(), st.randoms())
def test_an_index_of_all(keys, count, mixed, random):
    keys = keys if mixed else sorted(keys)
    owners = sorted(random.randrange(count + 1) for _ in keys)
    groups = [[key for key, owner in zip(keys, owners, strict=True) if owner == one] for one in range(count + 1)]
    others, *groups = groups
    parts = list(parts_of(filter(None, groups)))
    merged = merge_indexes(parts, encoded(others))
    assert index_of(encoded(keys)) == index_of(*merged)


@pytest.mark.parametrize("mixed", [True, False])
def test_parts_of_many_blocks(mixed):
    keys = [b"layer_%06d/kernel" % row for row in range(20_000)]
    groups = [keys[one::4] if mixed else keys[one * 5000 : one * 5000 + 5000] for one in range(4)]
    parts = list(parts_of(groups))
    assert index_of(encoded(keys)) == index_of(*merge_indexes(parts))


def test_parts_whose_keys_do_not_mix_are_open_one_at_a_time():
    """Bounded memory: what merging 16 parts takes is what merging 4 takes."""
    peaks = []
    for count in (4, 16):
        keys = [[b"layer_%02d_%06d/kernel" % (part, row) for row in range(500)] for part in range(count)]
        parts = list(parts_of(keys))
        tracemalloc.start()
        sizes = [len(entries.keys) for entries in merge_indexes(parts)]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert sum(sizes) == 500 * count
    assert peaks[1] < 1.5 * peaks[0]


def test_refuses_a_key_of_two():
    parts = list(parts_of([[b"a", b"m"], [b"b", b"m"]]))
    with pytest.raises(InvalidArgumentError, match="duplicate key: m"):
        index_of(*merge_indexes(parts))


def test_every_cut_of_a_part_is_told():
    (part, other) = parts_of([[b"a", b"c"], [b"b"]])
    contents = part.place.open().read_at(0, part.place.size(), "index")
    for size in range(len(contents)):
        part.place.put(contents[:size])
        with pytest.raises(CheckpointError):
            list(merge_indexes([part, other]))


def test_sorted_entries_keep_their_messages():
    entries = encoded([b"a", b"b", b"c"])
    ends = np.cumsum(entries.sizes)
    messages = np.split(entries.messages, ends[:-1])
    for order in itertools.permutations(range(3)):
        shuffled = EncodedEntries(
            [entries.keys[row] for row in order],
            np.concatenate([messages[row] for row in order]),
            entries.sizes[list(order)],
        )
        found = sorted_entries(shuffled)
        assert found.keys == entries.keys
        assert found.messages.tobytes() == entries.messages.tobytes()
