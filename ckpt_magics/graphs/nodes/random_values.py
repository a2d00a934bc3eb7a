"""Random tensors: the ops, and the arithmetic that gives them mean, deviation and range.

Format: tensorflow/python/ops/random_ops.py.
"""

from __future__ import annotations

from ckpt_magics.files.formats.dtypes import FLOAT, INT32, INT64, DType, as_dtype
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output

__all__ = [
    "categorical",
    "get_seed",
    "multinomial",
    "random_normal",
    "random_uniform",
    "stateless_random_normal",
    "stateless_random_uniform",
    "stateless_truncated_normal",
    "truncated_normal",
]

DEFAULT_GRAPH_SEED = 87654321
"""Stands for the graph's seed where only the op has one."""

_LARGEST_SEED = 2**31 - 1


def get_seed(op_seed: int | None) -> tuple[int, int]:
    """Return the two seeds of a new random op in the default graph; (0, 0) means another sequence in each session.

    Format: tensorflow/python/framework/random_seed.py.
    """
    graph = get_default_graph()
    if graph.seed is None and op_seed is None:
        return 0, 0
    if graph.seed is None:
        seeds = DEFAULT_GRAPH_SEED, op_seed or 0
    elif op_seed is None:
        seeds = graph.seed, graph.seeds_given
        graph.seeds_given += 1
    else:
        seeds = graph.seed, op_seed
    first, second = seeds[0] % _LARGEST_SEED, seeds[1] % _LARGEST_SEED
    return (0, _LARGEST_SEED) if first == second == 0 else (first, second)


def random_normal(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    shape: object,
    mean: object = 0.0,
    stddev: object = 1.0,
    dtype: object = FLOAT,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Add normally distributed numbers of the given shape."""
    kind = as_dtype(dtype)
    return _normal(
        "RandomStandardNormal",
        scope_name="random_normal",
        shape=shape,
        mean=mean,
        stddev=stddev,
        dtype=kind,
        seed=seed,
        name=name,
    )


def truncated_normal(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    shape: object,
    mean: object = 0.0,
    stddev: object = 1.0,
    dtype: object = FLOAT,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Add normally distributed numbers, none of them further than two deviations from the mean."""
    kind = as_dtype(dtype)
    return _normal(
        "TruncatedNormal",
        scope_name="truncated_normal",
        shape=shape,
        mean=mean,
        stddev=stddev,
        dtype=kind,
        seed=seed,
        name=name,
    )


def _normal(
    op_type: str,
    *,
    scope_name: str,
    shape: object,
    mean: object,
    stddev: object,
    dtype: DType,
    seed: int | None,
    name: str | None,
) -> Tensor:
    with name_scope(name, scope_name, [shape, mean, stddev]) as scope:
        shape_tensor = _shape_tensor(shape)
        mean_tensor = convert_to_tensor(mean, dtype, name="mean")
        stddev_tensor = convert_to_tensor(stddev, dtype, name="stddev")
        first, second = get_seed(seed)
        standard = output(op_type, shape_tensor, dtype=dtype, seed=first, seed2=second)
        return output("AddV2", standard * stddev_tensor, mean_tensor, name=scope)


def random_uniform(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    shape: object,
    minval: object = 0,
    maxval: object = None,
    dtype: object = FLOAT,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Add evenly distributed numbers from ``minval`` up to, but not including, ``maxval``.

    Raises:
        ValueError: The dtype is an integer and ``maxval`` is missing.
    """
    kind = as_dtype(dtype)
    if maxval is None:
        if kind.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {kind!r}")
        maxval = 1
    with name_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        shape_tensor = _shape_tensor(shape)
        standard = kind.is_floating and _is_number(minval, 0) and _is_number(maxval, 1)
        if not standard:
            low = convert_to_tensor(minval, kind, name="min")
            high = convert_to_tensor(maxval, kind, name="max")
        first, second = get_seed(seed)
        if kind.is_integer:
            return output("RandomUniformInt", shape_tensor, low, high, seed=first, seed2=second, name=scope)
        numbers = output("RandomUniform", shape_tensor, dtype=kind, seed=first, seed2=second)
        return numbers if standard else output("AddV2", numbers * (high - low), low, name=scope)


def stateless_random_uniform(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    shape: object,
    seed: object,
    minval: object = 0,
    maxval: object = 1,
    dtype: object = FLOAT,
    name: str | None = None,
) -> Tensor:
    """Add evenly distributed numbers that ``seed``, two whole numbers, alone decides on.

    Raises:
        ValueError: The dtype is one of whole numbers.
    """
    kind = as_dtype(dtype)
    if not kind.is_floating:
        raise ValueError(f"whole numbers are not drawn by seeds that are inputs here, got dtype {kind.name}")
    with name_scope(name, "stateless_random_uniform", [shape, seed, minval, maxval]) as scope:
        low = convert_to_tensor(minval, kind, name="min")
        high = convert_to_tensor(1 if maxval is None else maxval, kind, name="max")
        numbers = output("StatelessRandomUniform", _shape_tensor(shape), seed, dtype=kind)
        return output("AddV2", numbers * (high - low), low, name=scope)


def stateless_random_normal(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    shape: object,
    seed: object,
    mean: object = 0.0,
    stddev: object = 1.0,
    dtype: object = FLOAT,
    name: str | None = None,
) -> Tensor:
    """Add normally distributed numbers that ``seed``, two whole numbers, alone decides on."""
    with name_scope(name, "stateless_random_normal", [shape, seed, mean, stddev]) as scope:
        return _stateless_normal("StatelessRandomNormal", shape, seed, mean, stddev, as_dtype(dtype), scope)


def stateless_truncated_normal(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    shape: object,
    seed: object,
    mean: object = 0.0,
    stddev: object = 1.0,
    dtype: object = FLOAT,
    name: str | None = None,
) -> Tensor:
    """Add normally distributed numbers, none beyond two deviations, that ``seed`` alone decides on."""
    with name_scope(name, "stateless_truncated_normal", [shape, seed, mean, stddev]) as scope:
        return _stateless_normal("StatelessTruncatedNormal", shape, seed, mean, stddev, as_dtype(dtype), scope)


def _stateless_normal(  # noqa: PLR0917 -- as above
    op_type: str, shape: object, seed: object, mean: object, stddev: object, dtype: DType, scope: str
) -> Tensor:
    sizes = _shape_tensor(shape)
    mean_tensor = convert_to_tensor(mean, dtype, name="mean")
    stddev_tensor = convert_to_tensor(stddev, dtype, name="stddev")
    numbers = output(op_type, sizes, seed, dtype=dtype)
    return output("AddV2", numbers * stddev_tensor, mean_tensor, name=scope)


def multinomial(
    logits: object,
    num_samples: object,
    seed: int | None = None,
    name: str | None = None,
    output_dtype: object = None,
) -> Tensor:
    """Add classes drawn by their logits: for each row of these as many as wanted, int64 if not told otherwise."""
    with name_scope(name, "multinomial", [logits]):
        return _classes(logits, num_samples, seed, output_dtype)


def categorical(
    logits: object,
    num_samples: object,
    dtype: object = None,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Add classes drawn by their logits: for each row of these as many as wanted, int64 if not told otherwise."""
    with name_scope(name, "categorical", [logits]):
        return _classes(logits, num_samples, seed, dtype)


def _classes(logits: object, num_samples: object, seed: int | None, dtype: object) -> Tensor:
    given = convert_to_tensor(logits, name="logits")
    first, second = get_seed(seed)
    kind = INT64 if dtype is None else as_dtype(dtype)
    return output("Multinomial", given, num_samples, seed=first, seed2=second, output_dtype=kind)


def _is_number(value: object, number: int) -> bool:
    return isinstance(value, (int, float)) and value == number


def _shape_tensor(shape: object) -> Tensor:
    return convert_to_tensor(shape, None if isinstance(shape, Operators) else INT32, name="shape")
