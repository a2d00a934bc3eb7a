"""Blocks of sorted keys."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.block import BlockBuilder, LatePiece, common_prefix, parse_block

ENTRIES = st.dictionaries(
    st.binary(max_size=6) | st.binary(min_size=126, max_size=130), st.binary(max_size=5), max_size=40
)

KEYS = [b"", b"a", b"ab", b"abc", b"b" * 200, b"b" * 200 + b"\xff", b"c"]
RESTART_INTERVALS = pytest.mark.parametrize("restart_interval", [1, 2, 16, 1024])


def build(entries, restart_interval=16):
    builder = BlockBuilder(restart_interval)
    for key, value in sorted(entries.items()):
        builder.add(key, value)
    return builder


def raw(entries, restarts=(0,)):
    """Lay out a block from (shared, suffix, value) and restarts that may be wrong."""
    data = b"".join(bytes([shared, len(suffix), len(value)]) + suffix + value for shared, suffix, value in entries)
    return data + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def test_empty_block():
    builder = BlockBuilder(16)
    assert builder.is_empty
    assert builder.finish() == bytes.fromhex("0000000001000000")
    assert list(parse_block(builder.finish())) == []
    assert parse_block(builder.finish()).seek(b"") is None


def test_bytes_in_order():
    block = build({b"abc": b"1", b"abd": b"22", b"b": b""}, 2)
    assert block.finish() == bytes.fromhex("000301") + b"abc1" + bytes.fromhex("020102") + b"d22" + bytes.fromhex(
        "000100"
    ) + b"b" + struct.pack("<3I", 0, 13, 2)


def test_late_piece_is_made_when_the_block_is():
    made = []

    def make():
        made.append(True)
        return [b"la", b"te"]

    builder = BlockBuilder(16)
    builder.add(b"k", [b"now ", LatePiece(4, make)])
    assert not made
    assert builder.finish() == builder.finish() == build({b"k": b"now late"}).finish()
    assert builder.size_estimate == len(builder.finish())


def test_restarts_every_interval():
    block = build({b"key%02d" % number: b"" for number in range(41)}).finish()
    count = int.from_bytes(block[-4:], "little")
    assert count == 3
    restarts = struct.unpack_from("<3I", block, len(block) - 16)
    assert [block[restart] for restart in restarts] == [0, 0, 0]


@RESTART_INTERVALS
@given(entries=ENTRIES)
def test_round_trip(restart_interval, entries):
    builder = build(entries, restart_interval)
    contents = builder.finish()
    assert len(contents) == builder.size_estimate
    assert [(key, bytes(value)) for key, value in parse_block(contents)] == sorted(entries.items())


@RESTART_INTERVALS
@given(entries=ENTRIES, target=st.binary(max_size=6))
def test_seeks_the_first_key_not_before_the_target(restart_interval, entries, target):
    block = parse_block(build(entries, restart_interval).finish())
    expected = [key for key in sorted(entries) if key >= target]
    assert [key for key, _ in block.iter_from(target)] == expected
    found = block.seek(target)
    assert (found[0] if found else None) == (expected[0] if expected else None)


def test_value_in_pieces():
    builder = BlockBuilder(16)
    builder.add(b"k", [b"ab", memoryview(b"cd"), bytearray(b"e")])
    assert [(key, bytes(value)) for key, value in parse_block(builder.finish())] == [(b"k", b"abcde")]


@given(st.binary(max_size=8), st.binary(max_size=8), st.binary(max_size=8))
def test_common_prefix(start, first, second):
    shared = common_prefix(start + first, start + second)
    assert (start + first)[:shared] == (start + second)[:shared]
    assert (start + first)[shared : shared + 1] != (start + second)[shared : shared + 1] or shared == min(
        len(start + first), len(start + second)
    )


@pytest.mark.parametrize(
    "contents",
    [
        *(b"", b"\0\0\0", struct.pack("<I", 2**31), struct.pack("<I", 2**32 - 1), struct.pack("<2I", 1, 1)),
        *(raw([(0, b"a", b"")], ()), raw([(0, b"a", b"")], (0, 99)), raw([(0, b"a", b"")] * 3, (0, 8, 4))),
    ],
    ids=["empty", "3 bytes", "2^31 restarts", "2^32-1 restarts", "offset 1", "no restart", "restart outside", "order"],
)
def test_refuses_bad_restarts(contents):
    with pytest.raises(DataLossError, match="bad block contents"):
        parse_block(contents)


@pytest.mark.parametrize(
    "entries",
    [
        [(1, b"a", b"")],
        [(0, b"a", b""), (2, b"b", b"")],
        [(0, b"b", b""), (0, b"a", b"")],
        [(0, b"a", b""), (0, b"a", b"")],
        [(0, b"a", b""), (1, b"", b"")],
    ],
    ids=["shared at the start", "shared too long", "unsorted", "twice", "twice by prefix"],
)
def test_refuses_bad_entries(entries):
    with pytest.raises(DataLossError, match="bad entry in block"):
        list(parse_block(raw(entries)))


@pytest.mark.parametrize("head", ["000900", "000009", "0080808080808000", "00ffffffffffffffffff0100", "00ff"])
def test_refuses_sizes_past_the_end(head):
    block = parse_block(bytes.fromhex(head) + struct.pack("<2I", 0, 1))
    with pytest.raises(DataLossError, match="bad entry in block"):
        list(block)


@given(st.binary(max_size=80), st.integers(0, 3))
def test_any_bytes_give_entries_or_an_error(data, count):
    contents = data + struct.pack(f"<{count + 1}I", *[0] * count, count)
    try:
        block = parse_block(contents)
        entries = list(block)
        block.seek(b"m")
    except DataLossError:
        return
    assert [key for key, _ in entries] == sorted({key for key, _ in entries})


def test_long_keys_may_have_much_in_common():
    start = b"scope/" * 50
    entries = {start + b"%05d" % number: bytes(20) for number in range(3000)}
    assert [key for key, _ in parse_block(build(entries).finish())] == sorted(entries)


def test_refuses_keys_out_of_all_proportion_to_the_block():
    """Each entry takes 8 bytes and asks for a key of 100,000."""
    builder = BlockBuilder(1 << 20)
    for number in range(300):
        builder.add(b"x" * 100_000 + number.to_bytes(2, "big"), b"")
    with pytest.raises(DataLossError, match="bad entry in block"):
        list(parse_block(builder.finish()))
