"""The immutable table of sorted keys: the index of a V2 checkpoint, and all of a V1 checkpoint.

The bytes in order::

    data block, trailer     any number of times
    metaindex block, trailer   always empty
    index block, trailer    per data block: a key not before its last one, and its handle
    footer                  48 bytes
        handles             metaindex, index: each varint64 offset, varint64 size; zeros up to 40 bytes
        fixed64             TABLE_MAGIC, little-endian

A trailer is one byte with the compression (0 none, 1 Snappy) and the masked CRC-32C of the block as stored and of that
byte. Handles do not count it. Keys are compared as unsigned bytes.

Format: tensorflow/core/lib/io/table.cc, table_builder.cc, format.cc.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ckpt_magics.errors import ChecksumError, DataLossError, InvalidArgumentError
from ckpt_magics.files.formats.block import Block, BlockBuilder, Value, common_prefix, parse_block
from ckpt_magics.files.formats.compression import decompress_snappy
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.wire.crc32c import crc32c, mask, unmask
from ckpt_magics.files.wire.varint import Buffer, decode_varint, encode_varint

BLOCK_SIZE = 262_144
"""Size in bytes at which TensorFlow closes a data block, for both versions."""

RESTART_INTERVAL = 16
TABLE_MAGIC = 0xDB4775248B80FB57
FOOTER_SIZE = 48
TRAILER_SIZE = 5
NO_COMPRESSION, SNAPPY_COMPRESSION = 0, 1

MAX_UNCOMPRESSED_BLOCK = 64 << 20
"""Contents of a compressed block, in bytes, beyond which it is refused. TensorFlow's own blocks are 256 KiB and one
value; values beyond megabytes are in V1 files only, which it has never compressed."""

MAX_CACHED_BLOCK = 4 << 20
CACHED_BLOCKS = 4
"""Data blocks kept for the next look-up, and how large they may be, in bytes."""


class BlockHandle(NamedTuple):
    """Where a block lies in its file, in bytes, its trailer not counted."""

    offset: int
    size: int


class TableReader:
    """Looks keys up in a table. Data blocks are read and verified when first touched.

    Args:
        file: The table. It stays open for as long as the reader is used; whoever opened it closes it.

    Raises:
        TruncatedError: The file is too short for a footer, or the index block lies outside of it.
        ChecksumError: The index block's CRC differs from its contents'.
        DataLossError: The file is not a table, or its index block is malformed.
    """

    def __init__(self, file: RandomAccessFile) -> None:
        self._file = file
        self._cache: OrderedDict[BlockHandle, Block] = OrderedDict()
        self._last_keys: list[bytes] = []
        self._handles: list[BlockHandle] = []
        end = 0
        for key, value in self._read_block(read_footer(file).index_block):
            handle = decode_handle(value)
            # Blocks that overlap would make a small file unfold into any number of entries.
            if handle.offset < end:
                raise DataLossError("bad block handle: data blocks overlap or are not in order", offset=handle.offset)
            end = handle.offset + handle.size + TRAILER_SIZE
            self._last_keys.append(key)
            self._handles.append(handle)

    def get(self, key: bytes) -> bytes | None:
        """Return a copy of the value of ``key``, or None if the table does not have it."""
        value = self.find(key)
        return None if value is None else bytes(value)

    def find(self, key: bytes) -> memoryview | None:
        """Return the same as a view, which keeps the memory of its whole block."""
        which = bisect_left(self._last_keys, key)
        if which == len(self._handles):
            return None
        found = self.read_block(self._handles[which]).seek(key)
        return found[1] if found is not None and found[0] == key else None

    def iter_from(self, key: bytes = b"") -> Iterator[tuple[bytes, memoryview]]:
        """Yield (key, value) in order, from the first key that is not before ``key``.

        Raises:
            DataLossError: A block is damaged, or its keys do not lie between those of its neighbours.
        """
        first = bisect_left(self._last_keys, key)
        previous = self._last_keys[first - 1] if first else None
        for last, handle in zip(self._last_keys[first:], self._handles[first:], strict=True):
            block = self.read_block(handle)
            found = b""
            for found, value in block.iter_from(key) if key else block.iter_entries():
                if previous is not None:
                    _check_after(found, previous, handle)
                    previous = None
                yield found, value
            if found > last:
                raise DataLossError("bad block contents: keys pass the one in the index", offset=handle.offset)
            previous, key = last, b""

    def blocks(self) -> list[BlockHandle]:
        """Return the handles of the data blocks, in the order of their keys."""
        return list(self._handles)

    def block_ranges(self) -> Iterator[tuple[BlockHandle, bytes | None, bytes]]:
        """Yield each data block with the last key that may stand before it, None at the first, and the last in it."""
        previous: bytes | None = None
        for handle, last in zip(self._handles, self._last_keys, strict=True):
            yield handle, previous, last
            previous = last

    def read_block(self, handle: BlockHandle) -> Block:
        """Return one data block, from memory if it was among the last ones asked for.

        Raises:
            TruncatedError: The file ends inside the block.
            ChecksumError: The trailer's CRC differs from the contents'.
            DataLossError: The block is malformed.
        """
        block = self._cache.pop(handle, None)
        if block is None:
            block = self._read_block(handle)
        if handle.size <= MAX_CACHED_BLOCK:
            self._cache[handle] = block
            if len(self._cache) > CACHED_BLOCKS:
                self._cache.popitem(last=False)
        return block

    def identity(self) -> bytes:
        """Return a digest of where the blocks lie and of their checksums, which are read and not checked.

        Tables of different contents have different ones, and a copy has the same.
        """
        from hashlib import blake2b

        digest = blake2b(digest_size=16)
        digest.update(self._file.read_at(self._file.size - FOOTER_SIZE, FOOTER_SIZE, "footer"))
        for offset, size in self._handles:
            digest.update(b"%d %d " % (offset, size))
            digest.update(self._file.read_at(offset + size, TRAILER_SIZE, "trailer of a block"))
        return digest.digest()

    def _read_block(self, handle: BlockHandle) -> Block:
        """Read, verify, decompress."""
        offset, size = handle
        stored = self._file.read_at(offset, size + TRAILER_SIZE, "truncated block read")
        expected = unmask(int.from_bytes(stored[size + 1 :], "little"))
        computed = crc32c(memoryview(stored)[: size + 1])
        if computed != expected:
            message = f"block checksum mismatch: stored {expected:#010x}, contents give {computed:#010x}"
            raise ChecksumError(message, stored=expected, computed=computed, offset=offset)
        if stored[size] == NO_COMPRESSION:
            return parse_block(stored, size, offset=offset)
        if stored[size] == SNAPPY_COMPRESSION:
            try:
                contents = decompress_snappy(memoryview(stored)[:size], MAX_UNCOMPRESSED_BLOCK)
            except DataLossError as error:
                error.offset = offset
                raise
            return parse_block(contents, offset=offset)
        raise DataLossError(f"bad block type {stored[size]}", offset=offset)


def _check_after(key: bytes, previous: bytes, handle: BlockHandle) -> None:
    """Refuse a block whose first key belongs into the one before it."""
    if key <= previous:
        raise DataLossError("bad block contents: keys overlap those of the block before", offset=handle.offset)


class Footer(NamedTuple):
    """The last bytes of a table.

    Attributes:
        metaindex: Where the block lies that holds nothing; readers do not look there.
        index_block: Where the index block lies.
        padding: What fills the footer up, zeros as written.
    """

    metaindex: BlockHandle
    index_block: BlockHandle
    padding: bytes


def read_footer(file: RandomAccessFile) -> Footer:
    """Read the footer of a table.

    Raises:
        TruncatedError: The file is too short for one.
        DataLossError: The file is not a table.
    """
    if file.size < FOOTER_SIZE:
        file.read_at(0, FOOTER_SIZE, "file is too short to be an sstable")
    footer = file.read_at(file.size - FOOTER_SIZE, FOOTER_SIZE, "footer")
    if int.from_bytes(footer[40:], "little") != TABLE_MAGIC:
        raise DataLossError("not an sstable (bad magic number)", offset=file.size - 8)
    numbers, position = [], 0
    try:
        for _ in range(4):
            number, position = decode_varint(footer[:40], position)
            numbers.append(number)
    except DataLossError as error:
        raise DataLossError("bad block handle", offset=file.size - FOOTER_SIZE) from error
    return Footer(BlockHandle(*numbers[:2]), BlockHandle(*numbers[2:]), footer[position:40])


def decode_handle(value: Buffer) -> BlockHandle:
    """Decode a handle; bytes after it are allowed."""
    try:
        offset, position = decode_varint(value, 0)
        size, _ = decode_varint(value, position)
    except DataLossError as error:
        raise DataLossError("bad block handle") from error
    return BlockHandle(offset, size)


class TableWriter:
    """Writes a table, byte for byte as TensorFlow would.

    Args:
        sink: Called with each piece of the file, in order.
    """

    def __init__(self, sink: Callable[[Buffer], object]) -> None:
        self._sink = sink
        self._offset = 0
        self._data = BlockBuilder(RESTART_INTERVAL)
        self._index = BlockBuilder(1)
        self._last_key: bytes | None = None
        self._pending: BlockHandle | None = None

    def add(self, key: bytes, value: Value) -> None:
        """Append an entry. A value in several pieces is written piece by piece, without joining them.

        Raises:
            InvalidArgumentError: ``key`` does not come after the last one.
        """
        last = self._last_key
        if last is not None:
            if key <= last:
                raise InvalidArgumentError(f"table keys must increase: {key!r} follows {last!r}")
            size = len(value) if isinstance(value, bytes | bytearray | memoryview) else sum(map(len, value))
            if len(key) + size >= 2 * BLOCK_SIZE:
                self._flush()
        if self._pending is not None:
            self._end_block(_shortest_separator(last or b"", key))
        self._last_key = key
        self._data.add(key, value)
        if self._data.size_estimate >= BLOCK_SIZE:
            self._flush()

    def add_block(self, contents: bytes, first: bytes, last: bytes) -> None:
        """Append a data block built elsewhere, whose keys from ``first`` to ``last`` come after all others."""
        self._flush()
        if self._pending is not None:
            self._end_block(_shortest_separator(self._last_key or b"", first))
        self._last_key = last
        self._pending = self._write_parts([contents], len(contents))

    def finish(self) -> int:
        """Write what is left, the index and the footer. Returns the size of the file in bytes."""
        self._flush()
        metaindex = self._write_block(BlockBuilder(RESTART_INTERVAL))
        if self._pending is not None:
            self._end_block(_short_successor(self._last_key or b""))
        index = self._write_block(self._index)
        handles = b"".join(map(encode_varint, (*metaindex, *index)))
        self._sink(handles.ljust(40, b"\x00") + TABLE_MAGIC.to_bytes(8, "little"))
        return self._offset + FOOTER_SIZE

    def _flush(self) -> None:
        """Write the data block, if it has entries. Its index entry waits for the key that comes next."""
        if not self._data.is_empty:
            self._pending = self._write_block(self._data)
            self._data = BlockBuilder(RESTART_INTERVAL)

    def _end_block(self, key: bytes) -> None:
        """Add the index entry of the block written last."""
        if self._pending is not None:
            self._index.add(key, b"".join(map(encode_varint, self._pending)))
            self._pending = None

    def _write_block(self, block: BlockBuilder) -> BlockHandle:
        """Write a block and its trailer."""
        size = block.size_estimate
        return self._write_parts([block.finish()] if size < 2 * BLOCK_SIZE else block.parts(), size)

    def _write_parts(self, parts: Iterable[Buffer], size: int) -> BlockHandle:
        """Write the pieces of a block and its trailer."""
        crc = 0
        for part in parts:
            crc = crc32c(part, crc)
            self._sink(part)
        crc = crc32c(bytes([NO_COMPRESSION]), crc)
        self._sink(bytes([NO_COMPRESSION]) + mask(crc).to_bytes(4, "little"))
        handle = BlockHandle(self._offset, size)
        self._offset += size + TRAILER_SIZE
        return handle


def _shortest_separator(last: bytes, following: bytes) -> bytes:
    """Return a short key that is not before ``last`` and is before ``following``."""
    shared = common_prefix(last, following)
    if shared < min(len(last), len(following)) and last[shared] < 0xFF and last[shared] + 1 < following[shared]:
        return last[:shared] + bytes([last[shared] + 1])
    return last


def _short_successor(last: bytes) -> bytes:
    """Return a short key that is not before ``last``."""
    shared = len(last) - len(last.lstrip(b"\xff"))
    return last[:shared] + bytes([last[shared] + 1]) if shared < len(last) else last
