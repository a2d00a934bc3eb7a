"""Rows of tables, which may be kept in several parts.

Format: tensorflow/python/ops/embedding_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import concat, gather, reshape, shape, size, where
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, identity, name_scope, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import cast, maximum, number_range

__all__ = ["embedding_lookup"]


def embedding_lookup(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    params: Any,  # noqa: ANN401 -- a tensor, a variable, a partitioned one or a list
    ids: object,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,  # noqa: ARG001 -- they are always checked
    max_norm: float | None = None,
) -> Tensor:
    """Add the rows of a table at given indices.

    Args:
        params: The table; a list of tables, or a partitioned variable, that are one.
        ids: Indices of rows, any shape.
        partition_strategy: How the rows are dealt to several tables: "mod", one after the other, or "div", in blocks.
        name: Name of the scope.
        validate_indices: Without use.
        max_norm: Not taken.

    Raises:
        UnimplementedError: ``max_norm`` is given.
        ValueError: There is no table, or another strategy is asked for.
    """
    if max_norm is not None:
        raise UnimplementedError("lookups with max_norm are none of the ops here")
    if params is None or (isinstance(params, (list, tuple)) and not params):
        raise ValueError("Need at least one param.")
    tables = list(params) if isinstance(params, (list, tuple)) or hasattr(params, "partitions") else [params]
    with name_scope(name, "embedding_lookup", [*tables, ids]) as scope:
        if not any(getattr(table, "is_resource", False) for table in tables):
            tables = [convert_to_tensor(table, name=f"params_{index}") for index, table in enumerate(tables)]
        wanted = convert_to_tensor(ids, name="ids")
        if len(tables) == 1:
            with get_default_graph().colocate_with(_place(tables[0]), ignore_existing=True):
                rows = gather(tables[0], wanted, name=scope)
            return identity(rows)
        return _from_parts(tables, wanted, partition_strategy, scope)


def _place(table: Any) -> Any:  # noqa: ANN401 -- a tensor or a variable
    return table.handle if getattr(table, "is_resource", False) else table


def _from_parts(tables: Sequence[Any], ids: Tensor, strategy: str, scope: str) -> Tensor:
    flat = reshape(ids, [-1])
    places = number_range(size(flat, out_type=INT32))
    part, row = _dealt(tables, flat, strategy)
    part = cast(part, INT32)
    rows = apply("DynamicPartition", row, part, num_partitions=len(tables))
    order = apply("DynamicPartition", places, part, num_partitions=len(tables))
    found = []
    for table, own in zip(tables, rows, strict=True):
        with get_default_graph().device(None), get_default_graph().colocate_with(_place(table), ignore_existing=True):
            found.append(gather(table, own))
    joined = output("ParallelDynamicStitch", order, found, name=scope)
    inner = tables[0].shape[1:]
    for table in tables[1:]:
        inner = inner.merge_with(table.shape[1:])
    sizes: Any = inner.as_list() if inner.is_fully_defined() else shape(tables[0])[1:]
    result = reshape(joined, concat([shape(ids), sizes], 0))
    result.set_shape(ids.shape.concatenate(inner))
    return result


def _dealt(tables: Sequence[Any], flat: Tensor, strategy: str) -> tuple[Tensor, Tensor]:
    """Return for each index which table it is in, and the row there."""
    count = len(tables)
    if strategy == "mod":
        return flat % count, flat // count
    if strategy != "div":
        raise ValueError(f"Unrecognized partition strategy: {strategy}.Must be one of either `mod` or `div`.")
    total = _total_rows(tables, flat)
    each = total // count
    extras = total % count
    part = maximum(flat // (each + 1), (flat - extras) // each)
    return part, where(part < extras, flat % (each + 1), (flat - extras) % each)


def _total_rows(tables: Sequence[Any], flat: Tensor) -> Tensor:
    sizes = [table.shape[0].value for table in tables]
    if None not in sizes:
        return constant(sum(sizes), flat.dtype)
    counts = [shape(table)[0] if known is None else known for table, known in zip(tables, sizes, strict=True)]
    return output("Sum", cast(convert_to_tensor(counts), flat.dtype), [0])
