"""The functions of ``tf.losses``: weighted losses that the graph collects.

Format: tensorflow/python/ops/losses/losses_impl.py and util.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.measures.weighting import (
    assert_broadcastable,
    broadcast_weights,
    without_last,
)
from ckpt_magics.graphs.nodes import cross_entropies
from ckpt_magics.graphs.nodes.arrays import ones_like, rank, shape, size, squeeze, stop_gradient, where, zeros_like
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.described import described
from ckpt_magics.graphs.nodes.mathematics import (
    absolute,
    add,
    add_n,
    cast,
    div_no_nan,
    equal,
    greater,
    log,
    maximum,
    minimum,
    multiply,
    number_range,
    square,
    squared_difference,
    subtract,
)
from ckpt_magics.graphs.nodes.networks import relu
from ckpt_magics.graphs.nodes.old_names import either
from ckpt_magics.graphs.nodes.reductions import reduce_sum

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments


class Reduction:
    """How one number is made of the losses of all examples."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Return all of them."""
        return (
            cls.NONE,
            cls.SUM,
            cls.MEAN,
            cls.SUM_OVER_BATCH_SIZE,
            cls.SUM_OVER_NONZERO_WEIGHTS,
            cls.SUM_BY_NONZERO_WEIGHTS,
        )

    @classmethod
    def validate(cls, key: str) -> None:
        """Raise ValueError for anything else."""
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}. Key should be one of {cls.all()}.")


def compute_weighted_loss(
    losses: object,
    weights: Any = 1.0,  # noqa: ANN401 -- a number or tensor
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Add the weighted losses, made into one number, and put it into a collection.

    Args:
        losses: A loss for each example.
        weights: A weight for all, or for each example or group of them.
        scope: Name scope.
        loss_collection: Collection for the result.
        reduction: How to make one number; see `Reduction`.

    Raises:
        ValueError: The weights don't go with the losses, or the reduction is none.
    """
    Reduction.validate(reduction)
    graph = get_default_graph()
    with (
        name_scope(scope, "weighted_loss", [losses, weights]),
        graph.control_dependencies([assert_broadcastable(weights, losses)]),
    ):
        given = convert_to_tensor(losses)
        wide = cast(given, FLOAT)
        factors = cast(weights, FLOAT)
        loss = cast(_reduced(wide, factors, reduction), given.dtype)
        if loss_collection:
            graph.add_to_collection(loss_collection, loss)
        return loss


def _reduced(losses: Tensor, factors: Tensor, reduction: str) -> Tensor:
    weighted = multiply(losses, factors)
    if reduction == Reduction.NONE:
        return weighted
    total = reduce_sum(weighted)
    if reduction == Reduction.MEAN:
        return _mean(total, reduce_sum(ones_like(losses) * factors))
    if reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        return _mean(total, _present(losses, factors))
    return _mean(total, _count(losses)) if reduction == Reduction.SUM_OVER_BATCH_SIZE else total


def _mean(total: Tensor, count: Tensor) -> Tensor:
    return div_no_nan(reduce_sum(total), count, name="value")


def _count(losses: Tensor) -> Tensor:
    with name_scope(None, "num_elements", [losses]) as scope:
        return cast(size(losses, name=scope), losses.dtype)


def _present(losses: Tensor, factors: Tensor) -> Tensor:
    """Add the number of losses whose weight is not 0."""
    with name_scope(None, "num_present", [losses, factors]) as scope:
        present = where(equal(factors, 0.0), zeros_like(factors), ones_like(factors))
        return reduce_sum(broadcast_weights(present, losses), name=scope)


def _elementwise(name: str, default_scope: str, second: str, compute: Callable[..., Tensor], text: str) -> Any:  # noqa: ANN401
    """Return the loss of labels and predictions, or logits, of one shape.

    Args:
        name: Its name.
        default_scope: Default name of its scope.
        second: Name of the argument beside the labels.
        compute: Adds the loss of each element; takes labels, predictions and what else it is called with.
        text: Its docstring.
    """

    def function(
        labels: object = None,
        predictions: object = None,
        weights: object = 1.0,
        *rest: Any,  # noqa: ANN401 -- the loss's own, then scope, collection and reduction
        **options: Any,  # noqa: ANN401
    ) -> Tensor:
        predictions = options.pop(second, predictions)
        for label, value in (("labels", labels), (second, predictions), ("weights", weights)):
            if value is None:
                raise ValueError(f"Argument `{label}` must not be None.")
        own, common = _split_options(compute, rest, options)
        scope = common.pop("scope", None)
        with name_scope(scope, default_scope, [predictions, labels, weights]) as full:
            guesses, truths = cast(predictions, FLOAT), cast(labels, FLOAT)
            guesses.shape.assert_is_compatible_with(truths.shape)
            return compute_weighted_loss(compute(truths, guesses, **own), weights, full, **common)

    return described(function, name, text)


COMMON = ("scope", "loss_collection", "reduction")


def _split_options(
    compute: Callable[..., Tensor], rest: tuple[Any, ...], options: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    own_names = compute.__code__.co_varnames[2 : compute.__code__.co_argcount]
    given = dict(zip((*own_names, *COMMON), rest, strict=False)) | options
    return {key: given[key] for key in given if key in own_names}, {
        key: given[key] for key in given if key not in own_names
    }


def _absolute(labels: Tensor, predictions: Tensor) -> Tensor:
    return absolute(subtract(predictions, labels))


def _squared(labels: Tensor, predictions: Tensor) -> Tensor:
    return squared_difference(predictions, labels)


def _hinge(labels: Tensor, logits: Tensor) -> Tensor:
    ones = ones_like(labels)
    signs = subtract(2 * labels, ones)
    return relu(subtract(ones, multiply(signs, logits)))


def _huber(labels: Tensor, predictions: Tensor, delta: float = 1.0) -> Tensor:
    error = absolute(subtract(predictions, labels))
    quadratic = minimum(error, delta)
    linear = subtract(error, quadratic)
    half = convert_to_tensor(0.5, quadratic.dtype)
    return add(multiply(half, multiply(quadratic, quadratic)), multiply(delta, linear))


def _log(labels: Tensor, predictions: Tensor, epsilon: float = 1e-7) -> Tensor:
    positive = -multiply(labels, log(predictions + epsilon))
    return positive - multiply((1 - labels), log(1 - predictions + epsilon))


absolute_difference = _elementwise(
    "absolute_difference", "absolute_difference", "predictions", _absolute, "Add the mean of the absolute differences."
)
mean_squared_error = _elementwise(
    "mean_squared_error", "mean_squared_error", "predictions", _squared, "Add the mean of the squared differences."
)
hinge_loss = _elementwise("hinge_loss", "hinge_loss", "logits", _hinge, "Add the mean of the hinge losses.")
huber_loss = _elementwise(
    "huber_loss", "huber_loss", "predictions", _huber, "Add the mean of errors, squared up to ``delta``."
)
log_loss = _elementwise("log_loss", "log_loss", "predictions", _log, "Add the mean of the logarithmic losses.")


def cosine_distance(
    labels: object,
    predictions: object,
    axis: int | None = None,
    weights: object = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
    dim: int | None = None,
) -> Tensor:
    """Add the mean of 1 minus the cosine, of vectors of length 1 along a dimension.

    Raises:
        ValueError: No dimension is named.
    """
    along = either("axis", axis, "dim", dim)
    if along is None:
        raise ValueError("You must specify argument `axis`.")
    with name_scope(scope, "cosine_distance_loss", [predictions, labels, weights]) as full:
        guesses, truths = cast(predictions, FLOAT), cast(labels, FLOAT)
        guesses.shape.assert_is_compatible_with(truths.shape)
        losses = 1 - reduce_sum(multiply(guesses, truths), axis=(along,), keepdims=True)
        return compute_weighted_loss(losses, weights, full, loss_collection, reduction)


def mean_pairwise_squared_error(
    labels: object,
    predictions: object,
    weights: Any = 1.0,  # noqa: ANN401 -- a number or tensor
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
) -> Tensor:
    """Add the mean, over pairs of elements of an example, of the squared difference between their errors.

    Raises:
        ValueError: An argument is None, or shapes do not go together.
    """
    for name, value in (("labels", labels), ("predictions", predictions), ("weights", weights)):
        if value is None:
            raise ValueError(f"Argument `{name}` must not be None.")
    with name_scope(scope, "mean_pairwise_squared_error", [predictions, labels, weights]):
        factors, truths = cast(weights, FLOAT), cast(labels, FLOAT)
        with get_default_graph().control_dependencies([assert_broadcastable(factors, truths)]):
            guesses = cast(predictions, FLOAT)
            guesses.shape.assert_is_compatible_with(truths.shape)
            errors = subtract(guesses, truths)
            axes = number_range(1, rank(errors))
            present = _present_in_each(errors, factors)
            others = maximum(present - 1, 0)
            squares = reduce_sum(square(errors), axis=axes, keepdims=True)
            sums = square(reduce_sum(errors, axis=axes, keepdims=True))
            pairs = div_no_nan(squares, others) - div_no_nan(sums, maximum(multiply(present, present - 1), 0))
            total = reduce_sum(multiply(2.0 * pairs, factors))
            loss = where(greater(reduce_sum(present), 0), total, zeros_like(total), name="value")
            add_loss(loss, loss_collection)
            return loss


def _present_in_each(losses: Tensor, factors: Tensor) -> Tensor:
    """Add the number of elements of each example whose weight is not 0, as float32 [batch, 1, …]."""
    present = where(equal(factors, 0.0), zeros_like(factors), ones_like(factors))
    axes = number_range(1, rank(losses))
    return reduce_sum(broadcast_weights(present, losses), axis=axes, keepdims=True)


def sigmoid_cross_entropy(
    multi_class_labels: object,
    logits: object,
    weights: object = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Add the mean of the cross entropies of labels with the sigmoid of logits."""
    with name_scope(scope, "sigmoid_cross_entropy_loss", [logits, multi_class_labels, weights]) as full:
        scores = convert_to_tensor(logits)
        labels = cast(multi_class_labels, scores.dtype)
        scores.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = cross_entropies.sigmoid_cross_entropy_with_logits(labels, scores, name="xentropy")
        return compute_weighted_loss(losses, weights, full, loss_collection, reduction)


def softmax_cross_entropy(
    onehot_labels: object,
    logits: object,
    weights: object = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Add the mean of the cross entropies of labels with the softmax of logits."""
    with name_scope(scope, "softmax_cross_entropy_loss", [logits, onehot_labels, weights]) as full:
        scores = convert_to_tensor(logits)
        labels = cast(onehot_labels, scores.dtype)
        scores.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            classes = cast(shape(labels)[-1], scores.dtype)
            rest = label_smoothing / classes
            labels = labels * (1.0 - label_smoothing) + rest
        labels = stop_gradient(labels, name="labels_stop_gradient")
        losses = cross_entropies.softmax_cross_entropy_with_logits_v2(labels, scores, name="xentropy")
        return compute_weighted_loss(losses, weights, full, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: object,
    logits: object,
    weights: object = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Add the mean of the cross entropies of the classes that labels name with the softmax of logits."""
    with name_scope(scope, "sparse_softmax_cross_entropy_loss", [logits, labels, weights]) as full:
        classes, scores = without_last(labels, logits, 1)
        factors = convert_to_tensor(weights)
        if None not in {factors.shape.ndims, classes.shape.ndims} and len(factors.shape) - len(classes.shape) == 1:
            factors = squeeze(factors, [-1])
        losses = cross_entropies.sparse_softmax_cross_entropy_with_logits(classes, scores, name="xentropy")
        return compute_weighted_loss(losses, factors, full, loss_collection, reduction)


def add_loss(loss: Tensor, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Put a loss into a collection."""
    if loss_collection:
        get_default_graph().add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Tensor]:
    """Return the losses of a collection, those whose names match ``scope``."""
    return get_default_graph().get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Tensor]:
    """Return what regularizers made."""
    return get_losses(scope, GraphKeys.REGULARIZATION_LOSSES)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Tensor:
    """Add the sum of what regularizers made, 0 if there is nothing."""
    losses = get_regularization_losses(scope)
    return add_n(losses, name=name) if losses else constant(0.0)


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Tensor:
    """Add the sum of all losses."""
    losses = get_losses(scope)
    return add_n(losses + (get_regularization_losses(scope) if add_regularization_losses else []), name=name)
