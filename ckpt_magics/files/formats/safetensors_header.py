"""The header of a safetensors file: its size, then JSON that says where each tensor lies in the values behind it.

In file order: u64 little-endian, the bytes of the header (at most 100 MB); the header, UTF-8, one JSON object that may
end in spaces, of tensor name -> ``{"dtype": "F32", "shape": [2, 3], "data_offsets": [start, end]}``, offsets in bytes
from the end of the header, and of ``__metadata__`` -> an object of texts; the values, little-endian, in C order. The
ranges of all tensors cover the rest of the file exactly: no gap, no overlap, nothing behind them. A name that stands
twice means its last. There is no checksum.

The library writes tensors by dtype, the last of `DTYPES` first, then by name, and pads the header with spaces to a
multiple of 8.

Format: safetensors/src/tensor.rs of safetensors 0.8 (prepare, SafeTensors::read_metadata, Metadata::validate).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ckpt_magics.errors import DataLossError, visible
from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.formats.shapes import MAX_RANK

__all__ = [
    "DTYPES",
    "METADATA",
    "NAMES",
    "HeaderEntry",
    "encode_header",
    "library_order",
    "parse_header",
    "read_header",
]

MAX_HEADER = 100_000_000
"""Bytes of a header that the library takes for sound."""

METADATA = "__metadata__"

FORMAT_METADATA = {"format": "pt"}
"""What every file says that we write: libraries refuse to load one that names no framework."""

_ALIGNMENT = 8

_DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "I16": "int16",
    "U16": "uint16",
    "F16": "float16",
    "BF16": "bfloat16",
    "I32": "int32",
    "U32": "uint32",
    "F32": "float32",
    "C64": "complex64",
    "F64": "float64",
    "I64": "int64",
    "U64": "uint64",
}
DTYPES: dict[str, DType] = {name: as_dtype(ours) for name, ours in _DTYPES.items()}
"""The dtypes that TensorFlow has too, in the library's order."""

NAMES = {dtype: name for name, dtype in DTYPES.items()}
"""The format's names of them."""

_RANKS = {dtype: rank for rank, dtype in enumerate(DTYPES.values())}

# Bits of the dtypes that TensorFlow has no like of: such tensors are listed as what cannot be read.
_OTHER_BITS = {"F8_E8M0": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4}
_BITS = _OTHER_BITS | {name: 8 * dtype.itemsize for name, dtype in DTYPES.items()}


class HeaderEntry(NamedTuple):
    """What a header says about one tensor.

    Attributes:
        name: Its name.
        dtype: The format's name of its dtype, of `DTYPES` or one that nothing here is like.
        shape: Sizes of the dimensions.
        start: Where its values start, in bytes from the end of the header.
        end: Where they end.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def library_order(key: bytes, dtype: DType) -> tuple[int, bytes]:
    """Return what the library sorts tensors by."""
    return -_RANKS[dtype], key


def encode_header(tensors: Sequence[tuple[str, DType, tuple[int, ...]]]) -> bytes:
    """Return the start of a file, padded, for tensors whose values follow in this order.

    Args:
        tensors: Name, dtype and shape of each.
    """
    entries: dict[str, object] = {METADATA: FORMAT_METADATA}
    start = 0
    for name, dtype, shape in tensors:
        end = start + math.prod(shape) * dtype.itemsize
        entries[name] = {"dtype": NAMES[dtype], "shape": shape, "data_offsets": (start, end)}
        start = end
    header = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % _ALIGNMENT)
    return len(header).to_bytes(8, "little") + header


def read_header(file: RandomAccessFile) -> bytes:
    """Return the JSON that a file begins with, its size in front left out.

    Raises:
        DataLossError: It says a size that none has.
        TruncatedError: The file ends inside of it.
    """
    size = int.from_bytes(file.read_at(0, 8, "size of the header"), "little")
    if size > MAX_HEADER:
        raise DataLossError(f"the header would have {size:,} bytes; {MAX_HEADER:,} are the most", offset=0)
    return file.read_at(8, size, "header")


def parse_header(header: bytes, values_size: int) -> list[HeaderEntry]:
    """Return what a header says, without its size in front.

    Args:
        header: The JSON.
        values_size: Bytes that follow it in the file.

    Raises:
        DataLossError: It is no such JSON, or the ranges are not what they should be. Offsets are those in the file.
    """
    entries = _load(header)
    _check_metadata(entries.pop(METADATA, None))
    tensors = [_tensor(name, entry) for name, entry in entries.items()]
    _check_ranges(tensors, values_size, 8 + len(header))
    return tensors


def _load(header: bytes) -> dict[str, Any]:
    try:
        entries = json.loads(header.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataLossError(f"the header is no JSON: {error}", offset=8) from error
    if not isinstance(entries, dict):
        raise DataLossError("the header is no JSON object", offset=8)
    return entries


def _check_metadata(metadata: Any) -> None:  # noqa: ANN401 - whatever JSON gave
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise DataLossError(f"{METADATA} is no object of texts", offset=8)


def _tensor(name: str, entry: Any) -> HeaderEntry:  # noqa: ANN401 - whatever JSON gave
    try:
        kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        start, end = offsets
    except (TypeError, KeyError, ValueError) as error:
        raise DataLossError(f"the header says no dtype, shape and data_offsets of {visible(name)!r}") from error
    numbers = [start, end, *shape] if isinstance(shape, list) else [None]
    if not all(type(number) is int and 0 <= number < 1 << 63 for number in numbers) or len(shape) > MAX_RANK:
        raise DataLossError(f"shape and data_offsets of {visible(name)!r} are {shape!r:.100} and {offsets!r:.100}")
    bits = _BITS.get(kind) if isinstance(kind, str) else None
    if bits is None:
        raise DataLossError(f"{visible(name)!r} has dtype {kind!r:.100}, which safetensors does not know")
    if math.prod(shape) * bits != 8 * (end - start):
        raise DataLossError(f"{visible(name)!r} has {end - start} bytes, which do not make {kind} {shape!r:.100}")
    return HeaderEntry(name, kind, tuple(shape), start, end)


def _check_ranges(tensors: Sequence[HeaderEntry], size: int, base: int) -> None:
    """Refuse ranges that overlap, leave gaps, or do not end with the file."""
    place = 0
    for start, end, name in sorted((tensor.start, tensor.end, tensor.name) for tensor in tensors):
        if start != place or end < start:
            fault = "overlaps the one before it" if start < place else "leaves a gap before it"
            raise DataLossError(f"the range of {visible(name)!r}, {start} to {end}, {fault}", offset=base + start)
        place = end
    if place != size:
        raise DataLossError(f"the tensors end at byte {place} of the values, which have {size}", offset=base + place)
