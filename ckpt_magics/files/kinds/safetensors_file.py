"""safetensors: the size of a header, the header as JSON, then the values of all tensors without gaps.

In file order: u64 little-endian, the bytes of the header (at most 100 MB); the header, UTF-8, one JSON object that may
end in spaces, of tensor name -> ``{"dtype": "F32", "shape": [2, 3], "data_offsets": [start, end]}``, offsets in bytes
from the end of the header, and of ``__metadata__`` -> an object of texts; the values, little-endian, in C order. The
ranges of all tensors cover the rest of the file exactly: no gap, no overlap, nothing behind them. A name that stands
twice means its last. There is no checksum.

Format: safetensors/src/tensor.rs of safetensors 0.8 (SafeTensors::read_metadata, Metadata::validate).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ckpt_magics.errors import CheckpointError, DataLossError, UnimplementedError, visible
from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.files.formats.shapes import MAX_RANK
from ckpt_magics.files.formats.tensor_data import empty_array
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.flat_file import FlatFile, flat_parts
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.regions_of_files import read_region
from ckpt_magics.files.storage.files import LocalFile, modified_time, open_file
from ckpt_magics.files.tensors.source import Array, TensorSpec

__all__ = ["SAFETENSORS", "open_safetensors"]

MAX_HEADER = 100_000_000
"""Bytes of a header that the library takes for sound."""

METADATA = "__metadata__"

_DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}
DTYPES: dict[str, DType] = {name: as_dtype(ours) for name, ours in _DTYPES.items()}

# Bits of the dtypes that TensorFlow has no like of: such tensors are listed as what cannot be read.
_OTHER_BITS = {"F8_E8M0": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4}
_BITS = _OTHER_BITS | {name: 8 * dtype.itemsize for name, dtype in DTYPES.items()}


@dataclass(frozen=True, slots=True)
class _StoredMember:
    """A tensor in the file; ``spec`` has the place of its value, from the start of the file."""

    file: LocalFile
    spec: TensorSpec

    def read(self, region: TensorSlice | None) -> Array:
        """Return it, or a region of it."""
        shape = self.spec.shape
        if region is None or region.is_full(shape):
            value = empty_array(shape, self.spec.dtype)
            self.file.read_into(self._offset, value.reshape(-1).view(np.uint8).data, "tensor data")
            return value
        value = empty_array(region.shape(shape), self.spec.dtype)
        read_region(self.file, self._offset, shape, region.resolve(shape), value)
        return value

    def parts(self, size: int) -> Iterator[Array]:
        """Yield all elements in flat arrays."""
        done = 0

        def read(count: int) -> bytes:
            nonlocal done
            data = self.file.read_at(self._offset + done, count, "tensor data")
            done += count
            return data

        return flat_parts(read, self.spec.dtype.numpy, self.spec.elements, size)

    @property
    def _offset(self) -> int:
        assert self.spec.offset is not None  # noqa: S101 - every one has its place
        return self.spec.offset


def recognise(start: bytes) -> bool:
    """Tell a safetensors file from its first bytes."""
    size = int.from_bytes(start[:8], "little")
    text = start[8:].lstrip(b" ")
    return 2 <= size <= MAX_HEADER and text[:1] == b"{" and text[1:].lstrip()[:1] in {b'"', b"}"}


def open_safetensors(path: str) -> FlatFile:
    """Open a file and read its header.

    Raises:
        DataLossError: It is none, or damaged.
    """
    file = open_file(path)
    try:
        header = _read_header(file)
        specs, unread = _parse(header, 8 + len(header), file.size)
    except BaseException as error:
        file.close()
        if isinstance(error, CheckpointError):
            error.locate(file=path)
        raise
    # Without checksums only the header and the time tell one version from another.
    identity = header + repr((file.size, modified_time(path))).encode()
    return FlatFile(file, {spec.key: _StoredMember(file, spec) for spec in specs}, identity, unread)


def _read_header(file: LocalFile) -> bytes:
    size = int.from_bytes(file.read_at(0, 8, "size of the header"), "little")
    if size > MAX_HEADER:
        raise DataLossError(f"the header would have {size:,} bytes; {MAX_HEADER:,} are the most", offset=0)
    return file.read_at(8, size, "header")


def _parse(header: bytes, base: int, file_size: int) -> tuple[list[TensorSpec], dict[bytes, CheckpointError]]:
    try:
        entries = json.loads(header.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataLossError(f"the header is no JSON: {error}", offset=8) from error
    if not isinstance(entries, dict):
        raise DataLossError("the header is no JSON object", offset=8)
    _check_metadata(entries.pop(METADATA, None))
    specs: list[TensorSpec] = []
    unread: dict[bytes, CheckpointError] = {}
    ranges: list[tuple[int, int, str]] = []
    for name, entry in entries.items():
        kind, shape, start, end = _fields(name, entry)
        ranges.append((start, end, name))
        key = name.encode("utf-8", "surrogatepass")
        if kind in DTYPES:
            specs.append(TensorSpec(key, DTYPES[kind], shape, offset=base + start, size=end - start))
        else:
            unread[key] = UnimplementedError(f"dtype {kind} has no counterpart in NumPy and TensorFlow", tensor=key)
    _check_ranges(sorted(ranges), file_size - base, base)
    return specs, unread


def _check_metadata(metadata: Any) -> None:  # noqa: ANN401 - whatever JSON gave
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise DataLossError(f"{METADATA} is no object of texts", offset=8)


def _fields(name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:  # noqa: ANN401 - whatever JSON gave
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
    return kind, tuple(shape), start, end


def _check_ranges(ranges: list[tuple[int, int, str]], size: int, base: int) -> None:
    """Refuse ranges that overlap, leave gaps, or do not end with the file."""
    place = 0
    for start, end, name in ranges:
        if start != place or end < start:
            fault = "overlaps the one before it" if start < place else "leaves a gap before it"
            raise DataLossError(f"the range of {visible(name)!r}, {start} to {end}, {fault}", offset=base + start)
        place = end
    if place != size:
        raise DataLossError(f"the tensors end at byte {place} of the values, which have {size}", offset=base + place)


SAFETENSORS = Kind("safetensors", recognise, open_safetensors)
