"""The graph: operations by name, and the scopes that new ones are made in.

Follows tensorflow/python/framework/ops.py, Graph. A graph is not safe to change from two threads at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ckpt_magics.graphs.graph.collection import Collections
from ckpt_magics.graphs.graph.devices import DeviceSpec, device_name, merge_devices
from ckpt_magics.graphs.graph.entered import graph_as_default
from ckpt_magics.graphs.graph.flow import FlowContext, check_inputs
from ckpt_magics.graphs.graph.graph_versions import GRAPH_DEF_PRODUCER
from ckpt_magics.graphs.graph.inference import complete_attrs, flatten_inputs, infer_shapes, known_op_def
from ckpt_magics.graphs.graph.lookup import find_element, find_operation
from ckpt_magics.graphs.graph.names import UsedNames, check_op_name, scope_name
from ckpt_magics.graphs.graph.node import Operation, OutputType, Tensor
from ckpt_magics.graphs.graph.open_scopes import FirstScopes, OpenScopes
from ckpt_magics.graphs.graph.output_types import output_types
from ckpt_magics.proto.messages import AttrValue, FunctionDefLibrary, GraphDef, NodeDef, OpDef, VersionDef

__all__ = ["Graph"]

DeviceScope = str | DeviceSpec | Callable[[Operation], str | DeviceSpec | None] | None


class Graph:
    """Operations and the tensors between them.

    Attributes:
        collections: The named lists that belong to the graph.
        library: Its functions, kept whole.
        versions: Versions of the GraphDef format, as its producer wrote them.
        seed: Seed of the random ops, or None.
        seeds_given: How many random ops took their second seed from the graph.
        scope_state: What the modules above keep per graph, by their own keys.
        takes_from_outside: Operations may be given tensors of other graphs.
    """

    takes_from_outside = False

    def __init__(self) -> None:
        self._operations: dict[str, Operation] = {}
        self._names = UsedNames()
        self._open = OpenScopes(FirstScopes())
        self._change = threading.RLock()
        self._op_defs: dict[str, OpDef] = {}
        self._finalized = False
        self.collections = Collections()
        self.library = FunctionDefLibrary()
        self.versions = VersionDef(producer=GRAPH_DEF_PRODUCER)
        self.seed: int | None = None
        self.seeds_given = 0
        self.scope_state: dict[str, Any] = {}
        self._not_fetchable: set[Operation] = set()
        self._not_feedable: set[Tensor] = set()

    # Operations

    def create_op(  # noqa: PLR0917 -- see dtypes
        self,
        op_type: str,
        inputs: Sequence[Tensor | Sequence[Tensor]] = (),
        dtypes: object = None,  # noqa: ARG002 -- TensorFlow's own order of arguments
        input_types: object = None,  # noqa: ARG002
        name: str | None = None,
        attrs: Mapping[str, Any] | None = None,
        *,
        device: str | None = None,
        control_inputs: Sequence[Operation] | None = None,
        output_dtypes: Sequence[OutputType] | None = None,
    ) -> Operation:
        """Add an operation in the current scopes.

        Args:
            op_type: Kind of op.
            inputs: One tensor per argument of the op, or a list for an argument that takes one.
            dtypes: Accepted; the types of the outputs follow from the op.
            input_types: Accepted; they are those of the inputs.
            attrs: Attributes by name, as AttrValue or Python values; the others follow from the inputs and the op's
                defaults.
            name: Name in the current scope, made unique; with a slash at its end, exactly that name. Default: the
                kind of op.
            device: Device instead of that of the current scopes.
            control_inputs: Operations to wait for, besides those of the current scopes.
            output_dtypes: Types of the outputs, for an op whose definition nothing else tells.

        Raises:
            RuntimeError: The graph is finalized.
            TypeError: An attribute has a value of the wrong type.
            ValueError: An input is from another graph, an attribute is missing, or the name is taken or invalid.
        """
        self.check_open()
        op_def = self.op_def(op_type)
        flat = flatten_inputs(inputs)
        flat = [tensor if tensor.graph is self else self.taken(tensor) for tensor in flat]
        node = NodeDef(op=op_type, name=self._node_name(name or op_type))
        for key, value in complete_attrs(op_def, inputs, attrs or {}).items():
            node.attr[key].CopyFrom(value)
        op = Operation(self, node, output_dtypes or output_types(op_def, node), op_def)
        awaited = [*(control_inputs or ()), *self._open.dependencies.awaited_by([tensor.op for tensor in flat])]
        op.connect(flat, sorted(dict.fromkeys(awaited), key=lambda other: other.name))
        infer_shapes(op)
        op.flow_context = self._open.flow_context
        check_inputs(op)
        self.add(op)
        if op.flow_context is not None:
            op.flow_context.add_operation(op)
        self._apply_scopes(op, device)
        return op

    def taken(self, tensor: Tensor) -> Tensor:
        """Return what stands here for a tensor of another graph.

        Raises:
            ValueError: Nothing does, but in graphs of functions.
        """
        raise ValueError(f"{tensor} must be from the same graph as the operation that takes it")

    def _node_name(self, name: str) -> str:
        name = scope_name(name) if name.endswith("/") else self._names.unique(name)
        check_op_name(name)
        if name in self._operations:
            raise ValueError(f"Duplicate node name in graph: '{name}'")
        return name

    def add(self, op: Operation) -> None:
        """Add a finished operation under the name that it has."""
        op.position = len(self._operations)
        self._operations[op.name] = op
        for tensor in dict.fromkeys(op.inputs):
            tensor.add_consumer(op)
        self._names.mark(op.name)

    def _apply_scopes(self, op: Operation, device: str | None) -> None:
        op.set_device(device or "")
        self.apply_device_scopes(op)
        self.apply_attribute_scopes(op)

    def apply_dependencies(self, op: Operation) -> None:
        """Let an imported operation wait for what the open blocks say; its inputs, unlike others', don't spare it."""
        awaited = dict.fromkeys([*op.control_inputs, *self._open.dependencies.all_awaited()])
        if len(awaited) > len(op.control_inputs):
            op.connect(op.inputs, sorted(awaited, key=lambda other: other.name))

    def apply_attribute_scopes(self, op: Operation) -> None:
        """Give a new operation what the open scopes say of attributes and colocation, and count it as made in them."""
        scopes = self._open
        scopes.dependencies.note(op)
        for key, value in scopes.attrs.items():
            if key not in op.attrs:
                op.set_attr(key, value)
        if op.type in scopes.gradients:
            op.set_attr("_gradient_op_type", AttrValue(s=scopes.gradients[op.type].encode()))
        if scopes.colocations:
            groups = {group for other in scopes.colocations for group in other.colocation_groups()}
            op.set_attr("_class", AttrValue(list=AttrValue.ListValue(s=sorted(groups))))
            op.set_device(next((other.device for other in reversed(scopes.colocations) if other.device), op.device))

    def apply_device_scopes(self, op: Operation) -> None:
        """Settle an operation's device from the open device scopes, the innermost first."""
        for scope in reversed(self._open.devices):
            if scope is None:
                break
            if callable(scope):
                op.set_device(device_name(scope(op)))
            elif device_name(scope):
                op.set_device(merge_devices(device_name(scope), op.device))

    def op_def(self, op_type: str) -> OpDef | None:
        """Return the definition of an op: ours, a function's signature, or one that came with an imported graph."""
        return known_op_def(op_type) or self._op_defs.get(op_type)

    def learn_op_defs(self, op_defs: Mapping[str, OpDef]) -> None:
        """Take over definitions of ops that this package has no row for."""
        self._op_defs.update(op_defs)

    def get_operations(self) -> list[Operation]:
        """Return the operations in the order of their creation."""
        return list(self._operations.values())

    def get_operation_by_name(self, name: str) -> Operation:
        """Return the operation called ``name``.

        Raises:
            KeyError: There is none.
            TypeError: ``name`` is no string.
            ValueError: It looks like the name of a tensor.
        """
        if not isinstance(name, str):
            raise TypeError(f"Operation names are strings (or similar), not {type(name).__name__}.")
        element = self.as_graph_element(name, allow_tensor=False)
        assert isinstance(element, Operation)  # noqa: S101 -- allow_tensor=False
        return element

    def get_tensor_by_name(self, name: str) -> Tensor:
        """Return the tensor called ``operation:index``.

        Raises:
            KeyError: There is none.
            TypeError: ``name`` is no string.
            ValueError: It looks like the name of an operation, or like no name.
        """
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings (or similar), not {type(name).__name__}.")
        element = self.as_graph_element(name, allow_operation=False)
        assert isinstance(element, Tensor)  # noqa: S101 -- allow_operation=False
        return element

    def as_graph_element(
        self, obj: object, allow_tensor: bool = True, allow_operation: bool = True
    ) -> Tensor | Operation:
        """Return what a name, tensor, operation or variable stands for in this graph.

        Raises:
            KeyError: The graph has nothing of that name.
            TypeError: ``obj`` is none of these, or of a kind that is not allowed.
            ValueError: The name is malformed, or ``obj`` belongs to another graph.
        """
        return find_element(self, obj, allow_tensor=allow_tensor, allow_operation=allow_operation)

    def find_operation(self, name: str) -> Operation | None:
        """Return the operation called ``name``, or None."""
        return self._operations.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._operations

    def __len__(self) -> int:
        return len(self._operations)

    def __bool__(self) -> bool:
        return True

    # Scopes

    def as_default(self) -> AbstractContextManager[Graph]:
        """Make this the graph that new operations go to, inside the ``with`` block."""
        return graph_as_default(self)

    def name_scope(self, name: str | None) -> AbstractContextManager[str]:
        """Put ``name/`` in front of the names made inside the ``with`` block; see `UsedNames.enter`."""
        return self._names.enter(name)

    def get_name_scope(self) -> str:
        """Return the current name scope, without the slash at its end."""
        return self._names.scope

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """Return a name that nothing in this graph has, within the current scope."""
        return self._names.unique(name, mark_as_used=mark_as_used)

    @contextmanager
    def device(self, device: DeviceScope) -> Iterator[None]:
        """Give the operations made inside the ``with`` block a device.

        Args:
            device: Name or spec of a device, whose parts the inner scopes override; a function of the operation that
                returns a name; None to leave the outer scopes out.
        """
        if isinstance(device, str):
            DeviceSpec.from_string(device)
        outer = self._open.devices
        inner = self._open.devices = (*outer, device)
        try:
            yield
        finally:
            if self._open.devices is not inner:
                raise RuntimeError("Exiting device scope without proper scope nesting.")
            self._open.devices = outer

    @contextmanager
    def colocate_with(self, op: Operation | Tensor | None, ignore_existing: bool = False) -> Iterator[None]:
        """Put operations made inside the ``with`` block where ``op`` is; None and ``ignore_existing`` end that.

        Raises:
            ValueError: ``op`` is None without ``ignore_existing``.
        """
        if op is None and not ignore_existing:
            raise ValueError("Trying to reset colocation (op is None) but ignore_existing is not True")
        scopes = self._open
        outer = scopes.colocations, scopes.devices
        kept = () if ignore_existing else scopes.colocations
        scopes.colocations = kept if op is None else (*kept, self.as_operation(op))
        scopes.devices = ()
        try:
            yield
        finally:
            scopes.colocations, scopes.devices = outer

    @contextmanager
    def control_dependencies(self, control_inputs: Sequence[object] | None) -> Iterator[None]:
        """Make the operations of the ``with`` block wait for others.

        None lifts what outer blocks ask for, and makes the operations outside of conditionals and loops.
        """
        awaited = None
        if control_inputs is not None:
            awaited = self._open.dependencies.add_to([self.as_operation(item) for item in control_inputs])
            for op in awaited:
                # TensorFlow since 2.4 leaves this mark; readers ignore it.
                op.set_attr("_has_manual_control_dependencies", AttrValue(b=True))
        context = None if awaited is None else self._open.flow_context
        with self._open.dependencies.enter(awaited), self.in_flow_context(context):
            yield

    def as_operation(self, item: object) -> Operation:
        """Return the operation that makes ``item``: an operation, tensor, variable or name."""
        return find_operation(self, item)

    @contextmanager
    def attr_scope(self, attrs: Mapping[str, AttrValue]) -> Iterator[None]:
        """Give the operations made inside the ``with`` block attributes, where they have none of the name."""
        scopes = self._open
        outer = scopes.attrs
        scopes.attrs = outer | dict(attrs)
        try:
            yield
        finally:
            scopes.attrs = outer

    @contextmanager
    def gradient_override_map(self, op_type_map: Mapping[str, str]) -> Iterator[None]:
        """Let operations made inside the ``with`` block have other gradients than their op's.

        Args:
            op_type_map: For ops the name that another one's gradient has, or one that `RegisterGradient` was given.

        Raises:
            TypeError: The names are no dict of texts.
        """
        if not isinstance(op_type_map, dict):
            raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        if not all(isinstance(name, str) for pair in op_type_map.items() for name in pair):
            raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        scopes = self._open
        outer = scopes.gradients
        scopes.gradients = outer | op_type_map
        try:
            yield
        finally:
            scopes.gradients = outer

    def switch_to_thread_local(self) -> None:
        """Let threads that come later begin in this thread's device, colocation and control scopes.

        The scopes are a thread's own in any case; in TensorFlow 1 this method makes them so.
        """
        self._open.hand_on()

    @contextmanager
    def init_scope(self) -> Iterator[None]:
        """Lift control dependencies inside the ``with`` block: what initializes variables waits for nothing."""
        with self.control_dependencies(None):
            yield

    @contextmanager
    def in_flow_context(self, context: FlowContext | None) -> Iterator[None]:
        """Make operations inside the ``with`` block in a branch of a conditional or in a loop, or outside of any."""
        scopes = self._open
        outer, scopes.flow_context = scopes.flow_context, context
        try:
            yield
        finally:
            scopes.flow_context = outer

    @property
    def flow_context(self) -> FlowContext | None:
        """The branch of a conditional or the loop that new operations are in, or None."""
        return self._open.flow_context

    def awaited_by(self, inputs: Sequence[Operation]) -> list[Operation]:
        """Return what an operation with these inputs has to wait for in the open scopes."""
        return self._open.dependencies.awaited_by(inputs)

    def note_in_dependencies(self, op: Operation) -> None:
        """Count an operation as made in the open blocks of control dependencies."""
        self._open.dependencies.note(op)

    # What runs may ask for

    def prevent_fetching(self, op: Operation) -> None:
        """Refuse to fetch an operation's outputs: they have a value in some runs only, or many in each."""
        self._not_fetchable.add(op)

    def is_fetchable(self, tensor_or_op: Tensor | Operation) -> bool:
        """Return whether runs may fetch something."""
        op = tensor_or_op.op if isinstance(tensor_or_op, Tensor) else tensor_or_op
        return op not in self._not_fetchable

    def prevent_feeding(self, tensor: Tensor) -> None:
        """Refuse to feed a tensor."""
        self._not_feedable.add(tensor)

    def is_feedable(self, tensor: Tensor) -> bool:
        """Return whether runs may feed a tensor."""
        return tensor not in self._not_feedable

    # Collections

    def add_to_collection(self, name: str, value: object) -> None:
        """Append ``value`` to a collection."""
        self.check_open()
        self.collections.add(name, value)

    def add_to_collections(self, names: Sequence[str] | str, value: object) -> None:
        """Append ``value`` to several collections."""
        self.check_open()
        self.collections.add_to_all(names, value)

    def get_collection(self, name: str, scope: str | None = None) -> list[Any]:
        """Return a copy of a collection; with ``scope``, of the items whose name matches it from the start."""
        return self.collections.items(name, scope)

    def get_collection_ref(self, name: str) -> list[Any]:
        """Return a collection's own list."""
        return self.collections.live(name)

    def get_all_collection_keys(self) -> list[str]:
        """Return the names of the collections."""
        return self.collections.names()

    def clear_collection(self, name: str) -> None:
        """Remove a collection."""
        self.check_open()
        self.collections.clear(name)

    # The whole

    @property
    def graph_def_versions(self) -> VersionDef:
        """Versions of the GraphDef format, as its producer wrote them."""
        return self.versions

    @property
    def version(self) -> int:
        """A number that grows with every operation."""
        return len(self._operations)

    @property
    def finalized(self) -> bool:
        """Whether the graph can no longer be changed."""
        return self._finalized

    def finalize(self) -> None:
        """Refuse every later change."""
        self._finalized = True

    def unfinalize(self) -> None:
        """Allow changes again."""
        self._finalized = False

    def check_open(self) -> None:
        """Raise RuntimeError if the graph is finalized."""
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")

    def as_graph_def(self, add_shapes: bool = False) -> GraphDef:
        """Return the graph as a message, nodes in the order of their creation.

        Args:
            add_shapes: Whether each node with outputs carries their shapes as ``_output_shapes``.
        """
        graph_def = GraphDef(versions=self.versions)
        for op in self._operations.values():
            node = graph_def.node.add()
            node.CopyFrom(op.node_def)
            if add_shapes and op.outputs:
                shapes = [tensor.shape.as_proto() for tensor in op.outputs]
                node.attr["_output_shapes"].CopyFrom(AttrValue(list=AttrValue.ListValue(shape=shapes)))
        if self.library.ByteSize():
            graph_def.library.CopyFrom(self.library)
        return graph_def
