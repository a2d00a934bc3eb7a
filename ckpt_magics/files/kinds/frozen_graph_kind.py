"""Frozen graphs: a GraphDef whose variables have become constants, which are the tensors.

A constant is called as its node is, one in a function of the graph's library ``FUNCTION/NODE``. All constants count,
the small ones too that only say a shape. A graph with variables has no values: they are in a checkpoint.

Format: tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto; binary, or in text form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.files.formats.pieces import array_pieces, part_of
from ckpt_magics.files.formats.tensor_proto import proto_type, tensor_proto_to_array
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.byte_map import FileMap
from ckpt_magics.files.kinds.companion_maps import map_graph
from ckpt_magics.files.kinds.flat_file import FlatFile
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.storage.foreign import COMMENTS
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.source import Array, TensorSpec
from ckpt_magics.proto.messages import GraphDef, NodeDef, TensorProto
from ckpt_magics.proto.parsing import MESSAGE_LIMIT, parse_message

__all__ = ["FROZEN_GRAPH", "open_frozen_graph"]

_TEXT = re.compile(COMMENTS + rb"node\s*[:{<]")
_LENGTH = rb"[\x80-\xff]*[\x00-\x7f]"
_OP = rb"[A-Z][A-Za-z0-9_>]*"
# GraphDef.node (1): NodeDef.name (1), NodeDef.op (2). What other messages begin with has no word where the op is.
_BINARY = re.compile(rb"\x0a" + _LENGTH + rb"\x0a([\x01-\x7f])", re.DOTALL)

_VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable"})


@dataclass(frozen=True, slots=True)
class _Constant:
    """A constant of a graph that is in memory."""

    proto: TensorProto
    spec: TensorSpec

    def read(self, region: TensorSlice | None) -> Array:
        """Return it, or a region of it."""
        array = tensor_proto_to_array(self.proto)
        return array if region is None else part_of(array, region.resolve(array.shape)).copy()

    def parts(self, size: int) -> Iterator[Array]:
        """Yield all elements in flat arrays."""
        return (piece.reshape(-1) for _, piece in array_pieces(self.read(None), size))


def recognise(start: bytes) -> bool:
    """Tell a GraphDef from its first bytes."""
    if _TEXT.match(start):
        return True
    found = _BINARY.match(start)
    if found is None:
        return False
    op = found.end() + found[1][0]
    return re.match(rb"\x12([\x01-\x7f])" + _OP, start[op:]) is not None


def open_frozen_graph(place: Place) -> FlatFile:
    """Open a graph and list its constants.

    Raises:
        DataLossError: It is none, its variables are not constants, or it has no constants.
    """
    file = place.open()
    try:
        data, graph = _read(file)
        members, unread = _constants(graph, place.name)
    except BaseException:
        file.close()
        raise
    return FlatFile([file], members, data, unread)


def _read(file: StoredFile) -> tuple[bytes, GraphDef]:
    if file.size > MESSAGE_LIMIT:
        raise DataLossError(f"{file.size} bytes are more than one message can have", file=file.name)
    data = file.read_at(0, file.size, "graph")
    return data, parse_message(data, GraphDef, file.name)


def _constants(graph: GraphDef, path: str) -> tuple[dict[bytes, _Constant], dict[bytes, CheckpointError]]:
    """Return the constants by key, and what is wrong with others."""
    members: dict[bytes, _Constant] = {}
    unread: dict[bytes, CheckpointError] = {}
    for name, node in _nodes(graph):
        if node.op in _VARIABLES:
            raise DataLossError(
                f"this is a graph whose variables, such as {name}, are not frozen",
                file=path,
                hint="Their values are in a checkpoint: give its prefix. %graph shows the graph.",
            )
        if node.op != "Const":
            continue
        key = name.encode()
        try:
            dtype, shape = proto_type(node.attr["value"].tensor)
        except CheckpointError as error:
            unread[key] = error.locate(file=path, tensor=key)
            continue
        members[key] = _Constant(node.attr["value"].tensor, TensorSpec(key, dtype, shape))
    if not members and not unread:
        raise DataLossError("this is a graph without constants", file=path, hint="%graph shows it.")
    return members, unread


def _nodes(graph: GraphDef) -> Iterable[tuple[str, NodeDef]]:
    """Nodes with their names, those of functions below the function's."""
    yield from ((node.name, node) for node in graph.node)
    for function in graph.library.function:
        yield from ((f"{function.signature.name}/{node.name}", node) for node in function.node_def)


def _byte_map(place: Place) -> list[FileMap]:
    return [map_graph(place)]


FROZEN_GRAPH = Kind(name="frozen graph", open=open_frozen_graph, byte_map=_byte_map, recognise=recognise)
