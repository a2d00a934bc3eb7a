"""Writing MetaGraphs: the whole graph or one scope of it, and the definitions of the ops it uses.

Format: tensorflow/python/framework/meta_graph.py, export_scoped_meta_graph.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.graph_versions import TENSORFLOW_VERSION
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.names import strip_scope
from ckpt_magics.graphs.meta_graph.collection_items import collection_def
from ckpt_magics.graphs.meta_graph.exported_nodes import (
    extraneous_saver_nodes,
    scoped_node,
    should_include,
    strip_default_attrs,
)
from ckpt_magics.graphs.meta_graph.graph_files import write_message
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef, OpList, SaverDef

__all__ = ["export_scoped_meta_graph", "stripped_op_list"]

WRITER = "ckpt_magics"
"""What a MetaGraph says of the build that wrote it."""

GRAPH_LIMIT = 1 << 31
"""Size in bytes from which on protobuf cannot write a graph."""


def export_scoped_meta_graph(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    filename: AnyPath | None = None,
    graph_def: GraphDef | None = None,
    graph: Graph | None = None,
    export_scope: str | None = None,
    as_text: bool = False,
    unbound_inputs_col_name: str | None = "unbound_inputs",
    clear_devices: bool = False,
    saver_def: SaverDef | None = None,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
    meta_info_def: MetaGraphDef.MetaInfoDef | None = None,
    collection_list: Sequence[str] | None = None,
) -> tuple[MetaGraphDef, dict[str, Variable]]:
    """Return a graph as a MetaGraphDef, and write it to a file.

    Args:
        filename: File to write. Default: none.
        graph_def: Nodes to export in place of the graph's own.
        graph: What to export. Default: the default graph.
        export_scope: Scope to export alone, without the scope's name; what it takes from outside becomes an unbound
            input.
        as_text: Write protobuf's text format.
        unbound_inputs_col_name: Collection for the names of the unbound inputs.
        clear_devices: Leave out on which devices the nodes should run.
        saver_def: The saver.
        clear_extraneous_savers: Leave out the nodes and collection entries of other savers.
        strip_default_attrs: Leave out attributes that have the op's default.
        save_debug_info: Where in which source file each node was made; graphs here don't know.
        meta_info_def: Facts to put in, such as tags.
        collection_list: Collections to export. Default: all.

    Returns:
        The MetaGraphDef, and the exported global variables by their names in it.

    Raises:
        CheckpointError: The file cannot be written.
        InvalidArgumentError: The graph is larger than 2 GB.
        UnimplementedError: ``save_debug_info`` is asked for.
    """
    if save_debug_info:
        raise UnimplementedError("save_debug_info: the graph has no record of the source lines that made its nodes")
    graph = graph or get_default_graph()
    excluded: frozenset[str] = frozenset()
    nodes = graph.as_graph_def(add_shapes=True) if graph_def is None else graph_def
    if clear_extraneous_savers:
        excluded = extraneous_saver_nodes(nodes, saver_def)
    if export_scope or clear_extraneous_savers or clear_devices:
        unbound: list[str] = []
        nodes = _selected(nodes, export_scope, excluded, unbound, clear_devices=clear_devices)
        if unbound_inputs_col_name:
            graph.collections.clear(unbound_inputs_col_name)
            for name in unbound:
                graph.collections.add(unbound_inputs_col_name, name)
    if nodes.ByteSize() >= GRAPH_LIMIT:
        raise InvalidArgumentError(f"GraphDef cannot be larger than 2GB. Received size: {nodes.ByteSize()}.")
    meta_graph = _meta_graph(graph, nodes, saver_def, meta_info_def, strip=strip_default_attrs)
    savers: list[Any] | None = [saver_def] if clear_extraneous_savers and saver_def is not None else None
    for key in graph.get_all_collection_keys() if collection_list is None else collection_list:
        items = savers if savers is not None and key == GraphKeys.SAVERS else graph.get_collection(key)
        chosen = [item for item in items if should_include(item, export_scope, excluded)]
        collection = collection_def(chosen, key, export_scope) if chosen else None
        if collection is not None:
            meta_graph.collection_def[key].CopyFrom(collection)
    if filename:
        write_message(meta_graph, filename, as_text=as_text)
    variables = [
        v for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES) if should_include(v, export_scope, excluded)
    ]
    return meta_graph, {strip_scope(variable.name, export_scope): variable for variable in variables}


def _selected(
    graph_def: GraphDef,
    export_scope: str | None,
    excluded: Collection[str],
    unbound: list[str],
    *,
    clear_devices: bool,
) -> GraphDef:
    result = GraphDef(versions=graph_def.versions)
    if graph_def.HasField("library"):
        result.library.CopyFrom(graph_def.library)
    for node in graph_def.node:
        if should_include(node, export_scope, excluded):
            copy = result.node.add()
            copy.CopyFrom(node)
            scoped_node(copy, export_scope, unbound)
            if clear_devices:
                copy.device = ""
    return result


def _meta_graph(
    graph: Graph,
    graph_def: GraphDef,
    saver_def: SaverDef | None,
    meta_info_def: MetaGraphDef.MetaInfoDef | None,
    *,
    strip: bool,
) -> MetaGraphDef:
    result = MetaGraphDef(graph_def=graph_def)
    info = result.meta_info_def
    if meta_info_def is not None:
        info.CopyFrom(meta_info_def)
    info.tensorflow_version = TENSORFLOW_VERSION
    info.tensorflow_git_version = WRITER
    if not info.stripped_op_list.op:
        info.stripped_op_list.CopyFrom(stripped_op_list(graph, graph_def))
    if strip:
        strip_default_attrs(graph, result.graph_def)
        info.stripped_default_attrs = True
    if saver_def is not None:
        result.saver_def.CopyFrom(saver_def)
    return result


def stripped_op_list(graph: Graph, graph_def: GraphDef) -> OpList:
    """Return the definitions of the ops that a GraphDef uses, functions' inner nodes included, sorted by name.

    Ops whose definition neither this package nor an imported graph knows are left out.
    """
    functions = {function.signature.name: function for function in graph_def.library.function}
    used: set[str] = set()
    bodies = [graph_def.node]
    while bodies:
        for node in bodies.pop():
            called = {node.op}
            if node.op in {"PartitionedCall", "StatefulPartitionedCall"}:
                called.add(node.attr["f"].func.name)
            for name in called - used:
                used.add(name)
                if name in functions:
                    bodies.append(functions[name].node_def)
    op_defs = [graph.op_def(name) for name in sorted(used - functions.keys())]
    return OpList(op=[op_def for op_def in op_defs if op_def is not None])
