"""Header and entries of the index, by hand and by protobuf."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats import bundle_records, dtypes
from ckpt_magics.files.formats.bundle_records import (
    MAX_SHARDS,
    BundleEntry,
    BundleHeader,
    decode_entry,
    decode_header,
    encode_entry,
    encode_header,
)
from ckpt_magics.files.formats.dtypes import DTYPES
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.formats.versions import Versions
from ckpt_magics.proto import messages

NUMBERS = st.integers(0, 62).map(lambda bits: 2**bits - 1) | st.integers(0, 2**63 - 1)
ENTRIES = st.builds(
    BundleEntry,
    dtype=st.sampled_from(DTYPES),
    shape=st.lists(st.integers(0, 300), max_size=5).map(tuple),
    shard_id=st.just(0) | st.integers(0, 2**31 - 1),
    offset=NUMBERS,
    size=NUMBERS,
    crc32c=st.integers(0, 2**32 - 1),
    slices=st.lists(st.sampled_from([TensorSlice.parse(text) for text in ("", "-", "0,2:-", "300,1")])).map(tuple),
)

# Written by TensorFlow.
VECTORS = [
    ("0801 1200 2804 35aabbccdd", BundleEntry(dtypes.FLOAT, (), size=4, crc32c=0xDDCCBBAA)),
    ("0801 1204 1202 0803 280c 3573 5b8971", BundleEntry(dtypes.FLOAT, (3,), size=12, crc32c=0x71895B73)),
    ("0801 1206 1200 1202 0803 35d8ea82a2", BundleEntry(dtypes.FLOAT, (0, 3), crc32c=0xA282EAD8)),
    (
        "0801 1208 1202 0804 1202 0803 3a08 0a02 1002 0a02 1003 3a08 0a04 0802 1002 0a00",
        BundleEntry(dtypes.FLOAT, (4, 3), slices=(TensorSlice.parse("0,2:0,3"), TensorSlice.parse("2,2:-"))),
    ),
]


def proto_of(entry):
    proto = messages.BundleEntryProto(
        dtype=entry.dtype.number, shard_id=entry.shard_id, offset=entry.offset, size=entry.size, crc32c=entry.crc32c
    )
    proto.shape.SetInParent()
    for size in entry.shape:
        proto.shape.dim.add(size=size)
    for part in entry.slices:
        proto.slices.append(messages.TensorSliceProto.FromString(part.encode_proto()))
    return proto


@pytest.mark.parametrize(("data", "entry"), VECTORS)
def test_entries_as_tensorflow_writes_them(data, entry):
    assert encode_entry(entry) == bytes.fromhex(data)
    assert decode_entry(bytes.fromhex(data)) == entry


@given(ENTRIES)
def test_entries_as_protobuf_writes_them(entry):
    data = encode_entry(entry)
    assert data == proto_of(entry).SerializeToString()
    assert decode_entry(memoryview(data)) == entry


@given(ENTRIES, st.randoms())
def test_fields_may_come_in_any_order_with_others_between(entry, random):
    fields = [encode_entry(entry._replace(slices=()))[:0]]
    proto = proto_of(entry)
    for descriptor, _ in proto.ListFields():
        single = messages.BundleEntryProto()
        single.MergeFrom(proto)
        for other, _ in proto.ListFields():
            if other.name != descriptor.name:
                single.ClearField(other.name)
        fields.append(single.SerializeToString())
    fields.append(bytes.fromhex("f201 03 616263"))
    random.shuffle(fields)
    assert decode_entry(b"".join(fields)) == entry


def test_the_last_of_a_number_counts_and_messages_add_up():
    data = bytes.fromhex("0801 0803 1204 1202 0802 1204 1202 0803 2801 2802")
    assert decode_entry(data) == BundleEntry(dtypes.INT32, (2, 3), size=2)


@given(st.binary(max_size=40))
def test_any_bytes_give_an_entry_or_an_error(data):
    """The quick loop takes only what the general one reads in the same way."""
    try:
        entry = decode_entry(data)
    except DataLossError:
        return
    assert entry == bundle_records._decode_any(data)
    assert decode_entry(encode_entry(entry)) == entry


@given(ENTRIES, st.data())
def test_damaged_entries_give_an_entry_or_an_error(entry, data):
    damaged = bytearray(encode_entry(entry))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = decode_entry(damaged[: data.draw(st.integers(0, len(damaged)))])
    except DataLossError:
        return
    assert min(found.shard_id, found.offset, found.size) >= 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dtype": 0}, "0 does not correspond"),
        ({"dtype": 999}, "999 does not correspond"),
        ({"dtype": 101}, "101 does not correspond"),
        ({"offset": -1}, "Invalid range in bundle entry"),
        ({"size": -8}, "Invalid range in bundle entry"),
        ({"shard_id": -1}, "Invalid range in bundle entry"),
        ({"shape": messages.TensorShapeProto(dim=[{"size": -1}])}, "Invalid tensor shape"),
        ({"shape": messages.TensorShapeProto(dim=[{"size": 1}] * 300)}, "Invalid tensor shape"),
    ],
    ids=str,
)
def test_refuses_what_no_tensor_has(change, message):
    proto = proto_of(BundleEntry(dtypes.FLOAT, (2, 3), size=24))
    for field, value in change.items():
        if field == "shape":
            proto.shape.CopyFrom(value)
        else:
            setattr(proto, field, value)
    with pytest.raises(DataLossError, match=message):
        decode_entry(proto.SerializeToString())


@pytest.mark.parametrize(
    "data", ["", "0801 120a 1202", "0801 1200 35aabb", b"<html>".hex(), "08" + "80" * 20 + "01 1200"]
)
def test_refuses_what_is_no_entry(data):
    with pytest.raises(DataLossError):
        decode_entry(bytes.fromhex(data))


def test_headers_as_tensorflow_writes_them():
    assert encode_header(BundleHeader()) == bytes.fromhex("0801 1a02 0801")
    assert encode_header(BundleHeader(num_shards=3)) == bytes.fromhex("0803 1a02 0801")
    assert decode_header(bytes.fromhex("0803 1a02 0801")) == BundleHeader(3)


@given(st.integers(0, MAX_SHARDS), st.booleans(), st.integers(-9, 9), st.integers(-9, 9), st.lists(st.integers(0, 9)))
def test_headers_as_protobuf_reads_them(num_shards, big_endian, producer, min_consumer, bad):
    header = BundleHeader(num_shards, big_endian, producer, min_consumer, tuple(bad))
    assert header.versions == Versions(producer, min_consumer, tuple(bad))
    proto = messages.BundleHeaderProto.FromString(encode_header(header))
    assert (proto.num_shards, proto.endianness, list(proto.version.bad_consumers)) == (num_shards, big_endian, bad)
    assert decode_header(proto.SerializeToString()) == header


def test_unknown_endianness_counts_as_little():
    assert not decode_header(bytes.fromhex("0801 1007")).big_endian
    assert decode_header(bytes.fromhex("0801 1001")).big_endian


@pytest.mark.parametrize("data", ["08", "1a05 08", "08ffffffffffffffffff01"])
def test_refuses_what_is_no_header(data):
    with pytest.raises(DataLossError):
        decode_header(bytes.fromhex(data))
