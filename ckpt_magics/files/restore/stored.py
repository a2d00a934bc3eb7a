"""What a checkpoint holds, as a restore sees it: names for people, shapes, NumPy dtypes, and one read per tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.object_graph.edge_paths import key_on_way
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.object_graph.object_graph import ObjectGraph
from ckpt_magics.files.tensors.source import Array, TensorSource
from ckpt_magics.files.tensors.tensor_names import key_to_name

__all__ = ["StoredTensors"]

_ADVICE = (
    "Nothing was restored. To restore what is left: --damaged, in Python damaged=True; "
    "%ckpt_verify says what is damaged, and with --salvage NEW_PREFIX saves the rest."
)


class StoredTensors:
    """The tensors of a source by the names that a restore knows them by.

    An object-based checkpoint goes by short names (``layer/kernel``); its keys are understood too.

    Args:
        tensors: Of the source, which stays the caller's to close.
        damaged: Take what is left of a checkpoint whose listing is damaged.

    Attributes:
        lost_names: Which names may be lost, as a sentence; empty of a whole listing.
        object_graph: The objects that were saved; None if the checkpoint is name-based.

    Raises:
        DataLossError: The listing is damaged, and ``damaged`` is false.
    """

    def __init__(self, tensors: NamedTensors[TensorSource], *, damaged: bool = False) -> None:
        self._tensors = tensors
        self.origin = tensors.origin
        self.note = tensors.source.note
        self.lost_names = tensors.lost_names
        if self.lost_names and not damaged:
            raise _damaged_listing(tensors)
        graph = self.object_graph = self._read_object_graph()
        self._full_names = {} if graph is None else {key: full for full, key in graph.full_names.items()}
        self._shown = tensors.shown
        columns = tensors.columns(warn=False)
        keys = list(map(key_to_name, columns.keys))
        self._names = {key: self._shown.name(key) for key in keys if key != OBJECT_GRAPH_KEY}
        self._keys = {name: key for key, name in self._names.items()}
        dtypes = dict(zip(keys, columns.dtypes, strict=True))
        shapes = dict(zip(keys, columns.shapes, strict=True))
        self.dtypes: dict[str, np.dtype[Any]] = {name: dtypes[key].numpy for name, key in self._keys.items()}
        self.shapes: dict[str, tuple[int, ...]] = {name: shapes[key] for name, key in self._keys.items()}

    def _read_object_graph(self) -> ObjectGraph | None:
        try:
            return self._tensors.object_graph
        except DataLossError:
            # What is left goes by its keys, if damage is allowed for.
            if not self.lost_names:
                raise
            return None

    def may_have_lost(self, name: str) -> bool:
        """Tell whether a tensor of this name may have been there, where the listing is damaged."""
        return self._tensors.may_have_lost(self._shown.keys.get(name, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __contains__(self, name: object) -> bool:
        return name in self.shapes

    def __len__(self) -> int:
        return len(self.shapes)

    def known_name(self, name: str) -> str:
        """Return the short name for a name that may also be a key of the file, or any way to an object in it."""
        if name in self.shapes:
            return name
        key = None if self.object_graph is None or name in self._names else key_on_way(self.object_graph, name)
        return self._names.get(name if key is None else key, name)

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
        return self._tensors.read(self._keys[name])


def _damaged_listing(tensors: NamedTensors[TensorSource]) -> DataLossError:
    first = tensors.source.damage[0]
    error = DataLossError(
        f"the listing of the tensors is damaged: {first.message}",
        offset=first.offset,
        hint=f"{tensors.lost_names} {_ADVICE}",
    )
    return error.locate(file=first.file)
