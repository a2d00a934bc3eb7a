"""Draws of classes, and losses that count only the true class and those that were drawn.

Format: tensorflow/python/ops/candidate_sampling_ops.py, nn_impl.py (_compute_sampled_logits).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ckpt_magics.files.formats.dtypes import INT32, INT64
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import (
    concat,
    expand_dims,
    ones_like,
    part,
    reshape,
    shape,
    stack,
    stop_gradient,
    zeros_like,
)
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, ones, output
from ckpt_magics.graphs.nodes.cross_entropies import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
)
from ckpt_magics.graphs.nodes.described import described
from ckpt_magics.graphs.nodes.embeddings import embedding_lookup
from ckpt_magics.graphs.nodes.mathematics import cast, log, matmul, multiply
from ckpt_magics.graphs.nodes.random_values import get_seed

__all__ = [
    "all_candidate_sampler",
    "compute_accidental_hits",
    "fixed_unigram_candidate_sampler",
    "learned_unigram_candidate_sampler",
    "log_uniform_candidate_sampler",
    "nce_loss",
    "sampled_softmax_loss",
    "uniform_candidate_sampler",
]


class Candidates(NamedTuple):
    """Classes that were drawn.

    Attributes:
        sampled_candidates: The classes, int64 [num_sampled].
        true_expected_count: How often each true class is expected among them, float32 [batch, num_true].
        sampled_expected_count: The same of each that was drawn, float32 [num_sampled].
    """

    sampled_candidates: Tensor
    true_expected_count: Tensor
    sampled_expected_count: Tensor


def _sampler(op_type: str, name: str, how: str) -> Any:  # noqa: ANN401 -- a function
    def function(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        true_classes: object,
        num_true: int,
        num_sampled: int,
        unique: bool,
        range_max: int,
        seed: int | None = None,
        name: str | None = None,
    ) -> Candidates:
        return _drawn(op_type, true_classes, seed, name, num_true, num_sampled, unique, range_max=range_max)

    return described(function, name, f"Add a draw of ``num_sampled`` of the classes below ``range_max``, {how}.")


def _drawn(  # noqa: PLR0917 -- as the functions above
    op_type: str,
    true_classes: object,
    seed: int | None,
    name: str | None,
    num_true: int,
    num_sampled: int,
    unique: bool,
    **attrs: object,
) -> Candidates:
    first, second = get_seed(seed)
    given = {"num_true": num_true, "num_sampled": num_sampled, "unique": unique, "seed": first, "seed2": second}
    return Candidates(*apply(op_type, true_classes, name=name, **given, **attrs))


log_uniform_candidate_sampler = _sampler(
    "LogUniformCandidateSampler", "log_uniform_candidate_sampler", "the lower ones more often, by Zipf's law"
)
uniform_candidate_sampler = _sampler("UniformCandidateSampler", "uniform_candidate_sampler", "all alike")
learned_unigram_candidate_sampler = _sampler(
    "LearnedUnigramCandidateSampler", "learned_unigram_candidate_sampler", "by how often they were true ones so far"
)


def fixed_unigram_candidate_sampler(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    true_classes: object,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str = "",
    distortion: float = 1.0,
    num_reserved_ids: int = 0,
    num_shards: int = 1,
    shard: int = 0,
    unigrams: Sequence[float] = (),
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """Add a draw of classes by weights: those of ``unigrams``, or the last numbers of a file's lines.

    Args:
        true_classes: int64 [batch, num_true].
        num_true: True classes of an example.
        num_sampled: How many to draw.
        unique: Whether none is drawn twice.
        range_max: Number of classes.
        vocab_file: The file.
        distortion: Power that the weights are raised to.
        num_reserved_ids: Classes at the beginning that are never drawn and have no weight.
        num_shards: Parts that the classes are dealt to, for draws from one of them.
        shard: Which part.
        unigrams: The weights.
        seed: Of the draws.
        name: Of the node.
    """
    return _drawn(
        "FixedUnigramCandidateSampler",
        true_classes,
        seed,
        name,
        num_true,
        num_sampled,
        unique,
        range_max=range_max,
        vocab_file=vocab_file,
        distortion=distortion,
        num_reserved_ids=num_reserved_ids,
        num_shards=num_shards,
        shard=shard,
        unigrams=list(unigrams),
    )


def all_candidate_sampler(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    true_classes: object,
    num_true: int,
    num_sampled: int,
    unique: bool,
    seed: int | None = None,
    name: str | None = None,
) -> Candidates:
    """Add all classes, in the form of a draw."""
    return _drawn("AllCandidateSampler", true_classes, seed, name, num_true, num_sampled, unique)


def compute_accidental_hits(
    true_classes: object, sampled_candidates: object, num_true: int, seed: int | None = None, name: str | None = None
) -> list[Tensor]:
    """Add which drawn classes are true ones.

    Returns:
        For each hit the example, the place among the drawn ones, and what to add to its score, hugely negative.
    """
    first, second = get_seed(seed)
    found: list[Tensor] = apply(
        "ComputeAccidentalHits",
        true_classes,
        sampled_candidates,
        num_true=num_true,
        seed=first,
        seed2=second,
        name=name,
    )
    return found


def nce_loss(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    weights: Any,  # noqa: ANN401 -- as embedding_lookup takes
    biases: Any,  # noqa: ANN401 -- likewise
    labels: object,
    inputs: object,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Sequence[Tensor] | None = None,
    remove_accidental_hits: bool = False,
    partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Tensor:
    """Add the loss of noise-contrastive estimation of each example: to tell true classes from drawn ones.

    Args:
        weights: Rows of the classes, [num_classes, dim]; several tables as `embedding_lookup` takes.
        biases: Of the classes, [num_classes].
        labels: True classes, int [batch, num_true].
        inputs: What they are told from, [batch, dim].
        num_sampled: Classes to draw.
        num_classes: Number of classes.
        num_true: True classes of an example.
        sampled_values: A draw; default: by Zipf's law.
        remove_accidental_hits: Whether drawn classes that are true ones don't count.
        partition_strategy: How tables share the rows.
        name: Of the scope.
    """
    draw = _Draw(num_sampled, num_classes, num_true, sampled_values, remove_accidental_hits)
    logits, wanted = _sampled_logits(weights, biases, labels, inputs, draw, partition_strategy, name)
    return _sum_rows(sigmoid_cross_entropy_with_logits(wanted, logits, "sampled_losses"))


def sampled_softmax_loss(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    weights: Any,  # noqa: ANN401 -- as embedding_lookup takes
    biases: Any,  # noqa: ANN401 -- likewise
    labels: object,
    inputs: object,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Sequence[Tensor] | None = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss",
    seed: int | None = None,
) -> Tensor:
    """Add each example's softmax cross entropy over the true classes and drawn ones; see `nce_loss`."""
    draw = _Draw(num_sampled, num_classes, num_true, sampled_values, remove_accidental_hits, seed)
    logits, wanted = _sampled_logits(weights, biases, labels, inputs, draw, partition_strategy, name)
    return softmax_cross_entropy_with_logits_v2(stop_gradient(wanted, "labels_stop_gradient"), logits)


class _Draw(NamedTuple):
    """How classes are drawn for a loss, as `nce_loss` has it."""

    num_sampled: int
    num_classes: int
    num_true: int
    values: Sequence[Tensor] | None
    remove_hits: bool
    seed: int | None = None

    def candidates(self, labels: Tensor) -> list[Tensor]:
        """Return the classes, and how often true and drawn ones are expected."""
        drawn = self.values
        if drawn is None:
            drawn = log_uniform_candidate_sampler(
                labels, self.num_true, self.num_sampled, True, self.num_classes, self.seed
            )
        return [stop_gradient(value) for value in drawn]


def _sampled_logits(  # noqa: PLR0917 -- as nce_loss
    weights: Any,  # noqa: ANN401
    biases: Any,  # noqa: ANN401
    labels: object,
    inputs: object,
    draw: _Draw,
    strategy: str,
    name: str,
) -> tuple[Tensor, Tensor]:
    """Return scores of the true and the drawn classes, [batch, num_true + num_sampled], and what they should be."""
    weights = list(weights) if hasattr(weights, "partitions") else weights
    weights = weights if isinstance(weights, list) else [weights]
    with name_scope(name, "compute_sampled_logits", [*weights, biases, inputs, labels]):
        labels = cast(labels, INT64)
        flat = reshape(labels, [-1])
        sampled, true_expected, sampled_expected = draw.candidates(labels)
        sampled = cast(sampled, INT64)
        every = concat([flat, sampled], 0)
        inputs = convert_to_tensor(inputs)
        rows = cast(embedding_lookup(weights, every, strategy), inputs.dtype)
        true_rows = part(rows, [0, 0], stack([shape(flat)[0], -1]))
        sampled_rows = part(rows, stack([shape(flat)[0], 0]), [-1, -1])
        sampled_logits = matmul(inputs, sampled_rows, transpose_b=True)
        offsets = cast(embedding_lookup(biases, every, strategy), inputs.dtype)
        true_offsets = part(offsets, [0], shape(flat))
        sampled_offsets = part(offsets, shape(flat), [-1])
        true_logits = _row_products(inputs, true_rows, draw.num_true)
        true_logits += reshape(true_offsets, [-1, draw.num_true])
        sampled_logits += sampled_offsets
        if draw.remove_hits:
            sampled_logits += _hit_scores(labels, sampled, draw, sampled_logits)
        true_logits -= log(true_expected)
        sampled_logits -= log(sampled_expected)
        scores = concat([true_logits, sampled_logits], 1)
        return scores, concat([ones_like(true_logits) / draw.num_true, zeros_like(sampled_logits)], 1)


def _row_products(inputs: Tensor, rows: Tensor, num_true: int) -> Tensor:
    """Return the product of each input with the rows of its true classes, [batch, num_true]."""
    dim = shape(rows)[1:2]
    sizes = concat([[-1, num_true], dim], 0)
    products = multiply(expand_dims(inputs, 1), reshape(rows, sizes))
    return reshape(_sum_rows(reshape(products, concat([[-1], dim], 0))), [-1, num_true])


def _sum_rows(matrix: Tensor) -> Tensor:
    # By a product, whose gradient is cheaper.
    columns = shape(matrix)[1]
    return reshape(matmul(matrix, ones(stack([columns, 1]), matrix.dtype)), [-1])


def _hit_scores(labels: Tensor, sampled: Tensor, draw: _Draw, logits: Tensor) -> Tensor:
    """Return what to add to the scores of drawn classes so that true ones among them do not count."""
    examples, places, weights = compute_accidental_hits(labels, sampled, draw.num_true)
    rows = reshape(examples, [-1, 1])
    columns = reshape(cast(places, INT32), [-1, 1])
    where = concat([rows, columns], 1, "sparse_indices")
    sizes = concat([shape(labels)[:1], expand_dims(draw.num_sampled, 0)], 0)
    weights = cast(weights, logits.dtype)
    return output("SparseToDense", where, sizes, weights, 0.0, validate_indices=False)
