"""Slices of tensors in their three spellings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError, InternalError, InvalidArgumentError
from ckpt_magics.files.formats.tensor_slice import Extent, TensorSlice, parse_shape_and_slice
from ckpt_magics.proto import messages
from tests.strategies import names

EXTENTS = st.just(Extent()) | st.builds(Extent, st.integers(0, 2**40), st.integers(1, 2**40))
SLICES = st.lists(EXTENTS, max_size=4).map(lambda extents: TensorSlice(tuple(extents)))

# name, slice, key and message, from files that TensorFlow wrote.
VECTORS = [
    (b"v", "0,2:0,3", "0076000101028082 8083", "0a021002 0a021003"),
    (b"v", "2,2:-", "00760001010282 82807f", "0a0408021002 0a00"),
    (b"biases", "-", "00 626961736573 0001 0101 807f", "0a00"),
    (b"a", "", "0061000100", ""),
    (b"n\0a\xffm", "63,64", "006e00ff61ff006d0001 0101 bfc040", "0a04083f1040"),
]


@pytest.mark.parametrize(("name", "text", "key", "message"), VECTORS)
def test_spellings(name, text, key, message):
    part = TensorSlice.parse(text)
    assert part.format() == str(part) == text
    assert part.encode_key(name) == bytes.fromhex(key)
    assert TensorSlice.decode_key(bytes.fromhex(key)) == (name, part)
    assert part.encode_proto() == bytes.fromhex(message)
    assert TensorSlice.decode_proto(bytes.fromhex(message)) == part


@given(names(), SLICES)
def test_round_trips(name, part):
    assert TensorSlice.parse(part.format()) == part
    assert TensorSlice.decode_key(part.encode_key(name)) == (name, part)
    assert TensorSlice.decode_proto(part.encode_proto()) == part


@given(SLICES)
def test_writes_what_protobuf_writes(part):
    message = messages.TensorSliceProto()
    for start, length in part.extents:
        extent = message.extent.add(start=start)
        if length is not None:
            extent.length = length
    assert part.encode_proto() == message.SerializeToString()


@given(names(), SLICES)
def test_key_has_no_valid_truncation(name, part):
    key = part.encode_key(name)
    for size in range(len(key)):
        with pytest.raises(DataLossError):
            TensorSlice.decode_key(key[:size])
    with pytest.raises(DataLossError, match="goes on"):
        TensorSlice.decode_key(key + b"\0")


@given(st.binary(max_size=30))
def test_any_bytes_give_a_slice_or_an_error(data):
    try:
        name, part = TensorSlice.decode_key(b"\0" + data)
        assert part.encode_key(name) == b"\0" + data
    except DataLossError:
        pass
    try:
        part = TensorSlice.decode_proto(data)
    except DataLossError:
        return
    assert TensorSlice.decode_proto(part.encode_proto()) == part


@pytest.mark.parametrize(
    "key",
    ["0101 760001 00", "00 760001 02ffff", "00 760001 0101 7f81", "00 760001 0101 8180" + "7e", "00 760001 0101 817f"],
    ids=["no 0", "rank 65535", "negative start", "negative length", "whole from 1"],
)
def test_refuses_keys_of_no_slice(key):
    with pytest.raises(DataLossError):
        TensorSlice.decode_key(bytes.fromhex(key))


@pytest.mark.parametrize(
    "extent", [{"start": -1}, {"start": 2}, {"length": -1}, {"start": 2**63 - 1, "length": 1}], ids=str
)
def test_refuses_extents_of_no_tensor(extent):
    message = messages.TensorSliceProto(extent=[messages.TensorSliceProto.Extent(**extent)])
    with pytest.raises(DataLossError, match="Expected non-negative start"):
        TensorSlice.decode_proto(message.SerializeToString())


def test_refuses_too_many_dimensions():
    with pytest.raises(DataLossError, match="255 dimensions"):
        TensorSlice.decode_proto(b"\x0a\x00" * 255)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "Expected a pair of numbers or '-' but got 'x': string = x"),
        ("-:1", "Expected a pair of numbers or '-' but got '1': string = -:1"),
        ("1,2,3", "Expected a pair of numbers or '-' but got '1,2,3'"),
        ("\u0661,2", "Expected a pair of numbers"),
        ("0,0", "Expected non-negative start and positive length but got start = 0, length = 0: string = 0,0"),
        ("-1,2", "start = -1, length = 2"),
        ("9223372036854775807,1", "Expected non-negative start"),
    ],
)
def test_refuses_text_of_no_slice(text, message):
    with pytest.raises(InvalidArgumentError, match=message):
        TensorSlice.parse(text)


@given(st.data())
def test_cuts_and_intersects_as_numpy(data):
    shape = data.draw(st.lists(st.integers(1, 5), max_size=3).map(tuple))
    array = np.arange(np.prod(shape)).reshape(shape)
    parts = []
    for _ in range(2):
        extents = []
        for size in shape:
            start = data.draw(st.integers(0, size - 1))
            extents.append(data.draw(st.sampled_from([Extent(), Extent(start, size - start), Extent(start, 1)])))
        parts.append(TensorSlice(tuple(extents)))
    first, second = (array[part.resolve(shape)] for part in parts)
    assert parts[0].shape(shape) == first.shape
    assert parts[0].is_full(shape) == (first.size == array.size)
    both = parts[0].intersect(parts[1], shape)
    common = np.intersect1d(first, second)
    assert array[both.resolve(shape)].ravel().tolist() == common.tolist() if both else not common.size
    assert parts[1].intersect(parts[0], shape) == both


def test_full():
    assert TensorSlice.full(2) == TensorSlice.parse("-:-")
    assert TensorSlice.full(0) == TensorSlice.parse("") == TensorSlice(())
    assert TensorSlice.parse("0,4:-").is_full((4, 3))
    assert not TensorSlice.parse("0,4:-").is_full((4,))
    assert TensorSlice.full(1).shape([0]) == (0,)


def test_refuses_shapes_that_do_not_fit():
    with pytest.raises(InternalError, match=r"Mismatching ranks: shape = \[4,3\], slice = 0,2"):
        TensorSlice.parse("0,2").resolve((4, 3))
    with pytest.raises(InternalError, match=r"Extent in dimension 0 out of bounds: shape = \[4,3\], slice = 3,2:0,3"):
        TensorSlice.parse("3,2:0,3").shape((4, 3))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("4 3 0,2:-", ((4, 3), "0,2:-", (2, 3))),
        ("5 -", ((5,), "-", (5,))),
        ("0 3 -:-", ((0, 3), "-:-", (0, 3))),
    ],
)
def test_parses_shape_and_slice(spec, expected):
    shape, part, slice_shape = parse_shape_and_slice(spec)
    assert (shape, part.format(), slice_shape) == expected


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("4", InvalidArgumentError, "Need least two elements in shape_and_slice specification: 4"),
        ("", InvalidArgumentError, "Need least two elements"),
        ("4 x 0,2:-", InvalidArgumentError, "Non numerical dimension in shape_and_slice: 4 x 0,2:-"),
        ("-4 0,2", InvalidArgumentError, "Non numerical dimension"),
        ("4 3 0,2", InternalError, "Mismatching ranks"),
        ("4 3 3,2:0,3", InternalError, "out of bounds"),
    ],
)
def test_refuses_specs_that_are_none(spec, error, message):
    with pytest.raises(error, match=message):
        parse_shape_and_slice(spec)
