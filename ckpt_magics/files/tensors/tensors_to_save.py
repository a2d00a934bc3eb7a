"""What a save writes, checked in full before the first byte is written: names, slices, shards.

Format: tensorflow/core/kernels/save_restore_v2_ops.cc, save_restore_tensor.cc.
"""

from __future__ import annotations

import itertools
import math
import operator
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, InternalError, InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.files.formats.shapes import MAX_RANK, format_shape
from ckpt_magics.files.formats.tensor_slice import MAX_NAME_SIZE, MAX_SLICES, TensorSlice, parse_shape_and_slice
from ckpt_magics.files.storage.place import AnyPath, local_path

__all__ = [
    "Part",
    "PlainTensors",
    "TensorToSave",
    "check_parts",
    "encode_name",
    "parse_part",
    "path_text",
    "plain_columns",
    "split_into_shards",
    "tensors_from_mapping",
]

Array = npt.NDArray[Any]

_SHOWN_NAME = 60
"""Bytes that are shown of a name that is too long."""

_dtype_and_shape = operator.attrgetter("dtype", "shape")


class TensorToSave(NamedTuple):
    """One tensor, or one slice of a partitioned tensor, to be written.

    Attributes:
        name: Its name; of a slice the name of the whole tensor.
        array: The values; objects are bytes, or str to be written as UTF-8.
        dtype: How they are stored.
        shape_and_slice: Empty for a whole tensor, else full shape and slice as in ``4 3 0,2:-``.
    """

    name: bytes
    array: Array
    dtype: DType
    shape_and_slice: str = ""

    def count_bytes(self) -> int:
        """Return the bytes that the values take; of strings what is certain, without the varints' spare bytes."""
        if self.dtype.itemsize:
            return self.array.size * self.dtype.itemsize
        return sum(len(element) + 1 for element in self.array.flat if isinstance(element, bytes | str))


class Part(NamedTuple):
    """A tensor to save with its slice worked out.

    Attributes:
        tensor: What to write.
        shape: Full shape of the tensor.
        size: Bytes that the values take.
        tensor_slice: Which part of it this is; None if nothing was said, which is all of it.
        is_whole: Whether it is all of it.
    """

    tensor: TensorToSave
    shape: tuple[int, ...]
    size: int
    tensor_slice: TensorSlice | None = None
    is_whole: bool = True

    def slice_or_full(self) -> TensorSlice:
        """Return the slice, with extents that say "all" if nothing was said."""
        return TensorSlice.full(len(self.shape)) if self.tensor_slice is None else self.tensor_slice


class PlainType(NamedTuple):
    """What many tensors have in common.

    Attributes:
        dtype: How they are stored.
        shape: Of each.
        is_as_stored: Whether their elements in memory are those of the file: numbers of this dtype, native.
    """

    dtype: DType
    shape: tuple[int, ...]
    is_as_stored: bool

    @property
    def size(self) -> int:
        """Bytes of a tensor of numbers; 0 if strings have to be counted one by one."""
        return math.prod(self.shape) * self.dtype.itemsize


class PlainTensors(NamedTuple):
    """Whole tensors as columns: for a hundred thousand scalars, making an object of each takes longer than the rest.

    Attributes:
        names: Name of each.
        arrays: Values of each.
        types: The different types that there are.
        type_ids: intp [tensors], which of them each has.
    """

    names: list[bytes]
    arrays: list[Array]
    types: list[PlainType]
    type_ids: npt.NDArray[np.intp]

    def one_by_one(self) -> list[TensorToSave]:
        """Return the tensors as objects."""
        dtypes = map([kind.dtype for kind in self.types].__getitem__, self.type_ids.tolist())
        return list(map(TensorToSave, self.names, self.arrays, dtypes))

    def count_bytes(self) -> int:
        """Return the bytes that all values take, as :meth:`TensorToSave.count_bytes` does."""
        if all(kind.dtype.itemsize for kind in self.types):
            return sum(self.of_types([kind.size for kind in self.types]).tolist())
        return sum(tensor.count_bytes() for tensor in self.one_by_one())

    def of_types(self, values: Sequence[Any]) -> npt.NDArray[Any]:
        """Return for each tensor what is given for its type."""
        return np.array(values)[self.type_ids]

    @property
    def is_sound(self) -> bool:
        """Whether :func:`parse_part` and :func:`check_parts` would find nothing wrong."""
        names = self.names
        return (
            bool(names)
            and b"" not in names
            and (all(map(operator.lt, names, names[1:])) or len(set(names)) == len(names))
            and max(map(len, names)) <= MAX_NAME_SIZE
            and max(len(kind.shape) for kind in self.types) <= MAX_RANK
        )


def plain_columns(tensors: Sequence[TensorToSave]) -> PlainTensors | None:
    """Return tensors as columns; None if one is a slice."""
    if not tensors or any(tensor.shape_and_slice for tensor in tensors):
        return None
    names, arrays, dtypes, _ = zip(*tensors, strict=True)
    # A DType's own comparison takes longer than all the rest, so its number stands for it.
    numbers = [dtype.number for dtype in dtypes]
    stored = dict(zip(numbers, dtypes, strict=True))
    keys, type_ids = _number_types(zip(map(_dtype_and_shape, arrays), numbers, strict=True))
    types = [_plain_type(dtype, shape, stored[number]) for (dtype, shape), number in keys]
    return PlainTensors(list(names), list(arrays), types, type_ids)


def tensors_from_mapping(tensors: Mapping[str, Array]) -> PlainTensors:
    """Return arrays by name as tensors to save, in the order that TensorFlow's Saver takes: names sorted as text.

    Raises:
        InvalidArgumentError: TensorFlow has no such element type, as datetime64.
    """
    names = sorted(tensors)
    arrays = list(tensors.values() if names == list(tensors) else map(tensors.__getitem__, names))
    # A checkpoint has few types and may have a million tensors.
    keys, type_ids = _number_types(map(_dtype_and_shape, arrays))
    types = []
    for number, (dtype, shape) in enumerate(keys):
        try:
            types.append(_plain_type(dtype, shape, as_dtype(dtype)))
        except TypeError as error:
            name = names[type_ids.tolist().index(number)]
            raise InvalidArgumentError(f"arrays of {dtype} cannot be saved", tensor=name) from error
    return PlainTensors(_encode_names(names), arrays, types, type_ids)


def _plain_type(dtype: np.dtype[Any], shape: tuple[int, ...], stored: DType) -> PlainType:
    return PlainType(stored, shape, dtype == stored.numpy and dtype != np.object_)


def _number_types(keys: Iterable[Any]) -> tuple[list[Any], npt.NDArray[np.intp]]:
    """Return the different keys in the order in which they come, and which of them each is.

    No list of all keys is made: the garbage collector would walk through it again and again.
    """
    numbers: defaultdict[Any, int] = defaultdict(itertools.count().__next__)
    type_ids = np.fromiter(map(numbers.__getitem__, keys), np.intp)
    return list(numbers), type_ids


def _encode_names(names: Sequence[str]) -> list[bytes]:
    try:
        return list(map(str.encode, names))
    except UnicodeEncodeError:
        return list(map(encode_name, names))


def encode_name(name: str) -> bytes:
    """Return a tensor's name as it is stored: UTF-8, or the bytes that were none when they were read.

    Raises:
        InvalidArgumentError: It holds half of a surrogate pair.
    """
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InvalidArgumentError("the name has a lone surrogate, which UTF-8 cannot hold", tensor=name) from error


def parse_part(tensor: TensorToSave) -> Part:
    """Work out the slice that a tensor is.

    Raises:
        InvalidArgumentError: The name is empty, the shape cannot be stored, or shape_and_slice does not fit.
        InternalError: Its shape and slice do not fit together.
    """
    shape = tensor.array.shape
    if not tensor.name:
        raise InvalidArgumentError("a tensor needs a name: the empty one is the header's")
    _check_name_size(tensor.name, len(tensor.name))
    if len(shape) > MAX_RANK:
        raise InvalidArgumentError(f"{len(shape)} dimensions are more than {MAX_RANK}", tensor=tensor.name)
    if not tensor.shape_and_slice:
        return Part(tensor, shape, tensor.count_bytes())
    try:
        full_shape, tensor_slice, slice_shape = parse_shape_and_slice(tensor.shape_and_slice)
    except CheckpointError as error:
        raise error.locate(tensor=tensor.name) from None
    if slice_shape != shape:
        raise InvalidArgumentError(
            "Slice in shape_and_slice specification does not match the shape of the tensor to  save: "
            f"{tensor.shape_and_slice}, tensor: {format_shape(shape)}",
            tensor=tensor.name,
        )
    # Stored under a key that holds the name.
    _check_name_size(tensor.name, len(tensor_slice.encode_key(tensor.name)))
    return Part(tensor, full_shape, tensor.count_bytes(), tensor_slice, tensor_slice.is_full(full_shape))


def _check_name_size(name: bytes, size: int) -> None:
    if size > MAX_NAME_SIZE:
        raise InvalidArgumentError(
            f"the name has {len(name)} bytes; a reader takes more than {MAX_NAME_SIZE} for damage",
            tensor=name[:_SHOWN_NAME] + b"...",
        )


def check_parts(parts: Sequence[Part]) -> None:
    """Refuse parts that do not make one checkpoint: a name given twice, slices of different tensors under one name.

    Raises:
        InvalidArgumentError: A tensor, or a slice of one, is there twice, or slices and a whole tensor share a name.
        InternalError: Slices of one name differ in full shape or dtype, or overlap.
    """
    if len({part.tensor.name for part in parts}) == len(parts):
        return
    name, count = Counter(part.tensor.name for part in parts).most_common(1)[0]
    if count > MAX_SLICES:
        raise InvalidArgumentError(f"{count} slices; a reader takes more than {MAX_SLICES} for damage", tensor=name)
    known: dict[bytes, list[Part]] = {}
    for part in parts:
        name = part.tensor.name
        siblings = known.setdefault(name, [])
        if siblings and (part.is_whole or siblings[0].is_whole):
            raise InvalidArgumentError(f"Adding duplicate key: {visible(name)}", tensor=name)
        if siblings:
            _check_same_tensor(siblings[0], part)
            _check_apart(siblings, part)
        siblings.append(part)


def _check_apart(siblings: Sequence[Part], part: Part) -> None:
    """Slices of one tensor do not overlap."""
    name, new = part.tensor.name, part.slice_or_full()
    for sibling in siblings:
        existing = sibling.slice_or_full()
        if existing == new:
            raise InvalidArgumentError(f"Adding duplicate key: {visible(name)}, slice {new}", tensor=name)
        if existing.intersect(new, part.shape) is not None:
            raise InternalError(f"Overlapping slices: existing slice = {existing}, new slice = {new}", tensor=name)


def _check_same_tensor(known: Part, part: Part) -> None:
    """Slices under one name are of one tensor."""
    name = part.tensor.name
    if known.shape != part.shape:
        raise InternalError(
            f"Mismatching shapes: existing tensor = {format_shape(known.shape)}, "
            f"trying to add name {visible(name)}, shape = {format_shape(part.shape)}",
            tensor=name,
        )
    if known.tensor.dtype != part.tensor.dtype:
        raise InternalError(
            f"Mismatching types: existing type = {known.tensor.dtype.c_name}, "
            f"trying to add name {visible(name)}, type = {part.tensor.dtype.c_name}",
            tensor=name,
        )


def split_into_shards(parts: Sequence[Part], num_shards: int) -> list[list[Part]]:
    """Divide parts into runs of about equal size, in the order given; no run is empty unless parts are too few.

    Raises:
        InvalidArgumentError: There would be less than one shard.
    """
    if num_shards < 1:
        raise InvalidArgumentError(f"num_shards is {num_shards}, and at least 1 is needed")
    if num_shards == 1:
        return [list(parts)]
    shards: list[list[Part]] = []
    left = sum(part.size for part in parts)
    position = 0
    for shards_left in range(num_shards, 0, -1):
        goal, size, start = left / shards_left, 0, position
        end = max(start + 1, len(parts) - (shards_left - 1))
        while position < min(end, len(parts)) and (
            position == start or shards_left == 1 or size + parts[position].size / 2 <= goal
        ):
            size += parts[position].size
            position += 1
        shards.append(list(parts[start:position]))
        left -= size
    return shards


def path_text(path: AnyPath, *, may_be_bare: bool = False) -> str:
    """Return the path of a checkpoint to be saved as text that the system takes.

    Args:
        path: The path.
        may_be_bare: Allow one that ends in a separator: as in TensorFlow's Saver, the files are then ``.index`` and so
            on in that directory.

    Raises:
        UnimplementedError: It is not on this machine.
        InvalidArgumentError: It names no file: it is empty, ends in a separator, or is ``.`` or ``..``; or no file
            can have such a name.
    """
    text = local_path(path)
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(f"{visible(text)!r} has a lone surrogate, which no file's name can hold") from error
    if os.path.basename(text) in {"", os.curdir, os.pardir} and not (may_be_bare and text.endswith(os.sep)):
        stem = os.path.join(text, "model.ckpt")
        raise InvalidArgumentError(
            f"{visible(text)!r} names no file to save to", hint=f"Add the stem of the files, as in {visible(stem)}"
        )
    return text
