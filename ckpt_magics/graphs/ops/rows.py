"""All ops that this package knows, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ckpt_magics.graphs.ops.calculation import binary, elementwise, linear, quantization, ranking, reductions, segments
from ckpt_magics.graphs.ops.feeding import (
    dataset_files,
    dataset_functions,
    datasets,
    examples,
    file_access,
    iterators,
    queues,
    readers,
)
from ckpt_magics.graphs.ops.flow import (
    branches,
    calls,
    control,
    loops,
    optionals,
    python_calls,
    stacks,
    tensor_arrays,
    tensor_lists,
)
from ckpt_magics.graphs.ops.nets import (
    depthwise,
    derivatives,
    image_colors,
    nn,
    normalization,
    recurrent,
    resizing,
    resizing_gradients,
    volumes,
    window_gradients,
    windows,
)
from ckpt_magics.graphs.ops.row import Op
from ckpt_magics.graphs.ops.shaping import (
    arrays,
    diagonals,
    indexing,
    joining,
    partitions,
    sequences,
    shifts,
    sparse,
    spatial_blocks,
)
from ckpt_magics.graphs.ops.state import scatters, tables, training, variables, vocabularies
from ckpt_magics.graphs.ops.values import (
    candidates,
    checkpoint_io,
    constants,
    decoding,
    regular_expressions,
    sampling,
    string_hashes,
    string_values,
    strings,
    summaries,
    text_forms,
)

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
    decoding,
    depthwise,
    derivatives,
    diagonals,
    elementwise,
    examples,
    file_access,
    image_colors,
    indexing,
    joining,
    linear,
    loops,
    nn,
    normalization,
    optionals,
    partitions,
    quantization,
    queues,
    ranking,
    readers,
    recurrent,
    reductions,
    resizing,
    resizing_gradients,
    sampling,
    sequences,
    shifts,
    sparse,
    spatial_blocks,
    stacks,
    scatters,
    segments,
    regular_expressions,
    string_hashes,
    string_values,
    strings,
    summaries,
    text_forms,
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
