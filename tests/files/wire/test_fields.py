"""Protobuf fields by hand, compared with the protobuf library."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.wire import fields
from ckpt_magics.proto import messages

GROUP = "0b 1005 0c"  # group 1 { field 2: 5 }


def parse(text):
    return [
        (number, wire_type, bytes(value) if isinstance(value, memoryview) else value)
        for number, wire_type, value in fields.iter_fields(bytes.fromhex(text))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("0801", [(1, fields.VARINT, 1)]),
        ("1203616263", [(2, fields.LENGTH_DELIMITED, b"abc")]),
        ("355b79a256", [(6, fields.FIXED32, 0x56A2795B)]),
        ("090000000000000080", [(1, fields.FIXED64, 2**63)]),
        ("f8ffffff0f00", [(2**29 - 1, fields.VARINT, 0)]),
        (GROUP + "1801", [(3, fields.VARINT, 1)]),
        ("0b" + GROUP.replace("0b", "13").replace("0c", "14") + "0c1801", [(3, fields.VARINT, 1)]),
    ],
    ids=["nothing", "varint", "bytes", "fixed32", "fixed64", "largest number", "group", "group in group"],
)
def test_yields_fields_in_order(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("00", "0001", "08", "12", "1203ff", "0d000000", "0900", "0e00", "0f00", "0b", "0c", "0b14", "80808080808001"),
        *("8080808010", "12ffffffffffffffffff01", "0b" * 101 + "0c" * 101),
    ],
)
def test_refuses_what_is_no_message(text):
    with pytest.raises(DataLossError):
        parse(text)


def test_skips_groups_as_deep_as_the_limit():
    assert parse("0b" * fields.MAX_GROUP_DEPTH + "0c" * fields.MAX_GROUP_DEPTH) == []


def test_values_are_views():
    data = fields.encode_bytes_field(3, b"abc")
    ((_, _, value),) = fields.iter_fields(data)
    assert value.obj is data


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**32 - 1))
def test_writes_what_protobuf_writes(shard_id, offset, crc):
    entry = messages.BundleEntryProto(shard_id=shard_id, offset=offset, crc32c=crc)
    pairs = ((3, shard_id), (4, offset))
    data = b"".join(fields.encode_varint_field(number, value) for number, value in pairs if value)
    data += fields.encode_fixed32_field(6, crc) if crc else b""
    assert data == entry.SerializeToString()
    values = {number: value for number, _, value in fields.iter_fields(data)}
    assert (fields.int32(values.get(3, 0)), fields.int64(values.get(4, 0))) == (shard_id, offset)


@given(st.binary(max_size=60))
def test_refuses_only_what_protobuf_refuses(data):
    try:
        list(fields.iter_fields(data))
    except DataLossError:
        with pytest.raises(DecodeError):
            messages.VersionDef.FromString(data)
