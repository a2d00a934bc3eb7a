"""Initializers: what makes the first value of a variable from its shape and dtype.

Format: tensorflow/python/ops/init_ops.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ckpt_magics.files.formats.dtypes import FLOAT, DType, as_dtype
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import ones, zeros
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.random_values import random_normal, random_uniform, truncated_normal

__all__ = [
    "Constant",
    "Initializer",
    "Ones",
    "PartitionInfo",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "UniformUnitScaling",
    "VarianceScaling",
    "Zeros",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
]

TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a unit normal distribution cut off at two deviations."""


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """Where one part lies in a partitioned variable.

    Attributes:
        full_shape: Shape of the whole variable.
        var_offset: First index of the part in each dimension.
    """

    full_shape: Sequence[int]
    var_offset: Sequence[int]


class Initializer(Protocol):
    """What makes first values."""

    def __call__(
        self, shape: Sequence[int], dtype: object = None, partition_info: PartitionInfo | None = None
    ) -> Tensor:
        """Add a tensor of that shape and dtype to the default graph."""
        ...


@dataclass(frozen=True)
class Zeros:
    """Makes zeros; for strings, empty ones."""

    dtype: object = FLOAT

    def __call__(self, shape: object, dtype: object = None, partition_info: PartitionInfo | None = None) -> Tensor:  # noqa: ARG002
        """Add a tensor of zeros."""
        return zeros(shape, dtype or self.dtype)


@dataclass(frozen=True)
class Ones:
    """Makes ones."""

    dtype: object = FLOAT

    def __call__(self, shape: object, dtype: object = None, partition_info: PartitionInfo | None = None) -> Tensor:  # noqa: ARG002
        """Add a tensor of ones."""
        return ones(shape, dtype or self.dtype)


@dataclass(frozen=True)
class Constant:
    """Makes given values.

    Attributes:
        value: Number, nested list or array; fewer values than the shape has room for are followed by the last one.
        dtype: Type, unless the variable asks for another.
        verify_shape: Refuse values of another shape.
    """

    value: object = 0
    dtype: object = FLOAT
    verify_shape: bool = False

    def __call__(
        self,
        shape: Sequence[int],
        dtype: object = None,
        partition_info: PartitionInfo | None = None,  # noqa: ARG002
    ) -> Tensor:
        """Add the constant."""
        return constant(self.value, dtype or self.dtype, shape, verify_shape=self.verify_shape)


@dataclass(frozen=True)
class RandomUniform:
    """Makes evenly distributed numbers."""

    minval: object = 0.0
    maxval: object = None
    seed: int | None = None
    dtype: object = FLOAT

    def __call__(self, shape: object, dtype: object = None, partition_info: PartitionInfo | None = None) -> Tensor:  # noqa: ARG002
        """Add the random op."""
        return random_uniform(shape, self.minval, self.maxval, dtype or self.dtype, self.seed)


@dataclass(frozen=True)
class RandomNormal:
    """Makes normally distributed numbers."""

    mean: object = 0.0
    stddev: object = 1.0
    seed: int | None = None
    dtype: object = FLOAT

    def __call__(self, shape: object, dtype: object = None, partition_info: PartitionInfo | None = None) -> Tensor:  # noqa: ARG002
        """Add the random op."""
        return random_normal(shape, self.mean, self.stddev, dtype or self.dtype, self.seed)


@dataclass(frozen=True)
class TruncatedNormal:
    """Makes normally distributed numbers within two deviations of the mean."""

    mean: object = 0.0
    stddev: object = 1.0
    seed: int | None = None
    dtype: object = FLOAT

    def __call__(self, shape: object, dtype: object = None, partition_info: PartitionInfo | None = None) -> Tensor:  # noqa: ARG002
        """Add the random op."""
        return truncated_normal(shape, self.mean, self.stddev, dtype or self.dtype, self.seed)


@dataclass(frozen=True)
class UniformUnitScaling:
    """Makes evenly distributed numbers that keep the scale of what they are multiplied with."""

    factor: float = 1.0
    seed: int | None = None
    dtype: object = FLOAT

    def __call__(
        self, shape: Sequence[int], dtype: object = None, partition_info: PartitionInfo | None = None
    ) -> Tensor:
        """Add the random op."""
        sizes = _full_sizes(shape, partition_info)
        limit = math.sqrt(3 / max(math.prod(float(size) for size in sizes[:-1]), 1.0)) * self.factor
        return random_uniform(shape, -limit, limit, dtype or self.dtype, self.seed)


@dataclass(frozen=True)
class VarianceScaling:
    """Makes random numbers whose variance follows from the size of the layer.

    Attributes:
        scale: Factor of the variance.
        mode: Size that divides it: ``fan_in``, ``fan_out`` or ``fan_avg``.
        distribution: ``truncated_normal`` (or ``normal``), ``untruncated_normal`` or ``uniform``.
        seed: Seed of the random op.
        dtype: Type, unless the variable asks for another.
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"
    seed: int | None = None
    dtype: object = FLOAT

    def __post_init__(self) -> None:
        if self.scale <= 0:
            raise ValueError(f"Argument `scale` must be a positive float. Received: {self.scale}")
        if self.mode not in {"fan_in", "fan_out", "fan_avg"}:
            raise ValueError(
                f"Argument `mode` should be one of ('fan_in', 'fan_out', 'fan_avg'). Received: {self.mode}"
            )
        if self.distribution not in {"normal", "uniform", "truncated_normal", "untruncated_normal"}:
            raise ValueError(
                "Argument `distribution` should be one of ('normal', 'uniform', 'truncated_normal', "
                f"'untruncated_normal'). Received: {self.distribution}"
            )

    def __call__(
        self, shape: Sequence[int], dtype: object = None, partition_info: PartitionInfo | None = None
    ) -> Tensor:
        """Add the random op."""
        fan_in, fan_out = _fans(_full_sizes(shape, partition_info))
        sizes = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, sizes[self.mode])
        kind: DType = as_dtype(dtype or self.dtype)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random_uniform(shape, -limit, limit, kind, self.seed)
        if self.distribution == "untruncated_normal":
            return random_normal(shape, 0.0, math.sqrt(variance), kind, self.seed)
        return truncated_normal(shape, 0.0, math.sqrt(variance) / TRUNCATED_STDDEV, kind, self.seed)


def _full_sizes(shape: Sequence[int], partition_info: PartitionInfo | None) -> list[int]:
    """Return the shape that the scale follows from: the whole variable's, also where only a part is made."""
    whole = TensorShape(shape if partition_info is None else partition_info.full_shape)
    return [int(size) for size in whole]


def _fans(sizes: list[int]) -> tuple[float, float]:
    """Return how many numbers go into and out of one unit of a layer with weights of this shape."""
    if len(sizes) < 2:
        return (sizes[0], sizes[0]) if sizes else (1, 1)
    field = math.prod(sizes[:-2])
    return sizes[-2] * field, sizes[-1] * field


def glorot_uniform(seed: int | None = None, dtype: object = FLOAT) -> VarianceScaling:
    """Return the initializer that variables get by default."""
    return VarianceScaling(1.0, "fan_avg", "uniform", seed, dtype)


def glorot_normal(seed: int | None = None, dtype: object = FLOAT) -> VarianceScaling:
    """Return Glorot's initializer with a truncated normal distribution."""
    return VarianceScaling(1.0, "fan_avg", "truncated_normal", seed, dtype)


def he_normal(seed: int | None = None, dtype: object = FLOAT) -> VarianceScaling:
    """Return He's initializer with a truncated normal distribution."""
    return VarianceScaling(2.0, "fan_in", "truncated_normal", seed, dtype)


def he_uniform(seed: int | None = None, dtype: object = FLOAT) -> VarianceScaling:
    """Return He's initializer with an even distribution."""
    return VarianceScaling(2.0, "fan_in", "uniform", seed, dtype)


def lecun_normal(seed: int | None = None, dtype: object = FLOAT) -> VarianceScaling:
    """Return LeCun's initializer with a truncated normal distribution."""
    return VarianceScaling(1.0, "fan_in", "truncated_normal", seed, dtype)


def lecun_uniform(seed: int | None = None, dtype: object = FLOAT) -> VarianceScaling:
    """Return LeCun's initializer with an even distribution."""
    return VarianceScaling(1.0, "fan_in", "uniform", seed, dtype)
