r"""The header of an array as NumPy saves it, in a .npy file or a member of an npz archive.

In file order: ``\x93NUMPY``; a byte each for major and minor version; the size of what follows, u16 little-endian in
version 1.0, u32 in 2.0 and 3.0; the text of a dict, Latin-1 (UTF-8 in 3.0), with ``descr``, ``fortran_order`` and
``shape``, padded with spaces and ended by a line feed. The values follow. The dict is matched and never evaluated.

Format: numpy/lib/_format_impl.py of NumPy 2.4.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from ckpt_magics.errors import DataLossError, UnimplementedError
from ckpt_magics.files.formats.dtypes import DType, dtype_of
from ckpt_magics.files.formats.shapes import MAX_RANK

__all__ = ["MAGIC", "ArrayHeader", "encode_array_header", "read_array_header"]

MAGIC = b"\x93NUMPY"

_MAX_TEXT = 1 << 20
"""Bytes of a header that somebody might have written; NumPy itself takes 10,000."""
_SIZE_BYTES = {(1, 0): 2, (2, 0): 4, (3, 0): 4}
"""Bytes of the size, by version."""

_DESCR = r"""(?P<q>['"])descr(?P=q)\s*:\s*(?P<r>['"])(?P<descr>[<>|=]?[?A-Za-z]\d*(?:\[\w*\])?)(?P=r)"""
_ORDER = r"""(?P<s>['"])fortran_order(?P=s)\s*:\s*(?P<fortran>True|False)"""
_SHAPE = r"""(?P<t>['"])shape(?P=t)\s*:\s*\((?P<shape>(?:\s*\d+L?\s*,)*(?:\s*\d+L?)?)\s*\)"""
_FIELDS = tuple(map(re.compile, (_DESCR, _ORDER, _SHAPE)))
_FRAME = re.compile(r"[{},\s]*")
"""What may stand between the fields."""


class ArrayHeader(NamedTuple):
    """What a header says.

    Attributes:
        dtype: Of the values in the file, with their order of bytes.
        stored: The type that this is here.
        shape: Sizes of the dimensions.
        is_fortran: Whether the first dimension is the one that runs fastest.
        size: Bytes of the header.
    """

    dtype: np.dtype[Any]
    stored: DType
    shape: tuple[int, ...]
    is_fortran: bool
    size: int

    @property
    def values_size(self) -> int:
        """Bytes of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


@lru_cache(maxsize=1024)
def encode_array_header(dtype: DType, shape: tuple[int, ...]) -> bytes:
    """Return what stands before the values of an array in C order, little-endian, as NumPy writes it."""
    header = io.BytesIO()
    descr = npy.dtype_to_descr(dtype.numpy.newbyteorder("<"))
    npy.write_array_header_1_0(header, {"descr": descr, "fortran_order": False, "shape": shape})
    return header.getvalue()


def read_array_header(read: Callable[[int], bytes]) -> ArrayHeader:
    """Return the header of an array.

    Args:
        read: Returns the next so many bytes, fewer at the end only.

    Raises:
        DataLossError: It is none, or damaged.
        UnimplementedError: The array holds what no tensor is.
    """
    start = _exactly(read, len(MAGIC) + 2)
    if not start.startswith(MAGIC):
        raise DataLossError("this is no array: the first bytes are not NumPy's")
    size_bytes = _SIZE_BYTES.get((start[-2], start[-1]))
    if size_bytes is None:
        version = f"{start[-2]}.{start[-1]}"
        raise UnimplementedError(f"the array is of version {version} of the npy format; 1.0, 2.0 and 3.0 are read")
    size = int.from_bytes(_exactly(read, size_bytes), "little")
    if size > _MAX_TEXT:
        raise DataLossError(f"the array's header would have {size:,} bytes")
    text = _exactly(read, size).decode("latin-1")
    descr, fortran, shape = _fields(text)
    dtype, stored = _types(descr)
    return ArrayHeader(dtype, stored, shape, fortran and len(shape) > 1, len(start) + size_bytes + size)


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    data = read(size)
    if len(data) < size:
        raise DataLossError("the array ends inside its header")
    return data


def _fields(text: str) -> tuple[str, bool, tuple[int, ...]]:
    found = [pattern.search(text) for pattern in _FIELDS]
    if re.search(r"descr.\s*:\s*\[", text):
        raise UnimplementedError("the array has fields, and a tensor has one value in each place")
    rest = text
    for field in found:
        rest = rest.replace(field[0], "", 1) if field else rest
    descr, order, shape = found
    if descr is None or order is None or shape is None or not _FRAME.fullmatch(rest):
        raise DataLossError(f"the array's header is damaged: {text[:100]!r}")
    sizes = tuple(int(size) for size in re.findall(r"\d+", shape["shape"]) if len(size) < 20)
    if len(sizes) != len(re.findall(r"\d+", shape["shape"])) or len(sizes) > MAX_RANK:
        raise DataLossError(f"the array's shape is ({shape['shape'][:100]})")
    return descr["descr"], order["fortran"] == "True", sizes


def _types(descr: str) -> tuple[np.dtype[Any], DType]:
    if descr.lstrip("<>|=")[0] == "O":
        raise UnimplementedError(
            "the array holds Python objects, as a pickle, which could run any code",
            hint="Save it as numbers or text: numpy.savez(path, name=array.astype(str)).",
        )
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError, SyntaxError, OverflowError) as error:
        raise DataLossError(f"the array's dtype is {descr!r}, which NumPy does not know") from error
    if not dtype.itemsize:
        raise UnimplementedError(f"the array's elements are of no bytes: dtype {dtype}")
    try:
        return dtype, dtype_of(np.empty(0, dtype.newbyteorder("=")))
    except TypeError as error:
        raise UnimplementedError(f"dtype {dtype} has no counterpart in TensorFlow") from error
