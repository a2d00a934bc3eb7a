"""Scanning a block gives what walking through it gives."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.block import BlockBuilder, parse_block
from ckpt_magics.files.formats.block_scan import scan_block

KEYS = st.binary(max_size=6) | st.builds(
    lambda text, size: text * size, st.binary(min_size=1, max_size=2), st.integers(0, 200)
)
ENTRIES = st.dictionaries(KEYS, st.binary(max_size=4) | st.integers(0, 20_000).map(bytes), max_size=60)


def build(entries, interval):
    builder = BlockBuilder(interval)
    for key in sorted(entries):
        builder.add(key, entries[key])
    return builder.finish()


def walk(block):
    entries = []
    try:
        entries.extend((key, bytes(value)) for key, value in block.iter_entries())
    except DataLossError as error:
        return entries, error.message
    return entries, None


def scan(block):
    found = scan_block(block)
    values = [bytes(block.contents[start:end]) for start, end in zip(found.starts, found.ends, strict=True)]
    return list(zip(found.keys, values, strict=True)), found.damage and found.damage.message


@given(ENTRIES, st.sampled_from([1, 2, 16, 100]))
def test_entries_are_those_of_a_walk(entries, interval):
    block = parse_block(build(entries, interval))
    assert scan(block) == (sorted(entries.items()), None)


@given(ENTRIES, st.sampled_from([1, 3, 16]), st.data())
def test_changed_bytes_are_read_as_far_as_a_walk_reads_them(entries, interval, data):
    contents = bytearray(build(entries, interval))
    for _ in range(data.draw(st.integers(1, 3))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    try:
        block = parse_block(bytes(contents))
    except DataLossError:
        return
    assert scan(block) == walk(block)


def test_sizes_longer_than_needed_are_read():
    padded = b"\x00\x81\x00\x81\x80\x80\x80\x80\x80\x00kv"
    block = parse_block(padded + struct.pack("<2I", 0, 1))
    assert scan(block) == ([(b"k", b"v")], None)


def test_a_first_restart_inside_of_the_block_hides_nothing():
    block = parse_block(b"\x00\x01\x01av\x00\x01\x01bv" + struct.pack("<2I", 5, 1))
    assert scan(block) == ([(b"a", b"v"), (b"b", b"v")], None)
