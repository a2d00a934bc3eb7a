"""A graph's variables as places for tensors: what a checkpoint calls each, its parts, and its value in a session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from ckpt_magics.errors import FailedPreconditionError, visible
from ckpt_magics.files.formats.dtypes import DType, dtype_by_number
from ckpt_magics.files.formats.tensor_slice import TensorSlice, parse_shape_and_slice
from ckpt_magics.files.tensors.array_source import ArraysOnDemand
from ckpt_magics.files.tensors.spec import Array
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.meta_graph.restored_names import restored_names
from ckpt_magics.graphs.ops.variable_kinds import VARIABLE_OPS
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.proto.messages import SaverDef

__all__ = ["GraphVariable", "GraphVariables", "ValueHolder", "VariablePart"]

_VALUE_OF_OBJECT = "/.ATTRIBUTES/VARIABLE_VALUE"
"""What ends the key of a variable in an object-based checkpoint."""


class ValueHolder(Protocol):
    """A session, as what has values of its graph's variables."""

    @property
    def graph(self) -> Graph:
        """The graph."""
        ...

    def variable_values(self) -> Mapping[str, Array]:
        """Return the values of the variables that have one, by the name of their operation."""
        ...

    def assign_variables(self, values: Mapping[str, Array], /) -> None:
        """Give variables new values, all of them or none."""
        ...


@dataclass(frozen=True, slots=True)
class VariablePart:
    """One variable of the graph: a whole tensor of a checkpoint, or a slice of one.

    Attributes:
        op_name: Name of its operation.
        dtype: Of its elements.
        shape: The shape that the graph gives it; None for any, None in it for a dimension of any length.
        spec: Which part of the tensor it is, as the Save ops write it, such as ``5 2 2,2:0,2``; "" for all of it.
    """

    op_name: str
    dtype: DType
    shape: tuple[int | None, ...] | None
    spec: str


class GraphVariable:
    """A tensor of a checkpoint in a graph: one variable, or several that are the parts of one.

    Attributes:
        name: Its name in checkpoints, in full.
        parts: Its variables.
    """

    def __init__(self, name: str, parts: tuple[VariablePart, ...], values: GraphVariables) -> None:
        self.name = name
        self.parts = parts
        self._values = values

    @property
    def shape(self) -> tuple[int | None, ...] | None:
        """Shape of the whole; None if the graph does not say."""
        spec = self.parts[0].spec
        return parse_shape_and_slice(spec)[0] if spec else self.parts[0].shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's type of its elements."""
        return self.parts[0].dtype.numpy

    def numpy(self) -> Array:
        """Return its value; of one variable the session's own array, of parts a new one.

        Raises:
            FailedPreconditionError: It has none.
        """
        if not self.parts[0].spec:
            return self._values.value(self.parts[0])
        whole = np.empty([size or 0 for size in self.shape or ()], self.dtype)
        for part in self.parts:
            whole[_region(part.spec)] = self._values.value(part)
        return whole

    def assign(self, array: Array) -> None:
        """Note a new value; it counts from the next `GraphVariables.commit` on."""
        for part in self.parts:
            self._values.pending[part.op_name] = array[_region(part.spec)] if part.spec else array


class GraphVariables(Mapping[str, GraphVariable]):
    """The variables of a session's graph by their names in checkpoints, sorted, with their values as they are now.

    Keys of object-based checkpoints are shortened: ``layer/kernel``.

    Args:
        session: Whose values.
        saver_def: The saver whose nodes say what is saved under which name. Default: every global variable under its
            own name, or, in a graph that lists none, everything that is a variable.

    Attributes:
        pending: New values by operation, waiting for `commit`.
    """

    def __init__(self, session: ValueHolder, saver_def: SaverDef | None = None) -> None:
        self._session = session
        self._now = session.variable_values()
        self.pending: dict[str, Array] = {}
        parts: dict[str, list[VariablePart]] = {}
        for name, part in _parts(session.graph, saver_def):
            parts.setdefault(name, []).append(part)
        self._variables = {
            name.removesuffix(_VALUE_OF_OBJECT): GraphVariable(name, tuple(parts[name]), self) for name in sorted(parts)
        }

    def __getitem__(self, name: str) -> GraphVariable:
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    @property
    def without_value(self) -> list[str]:
        """Names of operations of variables that have no value."""
        parts = (part for variable in self._variables.values() for part in variable.parts)
        return [part.op_name for part in parts if part.op_name not in self._now]

    def arrays(self) -> ArraysOnDemand:
        """Return the values of those that have one, by name; of parts the whole is made when it is asked for."""
        without = set(self.without_value)
        return ArraysOnDemand(
            {
                name: partial(GraphVariable.numpy, variable)
                for name, variable in self._variables.items()
                if without.isdisjoint(part.op_name for part in variable.parts)
            }
        )

    def value(self, part: VariablePart) -> Array:
        """Return the value of one variable, which must not be written to.

        Raises:
            FailedPreconditionError: It has none.
        """
        if part.op_name not in self._now:
            raise FailedPreconditionError(f"variable {visible(part.op_name)} has no value")
        return self._now[part.op_name]

    def commit(self) -> None:
        """Give the session all pending values, or, if one does not fit, none."""
        self._session.assign_variables(self.pending)
        self._now = self._session.variable_values()
        self.pending = {}


def _region(spec: str) -> tuple[slice, ...]:
    shape, region, _ = parse_shape_and_slice(spec)
    return TensorSlice.resolve(region, shape)


def _parts(graph: Graph, saver_def: SaverDef | None) -> list[tuple[str, VariablePart]]:
    """Name and part of every variable that is saved."""
    found = [] if saver_def is None else list(_restored(graph, saver_def.restore_op_name))
    return found or list(_listed(graph)) or [(op.name, _part(op)) for op in _variable_ops(graph)]


def _restored(graph: Graph, restore: str) -> Iterator[tuple[str, VariablePart]]:
    """What a saver's own nodes restore: they alone say under which names."""
    for found in restored_names(graph, restore):
        if found.variable.type in VARIABLE_OPS:
            yield found.name, _part(found.variable, found.spec)


def _listed(graph: Graph) -> Iterator[tuple[str, VariablePart]]:
    for variable in graph.get_collection(GraphKeys.GLOBAL_VARIABLES):
        if isinstance(variable, Variable):
            info = variable.save_slice_info
            name = variable.op.name if info is None else info.full_name
            yield name, _part(variable.op, "" if info is None else info.spec)


def _variable_ops(graph: Graph) -> list[Operation]:
    return [op for op in graph.get_operations() if op.type in VARIABLE_OPS]


def _part(op: Operation, spec: str = "") -> VariablePart:
    shape = TensorShape(op.get_attr("shape"))
    sizes = None if shape.ndims is None else tuple(shape.as_list())
    # Before TensorFlow had shapes of unknown rank, a reference variable of any shape was one without dimensions.
    if not sizes and op.type == "Variable":
        sizes = None
    return VariablePart(op.name, dtype_by_number(op.attrs["dtype"].type), sizes, spec)
