"""Entries encoded as columns have the bytes of entries encoded one by one, in an index sorted by key."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.files.formats.bundle_records import BundleEntry, BundleHeader, encode_entry, encode_header
from ckpt_magics.files.formats.entry_encoding import encode_columns, encode_entries, write_index
from ckpt_magics.files.formats.random_access import BytesFile
from ckpt_magics.files.formats.table import TableReader
from tests import strategies

NUMBERS = st.just(0) | st.integers(0, 300) | st.integers(0, (1 << 63) - 1)
ENTRIES = st.builds(
    BundleEntry,
    strategies.dtypes(),
    strategies.shapes(),
    st.integers(0, 300) | st.integers(0, (1 << 31) - 1),
    NUMBERS,
    NUMBERS,
    st.just(0) | st.integers(0, (1 << 32) - 1),
    slices=st.just(()),
)


def as_columns(entries):
    places = np.array([entry[2:5] for entry in entries.values()], np.int64).reshape(-1, 3)
    crcs = np.array([entry.crc32c for entry in entries.values()], np.uint32)
    types = [(entry.dtype, entry.shape) for entry in entries.values()]
    return encode_columns(list(entries), types, np.arange(len(types)), places, crcs)


@given(st.dictionaries(st.binary(min_size=1, max_size=5), ENTRIES, max_size=20))
def test_columns_give_the_bytes_of_single_entries(entries):
    for encoded in (as_columns(entries), encode_entries(entries)):
        assert encoded.messages.tobytes() == b"".join(map(encode_entry, entries.values()))
        assert encoded.sizes.tolist() == [len(encode_entry(entry)) for entry in entries.values()]


@given(st.dictionaries(st.binary(min_size=1, max_size=5), ENTRIES, max_size=20))
def test_an_index_is_sorted_and_begins_with_its_header(entries):
    contents = bytearray()
    write_index(contents.extend, BundleHeader(num_shards=3), as_columns(entries))
    expected = [(b"", encode_header(BundleHeader(num_shards=3)))]
    expected += [(key, encode_entry(entries[key])) for key in sorted(entries)]
    assert [(key, bytes(value)) for key, value in TableReader(BytesFile(bytes(contents))).iter_from()] == expected
