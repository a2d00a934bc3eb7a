"""A V2 checkpoint as a virtual Zarr: where each chunk of an array lies in its data files, and nothing copied.

Values are stored as they are, in C order, so each is one chunk, or one for so many rows. Zarr reads them unverified:
the checksums stand in the index, which Zarr knows nothing of.

Format: kerchunk's references, version 1, https://fsspec.github.io/kerchunk/spec.html; metadata of Zarr 3.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.kinds.bundle.bundle import BundleStore
from ckpt_magics.files.kinds.open_checkpoint import OpenCheckpoint
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.tensors.tensor_names import key_to_name

__all__ = ["references_of", "zarr_references"]

UNVERIFIED = "not verified: Zarr reads values as they lie; verify_checkpoint checks them"

_KNOWN = frozenset({"bool", "complex64", "complex128", "float16", "float32", "float64"}) | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


class _Value(NamedTuple):
    """A tensor in one piece: its name, what it is, and where."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    url: str
    offset: int
    size: int


def zarr_references(path: AnyPath, rows: int | None = None) -> dict[str, Any]:
    """Return references to the values of a V2 checkpoint, for fsspec's ``reference`` file system and VirtualiZarr.

    Scopes are groups. Types that Zarr does not know, as bfloat16, come as unsigned integers of the same size, with an
    attribute ``dtype`` that names them. What cannot be referred to is named in the attribute ``left_out`` of the root,
    with the reason: texts, partitioned variables, and a variable whose name begins with another's. **Zarr does not
    verify checksums**, as the attribute ``checksums`` says; `verify_checkpoint` does.

    Args:
        path: The checkpoint; in the references stands what it was found at, so give a URL or a path from the root on.
        rows: Rows of a chunk, for arrays whose rows can be divided by it; None for one chunk each.

    Raises:
        InvalidArgumentError: It is no V2 checkpoint, or ``rows`` is below 1.
        CheckpointError: It cannot be opened.
    """
    with open_tensors(path) as tensors:
        return references_of(tensors.source, rows)


def references_of(checkpoint: OpenCheckpoint, rows: int | None = None) -> dict[str, Any]:
    """Return references to the values of an open checkpoint; arguments and errors are those of `zarr_references`."""
    if rows is not None and rows < 1:
        raise InvalidArgumentError(f"chunks of {rows} rows cannot be")
    left_out: dict[str, str] = {}
    store = checkpoint.file
    if not isinstance(store, BundleStore):
        raise InvalidArgumentError("only values of V2 checkpoints can be referred to", file=checkpoint.origin)
    endian = "big" if store.header.big_endian else "little"
    values = list(_values(store, left_out))
    refs: dict[str, Any] = {}
    taken: set[str] = set()
    for value in values:
        scopes = _scopes_of(value.name)
        if taken.intersection(scopes):
            left_out[value.name] = "its name begins with that of another array"
            continue
        taken.add(value.name)
        refs.update({f"{scope}/zarr.json": _group({}) for scope in scopes if f"{scope}/zarr.json" not in refs})
        refs.update(_array(value, rows, endian))
    attributes = {"checksums": UNVERIFIED, **({"left_out": left_out} if left_out else {})}
    return {"version": 1, "refs": {"zarr.json": _group(attributes), **refs}}


def _values(store: BundleStore, left_out: dict[str, str]) -> Iterator[_Value]:
    """Yield the tensors that lie in one piece, by name, so that a scope comes after the array of its name."""
    _, *data = store.file_names()
    columns = store.columns()
    facts = zip(
        columns.keys,
        columns.dtypes,
        columns.shapes,
        columns.shard_ids.tolist(),
        columns.offsets.tolist(),
        columns.sizes.tolist(),
        strict=True,
    )
    for key, dtype, shape, shard_id, offset, size in facts:
        name = key_to_name(key)
        if not dtype.itemsize:
            left_out[name] = f"{dtype.name} has no size of its own"
        elif offset < 0:
            left_out[name] = "it is stored in slices"
        else:
            yield _Value(name, dtype, tuple(shape), data[shard_id], offset, size)


def _scopes_of(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _group(attributes: Mapping[str, object]) -> str:
    return json.dumps({"zarr_format": 3, "node_type": "group", "attributes": attributes})


def _array(value: _Value, rows: int | None, endian: str) -> Iterator[tuple[str, object]]:
    """Yield the metadata of an array, and its chunks."""
    name, dtype, shape = value.name, value.dtype, value.shape
    is_known = dtype.name in _KNOWN
    count = shape[0] // rows if rows and shape and shape[0] and shape[0] % rows == 0 else 1
    chunk = [shape[0] // count or 1, *(size or 1 for size in shape[1:])] if shape else []
    metadata = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": dtype.name if is_known else f"uint{8 * dtype.itemsize}",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": False if dtype.name == "bool" else [0.0, 0.0] if dtype.name.startswith("complex") else 0,
        "codecs": [{"name": "bytes", "configuration": {"endian": endian}}],
        "attributes": {} if is_known else {"dtype": dtype.name},
        "dimension_names": [f"{name}_{axis}" for axis in range(len(shape))],
    }
    yield f"{name}/zarr.json", json.dumps(metadata)
    size = value.size // count
    for number in range(count if value.size else 0):
        key = "/".join(["c", *([str(number), *["0"] * (len(shape) - 1)] if shape else [])])
        yield f"{name}/{key}", [value.url, value.offset + number * size, size]
