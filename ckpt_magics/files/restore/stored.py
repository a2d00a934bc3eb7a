"""What a checkpoint holds, as a restore sees it: names for people, shapes, NumPy dtypes, and one read per tensor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.object_graph.object_graph import OBJECT_GRAPH_KEY, ObjectGraph
from ckpt_magics.files.tensors.spec import Array, native
from ckpt_magics.files.tensors.tensor_names import key_to_name
from ckpt_magics.files.tensors.text_values import TEXT_KINDS, encoded
from ckpt_magics.notebook.reader import CheckpointReader

__all__ = ["StoredTensors"]

_ADVICE = (
    "Nothing was restored. To restore what is left: --damaged, in Python damaged=True; "
    "%ckpt_verify says what is damaged, and with --salvage NEW_PREFIX saves the rest."
)


class StoredTensors:
    """The tensors of a checkpoint, or of any mapping of arrays.

    An object-based checkpoint goes by short names (``layer/kernel``); its keys are understood too.

    Args:
        source: An open reader, which stays the caller's to close, or a mapping of names to arrays.
        damaged: Take what is left of a checkpoint whose listing is damaged.

    Attributes:
        lost_names: Which names may be lost, as a sentence; empty of a whole listing.

    Raises:
        DataLossError: The listing is damaged, and ``damaged`` is false.
    """

    def __init__(self, source: CheckpointReader | Mapping[str, Array], *, damaged: bool = False) -> None:
        self._source = source
        self.lost_names = ""
        self._short_names: Mapping[str, str] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.dtypes: dict[str, np.dtype[Any]] = {}
        self.note = ""
        self._full_names: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        if isinstance(source, CheckpointReader):
            self.origin = source.prefix
            self.note = source.source.note
            self.lost_names = source.lost_names
            if self.lost_names and not damaged:
                raise _damaged_listing(source)
            self._from_reader(source)
        else:
            self.origin = "the given tensors"
            for name, array in source.items():
                self._add(name, name, np.shape(array), _stored_dtype(np.asarray(array).dtype))
        self._names = {key: name for name, key in self._keys.items()}

    def _from_reader(self, reader: CheckpointReader) -> None:
        graph = self._object_graph(reader)
        self._short_names = {} if graph is None else graph.short_names
        short_names = {} if graph is None else {key: short for short, key in graph.short_names.items()}
        self._full_names = {} if graph is None else {key: full for full, key in graph.full_names.items()}
        columns = reader.columns(warn=False)
        for key, dtype, shape in zip(map(key_to_name, columns.names), columns.dtypes, columns.shapes, strict=True):
            if key != OBJECT_GRAPH_KEY:
                self._add(short_names.get(key, key), key, shape, dtype.numpy)

    def _object_graph(self, reader: CheckpointReader) -> ObjectGraph | None:
        try:
            return reader.object_graph
        except DataLossError:
            # What is left goes by its keys, if damage is allowed for.
            if not self.lost_names:
                raise
            return None

    def may_have_lost(self, name: str) -> bool:
        """Tell whether a tensor of this name may have been there, where the listing is damaged."""
        if not self.lost_names or not isinstance(self._source, CheckpointReader):
            return False
        return self._source.may_have_lost(self._short_names.get(name, name))

    def _add(self, name: str, key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._keys[name] = key
        self.shapes[name] = shape
        self.dtypes[name] = dtype

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __contains__(self, name: object) -> bool:
        return name in self.shapes

    def __len__(self) -> int:
        return len(self.shapes)

    def known_name(self, name: str) -> str:
        """Return the short name for a name that may also be a key of the file."""
        return name if name in self.shapes else self._names.get(name, name)

    def keys(self) -> dict[str, str]:
        """Return the key in the file of every name that is a short one."""
        return {name: key for name, key in self._keys.items() if name != key}

    def full_names(self) -> dict[str, str]:
        """Return the name that a variable had in its program, such as ``dense/kernel``, by name, where it is known."""
        return {name: self._full_names[key] for name, key in self._keys.items() if key in self._full_names}

    def size(self, name: str) -> int:
        """Return the tensor's size in bytes; strings count as pointers."""
        return int(np.prod(self.shapes[name], dtype=np.int64)) * self.dtypes[name].itemsize

    def read(self, name: str) -> Array:
        """Return a stored tensor as a new array, its checksum verified; text as bytes objects."""
        if isinstance(self._source, CheckpointReader):
            return np.asarray(self._source[self._keys[name]], dtype=self.dtypes[name])
        array = np.asarray(self._source[self._keys[name]])
        # A copy, since a place may be the given array itself, or have a part of it.
        return encoded(array) if array.dtype.kind in TEXT_KINDS else np.array(array, self.dtypes[name])


def _stored_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that a given array has in a checkpoint."""
    return np.dtype(object) if dtype.kind in TEXT_KINDS else native(dtype)


def _damaged_listing(reader: CheckpointReader) -> DataLossError:
    first = reader.damage[0]
    error = DataLossError(
        f"the listing of the tensors is damaged: {first.message}",
        offset=first.offset,
        hint=f"{reader.lost_names} {_ADVICE}",
    )
    return error.locate(file=first.file)
