"""The kinds of files that hold tensors. To add one is to add a row."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.kinds.bundle.bundle_kind import V2
from ckpt_magics.files.kinds.frozen_graph_kind import FROZEN_GRAPH
from ckpt_magics.files.kinds.hdf5_kind import HDF5
from ckpt_magics.files.kinds.keras_kinds import KERAS, KERAS_H5
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.numpy_files.npy_kind import NPY
from ckpt_magics.files.kinds.numpy_files.npz_kind import NPZ
from ckpt_magics.files.kinds.safetensors_files.safetensors_kind import SAFETENSORS
from ckpt_magics.files.kinds.slice_table.slice_table_kind import V1
from ckpt_magics.files.kinds.torch_files.torch_kind import TORCH
from ckpt_magics.files.storage.place import AnyPath, Place, PlaceIdentity, place_of

__all__ = [
    "KINDS",
    "WRITTEN_KINDS",
    "find_kind",
    "is_leftover",
    "kind_named",
    "kind_of",
    "kind_to_write",
    "replaced_by",
]

KINDS = (V2, V1, SAFETENSORS, NPZ, NPY, HDF5, KERAS, KERAS_H5, TORCH, FROZEN_GRAPH)
WRITTEN_KINDS = tuple(kind for kind in KINDS if kind.sink is not None)
"""Those that tensors can be written as."""

_STEP = re.compile(r"-\d+\Z", re.ASCII)


def kind_of(start: bytes) -> Kind | None:
    """Return the kind of a file by its first bytes; None of any other file, and of checkpoints."""
    return next((kind for kind in KINDS if kind.recognise(start)), None)


def find_kind(place: Place) -> tuple[Kind, Place] | None:
    """Return what a name means that is neither a file nor a checkpoint: the kind, and the place to open."""
    found = ((kind, kind.find(place)) for kind in KINDS)
    return next(((kind, one) for kind, one in found if one is not None), None)


def replaced_by(place: Place) -> set[PlaceIdentity]:
    """Return what goes when something is written to a place, as `Place.resolved`: one file, or an index too."""
    found = find_kind(place)
    return {one.resolved for one in ([place] if found is None else [place, found[1]])}


def is_leftover(name: str) -> bool:
    """Tell whether another program's killed save, of any kind, leaves files or directories of such names."""
    return any(kind.leftovers(name) for kind in KINDS)


def kind_named(name: str) -> Kind:
    """Return the kind of a name.

    Raises:
        InvalidArgumentError: There is none of that name.
    """
    return _named(name, KINDS)


def _named(name: str, kinds: Sequence[Kind]) -> Kind:
    found = next((kind for kind in kinds if kind.name == name), None)
    if found is None:
        raise InvalidArgumentError(f"there is no kind of file called {visible(name)!r}", hint=_all_kinds())
    return found


def kind_to_write(path: AnyPath, name: str | None = None) -> Kind:
    """Return the kind of file that tensors are to be written as.

    Args:
        path: Where to: the longest suffix of a row that it ends with says the kind, a step behind it aside. That of a
            directory is the separator.
        name: The kind by its name, whatever the path is.

    Raises:
        InvalidArgumentError: There is none of that name, or none has such a suffix.
    """
    if name is not None:
        return _named(name, WRITTEN_KINDS)
    base = _STEP.sub("", place_of(path).stem or "/")
    fitting = [(suffix, kind) for kind in KINDS for suffix in kind.suffixes if _ends_with(base, suffix)]
    if not fitting:
        raise InvalidArgumentError(
            f"{visible(base)!r} has a suffix under which no kind of file is written",
            hint=f"Say the kind with --to. {_all_kinds()}",
        )
    return max(fitting, key=lambda one: len(one[0]))[1]


def _ends_with(base: str, suffix: str) -> bool:
    """Tell whether a name ends with a suffix, or has none if that is empty."""
    return base.endswith(suffix) if suffix else "." not in base.lstrip(".")


def _all_kinds() -> str:
    return f"The kinds are {', '.join(kind.name for kind in WRITTEN_KINDS)}."
