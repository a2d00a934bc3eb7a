"""Which tensor of a checkpoint belongs to which variable of a graph, and whether it fits."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import dtype_by_number
from ckpt_magics.files.formats.tensor_proto import tensor_proto_to_array
from ckpt_magics.files.formats.tensor_slice import parse_shape_and_slice
from ckpt_magics.graphs.ops.variable_kinds import KNOWN_VARIABLE_OPS
from ckpt_magics.notebook.pictures.model.kinds import called_function
from ckpt_magics.notebook.pictures.model.outputs import format_dims
from ckpt_magics.proto import messages

if TYPE_CHECKING:
    from ckpt_magics.files.object_graph.named_tensors import NamedTensors
    from ckpt_magics.files.tensors.source import TensorSource

__all__ = ["SavedTensor", "SavedVariables", "is_variable"]

# Inputs of a save op by its kind: where the names are, where the slices are, where the tensors start.
_SAVE_INPUTS: Final[Mapping[str, tuple[int, int | None, int]]] = {
    "SaveV2": (1, 2, 3),
    "SaveSlices": (1, 2, 3),
    "Save": (1, None, 2),
}
_MAX_HOPS: Final = 8
"""Ops between a variable and its save op: a read, a cast or copy to the host."""


@dataclass(frozen=True, slots=True)
class SavedTensor:
    """What a checkpoint has for a variable.

    Attributes:
        name: Of the tensor; "" where the graph's variable has no place in the checkpoint.
        fits: Whether it could be restored.
        status: That as a sentence.
    """

    name: str
    fits: bool
    status: str


def is_variable(node: messages.NodeDef) -> bool:
    """Whether a node holds a variable's value, itself or by a handle."""
    return node.op in KNOWN_VARIABLE_OPS


class SavedVariables:
    """The variables of one graph in one checkpoint.

    The graph's own save ops say under which names its variables are saved; where it has none, names of nodes, of
    resources and of the checkpoint's objects do.

    Args:
        graph: The graph.
        tensors: The checkpoint.
    """

    def __init__(self, graph: messages.GraphDef, tensors: NamedTensors[TensorSource]) -> None:
        self._tensors = tensors
        self._variables = {node.name: node for node in graph.node if is_variable(node)}
        self._saved = dict(_saved_names(graph, self._variables))
        self._claimed = {tensors.name_or_none(name) for name, _ in self._saved.values()}
        self._nodes: dict[str, str] | None = None

    @property
    def variables(self) -> Iterable[str]:
        """Names of the nodes that are variables."""
        return self._variables

    def find(self, node: messages.NodeDef) -> SavedTensor:
        """Return what the checkpoint has for a variable's node."""
        name, slice_spec = self._name_of(node)
        if name is None:
            wanted_name, _ = self._saved.get(node.name, (node.name, ""))
            where = f" under {wanted_name!r}" if wanted_name != node.name else ""
            return SavedTensor("", fits=False, status=f"not in the checkpoint{where}")
        entry = self._tensors.spec(name)
        shape, dtype = list(entry.shape), entry.dtype
        wanted = _declared_shape(node)
        if slice_spec:
            try:
                whole, _, part = parse_shape_and_slice(slice_spec)
            except CheckpointError as error:
                return SavedTensor(name, fits=False, status=str(error))
            if list(whole) == shape:
                shape = list(part)
        number = node.attr["dtype"].type % 100  # a reference type is its base type and 100
        if number and number != dtype.number:
            declared = _dtype_name(number)
            return SavedTensor(name, fits=False, status=f"{name} is {dtype.name}, but the graph has {declared}")
        if wanted is not None and not _compatible(wanted, shape):
            text = f"{name} has shape {format_dims(shape)}, but the graph has {format_dims(wanted)}"
            return SavedTensor(name, fits=False, status=text)
        part_text = f", slice {slice_spec}" if slice_spec else ""
        return SavedTensor(name, fits=True, status=f"{name}{part_text}; shape and dtype fit")

    def node_of(self, tensor: str) -> str | None:
        """Return the name of the node whose value a tensor of the checkpoint is; of several parts, the first."""
        if self._nodes is None:
            self._nodes = {}
            for node in self._variables.values():
                self._nodes.setdefault(self.find(node).name, node.name)
        return self._nodes.get(tensor) if tensor else None

    def _name_of(self, node: messages.NodeDef) -> tuple[str | None, str]:
        if node.name in self._saved:
            name, slice_spec = self._saved[node.name]
            return self._tensors.name_or_none(name), slice_spec
        shared = node.attr["shared_name"].s.decode("utf-8", "surrogateescape") if "shared_name" in node.attr else ""
        for name in filter(None, (node.name, shared)):
            known = self._tensors.name_or_none(name)
            # In a SavedModel several variables may have had one name; what another one saves is not this one's.
            if known is not None and known not in self._claimed:
                return known, ""
        return None, ""


def _saved_names(graph: messages.GraphDef, variables: Container[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Node of a variable, with the name and slice that a save op writes it under."""
    by_name = {node.name: node for node in graph.node}
    for name, slice_spec, source in _writes(by_name):
        variable = _origin(by_name, source, variables)
        if variable is not None:
            yield variable, (name, slice_spec)
    bodies = {function.signature.name: function for function in graph.library.function}
    for call in graph.node:
        body = bodies.get(called_function(call))
        if body is None:
            continue
        # A SavedModel saves in a function, whose arguments are the variables.
        arguments = {argument.name: place for place, argument in enumerate(body.signature.input_arg)}
        inside = {node.name: node for node in body.node_def}
        for name, slice_spec, source in _writes(inside):
            argument = _origin(inside, source, arguments)
            if argument is not None and arguments[argument] < len(call.input):
                variable = _origin(by_name, call.input[arguments[argument]], variables)
                if variable is not None:
                    yield variable, (name, slice_spec)


def _writes(by_name: Mapping[str, messages.NodeDef]) -> Iterator[tuple[str, str, str]]:
    """Name, slice and input of every tensor that the save ops among some nodes write."""
    for saver in by_name.values():
        if saver.op not in _SAVE_INPUTS:
            continue
        names_at, slices_at, first = _SAVE_INPUTS[saver.op]
        inputs = [text for text in saver.input if text[:1] != "^"]
        names = _texts(by_name, inputs, names_at)
        slices = _texts(by_name, inputs, slices_at) if slices_at is not None else [""] * len(names)
        yield from zip(names, slices, inputs[first:], strict=False)


def _texts(by_name: Mapping[str, messages.NodeDef], inputs: Sequence[str], place: int) -> list[str]:
    """The strings of the constant that is an input; none if it is no constant, or a damaged one."""
    node = by_name.get(inputs[place].partition(":")[0]) if place < len(inputs) else None
    if node is None or node.op != "Const":
        return []
    try:
        array = tensor_proto_to_array(node.attr["value"].tensor)
    except CheckpointError:
        return []
    return [each.decode("utf-8", "surrogateescape") for each in array.reshape(-1) if isinstance(each, bytes)]


def _origin(by_name: Mapping[str, messages.NodeDef], source: str, wanted: Container[str]) -> str | None:
    """The first of some names on the way back from an input along first inputs."""
    for _ in range(_MAX_HOPS):
        name = source.partition(":")[0]
        if name in wanted:
            return name
        node = by_name.get(name)
        if node is None or not node.input or node.input[0][:1] == "^":
            return None
        source = node.input[0]
    return None


def _declared_shape(node: messages.NodeDef) -> list[int] | None:
    shape = node.attr["shape"].shape if "shape" in node.attr else None
    return None if shape is None or shape.unknown_rank else [dim.size for dim in shape.dim]


def _compatible(declared: Sequence[int], stored: Sequence[int]) -> bool:
    return len(declared) == len(stored) and all(a in (-1, b) for a, b in zip(declared, stored, strict=True))


def _dtype_name(number: int) -> str:
    try:
        return dtype_by_number(number).name
    except CheckpointError:
        return f"dtype {number}"
