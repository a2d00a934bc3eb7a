"""Shapes of stored tensors: TensorShapeProto messages, and the limits that a shape must keep.

A message holds a Dim (2) per dimension with its size (1, left out if 0; a name, 2, is ignored), or says that even the
rank is unknown (3), which no stored tensor's does.

Format: tensorflow/core/framework/tensor_shape.proto, tensor_shape.cc.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.wire.fields import (
    LENGTH_DELIMITED,
    VARINT,
    encode_bytes_field,
    encode_varint_field,
    int64,
    iter_fields,
)

MAX_RANK = 254
"""Dimensions that TensorFlow allows a tensor."""

_TOO_MANY_ELEMENTS = 1 << 63
_MOST_DIMS_READ = 1000
"""Dimensions after which a message is not read on: they are too many already, and it may have millions."""


def format_shape(shape: Iterable[int | None]) -> str:
    """Return a shape as TensorFlow's messages spell it, as ``[2,3]``; a size that is not known is ``?``."""
    return f"[{','.join('?' if size is None else str(size) for size in shape)}]"


def encode_shape(shape: tuple[int, ...]) -> bytes:
    """Return the TensorShapeProto message."""
    return b"".join(encode_bytes_field(2, encode_varint_field(1, size) if size else b"") for size in shape)


def decode_shape(message: bytes) -> tuple[int, ...]:
    """Return the shape of a TensorShapeProto message.

    Raises:
        DataLossError: The bytes are no message, or no tensor can have the shape.
    """
    shape = []
    for number, wire_type, value in iter_fields(message):
        if number == 2 and wire_type == LENGTH_DELIMITED and isinstance(value, memoryview):
            shape.append(_decode_dim(value))
            if len(shape) > _MOST_DIMS_READ:
                break
        elif number == 3 and wire_type == VARINT and value:
            raise DataLossError("Invalid tensor shape: unknown rank")
    return checked_shape(shape)


def checked_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a shape that was found in a file, if a tensor can have it.

    Raises:
        DataLossError: None can: a size is negative, or there are too many dimensions or elements.
    """
    if len(shape) > MAX_RANK:
        raise DataLossError(f"Invalid tensor shape: {len(shape)} dimensions or more, and {MAX_RANK} are possible")
    # The sizes beside a 0 must not overflow either: TensorFlow multiplies them before it sees the 0.
    if min(shape, default=0) < 0 or math.prod(size for size in shape if size) >= _TOO_MANY_ELEMENTS:
        raise DataLossError(f"Invalid tensor shape: {format_shape(shape)}")
    return tuple(shape)


def dense_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return what lies between neighbours in each dimension, in elements, of a tensor in C order without gaps."""
    strides = [1]
    for size in shape[:0:-1]:
        strides.append(strides[-1] * size)
    return tuple(strides[: len(shape)][::-1])


def is_dense(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Tell whether elements lie side by side in C order; the stride of a dimension of one does not matter."""
    wanted = dense_strides(shape)
    return 0 in shape or all(size == 1 or one == other for size, one, other in zip(shape, strides, wanted, strict=True))


def span_of(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return how many elements lie from the first of a tensor to its last, both counted; 0 if it has none."""
    if 0 in shape:
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


def _decode_dim(message: memoryview) -> int:
    """Decode the size of one dimension."""
    size = 0
    for number, wire_type, value in iter_fields(message):
        if number == 1 and wire_type == VARINT and isinstance(value, int):
            size = int64(value)
    return size
