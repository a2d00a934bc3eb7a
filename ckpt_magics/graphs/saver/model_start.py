"""Starting a graph that comes with its values: variables from the checkpoint beside it, tables by its own nodes.

Format: tensorflow/python/saved_model/loader_impl.py, SavedModelLoader.load.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.saver.saver import Saver
from ckpt_magics.graphs.session.session import Session
from ckpt_magics.proto.messages import AssetFileDef, MetaGraphDef

__all__ = ["INIT_SIGNATURE", "start_model"]

INIT_SIGNATURE = "__saved_model_init_op"
"""The signature of TensorFlow 2 whose output is run once, after the variables are restored."""

_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op", GraphKeys.TABLE_INITIALIZERS)
"""The same in TensorFlow 1, the first that there is."""

_ASSETS = "saved_model_assets"


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
        operations = list(_initializers(meta_graph))
        if operations:
            session.run(operations, _assets(meta_graph, prefix))


def _initializers(meta_graph: MetaGraphDef) -> Iterator[str]:
    """Yield the names of the operations that fill tables."""
    if INIT_SIGNATURE in meta_graph.signature_def:
        for info in meta_graph.signature_def[INIT_SIGNATURE].outputs.values():
            yield info.name.partition(":")[0]
        return
    for key in _INIT_COLLECTIONS:
        if key in meta_graph.collection_def:
            yield from meta_graph.collection_def[key].node_list.value
            return


def _assets(meta_graph: MetaGraphDef, prefix: str | None) -> dict[str, str]:
    """Return the paths of the files that came with the graph, by the tensors that are to have them."""
    if prefix is None:
        return {}
    folder = os.path.join(os.path.dirname(os.path.dirname(prefix)), "assets")
    listed = [AssetFileDef.FromString(item.value) for item in meta_graph.collection_def[_ASSETS].any_list.value]
    return {
        asset.tensor_info.name: os.path.join(folder, _inside(asset.filename))
        for asset in (*meta_graph.asset_file_def, *listed)
    }


def _inside(filename: str) -> str:
    if os.path.isabs(filename) or os.pardir in filename.replace("\\", "/").split("/"):
        raise InvalidArgumentError(f"an asset of a SavedModel is in its directory, and {visible(filename)} is not")
    return filename
