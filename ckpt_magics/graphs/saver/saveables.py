"""What a Saver saves: the tensors behind a variable, their names in the checkpoint, and how they are put back.

Format: tensorflow/python/training/saving/saveable_object.py and saveable_object_util.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import REFERENCE_OPS
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import apply, identity, output
from ckpt_magics.graphs.variables.partition import PartitionedVariable
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["SaveSpec", "SaveableObject", "find_saveables"]


class SaveSpec:
    """One tensor to save.

    Args:
        tensor: The tensor, or a function that adds it to the graph when it is needed.
        slice_spec: Which part of a larger tensor it is, as ``"4 2 0,2:0,2"``; empty for a whole tensor.
        name: Its name in the checkpoint.
        dtype: Its type; of the tensor where that is given.
    """

    def __init__(
        self, tensor: Tensor | Callable[[], Tensor], slice_spec: str, name: str, dtype: DType | None = None
    ) -> None:
        self._tensor = tensor
        self.slice_spec = slice_spec
        self.name = name
        if dtype is None and not isinstance(tensor, Tensor):
            raise TypeError("a SaveSpec whose tensor is a function needs a dtype")
        self.dtype = dtype if dtype is not None else self.tensor.dtype

    @property
    def tensor(self) -> Tensor:
        """The tensor; a function is called each time."""
        return self._tensor if isinstance(self._tensor, Tensor) else self._tensor()


class SaveableObject(ABC):
    """Something that a Saver saves and restores: a few tensors that belong together.

    Args:
        op: Tensor or operation that stands for the object.
        specs: Its tensors.
        name: Name to sort by.
    """

    def __init__(self, op: Any, specs: Sequence[SaveSpec], name: str) -> None:  # noqa: ANN401 -- users' own kinds too
        self.op = op
        self.specs = list(specs)
        self.name = name

    @property
    def device(self) -> str:
        """Device of the first tensor, or an empty string."""
        return str(self.op.device)

    @abstractmethod
    def restore(
        self, restored_tensors: Sequence[Tensor], restored_shapes: Sequence[TensorShape | Tensor] | None
    ) -> Operation | Tensor:
        """Add what puts restored values back, and return it.

        Args:
            restored_tensors: A value for each spec.
            restored_shapes: Shapes to bring them to, or None to take them as they are.
        """


class _ReferenceSaveable(SaveableObject):
    """A reference variable; what is saved is the reference itself, of a part its snapshot."""

    def __init__(self, ref: Tensor, value: Tensor, slice_spec: str, name: str) -> None:
        super().__init__(ref, [SaveSpec(value, slice_spec, name)], name)
        self._ref = ref

    def restore(
        self, restored_tensors: Sequence[Tensor], restored_shapes: Sequence[TensorShape | Tensor] | None
    ) -> Operation | Tensor:
        value = _reshaped(restored_tensors[0], restored_shapes)
        validate = restored_shapes is None and self._ref.shape.is_fully_defined()
        return output("Assign", self._ref, value, validate_shape=validate, use_locking=True)


class _ResourceSaveable(SaveableObject):
    """A resource variable; ``value`` is a tensor that reads it, or a function that adds one."""

    def __init__(
        self, handle: Tensor, value: Tensor | Callable[[], Tensor], dtype: DType, slice_spec: str, name: str
    ) -> None:
        super().__init__(handle, [SaveSpec(value, slice_spec, name, dtype)], name)
        self._handle = handle

    def restore(
        self, restored_tensors: Sequence[Tensor], restored_shapes: Sequence[TensorShape | Tensor] | None
    ) -> Operation | Tensor:
        value = _reshaped(restored_tensors[0], restored_shapes)
        with self._handle.graph.device(self._handle.device):
            operation = apply("AssignVariableOp", self._handle, identity(value))
        assert isinstance(operation, Operation)  # noqa: S101 -- AssignVariableOp has no output
        return operation


def _reshaped(value: Tensor, shapes: Sequence[TensorShape | Tensor] | None) -> Tensor:
    if shapes is None:
        return value
    shape = shapes[0]
    return output("Reshape", value, shape.as_list() if isinstance(shape, TensorShape) else shape)


def find_saveables(var_list: object) -> list[SaveableObject]:
    """Return what to save for a Saver's ``var_list``, sorted by name.

    Args:
        var_list: Variables, partitioned variables and saveable objects, in lists or sets nested to any depth; or a
            dict from the names to save under to these, or to lists of the parts of one variable.

    Raises:
        TypeError: It is neither a list nor a dict, or something in it is no variable.
        ValueError: Two variables have one name, one variable has two, or parts do not belong together.
    """
    if isinstance(var_list, (list, tuple, set, frozenset)):
        var_list = _by_name(var_list)
    elif not isinstance(var_list, Mapping):
        raise TypeError(f"Variables to save should be passed in a dict or a list. Got {var_list}")
    found: list[SaveableObject] = []
    seen: set[object] = set()
    for name, item in sorted(var_list.items(), key=lambda pair: str(pair[0])):
        if not isinstance(name, str):
            raise TypeError(
                "names_to_saveables must be a dict mapping string names to trackable operations. "
                f"Name is not a string: {name}"
            )
        for saveable in _saveables_of(item, name):
            if saveable.op in seen:
                raise ValueError(f"The same saveable will be restored with two names: {saveable.name}")
            seen.add(saveable.op)
            found.append(saveable)
    return found


def _by_name(items: Iterable[object]) -> dict[str, Any]:
    """Name every variable after its operation; the parts of one variable come together under its full name."""
    named: dict[str, Any] = {}
    for item in sorted(_flat(items), key=_sort_key):
        info = item.save_slice_info if isinstance(item, Variable) else None
        name = item.name if isinstance(item, (SaveableObject, PartitionedVariable)) else _variable_name(item)
        if info is not None:
            parts = named.setdefault(info.full_name, [])
            if not isinstance(parts, list):
                raise ValueError(f"Mixing slices and non-slices with the same name: {info.full_name}")
            parts.append(item)
        elif name in named:
            raise ValueError(f"At least two variables have the same name: {name}")
        else:
            named[name] = item
    return named


def _flat(items: Iterable[object]) -> Iterator[Any]:
    for item in items:
        if isinstance(item, (list, tuple, set, frozenset)):
            yield from _flat(item)
        else:
            yield item


def _sort_key(item: object) -> str:
    return str(getattr(item, "name", item))


def _variable_name(item: object) -> str:
    if isinstance(item, Variable):
        return item.op.name
    if isinstance(item, Tensor) and item.op.type in REFERENCE_OPS:
        return item.op.name
    if isinstance(item, Tensor) and item.op.type == "ReadVariableOp":
        return item.op.inputs[0].op.name
    raise TypeError(f"Variable to save is not a Variable: {item}")


def _saveables_of(item: object, name: str) -> Iterator[SaveableObject]:
    if isinstance(item, SaveableObject):
        yield item
    elif isinstance(item, (list, tuple, PartitionedVariable)):
        yield from _parts(list(item), name)
    else:
        yield _whole(item, "", name)


def _parts(parts: Sequence[object], name: str) -> Iterator[SaveableObject]:
    full_name = None
    for part in parts:
        if isinstance(part, SaveableObject):
            yield part
            continue
        if not isinstance(part, Variable):
            raise ValueError(f"Slices must all be Variables: {part}")  # noqa: TRY004 -- TensorFlow's class
        info = part.save_slice_info
        if info is None:
            raise ValueError(f"Slices must all be slices: {part!r}")
        if full_name not in {None, info.full_name}:
            raise ValueError(f"Slices must all be from the same tensor: {full_name} != {info.full_name}")
        full_name = info.full_name
        yield _whole(part, info.spec, name)


def _whole(item: object, slice_spec: str, name: str) -> SaveableObject:
    if isinstance(item, Variable) and item.is_resource:
        value: Tensor | Callable[[], Tensor] = _reader(item) if slice_spec else item.as_graph_element()
        return _ResourceSaveable(item.handle, value, item.dtype, slice_spec, name)
    if isinstance(item, Variable):
        return _ReferenceSaveable(item.ref, item.value() if slice_spec else item.ref, slice_spec, name)
    if isinstance(item, Tensor) and item.op.type in REFERENCE_OPS:
        return _ReferenceSaveable(item, item, slice_spec, name)
    if isinstance(item, Tensor) and item.op.type == "ReadVariableOp":
        return _ResourceSaveable(item.op.inputs[0], item, item.dtype, slice_spec, name)
    raise TypeError(
        f"names_to_saveables must be a dict mapping string names to Tensors/Variables. Not a variable: {item}"
    )


def _reader(variable: Variable) -> Callable[[], Tensor]:
    """A part is read anew for the save, on its own device, and handed over on the CPU."""
    graph: Graph = variable.graph

    def read() -> Tensor:
        with graph.device(variable.device):
            value = variable.read_value_no_copy()
            with graph.device("/device:CPU:0"):
                return identity(value)

    return read
