"""First values of variables from a checkpoint: ``tf.train.init_from_checkpoint``.

Format: tensorflow/python/training/checkpoint_utils.py, init_from_checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ckpt_magics.errors import InvalidArgumentError, TensorMismatchError, visible
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.files.tensors.tensor_names import key_to_name
from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.graphs.saver.saveables import find_saveables
from ckpt_magics.graphs.variables.partition import PartitionedVariable
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.graphs.variables.variable_scope import stored_variables

__all__ = ["init_from_checkpoint", "initialize_from", "variables_by_whole"]


def init_from_checkpoint(
    ckpt_dir_or_file: AnyPath, assignment_map: Mapping[str, object] | Iterable[tuple[str, object]]
) -> None:
    """Let variables take their first values from a checkpoint, when their initializers run.

    Args:
        ckpt_dir_or_file: The checkpoint, or the directory whose latest one is meant.
        assignment_map: From names in the checkpoint to variables, lists of the parts of one, or names of variables
            that ``get_variable`` made; or from scopes to scopes, both ending in a slash, ``/`` being the root.

    Raises:
        InvalidArgumentError: The checkpoint lacks a tensor, or a scope is mapped to something else.
        TensorMismatchError: A tensor has another shape than its variable.
    """
    pairs = assignment_map.items() if isinstance(assignment_map, Mapping) else assignment_map
    with open_tensors(ckpt_dir_or_file) as tensors:
        for name, target in sorted(pairs, key=lambda pair: pair[0]):
            for tensor_name, parts in _targets(tensors, name, target):
                initialize_from(tensors, tensor_name, parts)


def initialize_from(tensors: NamedTensors[TensorSource], name: str, parts: Iterable[Variable]) -> None:
    """Let a variable, whole or in parts, take its first value from one tensor of a checkpoint.

    Raises:
        InvalidArgumentError: The checkpoint lacks the tensor.
        TensorMismatchError: It has another shape.
    """
    if name not in tensors:
        raise InvalidArgumentError(
            f"Tensor {visible(name)} is not found in {visible(tensors.origin)} checkpoint {_shapes(tensors)}"
        )
    for part in parts:
        _check(tensors, name, part)
        _initialize(part, tensors.origin, name)


def _targets(tensors: NamedTensors[TensorSource], name: str, target: Any) -> Iterator[tuple[str, list[Variable]]]:  # noqa: ANN401 -- see the map
    """Names in the checkpoint with the variable that each is for, as its parts."""
    variables = variables_by_whole(stored_variables().values())
    parts = variables.get(target) if isinstance(target, str) else _parts(target)
    if parts is not None:
        yield name, parts
        return
    scope = target.rpartition("/")[0]
    if not name.endswith("/"):
        raise InvalidArgumentError(
            f"Assignment map with scope only name {visible(scope)} should map to scope only {visible(name)}. "
            "Should be 'scope/': 'other_scope/'."
        )
    for variable_name, members in sorted(variables.items()):
        if scope and not variable_name.startswith(f"{scope}/"):
            continue
        inner = variable_name[len(scope) :].removeprefix("/")
        tensor_name = inner if name == "/" else f"{name}{inner}"
        if tensor_name not in tensors:
            raise InvalidArgumentError(
                f"Tensor {visible(tensor_name)} ({inner} in {visible(name)}) is not found in {visible(tensors.origin)} "
                "checkpoint"
            )
        yield tensor_name, members


def variables_by_whole(variables: Iterable[Variable]) -> dict[str, list[Variable]]:
    """Return variables by name, parts of one together under the name of the whole."""
    found: dict[str, list[Variable]] = {}
    for variable in variables:
        info = variable.save_slice_info
        found.setdefault(variable.op.name if info is None else info.full_name, []).append(variable)
    return found


def _parts(target: Any) -> list[Variable]:  # noqa: ANN401 -- a variable, or one in parts
    return list(target) if isinstance(target, (list, tuple, PartitionedVariable)) else [target]


def _check(tensors: NamedTensors[TensorSource], name: str, variable: Variable) -> None:
    info, shape = variable.save_slice_info, tensors.spec(name).shape
    fits = variable.shape.is_compatible_with(shape) if info is None else tuple(info.full_shape) == shape
    if not fits:
        raise TensorMismatchError(
            f"Shape of variable {variable.name} ({variable.shape}) doesn't match with shape of tensor {visible(name)} "
            f"({list(shape)}) from checkpoint reader."
        )


def _initialize(variable: Variable, prefix: str, name: str) -> None:
    [saveable] = find_saveables([variable])
    spec = saveable.specs[0].slice_spec
    graph = variable.graph
    with graph.as_default(), graph.init_scope(), graph.device(variable.device), graph.device("/cpu:0"):
        [value] = apply("RestoreV2", prefix, [name], [spec], dtypes=[variable.dtype], name="checkpoint_initializer")
        value.set_shape(variable.shape)
        restored = saveable.restore([value], None)
    variable.set_initializer(restored if isinstance(restored, Operation) else restored.op, value)


def _shapes(tensors: NamedTensors[TensorSource]) -> dict[str, list[int]]:
    """What TensorFlow lists of a checkpoint that lacks a tensor."""
    columns = tensors.columns()
    return dict(zip(map(key_to_name, columns.keys), map(list, columns.shapes), strict=True))
