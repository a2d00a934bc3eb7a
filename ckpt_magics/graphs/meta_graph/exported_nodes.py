"""The nodes that an export takes, and how they are written: without the scope, other savers or defaults."""

from __future__ import annotations

from collections.abc import Collection

from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.names import strip_scope
from ckpt_magics.graphs.graph.node import COLOCATION_PREFIX
from ckpt_magics.proto.messages import GraphDef, NodeDef, OpDef, SaverDef

__all__ = ["UNBOUND_PREFIX", "extraneous_saver_nodes", "scoped_node", "should_include", "strip_default_attrs"]

UNBOUND_PREFIX = "$unbound_inputs_"

_SAVE_AND_RESTORE = frozenset(
    {
        "SaveV2", "Save", "SaveSlice", "SaveSlices", "LegacySave", "LegacySaveSlice",
        "RestoreV2", "Restore", "RestoreSlice", "LegacyRestore", "LegacyRestoreSlice",
    }
)  # fmt: skip


def should_include(item: object, export_scope: str | None, excluded: Collection[str]) -> bool:
    """Return whether a node, a name, or another item of a collection belongs to an export; things without names do."""
    name = item if isinstance(item, str) else getattr(item, "name", None)
    if not isinstance(name, str):
        return True
    if name in excluded:
        return False
    # TensorFlow forgets unbound control inputs here, and what it writes then cannot be imported.
    return not export_scope or name.lstrip("^").startswith((UNBOUND_PREFIX, export_scope))


def scoped_node(node: NodeDef, export_scope: str | None, unbound: list[str]) -> None:
    """Take the exported scope off a node's names, in place.

    Args:
        node: The node.
        export_scope: The scope; without one the node stays as it is.
        unbound: Takes the new names of the inputs from outside the scope.
    """
    if not export_scope:
        return
    node.name = strip_scope(node.name, export_scope)
    for position, name in enumerate(node.input):
        if name.lstrip("^").startswith(export_scope):
            node.input[position] = strip_scope(name, export_scope)
        else:
            control = "^" if name.startswith("^") else ""
            node.input[position] = f"{control}{UNBOUND_PREFIX}{name.lstrip('^')}"
            unbound.append(node.input[position])
    if "_class" in node.attr:
        groups = [group for group in node.attr["_class"].list.s if _leader(group).startswith(export_scope)]
        node.attr["_class"].list.s[:] = [_stripped(group, export_scope) for group in groups]
    if node.op in {"Enter", "RefEnter"} and "frame_name" in node.attr:
        node.attr["frame_name"].s = _stripped(node.attr["frame_name"].s, export_scope)


def _leader(group: bytes) -> str:
    return group.removeprefix(COLOCATION_PREFIX).decode("utf-8", "replace")


def _stripped(name: bytes, scope: str) -> bytes:
    return strip_scope(name.decode("utf-8", "surrogateescape"), scope).encode("utf-8", "surrogateescape")


def extraneous_saver_nodes(graph_def: GraphDef, saver_def: SaverDef | None) -> frozenset[str]:
    """Return the names of the nodes in scopes of savers other than ``saver_def``; each saver has a scope of its own."""
    savers = {node.name for node in graph_def.node if node.op in _SAVE_AND_RESTORE}
    scopes = {_scope(name) for name in savers} - savers
    if saver_def is not None:
        scopes -= {_scope(saver_def.save_tensor_name), _scope(saver_def.restore_op_name)}
    prefixes = tuple(f"{scope}/" for scope in scopes)
    return frozenset(node.name for node in graph_def.node if node.name.startswith(prefixes))


def _scope(name: str) -> str:
    return name.lstrip("^").rpartition("/")[0]


def strip_default_attrs(graph: Graph, graph_def: GraphDef) -> None:
    """Remove attributes that have the default of the op's definition, in place, in functions too."""
    functions = {function.signature.name for function in graph_def.library.function}
    for nodes in (graph_def.node, *(function.node_def for function in graph_def.library.function)):
        for node in nodes:
            op_def = None if node.op in functions else graph.op_def(node.op)
            if op_def is not None:
                _strip_defaults(node, op_def)


def _strip_defaults(node: NodeDef, op_def: OpDef) -> None:
    for attr in op_def.attr:
        if attr.HasField("default_value") and attr.name in node.attr and node.attr[attr.name] == attr.default_value:
            del node.attr[attr.name]
