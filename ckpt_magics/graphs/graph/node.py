"""The two things a graph is made of: operations, and the tensors that flow out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.graphs.graph.attributes import python_value
from ckpt_magics.graphs.graph.entered import get_default_session
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.proto.messages import AttrValue, NodeDef, OpDef

if TYPE_CHECKING:
    from ckpt_magics.graphs.graph.graph import Graph

__all__ = ["Operation", "OutputType", "Tensor"]

COLOCATION_PREFIX = b"loc:@"

UNKNOWN = TensorShape(None)


class OutputType(NamedTuple):
    """What one output of an operation holds: values of a dtype, or a reference to a variable of that dtype."""

    dtype: DType
    is_ref: bool = False


class Tensor(Operators["Tensor"]):
    """One output of an operation.

    Attributes:
        op: The operation.
        value_index: Which of its outputs, from 0.
        dtype: Type of the elements; for a reference, of what it refers to.
        is_ref: The output is a reference to a variable that ops can change.
        assign: Adds an assignment to the part of a variable that the tensor is; other tensors do not have it.
    """

    __slots__ = ("_consumers", "_shape", "assign", "dtype", "is_ref", "op", "value_index")

    assign: Callable[..., Any]

    def __init__(self, op: Operation, value_index: int, output: OutputType) -> None:
        self.op = op
        self.value_index = value_index
        self.dtype = output.dtype
        self.is_ref = output.is_ref
        self._shape = UNKNOWN
        self._consumers: list[Operation] | None = None  # most tensors of a damaged or unused node never have any

    @property
    def name(self) -> str:
        """``operation:index``, by which the graph finds the tensor."""
        return f"{self.op.name}:{self.value_index}"

    @property
    def input_name(self) -> str:
        """How a NodeDef names the tensor as an input: output 0 goes without its index."""
        return self.name if self.value_index else self.op.name

    @property
    def graph(self) -> Graph:
        """The graph that the tensor belongs to."""
        return self.op.graph

    @property
    def device(self) -> str:
        """Device of the operation, or an empty string."""
        return self.op.device

    @property
    def shape(self) -> TensorShape:
        """What is known about the shape before the graph runs."""
        return self._shape

    def get_shape(self) -> TensorShape:
        """Return `shape`."""
        return self._shape

    def set_shape(self, shape: ShapeLike) -> None:
        """Add what is known about the shape.

        Raises:
            ValueError: It contradicts what is known already.
        """
        self._shape = self._shape.merge_with(shape)

    def replace_shape(self, shape: TensorShape) -> None:
        """Set the shape, whatever was known before."""
        self._shape = shape

    def consumers(self) -> list[Operation]:
        """Return the operations that take this tensor, in the order of their creation."""
        return list(self._consumers or ())

    def add_consumer(self, op: Operation) -> None:
        """Note that ``op`` takes this tensor."""
        if self._consumers is None:
            self._consumers = []
        self._consumers.append(op)

    def remove_consumer(self, op: Operation) -> None:
        """Note that ``op`` takes this tensor no longer."""
        if self._consumers is not None and op in self._consumers:
            self._consumers.remove(op)

    def as_tensor(self) -> Tensor:
        """Return the tensor itself: what a variable stands for has the same method."""
        return self

    def eval(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> Any:  # noqa: ANN401 -- any session
        """Run the graph for this tensor's value.

        Args:
            feed_dict: Values for placeholders, by tensor.
            session: A session for this graph; without it the default one.

        Raises:
            ValueError: There is no default session, or it runs another graph.
        """
        return get_default_session(session, self.graph, "evaluate tensor", "`eval(session=sess)`").run(self, feed_dict)

    def __len__(self) -> int:
        raise TypeError(
            f"len is not well defined for a symbolic Tensor ({self.name}). Please call `x.shape` rather "
            "than `len(x)` for shape information."
        )

    def __bool__(self) -> bool:
        raise self._truth_refused()

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={self.shape} dtype={self.dtype.name}{'_ref' if self.is_ref else ''}>"

    def __str__(self) -> str:
        shape = "" if self.shape.ndims is None else f", shape={self.shape}"
        return f'Tensor("{self.name}"{shape}, dtype={self.dtype.name}{"_ref" if self.is_ref else ""})'


class Operation:
    """One node of a graph.

    Made by ``Graph.create_op`` and by imports, never directly.

    Args:
        graph: The graph that the operation belongs to.
        node: The node; the operation keeps it up to date and owns it.
        outputs: Type of each output.
        op_def: Definition of the op, if it is known.

    Attributes:
        type: The kind of op, such as ``MatMul``.
        is_imported: It comes from a message, which may come from anywhere, not from a program's own calls.
        flow_context: The branch of a conditional or the loop that it is in, or None.
    """

    __slots__ = (
        "_graph", "_node", "control_inputs", "flow_context", "inputs", "is_imported", "op_def", "outputs", "position",
        "type",
    )  # fmt: skip

    def __init__(self, graph: Graph, node: NodeDef, outputs: Iterable[OutputType], op_def: OpDef | None) -> None:
        self._graph = graph
        self._node = node
        self.type = node.op  # a plan asks for it at every turn, and protobuf's fields are slow to read
        self.op_def = op_def
        self.inputs: list[Tensor] = []
        self.control_inputs: list[Operation] = []
        self.outputs = [Tensor(self, index, output) for index, output in enumerate(outputs)]
        self.position = -1
        self.is_imported = False
        self.flow_context: Any = None

    def connect(self, inputs: Sequence[Tensor], control_inputs: Sequence[Operation]) -> None:
        """Set what the operation takes, in the object and in its node."""
        self.inputs = list(inputs)
        self.control_inputs = list(control_inputs)
        names = [tensor.input_name for tensor in inputs]
        names += [f"^{op.name}" for op in control_inputs]
        if list(self._node.input) != names:
            self._node.input[:] = names

    def replace_input(self, index: int, tensor: Tensor) -> None:
        """Take another tensor as one of the inputs; the operation is in the graph already."""
        old, inputs = self.inputs[index], list(self.inputs)
        inputs[index] = tensor
        self.connect(inputs, self.control_inputs)
        if old not in inputs:
            old.remove_consumer(self)
        if self not in tensor.consumers():
            tensor.add_consumer(self)

    def add_inputs(self, tensors: Sequence[Tensor]) -> None:
        """Take more tensors than so far; attributes that count or type them are the caller's to set."""
        self.connect([*self.inputs, *tensors], self.control_inputs)
        for tensor in dict.fromkeys(tensors):
            if self not in tensor.consumers():
                tensor.add_consumer(self)

    def add_outputs(self, outputs: Iterable[OutputType]) -> list[Tensor]:
        """Give more outputs than so far, and return these; attributes that type them are the caller's to set."""
        first = len(self.outputs)
        added = [Tensor(self, index, output) for index, output in enumerate(outputs, first)]
        self.outputs = [*self.outputs, *added]
        return added

    def await_only(self, control_inputs: Iterable[Operation]) -> None:
        """Wait for other operations than so far."""
        self.connect(self.inputs, sorted(dict.fromkeys(control_inputs), key=lambda op: op.name))

    @property
    def graph(self) -> Graph:
        """The graph that the operation belongs to."""
        return self._graph

    @property
    def name(self) -> str:
        """The full name, scopes included."""
        return self._node.name

    @property
    def device(self) -> str:
        """Where the operation should run, or an empty string."""
        return self._node.device

    def set_device(self, device: str) -> None:
        """Say where the operation should run."""
        self._node.device = device

    @property
    def node_def(self) -> NodeDef:
        """The node as a message. It is the operation's own: copy it before changing it."""
        return self._node

    @property
    def attrs(self) -> Any:  # noqa: ANN401 -- protobuf's map type has no public name
        """The attributes as AttrValue messages, by name."""
        return self._node.attr

    def get_attr(self, name: str) -> Any:  # noqa: ANN401 -- the attribute's own type
        """Return an attribute's value: types as `DType`, strings as bytes, shapes and tensors as messages.

        Raises:
            ValueError: The operation has no such attribute.
        """
        if name not in self._node.attr:
            raise ValueError(f"Operation '{self.name}' has no attr named '{name}'.")
        return python_value(self._node.attr[name])

    def set_attr(self, name: str, value: AttrValue) -> None:
        """Set an attribute."""
        self._node.attr[name].CopyFrom(value)

    def colocation_groups(self) -> list[bytes]:
        """Return the groups whose members run on one device; an operation of no group is its own."""
        groups = (
            [group for group in self._node.attr["_class"].list.s if group.startswith(COLOCATION_PREFIX)]
            if "_class" in self._node.attr
            else []
        )
        return groups or [COLOCATION_PREFIX + self.name.encode()]

    def values(self) -> tuple[Tensor, ...]:
        """Return the outputs."""
        return tuple(self.outputs)

    def run(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> None:  # noqa: ANN401 -- any session
        """Run the operation in ``session``, or in the default session.

        Raises:
            ValueError: There is no default session, or it runs another graph.
        """
        get_default_session(session, self.graph, "execute operation", "`run(session=sess)`").run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<tf.Operation '{self.name}' type={self.type}>"

    def __str__(self) -> str:
        return str(self._node)
