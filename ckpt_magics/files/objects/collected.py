"""Anything that holds tensors, as named arrays ready to be saved."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import operator
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from ckpt_magics.errors import CheckpointError, DataLossError, InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import dtype_of
from ckpt_magics.files.object_graph.named_tensors import NamedTensors, tensors_behind
from ckpt_magics.files.objects.leaves import NEW_VALUE
from ckpt_magics.files.objects.library_errors import as_ours
from ckpt_magics.files.objects.tree import Node, joined, take_apart
from ckpt_magics.files.parallel.lazy_saving import is_lazy_array
from ckpt_magics.files.tensors.array_source import ArraysOnDemand
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.files.tensors.spec import Array, native
from ckpt_magics.files.tensors.text_values import TEXT_KINDS, encoded
from ckpt_magics.phrasing import an, names_text

__all__ = [
    "array_to_save",
    "check_whole",
    "collect_tensors",
    "holds_lazy_arrays",
    "lazy_tensors_and_gaps",
    "tensors_and_gaps",
    "tensors_on_demand",
]

_PLAIN_TYPES = "?bBhHiIlLefdFD"
"""Type codes of NumPy that checkpoints have too."""


def collect_tensors(value: Any, name: str = "") -> dict[str, Array]:
    """Return the tensors that a value holds, by the names to save them under.

    Understood are NumPy arrays and scalars; Python numbers, strings and bytes, and regular lists of them; anything
    with ``__array__`` or DLPack; TensorFlow and Keras variables and tensors; PyTorch tensors, and the state dicts of
    modules and optimizers; JAX arrays and pytrees; pandas Series and DataFrames, a column each; and dicts, lists,
    tuples and dataclasses of these, nested to any depth. None holds nothing and is left out.

    Args:
        value: What to save.
        name: Its name, which the names of what it holds begin with; "" for none.

    Returns:
        Arrays by name, keys joined with ``/``, in the order of the value. Memory is shared with the value where that
        is possible. Strings are object arrays of bytes, native byte order everywhere.

    Raises:
        InvalidArgumentError: A part of it is no tensor, has no dtype that a checkpoint can hold, or contains itself,
            or two parts have the same name. The message names the part.

    >>> collect_tensors({"layer": {"kernel": np.zeros((2, 3)), "bias": [1.0, 2.0]}}, "net").keys()
    dict_keys(['net/layer/kernel', 'net/layer/bias'])
    """
    return tensors_and_gaps(value, name)[0]


def tensors_and_gaps(value: Any, name: str = "") -> tuple[dict[str, Array], list[str]]:
    """Return the tensors as `collect_tensors` does, and the names under which there is None instead of a tensor."""
    behind = tensors_behind(value)
    if behind is not None:
        check_whole(behind)
        if not isinstance(value, Mapping):
            return {joined(name, key) if name else key: behind.read(key) for key in behind}, []
    if _is_plain(value):
        return {joined(name, key): array for key, array in value.items()} if name else dict(value), []
    leaves, gaps = _leaves_and_gaps(value, name)
    tensors: dict[str, Array] = {}
    known: dict[int, Array] = {}
    for leaf in leaves:
        # What is there twice is read once, so that it is the same under both names.
        array = known.get(id(leaf.value)) if leaf.in_place else None
        tensors[leaf.name] = known[id(leaf.value)] = array_to_save(leaf) if array is None else array
    return tensors, gaps


def tensors_on_demand(value: Any) -> Mapping[str, Array]:
    """Return the tensors as `collect_tensors` does; what another library holds is fetched when it is asked for."""
    if _is_plain(value):
        return dict(value)
    leaves, _ = _leaves_and_gaps(value, "")
    return ArraysOnDemand({leaf.name: partial(array_to_save, leaf) for leaf in leaves})


def lazy_tensors_and_gaps(value: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the tensors as `tensors_and_gaps` does, but arrays of dask as they are: nothing is computed."""
    leaves, gaps = _leaves_and_gaps(value, "")
    lazy = {leaf.name: leaf.value if is_lazy_array(leaf.value) else array_to_save(leaf) for leaf in leaves}
    return lazy, gaps


def holds_lazy_arrays(value: Any) -> bool:
    """Tell whether there are arrays of dask among the tensors that a value holds."""
    if "dask.array" not in sys.modules or _is_plain(value) or tensors_behind(value) is not None:
        return False
    return any(is_lazy_array(leaf.value) for leaf in _leaves_and_gaps(value, "")[0])


def _leaves_and_gaps(value: Any, name: str) -> tuple[list[Node], list[str]]:
    """Return the tensors of a value, each of a name of its own, and the names of those that are None."""
    leaves: dict[str, Node] = {}
    gaps: list[str] = []
    for leaf in take_apart(value, name).leaves():
        if leaf.leaf is NEW_VALUE:
            gaps.append(leaf.name)
            continue
        if leaf.name in leaves:
            raise InvalidArgumentError(f"two tensors would have the name {visible(leaf.name)!r}")
        leaves[leaf.name] = leaf
    return list(leaves.values()), gaps


def check_whole(tensors: NamedTensors[TensorSource]) -> None:
    """Refuse to save what is not listed whole.

    Raises:
        DataLossError: Tensors may be missing in the listing.
    """
    if tensors.lost_names:
        raise DataLossError(
            f"not all tensors of {visible(tensors.origin)} are listed, for its index is damaged",
            hint=f"{tensors.lost_names} salvage_checkpoint({tensors.origin!r}, NEW_PREFIX) saves the rest.",
        )


def _is_plain(value: object) -> bool:
    """Tell whether a value is a dict of arrays that are saved as they are: most are, and it may have a million."""
    if type(value) is not dict or "" in value or {*map(type, value)} != {str}:
        return False
    if {*map(type, value.values())} != {np.ndarray}:
        return False
    dtypes = set(map(operator.attrgetter("dtype"), value.values()))
    return all(dtype.char in _PLAIN_TYPES and dtype.isnative for dtype in dtypes)


def array_to_save(node: Node) -> Array:
    """Return a node's tensor in the form that is written; its memory is shared where that is possible.

    Raises:
        InvalidArgumentError: It has no name, or no dtype that a checkpoint can hold.
        CheckpointError: Its library does not give its values.
    """
    word = node.leaf.word if node.leaf is not None else "value"
    if not node.name:
        raise InvalidArgumentError(f"{an(word)} alone has no name to be saved under", hint="Give it one, as a dict")
    try:
        return _savable(node.leaf.to_array(node.value) if node.leaf is not None else np.asarray(node.value))
    except CheckpointError:
        raise
    except Exception as error:
        # A library refuses to give values in its own ways (a symbolic tensor, a deleted buffer, a tensor elsewhere).
        raise as_ours(error, f"{visible(node.name)!r}, {an(word)}, cannot be saved") from error


def _savable(array: Array) -> Array:
    """Return the array in native byte order, text as bytes objects; TypeError when no dtype of a checkpoint fits."""
    if array.dtype.kind in "mM":
        message = f'{array.dtype} has no counterpart in a checkpoint; save it .astype("int64")'
        raise TypeError(message)
    if array.dtype.kind in TEXT_KINDS:
        return encoded(array)
    if not array.dtype.isnative:
        array = array.astype(native(array.dtype))
    try:
        dtype_of(array)
    except TypeError as error:
        raise TypeError(_without_counterpart(array.dtype)) from error
    return array


def _without_counterpart(dtype: np.dtype[Any]) -> str:
    """What to say of an array whose dtype no checkpoint can hold."""
    if dtype.names:
        fields = names_text(dtype.names, 3)
        return f"its elements are records; save its fields, an array each, in a dict: {fields}"
    nearest = {"f": "float64", "c": "complex128"}.get(dtype.kind)
    advice = f'; save it .astype("{nearest}"), which rounds it' if nearest else ""
    return f"{visible(str(dtype))} has no counterpart in a checkpoint{advice}"
