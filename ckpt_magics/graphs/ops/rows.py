"""All ops that this package knows, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ckpt_magics.graphs.ops import (
    arrays,
    binary,
    branches,
    calls,
    candidates,
    checkpoint_io,
    constants,
    control,
    dataset_files,
    dataset_functions,
    datasets,
    depthwise,
    derivatives,
    diagonals,
    elementwise,
    indexing,
    iterators,
    joining,
    linear,
    loops,
    nn,
    normalization,
    optionals,
    partitions,
    python_calls,
    quantization,
    ranking,
    recurrent,
    reductions,
    resizing,
    sampling,
    scatters,
    segments,
    sequences,
    shifts,
    spatial_blocks,
    stacks,
    strings,
    summaries,
    tables,
    tensor_arrays,
    tensor_lists,
    training,
    variables,
    vocabularies,
    volumes,
    window_gradients,
    windows,
)
from ckpt_magics.graphs.ops.row import Op

__all__ = ["OPS", "find_op"]

_FAMILIES = (
    arrays,
    binary,
    branches,
    calls,
    candidates,
    checkpoint_io,
    constants,
    control,
    python_calls,
    iterators,
    datasets,
    dataset_functions,
    dataset_files,
    depthwise,
    derivatives,
    diagonals,
    elementwise,
    indexing,
    joining,
    linear,
    loops,
    nn,
    normalization,
    optionals,
    partitions,
    quantization,
    ranking,
    recurrent,
    reductions,
    resizing,
    sampling,
    sequences,
    shifts,
    spatial_blocks,
    stacks,
    scatters,
    segments,
    strings,
    summaries,
    tables,
    tensor_arrays,
    tensor_lists,
    training,
    variables,
    vocabularies,
    window_gradients,
    volumes,
    windows,
)

OPS: Mapping[str, Op] = MappingProxyType({row.name: row for family in _FAMILIES for row in family.ROWS})
"""Every row, by the op's name."""


def find_op(name: str) -> Op | None:
    """Return the row of an op, or None for an op that this package knows nothing about."""
    return OPS.get(name)
