"""Limits for gradients by their norms.

Format: tensorflow/python/ops/clip_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import identity, ones_like, rank, size, stack, where
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices
from ckpt_magics.graphs.nodes.mathematics import cast, maximum, minimum, number_range, rsqrt, sqrt
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.training.rule import Gradient

__all__ = ["clip_by_average_norm", "clip_by_global_norm", "clip_by_norm", "global_norm"]


def clip_by_norm(t: Any, clip_norm: Any, axes: object = None, name: str | None = None) -> Gradient:  # noqa: ANN401 -- what can become a tensor
    """Add a tensor, or slices, scaled down so that its length along ``axes`` is at most ``clip_norm``."""
    with name_scope(name, "clip_by_norm", [t, clip_norm]) as scope:
        values = convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t, name="t")
        limit = max(clip_norm, 0) if np.isscalar(clip_norm) else cast(maximum(clip_norm, 0), values.dtype)  # type: ignore[type-var]
        squares = reduce_sum(values * values, axes, keepdims=True)
        is_positive = squares > 0
        safe = where(is_positive, squares, ones_like(squares))  # the root has no derivative at 0
        length = where(is_positive, sqrt(safe), squares)
        scaled = values * limit
        values.shape.assert_is_compatible_with(scaled.shape)
        clipped = identity(scaled / maximum(length, limit), name=scope)
        return IndexedSlices(clipped, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else clipped


def clip_by_average_norm(t: object, clip_norm: Any, name: str | None = None) -> Tensor:  # noqa: ANN401 -- a number or tensor
    """Add a tensor scaled down so that its length, divided by its number of elements, is at most ``clip_norm``."""
    with name_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        tensor = convert_to_tensor(t, name="t")
        count = cast(size(tensor), "float32")
        inverse = rsqrt(reduce_sum(tensor * tensor, number_range(rank(tensor))))
        return identity(tensor * clip_norm * minimum(inverse * count, constant(1.0) / clip_norm), name=scope)


def _values(t_list: Sequence[Any]) -> list[Tensor | None]:
    return [
        None
        if item is None
        else convert_to_tensor(item.values if isinstance(item, IndexedSlices) else item, name=f"t_{i}")
        for i, item in enumerate(t_list)
    ]


def _check_list(t_list: object) -> None:
    if not isinstance(t_list, Sequence) or isinstance(t_list, str):
        raise TypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)}.")


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """Add the length of several tensors taken as one vector; None counts nothing.

    Raises:
        TypeError: ``t_list`` is no list.
    """
    _check_list(t_list)
    with name_scope(name, "global_norm", t_list):
        halves = []
        for value in _values(t_list):
            if value is not None:
                with value.graph.colocate_with(value):
                    halves.append(output("L2Loss", value))
        half = reduce_sum(stack(halves))
        return sqrt(half * constant(2.0, half.dtype), name="global_norm")


def clip_by_global_norm(
    t_list: Sequence[Any],
    clip_norm: Any,  # noqa: ANN401 -- a number or tensor
    use_norm: Any = None,  # noqa: ANN401
    name: str | None = None,
) -> tuple[list[Gradient | None], Tensor]:
    """Add tensors scaled down together so that their `global_norm` is at most ``clip_norm``.

    Args:
        t_list: Tensors, slices, or None, which stay None.
        clip_norm: The limit.
        use_norm: The norm, where it is known already.
        name: Scope of the nodes.

    Returns:
        The tensors, and the norm before. An infinite norm makes all of them NaN.

    Raises:
        TypeError: ``t_list`` is no list.
    """
    _check_list(t_list)
    norm = global_norm(t_list, name) if use_norm is None else use_norm
    with name_scope(name, "clip_by_global_norm", [*t_list, clip_norm]) as scope:
        finite = clip_norm * minimum(1.0 / norm, constant(1.0, norm.dtype) / clip_norm)
        scale = finite + (norm - norm)
        clipped: list[Gradient | None] = []
        for index, (item, value) in enumerate(zip(t_list, _values(t_list), strict=True)):
            if value is None:
                clipped.append(None)
                continue
            with value.graph.colocate_with(value):
                scaled = identity(value * cast(scale, value.dtype), name=f"{scope}_{index}")
            is_sparse = isinstance(item, IndexedSlices)
            clipped.append(IndexedSlices(scaled, item.indices, item.dense_shape) if is_sparse else scaled)
    return clipped, norm
