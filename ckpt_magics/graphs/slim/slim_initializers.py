"""Initializers and regularizers of ``tf.contrib.layers``.

Format: tensorflow/contrib/layers/python/layers/initializers.py and regularizers.py of TensorFlow 1.15.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.mathematics import absolute, add_n, multiply
from ckpt_magics.graphs.nodes.networks import l2_loss
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.variables.initializers import VarianceScaling

__all__ = [
    "apply_regularization",
    "l1_l2_regularizer",
    "l1_regularizer",
    "l2_regularizer",
    "sum_regularizer",
    "variance_scaling_initializer",
    "xavier_initializer",
]

Regularizer = Callable[[Any], Tensor | None]


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: object = "float32") -> VarianceScaling:
    """Return what makes random numbers whose variance keeps that of a layer's inputs and gradients (Glorot's)."""
    return VarianceScaling(1.0, "fan_avg", "uniform" if uniform else "truncated_normal", seed, dtype)


def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: object = "float32",
) -> VarianceScaling:
    """Return what makes random numbers of a variance of ``factor`` over the size of the layer.

    Args:
        factor: As said.
        mode: The size: ``FAN_IN``, ``FAN_OUT`` or ``FAN_AVG``.
        uniform: Whether the numbers are evenly distributed.
        seed: Seed of the random op.
        dtype: Type, unless the variable asks for another.

    Raises:
        TypeError: The mode is another one.
    """
    if mode not in {"FAN_IN", "FAN_OUT", "FAN_AVG"}:
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")
    return VarianceScaling(factor, mode.lower(), "uniform" if uniform else "truncated_normal", seed, dtype)


def l1_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """Return a function of weights that adds the sum of their sizes, times ``scale``; None for a scale of 0."""
    return _scaled(scale, "l1_regularizer", scope, lambda weights: reduce_sum(absolute(weights)))


def l2_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """Return a function of weights that adds half the sum of their squares, times ``scale``; None for a scale of 0."""
    return _scaled(scale, "l2_regularizer", scope, l2_loss)


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Regularizer:
    """Return a function of weights that adds what `l1_regularizer` and `l2_regularizer` do."""
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope or "l1_l2_regularizer")


def sum_regularizer(regularizer_list: Sequence[Regularizer | None], scope: str | None = None) -> Regularizer:
    """Return a function of weights that adds what several others do."""

    def regularize(weights: Any) -> Tensor | None:  # noqa: ANN401 -- a tensor or variable
        with name_scope(scope, "sum_regularizer") as inner:
            losses = [one(weights) for one in regularizer_list if one is not None]
            found = [loss for loss in losses if loss is not None]
            return add_n(found, name=inner) if found else None

    return regularize


def _scaled(scale: float, name: str, scope: str | None, loss: Callable[[Any], Tensor]) -> Regularizer:
    if isinstance(scale, int):
        raise ValueError(f"scale cannot be an integer: {scale}")  # noqa: TRY004 -- as TensorFlow
    if scale < 0:
        raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale:g}.")

    def regularize(weights: Any) -> Tensor | None:  # noqa: ANN401 -- a tensor or variable
        if scale == 0:
            return None
        with name_scope(scope, name, [weights]) as inner:
            factor = convert_to_tensor(scale, weights.dtype.base_dtype, name="scale")
            return multiply(factor, loss(weights), name=inner)

    return regularize


def apply_regularization(regularizer: Regularizer, weights_list: Sequence[Any] | None = None) -> Tensor:
    """Return the sum of a function of each of some weights, by default those in the collection ``weights``."""
    graph = get_default_graph()
    weights = graph.get_collection(GraphKeys.WEIGHTS) if weights_list is None else weights_list
    if not weights:
        raise ValueError("No weights to regularize.")
    with name_scope("get_regularization_penalty", values=weights) as scope:
        penalties = [loss for loss in map(regularizer, weights) if loss is not None]
        total = add_n(penalties, name=scope) if penalties else convert_to_tensor(0.0)
    graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
    return total
