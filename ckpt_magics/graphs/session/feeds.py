"""Values that a run is given for tensors, checked and made into arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.dtypes import RESOURCE, STRING, DType
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.ops.partial_shapes import fits

__all__ = ["collect_feeds", "feed_tensor", "frozen_array"]


def collect_feeds(graph: Graph, feed_dict: Mapping[Any, object] | None) -> dict[Tensor, npt.NDArray[Any]]:
    """Return the fed tensors with their values, as read-only arrays of the tensors' dtypes.

    Args:
        graph: The graph of the session.
        feed_dict: Values by tensor, variable or tensor name; a tuple of tensors takes a tuple of values, and so does
            a sparse tensor.

    Raises:
        TypeError: A key stands for no tensor, or a value cannot have the tensor's type.
        ValueError: A value has a shape that the tensor cannot have, or the tensor is a handle.
    """
    feeds: dict[Tensor, npt.NDArray[Any]] = {}
    for key, value in (feed_dict or {}).items():
        if hasattr(key, "component_tensors") and isinstance(value, (tuple, list)):
            pairs = zip(key.component_tensors, value, strict=False)
            feeds.update(collect_feeds(graph, {part: array for part, array in pairs if part is not None}))
            continue
        if isinstance(key, tuple) and isinstance(value, (tuple, list)) and len(key) == len(value):
            feeds.update(collect_feeds(graph, dict(zip(key, value, strict=True))))
            continue
        tensor = feed_tensor(graph, key)
        if tensor.dtype is RESOURCE or not graph.is_feedable(tensor):
            raise ValueError(f"Tensor {tensor.name} may not be fed.")
        _refuse_tensor(value, key)
        array = frozen_array(tensor.dtype, value)
        if not fits(array.shape, tensor.shape.sizes):
            raise ValueError(
                f"Cannot feed value of shape {array.shape} for Tensor {tensor.name}, which has shape {tensor.shape}"
            )
        feeds[tensor] = array
    return feeds


def feed_tensor(graph: Graph, key: object) -> Tensor:
    """Return the tensor that a key of a feed stands for.

    Raises:
        TypeError: It stands for none.
    """
    try:
        element = graph.as_graph_element(key, allow_operation=False)
    except (KeyError, ValueError, TypeError) as error:
        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {error.args[0]}") from error
    if not isinstance(element, Tensor):
        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {element}")
    return element


def _refuse_tensor(value: object, key: object) -> None:
    if isinstance(value, Tensor):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python scalars, strings, "
            f"lists, numpy ndarrays. For reference, the tensor object was {value} which was passed to the argument "
            f"`feed_dict` with key {key}."
        )


def frozen_array(dtype: DType, value: object) -> npt.NDArray[Any]:
    """Return a value as an array of a dtype that nobody can write to through this reference; str become UTF-8.

    Raises:
        TypeError: The value is an int that the dtype cannot hold, or no text where it holds text.
    """
    if isinstance(value, int):
        _check_int(dtype, value)
    array = np.asarray(value, dtype.numpy)
    if array.dtype.kind == "O":
        array = _as_bytes(array)
    # A view, so that the caller's own array stays writable while nothing in the graph can keep hold of it unseen.
    array = array.view()
    array.flags.writeable = False
    return array


def _check_int(dtype: DType, value: int) -> None:
    if dtype is STRING or (dtype.is_bool and value not in {0, 1}) or (dtype.is_integer and not _fits_in(dtype, value)):
        raise TypeError(
            f"Type of feed value {value} with type {type(value)} is not compatible with Tensor type "
            f"{dtype.as_numpy_dtype}. Try explicitly setting the type of the feed tensor to a larger type (e.g. int64)."
        )


def _fits_in(dtype: DType, value: int) -> bool:
    """Tell whether an integer type can hold a number."""
    return bool(dtype.min <= value <= dtype.max)


def _as_bytes(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return an array of objects with each text as its UTF-8 bytes.

    Raises:
        TypeError: An element is neither text nor bytes.
    """
    result = np.empty(array.shape, object)
    flat = result.reshape(-1)
    for index, item in enumerate(array.reshape(-1)):
        if not isinstance(item, (str, bytes)):
            raise TypeError(f"a string tensor takes str and bytes, not {item!r} of type {type(item).__name__}")
        flat[index] = item.encode("utf-8", "surrogateescape") if isinstance(item, str) else item
    return result
