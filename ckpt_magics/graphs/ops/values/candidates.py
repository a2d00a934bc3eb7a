"""Ops that draw classes among which a network learns to tell the true one: for losses over very many classes.

Format: tensorflow/core/kernels/candidate_sampler_ops.cc, range_sampler.cc; core/ops/candidate_sampling_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, unknown_sizes
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag
from ckpt_magics.graphs.ops.state.vocabularies import file_words
from ckpt_magics.graphs.ops.values.sampling import SEEDS

__all__ = ["ROWS"]

FLOAT32 = np.float32
SMALLEST = -np.finfo(FLOAT32).max
"""Added to the score of a class that was drawn and is a true one: it cannot be chosen then."""


class Distribution(Protocol):
    """Classes from 0 on, some more likely than others."""

    @property
    def size(self) -> int:
        """How many of them can be drawn."""

    def draw(self, random: np.random.Generator, count: int) -> Array:
        """Return some classes, int64 [count]."""

    def chances(self, classes: Array) -> Array:
        """Return how likely each class is, float32."""


class Even:
    """All classes alike."""

    def __init__(self, size: int) -> None:
        self.size = size

    def draw(self, random: np.random.Generator, count: int) -> Array:
        """Return some classes."""
        return random.integers(0, self.size, count)

    def chances(self, classes: Array) -> Array:
        """Return how likely each class is."""
        return np.full(np.shape(classes), FLOAT32(1) / FLOAT32(self.size), FLOAT32)


class Zipfian:
    """Nearly by Zipf's law: classes are in the order of their frequency, as words of a vocabulary mostly are."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._log_size = np.log1p(size)

    def draw(self, random: np.random.Generator, count: int) -> Array:
        """Return some classes."""
        return (np.exp(random.random(count) * self._log_size).astype(np.int64) - 1) % self.size

    def chances(self, classes: Array) -> Array:
        """Return how likely each class is."""
        return (np.log((classes + 2.0) / (classes + 1.0)) / self._log_size).astype(FLOAT32)


class Weighted:
    """By weights."""

    def __init__(self, weights: Array) -> None:
        self._weights = weights
        self._ends = np.cumsum(weights)

    @property
    def size(self) -> int:
        """How many classes can be drawn: not those whose weight is 0, or lost in the sum of the weights before it."""
        steps = np.diff(self._ends, prepend=FLOAT32(0))
        makes_sense = np.isfinite(self._ends[-1]) and np.all(steps >= 0)
        return int(np.count_nonzero(steps)) if makes_sense else 0

    def draw(self, random: np.random.Generator, count: int) -> Array:
        """Return some classes."""
        places = np.searchsorted(self._ends, random.random(count) * self._ends[-1], side="right")
        return np.minimum(places, len(self._weights) - 1)

    def chances(self, classes: Array) -> Array:
        """Return how likely each class is."""
        inside = (classes >= 0) & (classes < len(self._weights))
        found = self._weights[np.where(inside, classes, 0)] / self._ends[-1]
        return np.where(inside, found, 0).astype(FLOAT32)


class SeenClasses:
    """How often each class was a true one so far, and once more."""

    def __init__(self, size: int) -> None:
        self.counts = np.ones(size, np.int64)

    def note(self, classes: Array) -> None:
        """Count some more."""
        inside = classes[(classes >= 0) & (classes < len(self.counts))]
        np.add.at(self.counts, inside, 1)


Sample = tuple[Array, Array, Array]
"""Classes int64 [num_sampled], how often each true class and each of them is expected, float32 of their shapes."""


def _sampled(ctx: KernelContext, true_classes: Array, distribution: Distribution) -> Sample:
    _check_true(ctx, true_classes)
    wanted = ctx.attr("num_sampled")
    if not ctx.attr("unique"):
        drawn, tries = distribution.draw(ctx.random, wanted), wanted
    elif wanted > distribution.size:
        raise InvalidArgumentError("Sampler's range is too small.")
    else:
        drawn, tries = _different(ctx, distribution, wanted)
    expected = [_expected(distribution.chances(classes), wanted, tries) for classes in (true_classes, drawn)]
    return drawn, expected[0], expected[1]


def _check_true(ctx: KernelContext, true_classes: Array) -> None:
    if np.ndim(true_classes) != 2 or true_classes.shape[1] != ctx.attr("num_true"):
        raise InvalidArgumentError("true_classes must be a matrix of num_true columns")


def _different(ctx: KernelContext, distribution: Distribution, wanted: int) -> tuple[Array, int]:
    """Draw until there are as many different classes as wanted; returns them, and how often it took."""
    found: dict[int, None] = {}
    tries = 0
    while len(found) < wanted:
        for value in distribution.draw(ctx.random, wanted).tolist():
            found[value] = None
            tries += 1
            if len(found) == wanted:
                break
    return np.array(list(found), np.int64), tries


def _expected(chances: Array, wanted: int, tries: int) -> Array:
    if tries == wanted:
        return chances * FLOAT32(wanted)
    return -np.expm1(FLOAT32(tries) * np.log1p(-chances))


def _by(make: Callable[[int], Distribution]) -> Callable[[KernelContext, Array], Sample]:
    def kernel(ctx: KernelContext, true_classes: Array) -> Sample:
        return _sampled(ctx, true_classes, make(ctx.attr("range_max")))

    return kernel


def _learned(ctx: KernelContext, true_classes: Array) -> Sample:
    size = ctx.attr("range_max")
    seen = ctx.variables.resource(("seen classes", "", ctx.node_name), lambda: SeenClasses(size))
    assert isinstance(seen, SeenClasses)  # noqa: S101 -- nothing else has such a key
    sample = _sampled(ctx, true_classes, Weighted(seen.counts.astype(FLOAT32)))
    seen.note(true_classes.reshape(-1))
    return sample


def _fixed(ctx: KernelContext, true_classes: Array) -> Sample:
    return _sampled(ctx, true_classes, Weighted(_told_weights(ctx)))


def _told_weights(ctx: KernelContext) -> Array:
    """Return the weights that a node's attributes or file say, float32 [range_max]."""
    file, told = ctx.attr("vocab_file"), ctx.attr("unigrams")
    if bool(file) == bool(len(told)):
        raise InvalidArgumentError("Must provide exactly one of vocab_file and unigrams.")
    counts = np.array([_last_number(line) for line in file_words(file, 0, None)] if file else list(told), FLOAT32)
    weights = np.concatenate(
        [np.zeros(ctx.attr("num_reserved_ids"), FLOAT32), counts ** FLOAT32(ctx.attr("distortion"))]
    )
    shards, shard = ctx.attr("num_shards"), ctx.attr("shard")
    weights = weights[shard::shards]
    if len(weights) != ctx.attr("range_max"):
        raise InvalidArgumentError(f"range_max is {ctx.attr('range_max')} but {len(weights)} weights loaded.")
    return weights


def _last_number(line: bytes) -> float:
    try:
        return float(line.rpartition(b",")[2])
    except ValueError as error:
        raise InvalidArgumentError(f"Wrong vocabulary format at line: {visible(line)}") from error


def _all(ctx: KernelContext, true_classes: Array) -> Sample:
    _check_true(ctx, true_classes)
    every = np.arange(ctx.attr("num_sampled"), dtype=np.int64)
    return every, np.ones(np.shape(true_classes), FLOAT32), np.ones(every.shape, FLOAT32)


def _sample_shapes(ctx: ShapeContext) -> list[Shape]:
    given = ctx.shape(0) or unknown_sizes(2)
    count = (ctx.attr("num_sampled"),)
    return [count, (given[0], ctx.attr("num_true")), count]


def _hits(_ctx: KernelContext, true_classes: Array, sampled: Array) -> tuple[Array, Array, Array]:
    if np.ndim(true_classes) != 2 or np.ndim(sampled) != 1:
        raise InvalidArgumentError("true_classes must be a matrix, and sampled_candidates must be a vector")
    places = {value: place for place, value in enumerate(sampled.tolist())}
    found = [
        (row, places[value]) for row, values in enumerate(true_classes.tolist()) for value in values if value in places
    ]
    rows, columns = np.array(found, np.int64).reshape(-1, 2).T
    return rows.astype(np.int32), columns, np.full(len(found), SMALLEST, FLOAT32)


def _hit_shapes(_ctx: ShapeContext) -> list[Shape]:
    return [(None,)] * 3


SAMPLED = (Attr("num_true", "int", minimum=1), Attr("num_sampled", "int", minimum=1), flag("unique", None))
RANGE = Attr("range_max", "int", minimum=1)
WEIGHTS = (
    Attr("vocab_file", "string", b""),
    Attr("distortion", "float", 1.0),
    Attr("num_reserved_ids", "int", 0),
    Attr("num_shards", "int", 1, minimum=1),
    Attr("shard", "int", 0, minimum=0),
    Attr("unigrams", "list(float)", ()),
)
SIGNATURE = (
    "true_classes: int64 -> sampled_candidates: int64, true_expected_count: float, sampled_expected_count: float"
)


def _sampler(name: str, kernel: Callable[[KernelContext, Array], Sample], attrs: tuple[Attr, ...]) -> Op:
    return Op(
        f"{name}CandidateSampler", SIGNATURE, (*SAMPLED, *attrs, *SEEDS), _sample_shapes, kernel, is_stateful=True
    )


ROWS: tuple[Op, ...] = (
    _sampler("LogUniform", _by(Zipfian), (RANGE,)),
    _sampler("Uniform", _by(Even), (RANGE,)),
    _sampler("LearnedUnigram", _learned, (RANGE,)),
    _sampler("FixedUnigram", _fixed, (RANGE, *WEIGHTS)),
    _sampler("All", _all, ()),
    Op(
        "ComputeAccidentalHits",
        "true_classes: int64, sampled_candidates: int64 -> indices: int32, ids: int64, weights: float",
        (Attr("num_true", "int"), *SEEDS),
        _hit_shapes,
        _hits,
    ),
)
