"""Every documented limit holds at the limit and refuses one more; SECURITY.md states them all."""

import re
from pathlib import Path

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError, DataLossError, InternalError, ResourceExhaustedError
from ckpt_magics.files.directory.state import MAX_STATE_SIZE
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats.bundle_records import (
    MAX_ENTRY_FIELDS,
    MAX_SHARDS,
    BundleEntry,
    BundleHeader,
    decode_entry,
    decode_header,
    encode_entry,
    encode_header,
)
from ckpt_magics.files.formats.compression import decompress_snappy
from ckpt_magics.files.formats.shapes import MAX_RANK, checked_shape
from ckpt_magics.files.formats.slice_records import SliceMeta, decode_meta, encode_meta
from ckpt_magics.files.formats.table import MAX_UNCOMPRESSED_BLOCK
from ckpt_magics.files.formats.tensor_proto import MAX_FILLED_SIZE, tensor_proto_to_array
from ckpt_magics.files.formats.tensor_slice import MAX_NAME_SIZE, MAX_SLICES, Extent, TensorSlice
from ckpt_magics.files.kinds.bundle.bundle_data import MAX_HELD_FILES
from ckpt_magics.files.kinds.bundle.overlaps import MAX_SHARED_SIZE
from ckpt_magics.files.wire.fields import MAX_GROUP_DEPTH, encode_varint_field, iter_fields
from ckpt_magics.files.wire.varint import encode_varint
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.proto.messages import TensorProto
from tests.files.saved import write_index
from tests.safety.attacks import GOOD_BYTES, GOOD_ENTRY, v1

ROOT = Path(__file__).parents[2]
SCALAR = BundleEntry(dtypes.FLOAT, ())


def test_rank():
    assert len(checked_shape([1] * MAX_RANK)) == MAX_RANK
    with pytest.raises(DataLossError, match="dimensions"):
        checked_shape([1] * (MAX_RANK + 1))


def test_elements():
    assert checked_shape([(1 << 63) - 1])
    with pytest.raises(DataLossError):
        checked_shape([1 << 62, 2])


def test_shards():
    assert decode_header(encode_header(BundleHeader(MAX_SHARDS))).num_shards == MAX_SHARDS
    with pytest.raises(DataLossError, match="shards"):
        decode_header(encode_header(BundleHeader(MAX_SHARDS + 1)))


def test_fields_of_an_entry():
    message = encode_entry(SCALAR)
    fields = len(list(iter_fields(message)))
    unknown = encode_varint_field(99, 1)
    assert decode_entry(message + unknown * (MAX_ENTRY_FIELDS - fields)) == SCALAR
    with pytest.raises(DataLossError, match="fields"):
        decode_entry(message + unknown * (MAX_ENTRY_FIELDS - fields + 1))


def slices(count):
    return tuple(TensorSlice((Extent(start, 1),)) for start in range(count))


def test_slices_of_a_v2_tensor():
    entry = SCALAR._replace(shape=(MAX_SLICES + 1,), slices=slices(MAX_SLICES))
    assert len(decode_entry(encode_entry(entry)).slices) == MAX_SLICES
    with pytest.raises(DataLossError, match="slices"):
        decode_entry(encode_entry(entry._replace(slices=slices(MAX_SLICES + 1))))


def test_slices_of_a_v1_tensor():
    meta = SliceMeta(b"w", (MAX_SLICES + 1,), dtypes.FLOAT, slices(MAX_SLICES))
    assert len(decode_meta(encode_meta([meta]))[0][0].slices) == MAX_SLICES
    with pytest.raises(DataLossError, match="slices"):
        decode_meta(encode_meta([meta._replace(slices=slices(MAX_SLICES + 1))]))


def test_slices_of_a_v1_tensor_that_is_listed_again_and_again(tmp_path):
    meta = SliceMeta(b"w", (MAX_SLICES + 1,), dtypes.FLOAT, slices(MAX_SLICES))
    with load_checkpoint(v1(tmp_path, [meta], {})) as reader:
        assert len(reader.entry("w").slices) == MAX_SLICES
    again = meta._replace(slices=(TensorSlice((Extent(MAX_SLICES, 1),)),))
    with load_checkpoint(v1(tmp_path, [meta, again], {})) as reader, pytest.raises(InternalError, match="slices"):
        reader.get_tensor("w")


def test_name_of_a_v2_tensor(tmp_path):
    (tmp_path / "m.data-00000-of-00001").write_bytes(GOOD_BYTES)
    entries = {b"x" * size: GOOD_ENTRY for size in (5, MAX_NAME_SIZE, MAX_NAME_SIZE + 1)}
    with load_checkpoint(write_index(tmp_path / "m", entries)) as reader:
        with pytest.warns(UserWarning, match="1 names have more than"):
            names = list(reader)
        assert [len(name) for name in names] == [5, MAX_NAME_SIZE]


def test_name_of_a_v1_tensor():
    meta = SliceMeta(b"x" * MAX_NAME_SIZE, (), dtypes.FLOAT, ())
    assert decode_meta(encode_meta([meta]))[0]
    with pytest.raises(DataLossError, match="name"):
        decode_meta(encode_meta([meta._replace(name=b"x" * (MAX_NAME_SIZE + 1))]))


def test_depth_of_groups():
    message = b"\x0b" * MAX_GROUP_DEPTH + b"\x0c" * MAX_GROUP_DEPTH
    assert list(iter_fields(message)) == []
    with pytest.raises(DataLossError, match="deep"):
        list(iter_fields(b"\x0b" + message + b"\x0c"))


def snappy_of_zeros(size):
    """Zeros, compressed: one byte, then copies of up to 64."""
    copies, rest = divmod(size - 1, 64)
    tail = bytes(((rest - 1) << 2 | 2, 1, 0)) if rest else b""
    return encode_varint(size) + b"\x00\x00" + b"\xfe\x01\x00" * copies + tail


def test_uncompressed_block():
    limit = 1 << 16
    assert decompress_snappy(snappy_of_zeros(limit), limit) == bytes(limit)
    with pytest.raises(DataLossError, match="promise"):
        decompress_snappy(snappy_of_zeros(limit + 1), limit)


def test_constant_that_its_list_does_not_fill():
    proto = TensorProto(dtype=dtypes.FLOAT.number, float_val=[1.0])
    count = MAX_FILLED_SIZE // 8 + 1
    proto.tensor_shape.dim.add(size=count)
    assert tensor_proto_to_array(proto).size == count
    proto.tensor_shape.dim[0].size = count + 1
    with pytest.raises(ResourceExhaustedError):
        tensor_proto_to_array(proto)


def test_state_file(tmp_path):
    """A file of holes: what is beyond the limit is not read."""
    path = tmp_path / "checkpoint"
    path.write_bytes(b'model_checkpoint_path: "m"\n')
    with open(path, "r+b") as file:
        file.truncate(MAX_STATE_SIZE + 1)
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path)


def test_every_limit_is_stated():
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    stated = {int(number.replace(",", "")) for number in re.findall(r"\b\d[\d,]*\b", text)}
    mebibytes = {size >> 20 for size in (MAX_NAME_SIZE, MAX_UNCOMPRESSED_BLOCK, MAX_FILLED_SIZE, MAX_STATE_SIZE)}
    counts = {MAX_RANK, MAX_SHARDS, MAX_ENTRY_FIELDS, MAX_SLICES, MAX_GROUP_DEPTH, MAX_HELD_FILES}
    assert counts | mebibytes | {MAX_SHARED_SIZE >> 20} <= stated
    assert np.iinfo(np.int64).bits - 1 in stated
