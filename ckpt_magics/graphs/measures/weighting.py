"""Weights of examples: made to go with the values that they weigh.

Format: tensorflow/python/ops/weights_broadcast_ops.py, confusion_matrix.py and metrics_impl.py.
"""

from __future__ import annotations

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import expand_dims, ones_like, rank, shape, squeeze
from ckpt_magics.graphs.nodes.assertions import assertion
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, no_op
from ckpt_magics.graphs.nodes.conditional import cond
from ckpt_magics.graphs.nodes.mathematics import equal, logical_and, logical_or, multiply
from ckpt_magics.graphs.nodes.reductions import reduce_all

__all__ = ["assert_broadcastable", "broadcast_weights", "squeezed", "without_last"]

REFUSED = "weights can not be broadcast to values."


def assert_broadcastable(weights: object, values: object) -> Operation:
    """Add a check that weights are one number, or of the values' rank and in each dimension of their size or 1.

    Raises:
        ValueError: It is known already that they are not.
    """
    with name_scope(None, "assert_broadcastable", [weights, values]) as scope:
        given, given_shape, given_rank = _described(weights, "weights")
        wanted, wanted_shape, wanted_rank = _described(values, "values")
        ranks = constant_value(given_rank), constant_value(wanted_rank)
        if ranks[0] is not None and ranks[1] is not None:
            if ranks[0] == 0:
                return no_op("static_scalar_check_success")
            _check_known(given, wanted)
            if given.shape.is_fully_defined() and wanted.shape.is_fully_defined():
                return no_op("static_dims_check_success")
        is_scalar = equal(0, given_rank, name="is_scalar")
        fits = cond(
            is_scalar,
            lambda: is_scalar,
            lambda: _same_dimensions(given_rank, given_shape, wanted_rank, wanted_shape),
            name="is_valid_shape",
        )
        data = [REFUSED, "weights.shape=", given.name, given_shape, "values.shape=", wanted.name, wanted_shape]
        return assertion(fits, [*data, "is_scalar=", is_scalar], name=scope)


def _described(value: object, name: str) -> tuple[Tensor, Tensor, Tensor]:
    with name_scope(None, name, [value]) as scope:
        tensor = convert_to_tensor(value, name=scope)
        return tensor, shape(tensor, name="shape"), rank(tensor, name="rank")


def _check_known(weights: Tensor, values: Tensor) -> None:
    own, theirs = weights.shape.as_list(), values.shape.as_list()
    if len(own) != len(theirs):
        raise ValueError(
            f"{REFUSED} values.rank={len(theirs)}. weights.rank={len(own)}. values.shape={values.shape}. "
            f"weights.shape={weights.shape}. Received weights={weights}, values={values}"
        )
    for place, (size, other) in enumerate(zip(own, theirs, strict=True)):
        if None not in {size, other} and size not in {1, other}:
            raise ValueError(
                f"{REFUSED} Mismatch at dim {place}. values.shape={theirs}, weights.shape={own}. "
                f"Received weights={weights}, values={values}"
            )


def _same_dimensions(own_rank: Tensor, own: Tensor, their_rank: Tensor, theirs: Tensor) -> Tensor:
    with name_scope(None, "has_valid_nonscalar_shape") as scope:
        is_same_rank = equal(their_rank, own_rank, name="is_same_rank")
        made: Tensor = cond(
            is_same_rank,
            lambda: reduce_all(logical_or(equal(own, theirs), equal(own, 1))),
            lambda: logical_and(is_same_rank, False),
            name=scope,
        )
        return made


def broadcast_weights(weights: object, values: object) -> Tensor:
    """Add weights repeated to the shape of the values."""
    with name_scope(None, "broadcast_weights", [weights, values]) as scope:
        wanted = convert_to_tensor(values, name="values")
        given = convert_to_tensor(weights, wanted.dtype, name="weights")
        if given.shape.is_fully_defined() and given.shape == wanted.shape:
            return given
        with get_default_graph().control_dependencies([assert_broadcastable(given, wanted)]):
            return multiply(given, ones_like(wanted), name=scope)


def without_last(labels: object, predictions: object, rank_difference: int = 0) -> tuple[Tensor, Tensor]:
    """Return labels and predictions, one of them without a last dimension of size 1 that the other has not.

    Args:
        labels: The labels.
        predictions: The predictions.
        rank_difference: How many dimensions more than the labels the predictions are to have.
    """
    with name_scope(None, "remove_squeezable_dimensions", [labels, predictions]):
        guesses, truths = convert_to_tensor(predictions), convert_to_tensor(labels)
        ranks = guesses.shape.ndims, truths.shape.ndims
        if ranks[0] is not None and ranks[1] is not None:
            difference = ranks[0] - ranks[1]
            if difference == rank_difference + 1 and _may_end_with_one(guesses):
                guesses = squeeze(guesses, [-1])
            elif difference == rank_difference - 1 and _may_end_with_one(truths):
                truths = squeeze(truths, [-1])
            return truths, guesses
        excess = rank(guesses) - rank(truths)
        first, second = guesses, truths
        if _may_end_with_one(first):
            guesses = cond(equal(rank_difference + 1, excess), lambda: squeeze(first, [-1]), lambda: first)
        if _may_end_with_one(second):
            truths = cond(equal(rank_difference - 1, excess), lambda: squeeze(second, [-1]), lambda: second)
        return truths, guesses


def _may_end_with_one(tensor: Tensor) -> bool:
    return tensor.shape.ndims is None or (tensor.shape.ndims > 0 and tensor.shape[-1].value in {None, 1})


def squeezed(weights: object, predictions: Tensor) -> Tensor | None:
    """Return weights with as many dimensions as the predictions, where a last one of size 1 makes the difference."""
    if weights is None:
        return None
    given = convert_to_tensor(weights)
    ranks = given.shape.ndims, predictions.shape.ndims
    if ranks[0] == 0:
        return given
    if ranks[0] is not None and ranks[1] is not None:
        if ranks[0] - ranks[1] == 1:
            return squeeze(given, [-1])
        return expand_dims(given, [-1]) if ranks[1] - ranks[0] == 1 else given
    return _squeezed_when_run(given, predictions)


def _squeezed_when_run(weights: Tensor, predictions: Tensor) -> Tensor:
    own = rank(weights)
    excess = own - rank(predictions)
    can_squeeze = weights.shape.ndims is None or weights.shape[-1].value in {None, 1}

    def expanded() -> Tensor:
        made: Tensor = cond(equal(excess, -1), lambda: expand_dims(weights, [-1]), lambda: weights)
        return made

    def adjusted() -> Tensor:
        made: Tensor = cond(equal(excess, 1), lambda: squeeze(weights, [-1]) if can_squeeze else weights, expanded)
        return made

    result: Tensor = cond(equal(own, 0), lambda: weights, adjusted)
    return result
