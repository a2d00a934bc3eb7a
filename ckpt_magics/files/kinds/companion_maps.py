"""The bytes of the files that a Saver writes beside a checkpoint: its meta graph, and the directory's list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.maps.message_map import map_message_file
from ckpt_magics.files.formats.maps.text_map import map_lines
from ckpt_magics.files.kinds.byte_map import FileMap, map_structure
from ckpt_magics.files.kinds.meta_graph_file import meta_graph_beside
from ckpt_magics.files.storage.naming import STATE_FILENAME
from ckpt_magics.files.storage.place import Place
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef

__all__ = ["map_companions", "map_graph"]


def map_companions(prefix: Place) -> Iterator[FileMap]:
    """Yield the maps of those that are there and can be read."""
    with suppress(CheckpointError):
        meta = meta_graph_beside(prefix)
        if meta is not None:
            yield map_structure(meta, partial(map_message_file, MetaGraphDef))
    with suppress(CheckpointError):
        state = prefix.directory / STATE_FILENAME
        if state.is_file:
            yield map_structure(state, map_lines)


def map_graph(place: Place) -> FileMap:
    """Return the map of a graph without its meta graph."""
    return map_structure(place, partial(map_message_file, GraphDef))
