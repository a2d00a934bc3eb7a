"""Tables: the index of V2 checkpoints and the whole of V1."""

import contextlib

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import ChecksumError, DataLossError, InvalidArgumentError, TruncatedError
from ckpt_magics.files.formats.block import BlockBuilder
from ckpt_magics.files.formats.random_access import BytesFile
from ckpt_magics.files.formats.table import (
    BLOCK_SIZE,
    FOOTER_SIZE,
    TABLE_MAGIC,
    BlockHandle,
    TableReader,
    TableWriter,
)
from ckpt_magics.files.wire.crc32c import crc32c, mask
from ckpt_magics.files.wire.varint import decode_varint, encode_varint

# The index of weight (float32 [2, 3]) and biases (float32 [3]), as TensorFlow wrote it.
INDEX = bytes.fromhex(
    "000006 0801 1a020801"
    "00060f 626961736573 0801 1204 1202 0803 280c 3573 5b8971"
    "000615 776569676874 0801 1208 1202 0802 1202 0803 200c 2818 355b 79a256"
    "00000000 01000000 00 03f95426"
    "00000000 01000000 00 c0f2a1b0"
    "000102 78 0047 00000000 01000000 00 c69dea98"
    "4c08 590e" + "00" * 36 + "57fb808b247547db"
)

ENTRIES = {b"": b"head", b"biases": b"12 bytes", b"weight": b"24 bytes" * 3}


def write(entries):
    """Write entries, sorted already."""
    pieces = []
    writer = TableWriter(pieces.append)
    for key, value in entries:
        writer.add(key, value)
    size = writer.finish()
    data = b"".join(pieces)
    assert len(data) == size
    return data


def read(data):
    return [(key, bytes(value)) for key, value in TableReader(BytesFile(data)).iter_from()]


class Layout:
    """Writes a table block by block, right or wrong."""

    def __init__(self):
        self.data = b""

    def block(self, contents, kind=0):
        handle = encode_varint(len(self.data)) + encode_varint(len(contents))
        stored = contents + bytes([kind])
        self.data += stored + mask(crc32c(stored)).to_bytes(4, "little")
        return handle

    def entries(self, *entries, kind=0):
        builder = BlockBuilder(16)
        for key, value in entries:
            builder.add(key, value)
        contents = builder.finish()
        return self.block(bytes(cramjam.snappy.compress_raw(contents)) if kind == 1 else contents, kind)

    def finish(self, *index):
        meta = self.entries()
        handle = self.entries(*index)
        return self.data + (meta + handle).ljust(40, b"\0") + TABLE_MAGIC.to_bytes(8, "little")


def test_reads_what_tensorflow_wrote():
    entries = read(INDEX)
    assert [key for key, _ in entries] == [b"", b"biases", b"weight"]
    assert entries[0][1].hex() == "08011a020801"
    assert TableReader(BytesFile(INDEX)).blocks() == [BlockHandle(0, 71)]


def test_writes_the_bytes_that_tensorflow_wrote():
    assert write(read(INDEX)) == INDEX


def test_looks_up_keys():
    reader = TableReader(BytesFile(write(sorted(ENTRIES.items()))))
    assert {key: reader.get(key) for key in ENTRIES} == ENTRIES
    assert [reader.get(key) for key in (b"a", b"c", b"weights", b"\xff")] == [None] * 4


def test_empty_table():
    assert read(write([])) == []
    assert TableReader(BytesFile(write([]))).get(b"") is None


def test_closes_a_block_at_256_kib():
    """An entry of this size takes 5 bytes of sizes; one restart and the count take 8."""
    full = BLOCK_SIZE - 5 - 1 - 8
    for size, blocks in ((full - 1, 1), (full, 2)):
        reader = TableReader(BytesFile(write([(b"a", b"x" * size), (b"b", b"")])))
        assert len(reader.blocks()) == blocks
        assert reader.get(b"b") == b""


def test_a_large_value_gets_a_block_of_its_own():
    data = write([(b"", b"meta"), (b"a", b"x" * (2 * BLOCK_SIZE - 1)), (b"b", b"")])
    assert [handle.size for handle in TableReader(BytesFile(data)).blocks()] == [15, 2 * BLOCK_SIZE + 13, 12]
    data = write([(b"", b"meta"), (b"a", b"x" * (2 * BLOCK_SIZE - 2)), (b"b", b"")])
    assert len(TableReader(BytesFile(data)).blocks()) == 2


def test_pieces_of_a_large_value_are_not_copied():
    pieces = []
    writer = TableWriter(pieces.append)
    large = memoryview(bytearray(2 * BLOCK_SIZE))
    writer.add(b"a", [b"head", large])
    writer.finish()
    assert any(piece is large for piece in pieces)
    assert read(b"".join(pieces)) == [(b"a", b"head" + bytes(large))]


@pytest.mark.parametrize(
    ("last", "following", "key"),
    [
        (b"abc1", b"abd", b"abc1"),
        (b"abc1", b"abe", b"abd"),
        (b"ab", b"abc", b"ab"),
        (b"", b"\0a", b""),
        (b"\0b\0\1\1\1\x80\x7f", b"\0b2", b"\0b\x01"),
        (b"a\xff", b"b", b"a\xff"),
    ],
)
def test_index_key_between_two_blocks(last, following, key):
    data = write([(last, b"x" * BLOCK_SIZE), (following, b"")])
    assert index_keys(data)[0] == key


@pytest.mark.parametrize(
    ("last", "key"),
    [(b"weight", b"x"), (b"\0weight", b"\1"), (b"\xff\xfea", b"\xff\xff"), (b"\xff", b"\xff"), (b"", b"")],
)
def test_index_key_after_the_last_block(last, key):
    assert index_keys(write([(last, b"")])) == [key]


def index_keys(data):
    footer = data[-FOOTER_SIZE:]
    numbers, position = [], 0
    for _ in range(4):
        number, position = decode_varint(footer, position)
        numbers.append(number)
    return [key for key, _ in TableReader(BytesFile(data)).read_block(BlockHandle(*numbers[2:]))]


@pytest.mark.parametrize("key", [b"a", b"b"])
def test_refuses_keys_out_of_order(key):
    writer = TableWriter(lambda _: None)
    writer.add(b"b", b"")
    with pytest.raises(InvalidArgumentError, match="must increase"):
        writer.add(key, b"")


@settings(max_examples=30)
@given(
    st.dictionaries(st.binary(max_size=20), st.sampled_from([b"", b"v", b"x" * 90_000, b"y" * 600_000]), max_size=12)
)
def test_round_trip(entries):
    data = write(sorted(entries.items()))
    reader = TableReader(BytesFile(data))
    assert read(data) == sorted(entries.items())
    for key, value in entries.items():
        assert reader.get(key) == value
        assert next(reader.iter_from(key))[0] == key


def test_iterates_from_a_key_over_several_blocks():
    layout = Layout()
    handles = [layout.entries((b"a", b"1"), (b"c", b"2")), layout.entries((b"e", b"3"), (b"g", b"4"))]
    reader = TableReader(BytesFile(layout.finish((b"d", handles[0]), (b"h", handles[1]))))
    for start, keys in ((b"", b"aceg"), (b"a", b"aceg"), (b"b", b"ceg"), (b"d", b"eg"), (b"g", b"g"), (b"h", b"")):
        assert b"".join(key for key, _ in reader.iter_from(start)) == keys


def test_reads_compressed_blocks():
    layout = Layout()
    handle = layout.entries(*sorted(ENTRIES.items()), kind=1)
    assert read(layout.finish((b"x", handle))) == sorted(ENTRIES.items())


def test_touches_only_the_block_that_holds_the_key():
    class Counted(BytesFile):
        reads = ()

        def read_at(self, offset, size, what):
            self.reads += (offset,)
            return super().read_at(offset, size, what)

    file = Counted(write([(b"k%03d" % number, b"x" * 10_000) for number in range(200)]))
    reader = TableReader(file)
    assert len(reader.blocks()) > 5
    opening = len(file.reads)
    assert reader.get(b"k100") == reader.get(b"k101") == b"x" * 10_000
    assert (opening, len(file.reads)) == (2, 3)


def test_refuses_every_truncation():
    for size in range(len(INDEX)):
        with pytest.raises(DataLossError):
            read(INDEX[:size])


def test_says_that_a_file_is_too_short():
    with pytest.raises(TruncatedError, match="file is too short to be an sstable"):
        read(INDEX[:47])


def test_notices_every_flipped_bit():
    """No checksum covers the handles and the padding of the footer, but a flip there never gives other entries."""
    unread = range(0x4C, 0x59), range(0x6C, 0x94)
    for position in range(len(INDEX)):
        for bit in range(8):
            damaged = bytearray(INDEX)
            damaged[position] ^= 1 << bit
            if any(position in part for part in unread):
                assert read_or_error(damaged) in {None, True}
            else:
                assert read_or_error(damaged) is None, (position, bit)


def read_or_error(data):
    """True if the entries are as written, None for an error."""
    try:
        return read(bytes(data)) == read(INDEX)
    except DataLossError:
        return None


def test_names_the_block_whose_checksum_differs():
    layout = Layout()
    first, second = layout.entries((b"a", b"1")), layout.entries((b"b", b"2"))
    data = bytearray(layout.finish((b"a", first), (b"b", second)))
    data[20] ^= 1
    reader = TableReader(BytesFile(data))
    assert reader.get(b"a") == b"1"
    with pytest.raises(ChecksumError, match="block checksum mismatch") as caught:
        reader.get(b"b")
    assert caught.value.offset == 18
    assert caught.value.stored != caught.value.computed


@pytest.mark.parametrize(
    ("magic", "handles", "message"),
    [
        (b"\0" * 8, b"", "bad magic number"),
        (None, b"\xff" * 40, "bad block handle"),
        (None, b"\0\0" + encode_varint(2**63) + b"\x08", "truncated block read"),
        (None, b"\0\0\0" + encode_varint(2**64 - 1), "truncated block read"),
        (None, b"\0\0\0" + encode_varint(2**40), "truncated block read"),
        (None, b"", "checksum mismatch|truncated"),
    ],
    ids=["magic", "endless varints", "offset 2^63", "size 2^64-1", "size 2^40", "zeros"],
)
def test_refuses_bad_footers(magic, handles, message):
    data = INDEX[:-FOOTER_SIZE] + handles.ljust(40, b"\0") + (magic or INDEX[-8:])
    with pytest.raises(DataLossError, match=message):
        read(data)


def test_refuses_unknown_compression():
    layout = Layout()
    handle = layout.block(BlockBuilder(16).finish(), kind=7)
    with pytest.raises(DataLossError, match="bad block type 7"):
        read(layout.finish((b"a", handle)))


def test_refuses_blocks_that_are_listed_twice():
    """Else a file of some bytes could unfold into any number of entries."""
    layout = Layout()
    handle = layout.entries((b"a", b"1"))
    with pytest.raises(DataLossError, match="overlap"):
        read(layout.finish((b"a", handle), (b"b", handle)))


@pytest.mark.parametrize(("last", "first"), [(b"b", b"b"), (b"b", b"a")])
def test_refuses_keys_that_pass_the_index(last, first):
    layout = Layout()
    handles = [layout.entries((b"a", b""), (last, b"")), layout.entries((first, b"1"), (b"c", b""))]
    with pytest.raises(DataLossError, match="bad block contents"):
        read(layout.finish((b"b", handles[0]), (b"c", handles[1])))
    layout = Layout()
    handle = layout.entries((b"z", b""))
    with pytest.raises(DataLossError, match="bad block contents"):
        read(layout.finish((b"a", handle)))


def test_refuses_handles_that_are_none():
    layout = Layout()
    layout.entries((b"a", b"1"))
    with pytest.raises(DataLossError, match="bad block handle"):
        read(layout.finish((b"a", b"\x80")))


def test_ignores_bytes_after_a_handle():
    layout = Layout()
    handle = layout.entries((b"a", b"1"))
    assert read(layout.finish((b"a", handle + b"more"))) == [(b"a", b"1")]


@given(st.binary(max_size=120))
def test_any_bytes_before_the_magic_give_entries_or_an_error(data):
    with contextlib.suppress(DataLossError):
        read(data + TABLE_MAGIC.to_bytes(8, "little"))
