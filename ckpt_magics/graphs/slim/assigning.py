"""Giving variables values, from a checkpoint or from arrays, by a function of a session.

Format: tensorflow/contrib/framework/python/ops/variables.py of TensorFlow 1.15, assign_from_checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ckpt_magics.errors import InvalidArgumentError, TensorMismatchError, visible
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.build import group, placeholder
from ckpt_magics.graphs.saver.from_checkpoint import variables_by_whole
from ckpt_magics.graphs.session import Session
from ckpt_magics.graphs.variables.initialization import global_variables
from ckpt_magics.graphs.variables.partition import PartitionedVariable
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["assign_from_checkpoint", "assign_from_checkpoint_fn", "assign_from_values", "assign_from_values_fn"]

Feeds = dict[Tensor, Any]


def assign_from_checkpoint(
    model_path: AnyPath,
    var_list: Sequence[Any] | Mapping[str, Any],
    ignore_missing_vars: bool = False,
    *,
    reshape_variables: bool = False,
) -> tuple[Operation, Feeds]:
    """Return an operation that gives variables the values of a checkpoint, and what to feed for it.

    Args:
        model_path: The checkpoint.
        var_list: Variables, or by the name of the tensor the variable, or a list of the parts of one.
        ignore_missing_vars: Leave out variables that the checkpoint lacks.
        reshape_variables: Give a tensor of another shape the variable's, if it has as many elements.

    Raises:
        InvalidArgumentError: The checkpoint lacks a variable, and that is not ignored.
        TensorMismatchError: A tensor has another shape than its variable.
    """
    with open_tensors(model_path) as tensors:
        values: dict[Variable, Any] = {}
        for name, parts in _by_tensor(var_list).items():
            if name not in tensors:
                if ignore_missing_vars:
                    continue
                raise InvalidArgumentError(f"Checkpoint is missing variable [{visible(name)}]")
            whole = tensors.read(name)
            for part in parts:
                values[part] = _part_of(whole, part, name, reshape=reshape_variables)
    return _assignments(values)


def _by_tensor(var_list: Sequence[Any] | Mapping[str, Any]) -> dict[str, list[Variable]]:
    if isinstance(var_list, Mapping):
        return {
            name: list(target) if isinstance(target, (list, tuple, PartitionedVariable)) else [target]
            for name, target in var_list.items()
        }
    return variables_by_whole(var_list)


def _part_of(whole: Any, part: Variable, name: str, *, reshape: bool) -> Any:  # noqa: ANN401 -- arrays
    info = part.save_slice_info
    if info is not None:
        region = zip(info.var_offset, info.var_shape, strict=True)
        whole = whole[tuple(slice(start, start + size) for start, size in region)]
    if reshape and part.shape.num_elements() == whole.size:
        whole = whole.reshape(part.shape.as_list())
    if not part.shape.is_compatible_with(whole.shape):
        raise TensorMismatchError(
            f"{part.name} has the shape {part.shape}, and {visible(name)} in the checkpoint {list(whole.shape)}"
        )
    return whole


def _assignments(values: Mapping[Variable, Any]) -> tuple[Operation, Feeds]:
    feeds: Feeds = {}
    operations = []
    for variable, value in values.items():
        fed = placeholder(variable.dtype.base_dtype, variable.shape, name=f"{variable.op.name}/assigned")
        feeds[fed] = value
        operations.append(variable.assign(fed).op)
    return group(*operations), feeds


def assign_from_checkpoint_fn(
    model_path: AnyPath,
    var_list: Sequence[Any] | Mapping[str, Any],
    ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
) -> Callable[[Session], None] | None:
    """Return a function of a session that gives variables the values of a checkpoint; None if none is left.

    Args:
        model_path: The checkpoint.
        var_list: See `assign_from_checkpoint`.
        ignore_missing_vars: Leave out variables that the checkpoint lacks.
        reshape_variables: Give a tensor of another shape the variable's, if it has as many elements.
    """
    operation, feeds = assign_from_checkpoint(
        model_path, var_list, ignore_missing_vars, reshape_variables=reshape_variables
    )
    if not feeds:
        return None
    return lambda session: session.run(operation, feeds)


def assign_from_values(var_names_to_values: Mapping[str, Any]) -> tuple[Operation, Feeds]:
    """Return an operation that gives variables values by their names, and what to feed for it.

    Raises:
        InvalidArgumentError: There is no variable of a name.
    """
    variables = {one.op.name: one for one in global_variables()}
    unknown = sorted(set(var_names_to_values) - set(variables))
    if unknown:
        raise InvalidArgumentError(f"Variable {visible(unknown[0])} not found in the graph")
    return _assignments({variables[name]: value for name, value in var_names_to_values.items()})


def assign_from_values_fn(var_names_to_values: Mapping[str, Any]) -> Callable[[Session], None]:
    """Return a function of a session that gives variables values by their names."""
    operation, feeds = assign_from_values(var_names_to_values)
    return lambda session: session.run(operation, feeds)
