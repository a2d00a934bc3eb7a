"""Starting a graph that comes with its values: variables from the checkpoint beside it, tables by its own nodes.

Format: tensorflow/python/saved_model/loader_impl.py, SavedModelLoader.load.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.names import prepend_scope
from ckpt_magics.graphs.saver.saver import Saver
from ckpt_magics.graphs.session.session import Session
from ckpt_magics.proto.messages import AssetFileDef, MetaGraphDef

__all__ = [
    "ASSETS_DIRECTORY",
    "ASSETS_KEY",
    "INIT_SIGNATURE",
    "LEGACY_INIT_OP_KEY",
    "MAIN_OP_KEY",
    "run_initializers",
    "start_model",
]

INIT_SIGNATURE = "__saved_model_init_op"
"""The signature of TensorFlow 2 whose output is run once, after the variables are restored."""

MAIN_OP_KEY, LEGACY_INIT_OP_KEY = "saved_model_main_op", "legacy_init_op"
"""Collections of the same in TensorFlow 1; the first that there is counts."""

ASSETS_DIRECTORY = "assets"
"""Where a SavedModel has the files that come with it."""

ASSETS_KEY = "saved_model_assets"
"""The collection that says which constants are paths of such files."""


def start_model(session: Session, meta_graph: MetaGraphDef, prefix: str | None) -> None:
    """Give a session the values that belong to its graph; all of them, or none.

    Args:
        session: Runs the graph.
        meta_graph: What the graph was made from.
        prefix: The checkpoint beside it, if there is one; the assets of a SavedModel are beside its directory.

    Raises:
        CheckpointError: The checkpoint does not fit, or an asset cannot be read.
    """
    with session.all_or_nothing(), session.graph.as_default():
        if prefix is not None and meta_graph.saver_def.restore_op_name:
            Saver.from_proto(meta_graph.saver_def).restore(session, prefix)
        run_initializers(session, meta_graph, prefix, tables=True)


def run_initializers(
    session: Session,
    meta_graph: MetaGraphDef,
    prefix: str | None,
    import_scope: str | None = None,
    *,
    tables: bool = False,
) -> None:
    """Run what a SavedModel runs when it is loaded.

    Args:
        session: Runs the graph.
        meta_graph: What the graph was made from.
        prefix: The checkpoint of its variables, whether there is one or not.
        import_scope: Scope into which it was imported.
        tables: Fill its tables if it says nothing else.
    """
    collections = (MAIN_OP_KEY, LEGACY_INIT_OP_KEY, *([GraphKeys.TABLE_INITIALIZERS] if tables else []))
    operations = [prepend_scope(name, import_scope) for name in _initializers(meta_graph, collections)]
    if operations:
        assets = _assets(meta_graph, prefix)
        session.run(operations, {prepend_scope(name, import_scope): path for name, path in assets.items()})


def _initializers(meta_graph: MetaGraphDef, collections: Sequence[str]) -> Iterator[str]:
    """Yield the names of the operations that fill tables."""
    if INIT_SIGNATURE in meta_graph.signature_def:
        for info in meta_graph.signature_def[INIT_SIGNATURE].outputs.values():
            yield info.name.partition(":")[0]
        return
    for key in collections:
        if key in meta_graph.collection_def:
            yield from meta_graph.collection_def[key].node_list.value
            return


def _assets(meta_graph: MetaGraphDef, prefix: str | None) -> dict[str, str]:
    """Return the paths of the files that came with the graph, by the tensors that are to have them."""
    if prefix is None:
        return {}
    folder = place_of(prefix).directory.directory / ASSETS_DIRECTORY
    listed = [AssetFileDef.FromString(item.value) for item in meta_graph.collection_def[ASSETS_KEY].any_list.value]
    return {
        asset.tensor_info.name: (folder / _inside(asset.filename)).name
        for asset in (*meta_graph.asset_file_def, *listed)
    }


def _inside(filename: str) -> str:
    if os.path.isabs(filename) or os.pardir in filename.replace("\\", "/").split("/"):
        raise InvalidArgumentError(f"an asset of a SavedModel is in its directory, and {visible(filename)} is not")
    return filename
