"""The meta graph beside a checkpoint, read only to be told from a damaged one: it has no checksum.

What can be found out is that the file is a MetaGraphDef with a graph in it. A flipped bit may leave it one.

Format: tensorflow/core/protobuf/meta_graph.proto.
"""

from __future__ import annotations

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.storage.naming import meta_graph_filename
from ckpt_magics.files.storage.place import Place
from ckpt_magics.proto.messages import MetaGraphDef
from ckpt_magics.proto.parsing import MESSAGE_LIMIT, parse_message

__all__ = ["meta_graph_beside", "read_sound_meta_graph"]


def meta_graph_beside(prefix: Place) -> Place | None:
    """Return the place of a checkpoint's meta graph; None if there is nothing of that name."""
    place = prefix.at(meta_graph_filename(prefix.name))
    return place if place.is_taken else None


def read_sound_meta_graph(place: Place) -> bytes:
    """Return the contents of a meta graph file, which were parsed.

    Raises:
        DataLossError: They are no MetaGraphDef with a graph, neither binary nor text.
        CheckpointError: The file cannot be read.
    """
    with place.open() as file:
        if file.size > MESSAGE_LIMIT:
            raise DataLossError(f"{file.size} bytes are more than one message can have", file=place.name)
        data = file.read_at(0, file.size, "meta graph")
    if not data:
        raise DataLossError("the file is empty", file=place.name)
    try:
        meta_graph = parse_message(data, MetaGraphDef, place.name)
    except DataLossError as error:
        # The parser's words have the path in them, which whoever lists what is damaged says too.
        raise DataLossError("no MetaGraphDef can be parsed from it", file=place.name, hint=error.hint) from error
    if not meta_graph.HasField("graph_def"):
        raise DataLossError("its MetaGraphDef has no graph", file=place.name)
    return data
