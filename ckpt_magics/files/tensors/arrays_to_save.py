"""Arrays in memory that are to be saved: by name, or as parts of tensors in an order of their own.

They are neither copied nor kept from changing; a sink copies what it writes.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, InvalidArgumentError
from ckpt_magics.files.formats.dtypes import DType, as_dtype, dtype_of
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box, array_pieces
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.formats.tensor_slice import parse_shape_and_slice
from ckpt_magics.files.tensors.records import RecordColumns, Specs, number_types, record_key
from ckpt_magics.files.tensors.source import TensorSpec
from ckpt_magics.files.tensors.tensor_names import encode_name

__all__ = ["ArraysToSave", "PartToSave", "arrays_by_name", "arrays_in_parts"]

Array = npt.NDArray[Any]

_dtype_and_shape = operator.attrgetter("dtype", "shape")


class PartToSave(NamedTuple):
    """An array that is a tensor, or one slice of a partitioned tensor.

    Attributes:
        name: Name of the tensor.
        array: The values; objects are bytes, or str to be written as UTF-8.
        dtype: How they are stored.
        shape_and_slice: Empty for a whole tensor, else full shape and slice as in ``4 3 0,2:-``.
    """

    name: bytes
    array: Array
    dtype: DType
    shape_and_slice: str = ""


class ArraysToSave:
    """Arrays with what a sink has to know of them first.

    Args:
        specs: What they are.
        keys: Under which a sink asks for each.
        arrays: Their values.

    Attributes:
        specs: As given.
    """

    def __init__(self, specs: Specs, keys: list[bytes], arrays: list[Array]) -> None:
        self.specs = specs
        self._keys = keys
        self._arrays = arrays

    def read_many(self, keys: Sequence[bytes]) -> dict[bytes, Array]:
        """Return several of the arrays themselves."""
        # A sink asks for neighbours. Names are sorted, so they are found without a table of all, which takes long.
        first = bisect_left(self._keys, keys[0])
        rows = slice(first, first + len(keys))
        if self._keys[rows] == keys:
            return dict(zip(keys, self._arrays[rows], strict=True))
        return {key: self._by_key[key] for key in keys}

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over regions of an array and views of them."""
        return array_pieces(self._by_key[key], at_most)

    @cached_property
    def _by_key(self) -> dict[bytes, Array]:
        return dict(zip(self._keys, self._arrays, strict=True))


def arrays_by_name(tensors: Mapping[str, Array], *, as_given: bool = False) -> ArraysToSave:
    """Return arrays as whole tensors, in the order that TensorFlow's Saver takes: names sorted as text.

    Args:
        tensors: The arrays by name.
        as_given: Take their own order instead, as TensorFlow's checkpoints of objects do.

    Raises:
        InvalidArgumentError: TensorFlow has no such element type, as datetime64; or a name cannot be stored.
    """
    names = list(tensors) if as_given else sorted(tensors)
    arrays = list(tensors.values() if names == list(tensors) else map(tensors.__getitem__, names))
    # A checkpoint has few types and may have a million tensors.
    kinds, type_ids = number_types(map(_dtype_and_shape, arrays))
    dtypes = []
    for number, (dtype, _) in enumerate(kinds):
        try:
            dtypes.append(as_dtype(dtype))
        except TypeError as error:
            name = names[type_ids.tolist().index(number)]
            raise InvalidArgumentError(f"arrays of {dtype} cannot be saved", tensor=name) from error
    keys = _encode_names(names)
    types = [(dtype, shape) for dtype, (_, shape) in zip(dtypes, kinds, strict=True)]
    sizes = np.array([math.prod(shape) * dtype.itemsize for dtype, shape in types], np.int64)[type_ids]
    of_strings = np.array([not dtype.itemsize for dtype in dtypes], np.bool_)[type_ids]
    for row in np.flatnonzero(of_strings).tolist():
        sizes[row] = _string_size(arrays[row])
        dtype = dtype_of(arrays[row])
        if dtype != types[type_ids[row]][0]:
            type_ids[row] = len(types)
            types.append((dtype, arrays[row].shape))
    return ArraysToSave(RecordColumns(keys, types, type_ids, sizes), keys, arrays)


def arrays_in_parts(parts: Iterable[PartToSave]) -> ArraysToSave:
    """Return arrays as the tensors and slices that they are.

    Raises:
        InvalidArgumentError: A shape_and_slice does not fit its array, or is none.
        InternalError: Its shape and slice do not fit together.
    """
    found = list(parts)
    specs = list(map(_spec, found))
    keys = [record_key(spec.key, spec.slices[0] if spec.slices else None, spec.shape) for spec in specs]
    return ArraysToSave(specs, keys, [part.array for part in found])


def _spec(part: PartToSave) -> TensorSpec:
    name, array, dtype, shape_and_slice = part
    size = array.size * dtype.itemsize if dtype.itemsize else _string_size(array)
    if not shape_and_slice:
        return TensorSpec(name, dtype, array.shape, size=size)
    try:
        shape, tensor_slice, slice_shape = parse_shape_and_slice(shape_and_slice)
    except CheckpointError as error:
        raise error.locate(tensor=name) from None
    if slice_shape != array.shape:
        raise InvalidArgumentError(
            "Slice in shape_and_slice specification does not match the shape of the tensor to  save: "
            f"{shape_and_slice}, tensor: {format_shape(array.shape)}",
            tensor=name,
        )
    return TensorSpec(name, dtype, shape, (tensor_slice,), size=size)


def _string_size(array: Array) -> int:
    """Return the bytes that strings take, what is certain of them: without the varints' spare bytes."""
    if array.dtype != np.object_:
        return -1
    return sum(len(element) + 1 for element in array.flat if isinstance(element, bytes | str))


def _encode_names(names: Sequence[str]) -> list[bytes]:
    try:
        return list(map(str.encode, names))
    except UnicodeEncodeError:
        return list(map(encode_name, names))
