"""Every checkpoint of the collection, taken apart and put together again byte for byte."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ckpt_magics.files.formats.bundle_records import (
    HEADER_ENTRY_KEY,
    decode_entry,
    decode_header,
    encode_entry,
    encode_header,
)
from ckpt_magics.files.formats.random_access import BytesFile
from ckpt_magics.files.formats.slice_records import (
    META_KEY,
    decode_meta,
    decode_saved_slice,
    encode_meta,
    encode_saved_slice,
)
from ckpt_magics.files.formats.table import TABLE_MAGIC, TableReader, TableWriter
from ckpt_magics.files.formats.tensor_data import encode_tensor, read_tensor
from ckpt_magics.files.formats.tensor_slice import TensorSlice

VERSIONS = ["tf0.12.1", "tf1.0.1", "tf1.15.5", "tf2.4.4", "tf2.21.0"]


def tables(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield each table in a folder and below."""
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        if data.endswith(TABLE_MAGIC.to_bytes(8, "little")):
            yield path, data


def shard(index: Path, shard_id: int, num_shards: int) -> BytesFile:
    return BytesFile(index.with_suffix(f".data-{shard_id:05}-of-{num_shards:05}").read_bytes())


def take_apart_bundle(index: Path, reader: TableReader) -> Iterator[tuple[bytes, bytes]]:
    """Decode header, entries and tensors of a V2 checkpoint; yield the records encoded again."""
    records = reader.iter_from()
    key, value = next(records)
    assert key == HEADER_ENTRY_KEY
    header = decode_header(value)
    header.versions.check()
    yield key, encode_header(header)
    shards: dict[int, BytesFile] = {}
    for key, value in records:
        entry = decode_entry(value)
        if key.startswith(b"\0"):
            name, part = TensorSlice.decode_key(key)
            assert part.encode_key(name) == key
        if not entry.slices:
            file = shards.setdefault(entry.shard_id, shard(index, entry.shard_id, header.num_shards))
            place = entry.offset, entry.size
            array = read_tensor(file, *place, entry.dtype, entry.shape, expected_crc=entry.crc32c)
            buffers, crc = encode_tensor(array, entry.dtype)
            assert (b"".join(buffers), crc) == (file.read_at(*place, "tensor"), entry.crc32c)
        yield key, encode_entry(entry)


def take_apart_slices(reader: TableReader) -> Iterator[tuple[bytes, list[bytes]]]:
    """Decode the records of a V1 checkpoint; yield them encoded again."""
    records = reader.iter_from()
    key, value = next(records)
    assert key == META_KEY
    tensors, versions = decode_meta(value)
    versions.check()
    yield key, [encode_meta(tensors, versions)]
    listed = {tensor.name: tensor for tensor in tensors}
    for key, value in records:
        name, part = TensorSlice.decode_key(key)
        tensor = listed[name]
        assert part in tensor.slices
        found = decode_saved_slice(value, tensor.dtype, tensor.shape)
        assert found[:2] == (name, part)
        yield part.encode_key(name), encode_saved_slice(name, part, [found[2]], tensor.dtype, found[2].size)


def rewrite(path: Path, data: bytes) -> bytes:
    reader = TableReader(BytesFile(data))
    pieces = []
    writer = TableWriter(pieces.append)
    for key, value in take_apart_bundle(path, reader) if path.suffix == ".index" else take_apart_slices(reader):
        writer.add(key, value)
    writer.finish()
    return b"".join(pieces)


@pytest.mark.parametrize("version", VERSIONS)
def test_golden_checkpoints_come_out_as_they_went_in(golden, version):
    for path, data in tables(golden / version):
        assert rewrite(path, data) == data, path


@pytest.mark.parametrize("version", VERSIONS)
def test_all_checkpoints_come_out_as_they_went_in(corpus, version):
    found = 0
    for path, data in tables(corpus / version):
        assert rewrite(path, data) == data, path
        found += 1
    assert found > 20
