"""Slices of a tensor: one range per dimension, as partitioned tensors are stored in.

Three spellings:

* text, ``0,2:-``: per dimension ``start,length``, or ``-`` for all of it;
* a TensorSliceProto message: per dimension an Extent (1) with start (1, left out if 0) and length (2, left out for
  all of the dimension);
* the key under which the slice is found in a table, in ordered code: 0, the tensor's name, the rank, and per dimension
  start and length, where length -1 is all of it. Keys that begin with this 0 byte sort before all names.

Format: tensorflow/core/framework/tensor_slice.cc, tensorflow/core/util/saved_tensor_slice_util.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ckpt_magics.errors import DataLossError, InternalError, InvalidArgumentError
from ckpt_magics.files.formats.shapes import MAX_RANK, format_shape
from ckpt_magics.files.wire.fields import (
    LENGTH_DELIMITED,
    VARINT,
    encode_bytes_field,
    encode_varint_field,
    int64,
    iter_fields,
)
from ckpt_magics.files.wire.ordered_code import (
    decode_num_increasing,
    decode_signed_num_increasing,
    decode_string,
    encode_num_increasing,
    encode_signed_num_increasing,
    encode_string,
)
from ckpt_magics.files.wire.varint import Buffer

_WHOLE_LENGTH = -1
_MAX_INT64 = (1 << 63) - 1

MAX_NAME_SIZE = 1 << 20
"""Bytes of a tensor's name; what claims more is taken for damaged."""

MAX_SLICES = 20_000
"""Slices that one tensor is stored in; partitioned variables have hundreds."""


class Extent(NamedTuple):
    """A range in one dimension: its first index and its length in elements, None for the whole dimension."""

    start: int = 0
    length: int | None = None


class TensorSlice(NamedTuple):
    """A box in a tensor, one extent per dimension."""

    extents: tuple[Extent, ...]

    @staticmethod
    def full(rank: int) -> TensorSlice:
        """Return the slice that is all of any tensor of ``rank`` dimensions."""
        return TensorSlice((Extent(),) * rank)

    @staticmethod
    def parse(slice_spec: str) -> TensorSlice:
        """Return the slice that a text like ``0,2:-`` spells; empty text is the slice of a scalar.

        Raises:
            InvalidArgumentError: It spells none.
        """
        return TensorSlice(tuple(_parse_extent(part, slice_spec) for part in slice_spec.split(":") if part))

    def format(self) -> str:
        """Return the slice as text."""
        return ":".join("-" if length is None else f"{start},{length}" for start, length in self.extents)

    def __str__(self) -> str:
        return self.format()

    def resolve(self, shape: Sequence[int]) -> tuple[slice, ...]:
        """Return the index that cuts the slice out of an array of ``shape``.

        Raises:
            InternalError: The ranks differ, or the slice reaches out of the shape.
        """
        if len(shape) != len(self.extents):
            raise InternalError(f"Mismatching ranks: shape = {format_shape(shape)}, slice = {self.format()}")
        ranges = []
        for dimension, ((start, length), size) in enumerate(zip(self.extents, shape, strict=True)):
            stop = size if length is None else start + length
            if stop > size:
                raise InternalError(
                    f"Extent in dimension {dimension} out of bounds: "
                    f"shape = {format_shape(shape)}, slice = {self.format()}"
                )
            ranges.append(slice(start, stop))
        return tuple(ranges)

    def shape(self, full_shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of the slice of a tensor of ``full_shape``.

        Raises:
            InternalError: The ranks differ, or the slice reaches out of the shape.
        """
        return tuple(part.stop - part.start for part in self.resolve(full_shape))

    def intersect(self, other: TensorSlice, shape: Sequence[int]) -> TensorSlice | None:
        """Return what two slices of a tensor of ``shape`` share, in explicit extents, or None if that is nothing.

        Raises:
            InternalError: The ranks differ, or a slice reaches out of the shape.
        """
        extents = []
        for mine, theirs in zip(self.resolve(shape), other.resolve(shape), strict=True):
            start, stop = max(mine.start, theirs.start), min(mine.stop, theirs.stop)
            if start >= stop:
                return None
            extents.append(Extent(start, stop - start))
        return TensorSlice(tuple(extents))

    def is_full(self, shape: Sequence[int]) -> bool:
        """Whether the slice is all of a tensor of ``shape``, said with or without lengths."""
        return len(shape) == len(self.extents) and all(
            length is None or (not start and length == size)
            for (start, length), size in zip(self.extents, shape, strict=True)
        )

    @staticmethod
    def of(box: Sequence[slice]) -> TensorSlice:
        """Return the slice with this start and stop in every dimension."""
        return TensorSlice(tuple(Extent(part.start, part.stop - part.start) for part in box))

    def encode_key(self, name: bytes) -> bytes:
        """Return the table key of this slice of the tensor ``name``."""
        parts = [encode_num_increasing(0), encode_string(name), encode_num_increasing(len(self.extents))]
        for start, length in self.extents:
            parts.append(encode_signed_num_increasing(start))
            parts.append(encode_signed_num_increasing(_WHOLE_LENGTH if length is None else length))
        return b"".join(parts)

    @staticmethod
    def decode_key(key: Buffer) -> tuple[bytes, TensorSlice]:
        """Return the tensor's name and the slice of a table key.

        Raises:
            DataLossError: It is no slice's key.
        """
        zero, position = decode_num_increasing(key, 0)
        name, position = decode_string(key, position)
        rank, position = decode_num_increasing(key, position)
        if zero or rank > MAX_RANK:
            raise DataLossError("key of a tensor slice does not begin with 0, or its rank is too large")
        extents = []
        for _ in range(rank):
            start, position = decode_signed_num_increasing(key, position)
            length, position = decode_signed_num_increasing(key, position)
            extents.append(_checked_extent(start, None if length == _WHOLE_LENGTH else length))
        if position != len(key):
            raise DataLossError("key of a tensor slice goes on after its last extent")
        return name, TensorSlice(tuple(extents))

    def encode_proto(self) -> bytes:
        """Return the TensorSliceProto message."""
        extents = []
        for start, length in self.extents:
            extent = encode_varint_field(1, start) if start else b""
            extents.append(extent if length is None else extent + encode_varint_field(2, length))
        return b"".join(encode_bytes_field(1, extent) for extent in extents)

    @staticmethod
    def decode_proto(buffer: Buffer) -> TensorSlice:
        """Return the slice of a TensorSliceProto message.

        Raises:
            DataLossError: The bytes are no message, or an extent is negative.
        """
        extents = [
            _decode_extent(value)
            for number, wire_type, value in iter_fields(buffer)
            if number == 1 and wire_type == LENGTH_DELIMITED and isinstance(value, memoryview)
        ]
        if len(extents) > MAX_RANK:
            raise DataLossError(f"tensor slice has {len(extents)} dimensions, more than {MAX_RANK}")
        return TensorSlice(tuple(extents))


def parse_shape_and_slice(spec: str) -> tuple[tuple[int, ...], TensorSlice, tuple[int, ...]]:
    """Return full shape, slice and the slice's shape of a text like ``4 3 0,2:-``.

    Raises:
        InvalidArgumentError: The text does not have this form.
        InternalError: Shape and slice do not fit together.
    """
    *sizes, slice_spec = spec.split(" ")
    if not sizes:
        raise InvalidArgumentError(f"Need least two elements in shape_and_slice specification: {spec}")
    shape = []
    for size in sizes:
        if not size.isdecimal() or not size.isascii() or len(size) > 19:
            raise InvalidArgumentError(f"Non numerical dimension in shape_and_slice: {spec}")
        shape.append(int(size))
    tensor_slice = TensorSlice.parse(slice_spec)
    return tuple(shape), tensor_slice, tensor_slice.shape(shape)


def _parse_extent(text: str, slice_spec: str) -> Extent:
    """Parse one dimension of a slice_spec."""
    if text == "-":
        return Extent()
    numbers = text.split(",")
    if len(numbers) != 2 or not all(n.removeprefix("-").isdecimal() and n.isascii() and len(n) <= 20 for n in numbers):
        raise InvalidArgumentError(f"Expected a pair of numbers or '-' but got '{text}': string = {slice_spec}")
    start, length = map(int, numbers)
    if start < 0 or length <= 0 or start + length > _MAX_INT64:
        raise InvalidArgumentError(
            "Expected non-negative start and positive length but got "
            f"start = {start}, length = {length}: string = {slice_spec}"
        )
    return Extent(start, length)


def _decode_extent(buffer: memoryview) -> Extent:
    """Decode one Extent message."""
    start, length = 0, None
    for number, wire_type, value in iter_fields(buffer):
        if wire_type == VARINT and isinstance(value, int):
            if number == 1:
                start = int64(value)
            elif number == 2:
                length = int64(value)
    return _checked_extent(start, length)


def _checked_extent(start: int, length: int | None) -> Extent:
    """Refuse an extent that no tensor has."""
    if start < 0 or (length is None and start) or (length is not None and not 0 <= length <= _MAX_INT64 - start):
        raise DataLossError(
            f"Expected non-negative start and positive length but got start = {start}, length = {length}"
        )
    return Extent(start, length)
