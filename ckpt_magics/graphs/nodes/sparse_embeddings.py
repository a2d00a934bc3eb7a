"""Rows of tables put together, as many as each row of a sparse matrix names.

Format: tensorflow/python/ops/embedding_ops.py, embedding_lookup_sparse and safe_embedding_lookup_sparse.
"""

from __future__ import annotations

from typing import Any

from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import gather, reshape, shape, stack, tile, where, zeros_like
from ckpt_magics.graphs.nodes.build import apply, name_scope, ones, output
from ckpt_magics.graphs.nodes.embeddings import embedding_lookup
from ckpt_magics.graphs.nodes.mathematics import cast, greater, greater_equal, logical_and, sqrt, square
from ckpt_magics.graphs.nodes.sparse_arrays import sparse_fill_empty_rows, sparse_retain
from ckpt_magics.graphs.nodes.sparse_tensors import as_sparse

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments

__all__ = ["embedding_lookup_sparse", "safe_embedding_lookup_sparse"]

COMBINERS = "mean", "sqrtn", "sum"


def embedding_lookup_sparse(
    params: Any,  # noqa: ANN401 -- a tensor, a variable, a partitioned one or a list
    sp_ids: Any,  # noqa: ANN401 -- a sparse tensor or its three arrays
    sp_weights: Any,  # noqa: ANN401 -- likewise, or None
    partition_strategy: str = "mod",
    name: str | None = None,
    combiner: str | None = None,
    max_norm: float | None = None,
) -> Tensor:
    """Add for each row of a sparse matrix of indices the rows of a table that it names, put together.

    Args:
        params: The table; see `embedding_lookup`.
        sp_ids: Indices of rows; each row of the matrix has one at least.
        sp_weights: Factors of them, at the same places; 1 if not told.
        partition_strategy: See `embedding_lookup`.
        name: Name of the scope.
        combiner: ``sum``, ``mean`` (the default), or ``sqrtn`` for a sum that is divided by the root of the sum of the
            squares of the weights.
        max_norm: Not taken; see `embedding_lookup`.

    Raises:
        ValueError: There is no such combiner.
    """
    how = combiner or "mean"
    if how not in COMBINERS:
        raise ValueError(f"combiner must be one of 'mean', 'sqrtn' or 'sum', got {how}")
    ids = as_sparse(sp_ids)
    with name_scope(name, "embedding_lookup_sparse", [ids.values]) as scope:
        rows = cast(ids.indices[:, 0], INT32)
        numbers, places = apply("Unique", ids.values)
        found = gather(embedding_lookup(params, numbers, partition_strategy, max_norm=max_norm), places)
        if sp_weights is None:
            weights = ones(shape(ids.values), found.dtype)
            together = output("SegmentSum", found, rows, name=scope if how == "sum" else None)
        else:
            weights = cast(as_sparse(sp_weights).values, found.dtype)
            factors = reshape(weights, stack([-1, *[1] * ((found.shape.ndims or 2) - 1)]))
            together = output("SegmentSum", found * factors, rows, name=scope if how == "sum" else None)
        if how == "sum":
            return together
        total = output("SegmentSum", weights if how == "mean" else square(weights), rows)
        divisor = total if how == "mean" else sqrt(total)
        return output("RealDiv", together, reshape(divisor, [-1, *[1] * ((found.shape.ndims or 2) - 1)]), name=scope)


def safe_embedding_lookup_sparse(
    embedding_weights: Any,  # noqa: ANN401 -- as above
    sparse_ids: Any,  # noqa: ANN401 -- likewise
    sparse_weights: Any = None,  # noqa: ANN401 -- likewise
    combiner: str = "mean",
    default_id: int | None = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: float | None = None,
) -> Tensor:
    """Add what `embedding_lookup_sparse` does, where rows of the matrix may have no index: those give zeros.

    Args:
        embedding_weights: The table.
        sparse_ids: Indices of rows in a matrix; those below 0 do not count.
        sparse_weights: Factors of them; those that are not above 0 do not count, unless sums are asked for.
        combiner: How rows are put together.
        default_id: Row of the table for a row of the matrix without an index, in place of zeros.
        name: Name of the scope.
        partition_strategy: See `embedding_lookup`.
        max_norm: Not taken; see `embedding_lookup`.
    """
    tables = list(embedding_weights) if isinstance(embedding_weights, (list, tuple)) else embedding_weights
    ids, weights = as_sparse(sparse_ids), None if sparse_weights is None else as_sparse(sparse_weights)
    with name_scope(name, "embedding_lookup", [ids.values]):
        is_valid = greater_equal(ids.values, zeros_like(ids.values))
        if weights is not None and combiner != "sum":
            is_valid = logical_and(is_valid, greater(weights.values, 0))
        ids, weights = sparse_retain(ids, is_valid), None if weights is None else sparse_retain(weights, is_valid)
        filled, is_empty = sparse_fill_empty_rows(ids, default_id or 0)
        if weights is not None:
            weights, _ = sparse_fill_empty_rows(weights, 1.0)
        found = embedding_lookup_sparse(
            tables, filled, weights, partition_strategy, combiner=combiner, max_norm=max_norm
        )
        if default_id is not None:
            return found
        nothing = tile(reshape(is_empty, [-1, 1]), stack([1, shape(found)[1]]))
        return where(nothing, zeros_like(found), found)
