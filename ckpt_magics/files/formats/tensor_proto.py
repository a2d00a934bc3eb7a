"""Tensors inside graphs: TensorProto messages, as constants and attributes hold them.

dtype and tensor_shape are always set. The elements stand either in tensor_content, as raw little-endian bytes in C
order, or in the list that the type calls for, as float_val. A list may be shorter than the shape: its last value then
stands for all that follow, and an empty list for zeros.

Writing follows TensorFlow's Python: two or more numbers go to tensor_content, fewer to the list. Strings, bool, uint16,
complex numbers and integers of less than a byte always go to the list.

Format: tensorflow/core/framework/tensor.proto, tensor.cc, tensorflow/python/framework/tensor_util.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import DataLossError, InvalidArgumentError, ResourceExhaustedError, UnimplementedError
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats.dtypes import DType, VariantBytes, dtype_by_number
from ckpt_magics.files.formats.number_bytes import number_bytes
from ckpt_magics.files.formats.shapes import checked_shape, format_shape
from ckpt_magics.files.formats.string_data import joined_strings, split_strings, string_elements
from ckpt_magics.files.formats.tensor_data import empty_array
from ckpt_magics.proto.messages import TensorProto

MAX_CONTENT_SIZE = 1 << 31
"""Bytes of tensor_content from which on TensorFlow refuses to make a message: protobuf can hold no more."""

MAX_FILLED_SIZE = 256 << 20
"""Bytes to which a list that is shorter than its shape may unfold; a message of a few bytes could ask for any."""

_FIELDS = {
    dtypes.FLOAT: "float_val",
    dtypes.DOUBLE: "double_val",
    dtypes.COMPLEX64: "scomplex_val",
    dtypes.COMPLEX128: "dcomplex_val",
    dtypes.INT64: "int64_val",
    dtypes.UINT32: "uint32_val",
    dtypes.UINT64: "uint64_val",
    dtypes.BOOL: "bool_val",
    dtypes.STRING: "string_val",
    dtypes.HALF: "half_val",
    dtypes.BFLOAT16: "half_val",
    **{row: "float8_val" for row in dtypes.DTYPES if row.name.startswith(("float8", "float4"))},
    **{
        row: "int_val"
        for row in dtypes.DTYPES
        if row.is_quantized or (row.is_integer and row.number not in {9, 22, 23})  # int64, uint32, uint64 are above
    },
}

_NEVER_CONTENT = {
    dtypes.BOOL,
    dtypes.UINT16,
    dtypes.COMPLEX64,
    dtypes.COMPLEX128,
    dtypes.INT4,
    dtypes.UINT4,
    dtypes.INT2,
    dtypes.UINT2,
}


def array_to_tensor_proto(array: npt.NDArray[Any], dtype: DType) -> TensorProto:
    """Return the message of an array, as TensorFlow's Python would make it.

    Args:
        array: Any shape. Elements as :func:`~.tensor_data.encode_tensor` takes them.
        dtype: Type of the elements.

    Raises:
        InvalidArgumentError: The elements are not of the type, or take 2 GiB or more.
        UnimplementedError: A message of this package cannot hold the type.
    """
    proto = TensorProto(dtype=dtype.number)
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if dtype == dtypes.STRING:
        proto.string_val.extend(string_elements(array))
        return proto
    data = number_bytes(array, dtype)
    if len(data) >= MAX_CONTENT_SIZE:
        raise InvalidArgumentError("Cannot create a tensor proto whose content is larger than 2GB.")
    if array.size > 1 and dtype not in _NEVER_CONTENT:
        proto.tensor_content = bytes(data)
    else:
        _fill_list(proto, np.frombuffer(data, dtype.numpy), dtype)
    return proto


def _fill_list(proto: TensorProto, values: npt.NDArray[Any], dtype: DType) -> None:
    """Put the elements into the list of their type."""
    field = _FIELDS[dtype]
    if field == "float8_val":
        proto.float8_val = values.tobytes()
        return
    if field == "half_val":
        values = values.view(np.uint16)
    elif dtype.is_complex:
        values = values.view(dtype.real_dtype.numpy)
    elif field == "int_val":
        values = values.astype(np.int32)
    getattr(proto, field).extend(values.tolist())


def tensor_proto_to_array(proto: TensorProto) -> npt.NDArray[Any]:
    """Return the elements of a message as a new array; strings as an array of bytes.

    Raises:
        DataLossError: The dtype is none, no tensor can have the shape, or tensor_content does not fill it.
        ResourceExhaustedError: The shape asks for more than MAX_FILLED_SIZE bytes that the message does not hold.
        UnimplementedError: The elements are variants or resources, or NumPy cannot hold the shape.
    """
    dtype, shape = proto_type(proto)
    count = math.prod(shape)
    values = _content_values(proto.tensor_content, dtype, count) if proto.tensor_content else _list_values(proto, dtype)
    if len(values) < count and (count - len(values)) * max(dtype.itemsize, 8) > MAX_FILLED_SIZE:
        raise ResourceExhaustedError(
            f"constant of shape {format_shape(shape)} holds {len(values)} values and asks for {count}"
        )
    array = empty_array(shape, dtype)
    flat = array.reshape(-1)
    flat[: len(values)] = values[:count]
    if len(values) < count:
        flat[len(values) :] = values[-1] if len(values) else (b"" if dtype == dtypes.STRING else 0)
    return array


def variants_to_tensor_proto(array: npt.NDArray[Any]) -> TensorProto:
    """Return the message of an array of variants, whose elements are VariantBytes, as TensorFlow serializes a tensor.

    tensor_content has a varint length per element, then the bytes of all.

    Raises:
        InvalidArgumentError: An element is no bytes.
    """
    proto = TensorProto(dtype=dtypes.VARIANT.number, tensor_content=joined_strings(array))
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


def tensor_proto_to_variants(proto: TensorProto) -> npt.NDArray[Any]:
    """Return the elements of what `variants_to_tensor_proto` makes: VariantBytes in an array of objects.

    Raises:
        DataLossError: It is of another type, no tensor can have the shape, or tensor_content does not fill it.
    """
    if proto.dtype != dtypes.VARIANT.number:
        raise DataLossError(f"tensor of variants expected, and its data type is {proto.dtype}")
    shape = checked_shape([dim.size for dim in proto.tensor_shape.dim])
    elements = split_strings(proto.tensor_content, math.prod(shape))
    array = np.empty(len(elements), object)
    array[:] = list(map(VariantBytes, elements))
    return array.reshape(shape)


def proto_type(proto: TensorProto) -> tuple[DType, tuple[int, ...]]:
    """Return dtype and shape of a message.

    Raises:
        DataLossError: The dtype is none, or no tensor can have the shape.
        UnimplementedError: The elements are variants or resources.
    """
    dtype = dtype_by_number(proto.dtype, allow_ref=True)
    if proto.tensor_shape.unknown_rank:
        raise DataLossError("Invalid tensor shape: unknown rank")
    shape = checked_shape([dim.size for dim in proto.tensor_shape.dim])
    if dtype not in _FIELDS:
        raise UnimplementedError(f"Reading a constant of data type {dtype.c_name} not supported")
    return dtype, shape


def repeated_value(proto: TensorProto) -> npt.NDArray[Any] | None:
    """Return the elements of a message that holds one value for all of them, None of another message.

    Returns:
        A view that nobody can write to and that takes no memory, whatever its shape.

    Raises:
        DataLossError: As `tensor_proto_to_array`.
        UnimplementedError: As `tensor_proto_to_array`.
    """
    dtype = dtype_by_number(proto.dtype)
    field = _FIELDS.get(dtype, "string_val")
    if proto.tensor_content or len(getattr(proto, field)) != (2 if dtype.is_complex else 1):
        return None
    shape = checked_shape([dim.size for dim in proto.tensor_shape.dim])
    one = TensorProto()
    one.CopyFrom(proto)
    del one.tensor_shape.dim[:]
    return np.broadcast_to(tensor_proto_to_array(one), shape)


def _content_values(content: bytes, dtype: DType, count: int) -> npt.NDArray[Any] | list[bytes]:
    """Decode tensor_content. Strings in it: a varint length per element, then the bytes of all."""
    if dtype == dtypes.STRING:
        return split_strings(content, count)
    if len(content) != count * dtype.itemsize:
        raise DataLossError(f"tensor_content has {len(content)} bytes; {count} {dtype.name} values need others")
    return np.frombuffer(content, dtype.numpy)


def _list_values(proto: TensorProto, dtype: DType) -> npt.NDArray[Any] | list[bytes]:
    """Decode the list of the type."""
    field = _FIELDS[dtype]
    values = getattr(proto, field)
    if field == "float8_val":
        return np.frombuffer(values, dtype.numpy)
    if field == "string_val":
        return list(values)
    if field == "half_val":
        return np.fromiter(values, np.int64, len(values)).astype(np.uint16).view(dtype.numpy)
    if dtype.is_complex:
        parts = np.fromiter(values, dtype.real_dtype.numpy, len(values))
        return parts[: parts.size // 2 * 2].view(dtype.numpy)
    if field == "int_val":
        return (
            np.fromiter(values, np.int64, len(values))
            .astype(np.int8 if dtype.itemsize == 1 else dtype.numpy)
            .astype(dtype.numpy)
        )
    return np.fromiter(values, dtype.numpy, len(values))
