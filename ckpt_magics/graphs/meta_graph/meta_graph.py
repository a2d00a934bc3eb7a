"""MetaGraphs: a graph with its collections and its saver, as a message that TensorFlow reads and writes.

Format: tensorflow/python/framework/meta_graph.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.names import strip_scope
from ckpt_magics.graphs.meta_graph.collection_items import CollectionReader, MakeSaver
from ckpt_magics.graphs.meta_graph.graph_files import read_meta_graph
from ckpt_magics.graphs.meta_graph.import_graph import import_graph_def
from ckpt_magics.graphs.meta_graph.meta_graph_export import export_scoped_meta_graph
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.proto.messages import CollectionDef, GraphDef, MetaGraphDef

__all__ = ["export_scoped_meta_graph", "import_scoped_meta_graph", "read_meta_graph"]

TRAINABLE_IS_TOLD = (1, 9)
"""TensorFlow since when a VariableDef says whether its variable is trainable."""


def import_scoped_meta_graph(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    meta_graph_or_file: MetaGraphDef | AnyPath,
    clear_devices: bool = False,
    graph: Graph | None = None,
    import_scope: str | None = None,
    input_map: Mapping[str | bytes, object] | None = None,
    unbound_inputs_col_name: str | None = "unbound_inputs",
    restore_collections_predicate: Callable[[str], bool] = lambda _: True,
    *,
    checked: bool = True,
    make_saver: MakeSaver | None = None,
) -> dict[str, Variable]:
    """Add a MetaGraph's nodes and collections to a graph.

    Args:
        meta_graph_or_file: The MetaGraphDef, which is not changed, or its file.
        clear_devices: Leave out on which devices the nodes should run.
        graph: Where to. Default: the default graph.
        import_scope: Scope for the names.
        input_map: Tensors to take in place of inputs, by the name of the input.
        unbound_inputs_col_name: Collection that lists the inputs which ``input_map`` has to give.
        restore_collections_predicate: Which collections to take over, by name.
        checked: See `import_graph_def`.
        make_saver: Makes an item of the collection of savers from a SaverDef and the scope of its nodes. Default: the
            SaverDef.

    Returns:
        The global variables in the scope, by their names outside it.

    Raises:
        CheckpointNotFoundError: There is no such file.
        GraphFileError: The file holds no MetaGraphDef.
        InvalidArgumentError: The graph is not well formed, or inputs are missing in ``input_map``.
        RuntimeError: The graph is finalized.
    """
    if isinstance(meta_graph_or_file, MetaGraphDef):
        meta_graph = meta_graph_or_file
    else:
        meta_graph = read_meta_graph(meta_graph_or_file)
    if unbound_inputs_col_name and unbound_inputs_col_name in meta_graph.collection_def:
        _check_unbound(meta_graph.collection_def[unbound_inputs_col_name], input_map or {})
    graph = graph or get_default_graph()
    with graph.as_default():
        scope = graph.unique_name(import_scope or "", mark_as_used=False)
        info = meta_graph.meta_info_def
        import_graph_def(
            _without_devices(meta_graph.graph_def) if clear_devices else meta_graph.graph_def,
            name=import_scope or scope,
            input_map=input_map,
            producer_op_list=info.stripped_op_list if info.HasField("stripped_op_list") else None,
            checked=checked,
        )
        reader = CollectionReader.for_import(
            graph,
            scope,
            trainable_is_told=_trainable_is_told(info.tensorflow_version),
            make_saver=make_saver,
        )
        for key in _collection_order(meta_graph):
            if key != unbound_inputs_col_name and restore_collections_predicate(key):
                reader.read(key, meta_graph.collection_def[key])
    variables = graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=re.escape(scope))
    return {strip_scope(variable.name, scope): variable for variable in variables}


def _check_unbound(collection: CollectionDef, input_map: Mapping[str | bytes, object]) -> None:
    kind = collection.WhichOneof("kind")
    values = getattr(collection, kind).value if kind in {"bytes_list", "node_list"} else ()
    names = [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values]
    missing = [name for name in dict.fromkeys(names) if name not in input_map]
    if missing:
        raise InvalidArgumentError(
            f"Graph contains unbound inputs: {visible(','.join(missing))}. Must provide these inputs through input_map."
        )


def _without_devices(graph_def: GraphDef) -> GraphDef:
    result = GraphDef()
    result.CopyFrom(graph_def)
    for node in result.node:
        node.device = ""
    return result


def _trainable_is_told(version: str) -> bool:
    numbers = re.match(r"([0-9]{1,9})\.([0-9]{1,9})", version)
    return numbers is None or (int(numbers[1]), int(numbers[2])) >= TRAINABLE_IS_TOLD


def _collection_order(meta_graph: MetaGraphDef) -> list[str]:
    """Return the collections' names, trainable variables first: they settle what is trainable."""
    return sorted(meta_graph.collection_def, key=lambda key: (key != GraphKeys.TRAINABLE_VARIABLES, key))
