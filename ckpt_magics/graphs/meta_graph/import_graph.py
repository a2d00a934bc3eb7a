"""Adding the nodes of a GraphDef to a graph: names under a scope, unknown ops as they are, loops included.

Format: tensorflow/python/framework/importer.py and tensorflow/core/common_runtime/graph_constructor.cc.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.shapes import MAX_RANK
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.devices import canonical_device
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.graph_versions import joined_versions
from ckpt_magics.graphs.graph.names import scope_name
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.meta_graph.import_checks import (
    check_attributes,
    check_graph_def,
    check_inputs,
    colocation_leaders,
    settle_shapes,
)
from ckpt_magics.graphs.meta_graph.import_order import inputs_first
from ckpt_magics.graphs.meta_graph.imported_names import ImportedNames, inputs_of, parse_input, unknown_input
from ckpt_magics.graphs.meta_graph.imported_types import ImportedTypes
from ckpt_magics.graphs.nodes.build import convert_to_tensor
from ckpt_magics.proto.messages import GraphDef, NodeDef, OpDef, OpList

__all__ = ["import_graph_def"]


def import_graph_def(
    graph_def: GraphDef,
    input_map: Mapping[str | bytes, object] | None = None,
    return_elements: Sequence[str] | None = None,
    name: str | None = None,
    producer_op_list: OpList | None = None,
    *,
    checked: bool = True,
) -> list[Tensor | Operation] | None:
    """Add the nodes of ``graph_def`` to the default graph.

    Ops that this package does not know are kept with everything that the nodes say about them. Functions are kept
    whole and keep their names.

    Args:
        graph_def: What to import; it is not changed.
        input_map: Tensors to take in place of those that nodes of ``graph_def`` name as inputs, by name.
        return_elements: Names, as in ``graph_def``, of operations and tensors to return.
        name: Scope to import into, made unique; an empty string for none. Default: ``import``.
        producer_op_list: Definitions of the ops, as their producer had them.
        checked: Refuse what TensorFlow refuses though it can be shown here: a graph for newer programs, nodes that do
            not fit the definitions of their ops or wait for each other, shapes that do not go together, and a node that
            is to be on one device with a node that was cut off.

    Returns:
        What ``return_elements`` names, in that order, or None without it.

    Raises:
        InvalidArgumentError: The graph is not well formed, or a name of ``input_map`` or ``return_elements`` is none
            of its own.
        RuntimeError: The graph is finalized.
        TypeError: An argument is of the wrong type.
    """
    _check_arguments(graph_def, input_map, return_elements)
    if checked:
        check_graph_def(graph_def)
    graph = get_default_graph()
    graph.check_open()
    with graph.name_scope("import" if name is None else name) as scope:
        mapped = _map_inputs(input_map or {}, name)
    op_defs = {op_def.name: op_def for op_def in (producer_op_list.op if producer_op_list is not None else ())}
    op_defs |= {function.signature.name: function.signature for function in graph_def.library.function}
    importer = _Importer(graph, graph_def, ImportedNames(graph, graph_def, scope_name(scope)), mapped, op_defs)
    importer.run(checked=checked)
    if return_elements is None:
        return None
    return [importer.element(element) for element in return_elements]


def _check_arguments(graph_def: object, input_map: object, return_elements: object) -> None:
    if not isinstance(graph_def, GraphDef):
        raise TypeError(f"Argument `graph_def` must be a GraphDef proto, not {type(graph_def).__name__}.")
    if input_map is not None and not isinstance(input_map, Mapping):
        raise TypeError(f"Argument `input_map` must be a dictionary. Obtained {type(input_map).__name__}")
    if input_map is not None and not all(isinstance(key, (str, bytes)) for key in input_map):
        raise TypeError(f"All keys for argument `input_map` must be strings. Obtained keys: {list(input_map)}")
    if return_elements is not None and (
        not isinstance(return_elements, Iterable) or not all(isinstance(item, str) for item in return_elements)
    ):
        raise TypeError(f"Argument `return_elements` must be a list of strings. Obtained {return_elements}.")


def _map_inputs(input_map: Mapping[str | bytes, object], name: str | None) -> dict[str, Tensor | Operation]:
    """Return the replacements by normalized input name; must run inside the scope of the import."""
    if name == "" and not all(isinstance(value, (Tensor, Operation)) for value in input_map.values()):
        raise InvalidArgumentError(
            "tf.import_graph_def() requires a non-empty `name` if `input_map` contains non-Tensor values. Try calling "
            "tf.convert_to_tensor() on `input_map` values before calling tf.import_graph_def()."
        )
    return {
        "{}{}:{}".format(*parse_input(key.decode() if isinstance(key, bytes) else key)): value
        if isinstance(value, (Tensor, Operation))
        else convert_to_tensor(value, name="_inputs")
        for key, value in input_map.items()
    }


class _Importer:
    """One import: nodes become operations first, then they are connected, so that loops need no special care."""

    def __init__(
        self,
        graph: Graph,
        graph_def: GraphDef,
        names: ImportedNames,
        mapped: Mapping[str, Tensor | Operation],
        op_defs: Mapping[str, OpDef],
    ) -> None:
        self._graph = graph
        self._graph_def = graph_def
        self._names = names
        self._mapped = mapped
        self._op_defs = op_defs
        self._operations: dict[str, Operation] = {}

    def run(self, *, checked: bool) -> None:
        """Add everything, or nothing if the graph is not well formed."""
        types = ImportedTypes(self._graph, self._graph_def, self._op_defs)
        for node in self._graph_def.node:
            self._operations[node.name] = self._operation(node, types, checked=checked)
        inputs = {node.name: self._resolve(node) for node in self._graph_def.node}
        self._check_mapped()
        for name, op in self._operations.items():
            op.connect(*inputs[name])
        with self._joined_versions():
            self._settle_types(checked=checked)
        self._graph.learn_op_defs(self._op_defs)
        self._merge_library()
        for op in self._operations.values():
            self._graph.add(op)
        self._settle_scopes()

    def _operation(self, node: NodeDef, types: ImportedTypes, *, checked: bool) -> Operation:
        own = NodeDef()
        own.CopyFrom(node)
        own.name = self._names.of(node.name)
        if "_class" in own.attr:
            groups = [self._names.group(group) for group in own.attr["_class"].list.s]
            own.attr["_class"].list.s[:] = groups
        types.add_defaults(own)
        if checked:
            check_attributes(own, types.op_def(node.op))
        op = Operation(self._graph, own, types.outputs(node), types.op_def(node.op))
        op.is_imported = True
        shapes = own.attr["_output_shapes"].list.shape if "_output_shapes" in own.attr else ()
        if len(shapes) == len(op.outputs):
            for tensor, shape in zip(op.outputs, shapes, strict=True):
                if len(shape.dim) <= MAX_RANK:
                    tensor.replace_shape(TensorShape(shape))
        own.attr.pop("_output_shapes", None)
        return op

    def _resolve(self, node: NodeDef) -> tuple[list[Tensor], list[Operation]]:
        tensors: list[Tensor] = []
        awaited: list[Operation] = []
        for text, (control, name, index) in zip(node.input, inputs_of(node), strict=True):
            found = self._mapped.get(f"{control}{name}:{index}", self._operations.get(name))
            if found is None:
                raise unknown_input(node, text)
            if control:
                awaited.append(found.op if isinstance(found, Tensor) else found)
            elif awaited:
                raise InvalidArgumentError(
                    f"Node '{visible(node.name)}': Control dependencies must come after regular dependencies"
                )
            elif isinstance(found, Operation) and index >= len(found.outputs):
                raise InvalidArgumentError(
                    f"Node '{visible(node.name)}': Connecting to invalid output {index} of source node "
                    f"{visible(name)} which has {len(found.outputs)} outputs."
                )
            else:
                tensors.append(found if isinstance(found, Tensor) else found.outputs[index])
        return tensors, awaited

    def _check_mapped(self) -> None:
        """Refuse replacements for what neither a node takes nor a node puts out."""
        if not self._mapped:
            return
        taken = {"{}{}:{}".format(*parts) for node in self._graph_def.node for parts in inputs_of(node)}
        unused = [key for key in self._mapped if key not in taken and not self._is_output(key)]
        if unused:
            missing = ", ".join(visible(key) for key in sorted(unused))
            raise InvalidArgumentError(f"Attempted to map inputs that were not found in graph_def: [{missing}]")

    def _is_output(self, key: str) -> bool:
        control, name, index = parse_input(key)
        return not control and name in self._operations and index < len(self._operations[name].outputs)

    @contextmanager
    def _joined_versions(self) -> Iterator[None]:
        """Let the graph be of both versions, for shapes may depend on it; of its own again after an error."""
        versions = self._graph.versions
        own = joined_versions(versions, versions)
        versions.CopyFrom(joined_versions(versions, self._graph_def.versions))
        try:
            yield
        except InvalidArgumentError:
            versions.CopyFrom(own)
            raise

    def _merge_library(self) -> None:
        known = {function.signature.name for function in self._graph.library.function}
        library = self._graph_def.library
        self._graph.library.function.extend(f for f in library.function if f.signature.name not in known)
        for theirs, ours in (
            (library.gradient, self._graph.library.gradient),
            (library.registered_gradients, self._graph.library.registered_gradients),
        ):
            seen = {item.SerializeToString(deterministic=True) for item in ours}
            ours.extend(item for item in theirs if item.SerializeToString(deterministic=True) not in seen)  # type: ignore[misc]  # pairwise alike

    def _settle_types(self, *, checked: bool) -> None:
        """Infer the shapes that the file does not tell, inputs before what takes them; loops stay unknown."""
        ordered = list(inputs_first(list(self._operations.values()), refuse_cycles=checked))
        if checked:
            check_inputs(ordered)
        for op in ordered:
            settle_shapes(op, checked=checked)

    def _settle_scopes(self) -> None:
        followers: list[tuple[Operation, list[str]]] = []
        for op in self._operations.values():
            device = _device(op)
            self._graph.apply_attribute_scopes(op)
            self._graph.apply_dependencies(op)
            leaders = colocation_leaders(op.node_def)
            if leaders:
                op.set_device("")
                followers.append((op, leaders))
            else:
                op.set_device(device)
                self._graph.apply_device_scopes(op)
        for op, leaders in followers:
            found = (self._graph.find_operation(leader) for leader in leaders)
            op.set_device(next((_device(leader) for leader in found if leader is not None and leader.device), ""))

    def element(self, name: str) -> Tensor | Operation:
        """Return what ``name`` means in the imported GraphDef."""
        op_name, colon, index = name.partition(":")
        if ":" in index:
            raise InvalidArgumentError(
                f"Cannot convert '{visible(name)}' to a tensor name. Tensor names should not contain more than 1 `:`. "
                f"Obtained {name.count(':')}"
            )
        op = self._operations.get(op_name)
        if op is None or (colon and not index.isdecimal()):
            kind = "tensor" if colon else "node"
            raise InvalidArgumentError(f"Requested return {kind} '{visible(name)}' not found in graph def")
        if colon and int(index) >= len(op.outputs):
            raise InvalidArgumentError(
                f"Invalid return output {index} of node '{visible(op_name)}', which has {len(op.outputs)} output(s)"
            )
        return op.outputs[int(index)] if colon else op


def _device(op: Operation) -> str:
    """Return an operation's device as TensorFlow writes it."""
    try:
        return canonical_device(op.device)
    except ValueError:
        return op.device  # a device of a system that this package knows nothing of
