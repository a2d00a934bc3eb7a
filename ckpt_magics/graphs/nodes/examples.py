"""Features of a training's examples, taken out of their messages.

Format: tensorflow/python/ops/parsing_ops.py, parsing_config.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.formats.dtypes import STRING, DType, as_dtype
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.arrays import reshape
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.sparse_tensors import SparseTensor

__all__ = ["FixedLenFeature", "FixedLenSequenceFeature", "VarLenFeature", "parse_example", "parse_single_example"]


class FixedLenFeature(NamedTuple):
    """A feature of which each example has as many numbers.

    Attributes:
        shape: Their shape.
        dtype: Their type.
        default_value: What an example without it has; None if none may be without it.
    """

    shape: Any
    dtype: Any
    default_value: Any = None


class FixedLenSequenceFeature(NamedTuple):
    """A feature of which each example has some rows of numbers.

    Attributes:
        shape: Shape of a row.
        dtype: Type of the numbers.
        allow_missing: Has to be True: an example without it has no rows.
        default_value: What fills rows up where examples of several sizes are together.
    """

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """A feature of which an example has any number of values, of one type."""

    dtype: Any


class _Wanted(NamedTuple):
    """Features in the order in which the ops take them."""

    sparse: dict[str, DType]
    dense: dict[str, tuple[DType, TensorShape, Tensor]]

    def named(self, found: list[Tensor]) -> dict[str, Any]:
        """Return what an op gives by the features' names."""
        count = len(self.sparse)
        parts = [found[start : start + count] for start in (0, count, 2 * count)]
        sparse = [SparseTensor(*each) for each in zip(*parts, strict=True)]
        return {**dict(zip(self.sparse, sparse, strict=True)), **dict(zip(self.dense, found[3 * count :], strict=True))}


def _wanted(features: Mapping[str, Any]) -> _Wanted:
    sparse: dict[str, DType] = {}
    dense: dict[str, tuple[DType, TensorShape, Tensor]] = {}
    if not features:
        raise ValueError("Missing features.")
    for key, feature in sorted(features.items()):
        if isinstance(feature, VarLenFeature):
            sparse[key] = as_dtype(feature.dtype)
        elif isinstance(feature, FixedLenSequenceFeature):
            if not feature.allow_missing:
                raise ValueError(f"Unsupported: FixedLenSequenceFeature requires allow_missing to be True: {key}")
            dense[key] = _dense(key, feature, TensorShape([None]).concatenate(feature.shape))
        elif isinstance(feature, FixedLenFeature):
            dense[key] = _dense(key, feature, TensorShape(feature.shape))
        else:
            raise UnimplementedError(
                f"feature {key!r} is a {type(feature).__name__}, which is none that is parsed here"
            )
    return _Wanted(sparse, dense)


def _dense(key: str, feature: Any, shape: TensorShape) -> tuple[DType, TensorShape, Tensor]:  # noqa: ANN401 -- as above
    dtype = as_dtype(feature.dtype)
    varies = bool(shape.ndims) and shape[0].value is None
    if feature.default_value is None and not varies:
        return dtype, shape, constant([], dtype)
    value = feature.default_value
    if value is None:
        value = "" if dtype == STRING else 0
    default = convert_to_tensor(value, dtype, name=f"default_{key}")
    return dtype, shape, default if varies else reshape(default, shape.as_list())


def parse_single_example(
    serialized: object, features: Mapping[str, Any], name: str | None = None, example_names: object = None
) -> dict[str, Any]:
    """Add the features of one example.

    Args:
        serialized: Its message, a string scalar.
        features: What to take out of it by name: `FixedLenFeature`, `FixedLenSequenceFeature`, `VarLenFeature`.
        name: Of the node.
        example_names: Without use.

    Returns:
        For each name a tensor; of a feature of any length a `SparseTensor`.
    """
    del example_names
    with name_scope(name, "ParseSingleExample", [serialized]) as scope:
        wanted = _wanted(features)
        found = apply(
            "ParseSingleExample",
            convert_to_tensor(serialized, STRING, "serialized"),
            [default for _, _, default in wanted.dense.values()],
            num_sparse=len(wanted.sparse),
            sparse_keys=list(wanted.sparse),
            dense_keys=list(wanted.dense),
            sparse_types=list(wanted.sparse.values()),
            dense_shapes=[shape for _, shape, _ in wanted.dense.values()],
            name=scope,
        )
    return wanted.named(found)


def parse_example(
    serialized: object, features: Mapping[str, Any], name: str | None = None, example_names: object = None
) -> dict[str, Any]:
    """Add the features of several examples, with a new first dimension; see `parse_single_example`."""
    with name_scope(name, "ParseExample", [serialized]) as scope:
        wanted = _wanted(features)
        found = apply(
            "ParseExampleV2",
            convert_to_tensor(serialized, STRING, "serialized"),
            convert_to_tensor([] if example_names is None else example_names, STRING, "names"),
            convert_to_tensor(list(wanted.sparse), STRING, "sparse_keys"),
            convert_to_tensor(list(wanted.dense), STRING, "dense_keys"),
            convert_to_tensor([], STRING, "ragged_keys"),
            [default for _, _, default in wanted.dense.values()],
            num_sparse=len(wanted.sparse),
            sparse_types=list(wanted.sparse.values()),
            ragged_value_types=[],
            ragged_split_types=[],
            dense_shapes=[shape for _, shape, _ in wanted.dense.values()],
            name=scope,
        )
    return wanted.named(found)
