"""Import and export of meta graphs, with the Saver that belongs to them.

Format: tensorflow/python/training/saver.py (import_meta_graph, export_meta_graph).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.meta_graph import import_scoped_meta_graph, read_meta_graph
from ckpt_magics.graphs.meta_graph.meta_graph_export import export_scoped_meta_graph
from ckpt_magics.graphs.saver.saver import Saver, all_saveable_objects
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef, SaverDef

__all__ = ["export_meta_graph", "import_meta_graph"]


def import_meta_graph(
    meta_graph_or_file: MetaGraphDef | AnyPath,
    clear_devices: bool = False,
    import_scope: str | None = None,
    **kwargs: Any,  # noqa: ANN401 -- handed on
) -> Saver | None:
    """Add a meta graph to the default graph and return the Saver whose nodes it holds.

    Import into a fresh graph: in a graph that has nodes of the same names the new ones are renamed, and the saver's
    names no longer fit.

    Args:
        meta_graph_or_file: A MetaGraphDef, or the path of a ``.meta`` file, binary or text.
        clear_devices: Leave out on which devices the nodes should run.
        import_scope: Scope for the names.
        **kwargs: ``input_map``, ``unbound_inputs_col_name``, ``restore_collections_predicate`` as in TensorFlow.

    Returns:
        The graph's own saver; a new one if it has variables and no saver; else None.

    Raises:
        CheckpointNotFoundError: There is no such file.
        GraphFileError: It is no meta graph; this is a DataLossError and an IOError.
    """
    if isinstance(meta_graph_or_file, MetaGraphDef):
        meta_graph = meta_graph_or_file
    else:
        meta_graph = read_meta_graph(meta_graph_or_file)
    variables = import_scoped_meta_graph(
        meta_graph, clear_devices=clear_devices, import_scope=import_scope, make_saver=Saver.from_proto, **kwargs
    )
    if not meta_graph.HasField("saver_def"):
        return Saver() if all_saveable_objects(import_scope) else None
    scope = import_scope
    if not scope and variables:
        # Inside a name scope the nodes were put under it: the variables tell its name.
        name, variable = next(iter(variables.items()))
        scope = variable.name[: -len(name)]
    return Saver(saver_def=meta_graph.saver_def, name=scope)


def export_meta_graph(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    filename: AnyPath | None = None,
    meta_info_def: MetaGraphDef.MetaInfoDef | None = None,
    graph_def: GraphDef | None = None,
    saver_def: SaverDef | None = None,
    collection_list: Sequence[str] | None = None,
    as_text: bool = False,
    graph: Graph | None = None,
    export_scope: str | None = None,
    clear_devices: bool = False,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
) -> MetaGraphDef:
    """Return a graph as a MetaGraphDef, and write it to a file if one is named.

    Args:
        filename: File to write.
        meta_info_def: Facts to put in, such as tags.
        graph_def: Nodes to export in place of the graph's own.
        saver_def: The saver.
        collection_list: Collections to export. Default: all.
        as_text: Write protobuf's text format.
        graph: What to export. Default: the default graph.
        export_scope: Scope to export alone, without the scope's name.
        clear_devices: Leave out on which devices the nodes should run.
        clear_extraneous_savers: Leave out the nodes of other savers.
        strip_default_attrs: Leave out attributes that have their op's default.
        save_debug_info: Not possible here: the graph has no record of source lines.

    Raises:
        CheckpointError: The file cannot be written.
        InvalidArgumentError: The graph is larger than 2 GB.
        UnimplementedError: ``save_debug_info`` is asked for.
    """
    return export_scoped_meta_graph(
        filename=filename,
        graph_def=graph_def,
        graph=graph,
        export_scope=export_scope,
        as_text=as_text,
        clear_devices=clear_devices,
        saver_def=saver_def,
        clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs,
        save_debug_info=save_debug_info,
        meta_info_def=meta_info_def,
        collection_list=collection_list,
    )[0]
