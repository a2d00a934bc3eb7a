"""Variables: tensors that keep their value between runs, as references or as resources.

Follows tensorflow/python/ops/variables.py, VariableV1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.graphs.graph.default import get_default_graph, uses_resource_variables
from ckpt_magics.graphs.graph.entered import get_default_session
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.names import strip_scope
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.graphs.nodes.arithmetic import assign_slice
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, identity, name_scope, output
from ckpt_magics.graphs.nodes.conditional import cond
from ckpt_magics.graphs.variables.replicas import VariableSynchronization
from ckpt_magics.graphs.variables.scope_defaults import open_variable_scope
from ckpt_magics.graphs.variables.slice_info import SaveSliceInfo
from ckpt_magics.graphs.variables.variable_import import find_nodes
from ckpt_magics.graphs.variables.variable_nodes import VariableNodes, VariableRecipe, make_reference, make_resource
from ckpt_magics.proto.messages import VariableDef

__all__ = ["AssignedVariable", "Variable", "is_trainable"]


def is_trainable(trainable: bool | None, synchronization: int, name: str | None) -> bool:
    """Return whether a new variable is one that training changes.

    Args:
        trainable: What its maker says, or None for the default: yes, unless it is synchronized on reading.
        synchronization: How replicas keep it.
        name: Its name, for the message.

    Raises:
        ValueError: It can't be both trained and synchronized on reading.
    """
    if int(synchronization) != VariableSynchronization.ON_READ:
        return True if trainable is None else trainable
    if trainable:
        raise ValueError(
            f"Synchronization value can be set to VariableSynchronization.ON_READ only for non-trainable variables. "
            f"Variable {name} has trainable=True and synchronization=VariableSynchronization.ON_READ."
        )
    return False


class Variable(Operators[Tensor]):
    """A tensor that keeps its value between runs.

    Args:
        initial_value: First value: array, tensor, or a function without arguments that makes it.
        trainable: Whether the variable is put into the collection of those that training changes. Default: yes.
        collections: Collections to put it into. Default: global variables.
        validate_shape: Whether the variable keeps the shape of its first value, which must be known then.
        caching_device: Device to read on.
        name: Name, made unique. Default: ``Variable``.
        variable_def: A VariableDef that tells the nodes of a variable that the graph has already.
        dtype: Type to convert the first value to.
        import_scope: Scope in which those nodes are.
        constraint: Kept for optimizers.
        use_resource: Whether to make a resource in place of a reference. Default: as `use_resource_variables` says.
        synchronization: Kept for VariableDef.
        aggregation: Kept for VariableDef.
        shape: Shape to have in place of the first value's.

    Raises:
        ValueError: There is no first value, its shape is unknown, ``collections`` is no list, or ``constraint`` no
            function.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        initial_value: object = None,
        trainable: bool | None = None,
        collections: Sequence[str] | None = None,
        validate_shape: bool = True,
        caching_device: str | None = None,
        name: str | None = None,
        variable_def: VariableDef | None = None,
        dtype: object = None,
        import_scope: str | None = None,
        constraint: Callable[[Tensor], Tensor] | None = None,
        use_resource: bool | None = None,
        synchronization: int = 0,
        aggregation: int = 0,
        shape: ShapeLike = None,
    ) -> None:
        if constraint is not None and not callable(constraint):
            raise ValueError(f"The `constraint` argument must be a callable, or None. Got {constraint!r}")
        self.constraint = constraint
        self.save_slice_info: SaveSliceInfo | None = None
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            self._restore(variable_def, import_scope)
            return
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        self.trainable = is_trainable(trainable, synchronization, name)
        self.synchronization = int(synchronization)
        self.aggregation = int(aggregation)
        names = _collection_names(collections, self.trainable)
        recipe = VariableRecipe(
            initial_value,
            name,
            None if dtype is None else as_dtype(dtype),
            validate_shape,
            None if shape is None else TensorShape(shape),
            caching_device,
        )
        self.is_resource = _is_resource(use_resource)
        self._nodes: VariableNodes = make_resource(recipe) if self.is_resource else make_reference(recipe)
        self._validates_shape = validate_shape
        self._caching_device = caching_device
        self.graph.add_to_collections(names, self)

    def _restore(self, variable_def: VariableDef, import_scope: str | None) -> None:
        self._nodes = find_nodes(get_default_graph(), variable_def, import_scope)
        self._validates_shape = True
        self._caching_device = None
        self.is_resource = variable_def.is_resource
        self.trainable = variable_def.trainable
        self.synchronization = variable_def.synchronization
        self.aggregation = variable_def.aggregation
        if variable_def.HasField("save_slice_info_def"):
            self.save_slice_info = SaveSliceInfo.from_proto(variable_def.save_slice_info_def, import_scope)

    @staticmethod
    def from_proto(variable_def: VariableDef, import_scope: str | None = None) -> Variable:
        """Return the variable whose nodes the default graph has, as a VariableDef tells them.

        Raises:
            InvalidArgumentError: The graph does not have them.
        """
        return Variable(variable_def=variable_def, import_scope=import_scope)

    def to_proto(self, export_scope: str | None = None) -> VariableDef | None:
        """Return the VariableDef, or None if the variable is outside ``export_scope``."""
        if export_scope and not self.name.startswith(export_scope):
            return None
        message = VariableDef(
            variable_name=strip_scope(self.name, export_scope),
            initializer_name=strip_scope(self.initializer.name, export_scope),
            snapshot_name=strip_scope(self._snapshot.name, export_scope),
            is_resource=self.is_resource,
            trainable=self.trainable,
            synchronization=self.synchronization,
            aggregation=self.aggregation,
        )
        if self._nodes.initial_value is not None:
            message.initial_value_name = strip_scope(self._nodes.initial_value.name, export_scope)
        if self.save_slice_info is not None:
            message.save_slice_info_def.CopyFrom(
                self.save_slice_info.to_proto(export_scope) or message.save_slice_info_def
            )
        return message

    @property
    def graph(self) -> Graph:
        """The graph that the variable belongs to."""
        return self.handle.graph

    @property
    def handle(self) -> Tensor:
        """The reference, or the resource handle."""
        return self._nodes.handle

    @property
    def ref(self) -> Tensor:
        """What ops that change the variable take: the same as `handle`."""
        return self.handle

    @property
    def op(self) -> Operation:
        """The operation that is the variable."""
        return self.handle.op

    control_operation = op

    @property
    def name(self) -> str:
        """Name of the variable's tensor, ``weight:0``."""
        return self.handle.name

    @property
    def dtype(self) -> DType:
        """Type of the elements."""
        return self._nodes.snapshot.dtype

    @property
    def device(self) -> str:
        """Device of the variable, or an empty string."""
        return self.handle.device

    @property
    def shape(self) -> TensorShape:
        """Shape, as far as it is known."""
        return self._nodes.snapshot.shape

    def get_shape(self) -> TensorShape:
        """Return `shape`."""
        return self.shape

    def set_shape(self, shape: ShapeLike) -> None:
        """Add what is known about the shape.

        Raises:
            ValueError: It contradicts what is known already.
        """
        self.handle.set_shape(shape if not self.is_resource else ())
        self._snapshot.set_shape(shape)

    @property
    def initializer(self) -> Operation:
        """The operation that gives the variable its first value.

        Raises:
            ValueError: An imported graph does not say which one that is.
        """
        if self._nodes.initializer is None:
            raise ValueError(f"the graph that variable {self.name} comes from does not name its initializer")
        return self._nodes.initializer

    @property
    def initial_value(self) -> Tensor:
        """The first value.

        Raises:
            ValueError: An imported graph does not say which tensor that is.
        """
        if self._nodes.initial_value is None:
            raise ValueError(f"the graph that variable {self.name} comes from does not name its initial value")
        return self._nodes.initial_value

    def set_initializer(self, initializer: Operation, initial_value: Tensor) -> None:
        """Let another operation give the variable its first value.

        Args:
            initializer: The operation.
            initial_value: What it assigns.
        """
        self._nodes = replace(self._nodes, initializer=initializer, initial_value=initial_value)

    def is_initialized(self, name: str | None = None) -> Tensor:
        """Add a test whether the variable has a value."""
        if self.is_resource:
            return output("VarIsInitializedOp", self.handle, name=name)
        return output("IsVariableInitialized", self.handle, dtype=self.dtype, name=name)

    def initialized_value(self) -> Tensor:
        """Return the variable's value, or its first value while it has none, for first values of other variables."""
        with self.graph.init_scope():
            value: Tensor = cond(self.is_initialized(), self.read_value, lambda: self.initial_value)
            return value

    def value(self) -> Tensor:
        """Return the variable's value: a reference's one snapshot, or a new read of a resource that is not cached."""
        if not self.is_resource or self._nodes.cached is not None:
            return self._snapshot
        with self.graph.colocate_with(None, ignore_existing=True):
            return self._read()

    @property
    def _snapshot(self) -> Tensor:
        return self._nodes.snapshot if self._nodes.cached is None else self._nodes.cached

    def _read(self, *, no_copy: bool = False) -> Tensor:
        if self._caching_device is None:
            return self.read_handle(no_copy=no_copy)
        graph = self.graph
        with graph.colocate_with(None, ignore_existing=True), graph.device(self._caching_device):
            return self.read_handle(no_copy=no_copy)

    def read_handle(self, *, no_copy: bool = False) -> Tensor:
        """Add a read of a resource to the scopes that are open; ``no_copy`` with the node that asks for its memory."""
        if no_copy:
            apply("DisableCopyOnRead", self.handle)
        value = output("ReadVariableOp", self.handle, dtype=self.dtype)
        value.set_shape(self.shape)
        return value

    def read_value(self) -> Tensor:
        """Add a read of the value at this place in the graph."""
        if not self.is_resource:
            return identity(self.handle, name="read")
        return self._read_in_scope(no_copy=False)

    def read_value_no_copy(self) -> Tensor:
        """Add a read of a resource that takes no copy of what it holds."""
        return self._read_in_scope(no_copy=True)

    def _read_in_scope(self, *, no_copy: bool) -> Tensor:
        with name_scope("Read", values=[self.handle]):
            value = self._read(no_copy=no_copy)
        return identity(value)

    as_tensor = value

    def sparse_read(self, indices: object, name: str | None = None) -> Tensor:
        """Add a lookup of some rows of a resource, which reads no others.

        Raises:
            AttributeError: The variable is a reference.
        """
        if not self.is_resource:
            raise AttributeError("only resource variables have sparse_read: gather the rows")
        with name_scope(name, "Gather", [self.handle]) as scope:
            return output("ResourceGather", self.handle, indices, dtype=self.dtype, name=scope)

    def as_graph_element(self) -> Tensor:
        """Return what a session fetches for the variable."""
        return self._nodes.snapshot if self.is_resource else self.handle

    def assign(self, value: object, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:  # noqa: ANN401 -- a tensor, a read to come, or an operation
        """Add an assignment.

        Args:
            value: New value.
            use_locking: Kept in the node; a reference's only.
            name: Name of the node.
            read_value: Return the new value, not the operation.

        Returns:
            For a reference, the reference after the assignment; for a resource, something to use like the variable
            after the assignment; without ``read_value`` the operation.

        Raises:
            ValueError: The value has another dtype or, for a resource, another shape.
        """
        return self._change("Assign", value, use_locking, name, read_value)

    def assign_add(
        self, delta: object, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:  # noqa: ANN401 -- as assign
        """Add an increment; see `assign`."""
        return self._change("AssignAdd", delta, use_locking, name, read_value)

    def assign_sub(
        self, delta: object, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:  # noqa: ANN401 -- as assign
        """Add a decrement; see `assign`."""
        return self._change("AssignSub", delta, use_locking, name, read_value)

    def count_up_to(self, limit: int) -> Tensor:
        """Add a node that gives the value and adds 1, and raises OutOfRangeError where it is ``limit``."""
        if self.is_resource:
            return output("ResourceCountUpTo", self.handle, limit=limit, T=self.dtype)
        return output("CountUpTo", self, limit=limit)

    def __getitem__(self, key: Any) -> Tensor:  # noqa: ANN401 -- whatever Python's subscript takes
        part = super().__getitem__(key)
        part.assign = partial(self._assign_part, part)
        return part

    def _assign_part(self, part: Tensor, value: object, name: str | None = None) -> Any:  # noqa: ANN401 -- as assign
        if not self.is_resource:
            return assign_slice(self.handle, "StridedSliceAssign", part, value, name)
        return AssignedVariable(self, assign_slice(self.handle, "ResourceStridedSliceAssign", part, value, name))

    def _change(self, op_type: str, value: object, use_locking: bool, name: str | None, read_value: bool) -> Any:  # noqa: ANN401 -- as assign
        if not self.is_resource:
            changed = output(op_type, self, value, use_locking=use_locking, name=name)
            return changed if read_value else changed.op
        with self.graph.as_default():
            # A cached value is read before an increment, though not before an assignment, which may be the first one.
            first = [self._nodes.cached] if self._nodes.cached is not None and op_type != "Assign" else []
            op = self.change_resource(op_type, value, name, first)
            return AssignedVariable(self, op) if read_value else op

    def change_resource(self, op_type: str, value: object, name: str | None, first: Sequence[object]) -> Operation:
        """Add an ``Assign``, ``AssignAdd`` or ``AssignSub`` of a resource that waits for what comes ``first``."""
        with self.graph.control_dependencies(first):
            tensor = convert_to_tensor(value, self.dtype)
            if not self.shape.is_compatible_with(tensor.shape):
                raise ValueError(
                    f"Cannot assign value to variable '{self.name}': Shape mismatch. The variable shape {self.shape}, "
                    f"and the assigned value shape {tensor.shape} are incompatible."
                )
            validates = self._validates_shape and self.shape.is_fully_defined()
            attrs = {"validate_shape": validates} if op_type == "Assign" else {}
            operation = apply(f"{op_type}VariableOp", self.handle, tensor, name=name, **attrs)
        assert isinstance(operation, Operation)  # noqa: S101 -- these ops have no outputs
        return operation

    def eval(self, session: Any = None) -> Any:  # noqa: ANN401 -- any session
        """Return the value that the variable has in ``session``, or in the default session.

        Raises:
            ValueError: There is no session, or it runs another graph.
        """
        return self.as_graph_element().eval(session=session)

    def load(self, value: object, session: Any = None) -> None:  # noqa: ANN401 -- any session
        """Give the variable a value in ``session`` without adding nodes.

        Raises:
            ValueError: There is no session, or it runs another graph.
        """
        chosen = get_default_session(session, self.graph, "load a value", "`load(value, session)`")
        chosen.run(self.initializer, {self.initializer.inputs[1]: value})

    def _get_save_slice_info(self) -> SaveSliceInfo | None:
        return self.save_slice_info

    def _set_save_slice_info(self, info: SaveSliceInfo) -> None:
        self.save_slice_info = info

    def __bool__(self) -> bool:
        # TensorFlow gives references no truth value of their own, so that they are True like any object.
        if self.is_resource:
            raise self._truth_refused()
        return True

    def __repr__(self) -> str:
        dtype = self.dtype.name + ("" if self.is_resource else "_ref")
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={dtype}>"


class AssignedVariable(Operators[Tensor]):
    """A resource variable as it is after an assignment: reading it, and changing it again, waits for that."""

    def __init__(self, variable: Variable, op: Operation) -> None:
        self.variable = variable
        self.op = op
        self._first_read = self.as_tensor()

    control_operation = property(lambda self: self.op)

    def as_tensor(self) -> Tensor:
        """Add a read that waits for the assignment."""
        with self.graph.control_dependencies([self.op]):
            return self.variable.read_handle()

    value = read_value = as_tensor

    def assign(
        self,
        value: object,
        use_locking: bool = False,  # noqa: ARG002 -- as the variable's
        name: str | None = None,
        read_value: bool = True,
    ) -> AssignedVariable | Operation:
        """Add an assignment after this one; see `Variable.assign`."""
        return self._after("Assign", value, name, read_value)

    def assign_add(
        self,
        delta: object,
        use_locking: bool = False,  # noqa: ARG002 -- as the variable's
        name: str | None = None,
        read_value: bool = True,
    ) -> AssignedVariable | Operation:
        """Add an increment after this assignment; see `Variable.assign_add`."""
        return self._after("AssignAdd", delta, name, read_value)

    def assign_sub(
        self,
        delta: object,
        use_locking: bool = False,  # noqa: ARG002 -- as the variable's
        name: str | None = None,
        read_value: bool = True,
    ) -> AssignedVariable | Operation:
        """Add a decrement after this assignment; see `Variable.assign_sub`."""
        return self._after("AssignSub", delta, name, read_value)

    def _after(self, op_type: str, value: object, name: str | None, read_value: bool) -> AssignedVariable | Operation:
        with self.graph.as_default(), self.graph.control_dependencies([self.op]):
            op = self.variable.change_resource(op_type, value, name, ())
            return AssignedVariable(self.variable, op) if read_value else op

    @property
    def name(self) -> str:
        """Name of the assignment."""
        return self.op.name

    def as_graph_element(self) -> Tensor:
        """Return what a session fetches."""
        return self._first_read

    def __bool__(self) -> bool:
        raise self._truth_refused()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- everything else is the variable's
        return getattr(self.variable, name)


def _is_resource(use_resource: bool | None) -> bool:
    """Return which kind a new variable is: as its maker says, else the open variable scope, else the process."""
    if use_resource is None:
        use_resource = open_variable_scope().scope.use_resource
    return uses_resource_variables() if use_resource is None else bool(use_resource)


def _collection_names(collections: object, trainable: bool) -> list[str]:
    names = [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
    if not isinstance(names, (list, tuple, set)):
        raise ValueError(  # noqa: TRY004 -- the class that TensorFlow raises
            "collections argument to Variable constructor must be a list, tuple, or set. "
            f"Got {names} of type {type(names)}"
        )
    if trainable and GraphKeys.TRAINABLE_VARIABLES not in names:
        return [*names, GraphKeys.TRAINABLE_VARIABLES]
    return list(names)
