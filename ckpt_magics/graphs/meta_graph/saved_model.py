"""SavedModels: the MetaGraphs in one, by their tags.

Format: tensorflow/core/protobuf/saved_model.proto and tensorflow/python/saved_model/loader_impl.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from ckpt_magics.errors import NotFoundError, visible
from ckpt_magics.graphs.meta_graph.graph_files import read_saved_model
from ckpt_magics.proto.messages import MetaGraphDef, SavedModel

__all__ = ["MissingTagsError", "find_meta_graph", "read_saved_model", "tag_sets"]


class MissingTagsError(NotFoundError, RuntimeError):
    """A SavedModel has no graph of some tags, which TensorFlow says with a RuntimeError."""


def tag_sets(saved_model: SavedModel) -> list[tuple[str, ...]]:
    """Return the tags of each MetaGraph, in the order of the file."""
    return [tuple(meta_graph.meta_info_def.tags) for meta_graph in saved_model.meta_graphs]


def find_meta_graph(saved_model: SavedModel, tags: Iterable[str]) -> MetaGraphDef:
    """Return the MetaGraph that has exactly these tags.

    Raises:
        MissingTagsError: There is none; the message lists the tags that there are.
    """
    wanted = set(tags)
    for meta_graph in saved_model.meta_graphs:
        if set(meta_graph.meta_info_def.tags) == wanted:
            return meta_graph
    available = ", ".join(visible(str(list(found))) for found in tag_sets(saved_model)) or "none"
    raise MissingTagsError(
        f"MetaGraphDef associated with tags {visible(str(sorted(wanted)))} could not be found in SavedModel. "
        f"Available tags: {available}"
    )
