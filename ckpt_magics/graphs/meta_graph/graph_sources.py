"""Finding the graph that somebody means: a graph or event file, a SavedModel, a checkpoint, a program's graph object.

What a file is, is told from its content; its name only says what to try first and what to call it when it is damaged.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import DecodeError

from ckpt_magics.errors import (
    CheckpointNotFoundError,
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    visible,
)
from ckpt_magics.files.directory.finding import find_checkpoint
from ckpt_magics.files.directory.nearby import SAVED_MODEL_NAMES, missing_hint
from ckpt_magics.files.storage import foreign, naming
from ckpt_magics.files.storage.place import AnyPath, Place, place_of
from ckpt_magics.graphs.meta_graph.event_graphs import graph_of_events
from ckpt_magics.graphs.meta_graph.saved_model import find_meta_graph, read_saved_model, tag_sets
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef, NodeDef, SavedModel
from ckpt_magics.proto.parsing import MESSAGE_LIMIT, parse_message

__all__ = ["GraphSource", "find_graph"]

Message = GraphDef | MetaGraphDef | SavedModel
M = TypeVar("M", GraphDef, MetaGraphDef, SavedModel)

SERVE = "serve"
"""The tag of the graph that TensorFlow itself loads from a SavedModel to run it."""

_GRAPH_SUFFIXES = (".meta", ".pb", ".pbtxt")
_OP = re.compile(r"[A-Za-z>][A-Za-z0-9_.>/\\-]*")
_CHECKED_NODES = 50


def _saved_model(data: bytes, name: str) -> Message:
    return parse_message(data, SavedModel, name)


def _meta_graph(data: bytes, name: str) -> Message:
    return parse_message(data, MetaGraphDef, name)


def _graph_def(data: bytes, name: str) -> Message:
    return parse_message(data, GraphDef, name)


_TEXT_STARTS: tuple[tuple[re.Pattern[bytes], Callable[[bytes, str], Message]], ...] = tuple(
    (re.compile(foreign.COMMENTS + rb"(?:%s)\b" % fields), parse)
    for fields, parse in (
        (foreign.SAVED_MODEL_FIELDS, _saved_model),
        (foreign.META_GRAPH_FIELDS, _meta_graph),
        (foreign.GRAPH_DEF_FIELDS, _graph_def),
    )
)
"""The field that a message in text form begins with tells which one it is."""


@dataclass(frozen=True, slots=True)
class GraphSource:
    """A graph, and where it was found.

    Attributes:
        path: The file that was read; of a checkpoint without a graph its prefix; of an object what it is.
        kind: What that is, such as "MetaGraph" or "SavedModel".
        meta_graph: The graph; a file that holds nodes alone gives a MetaGraphDef with nothing else in it. None if a
            checkpoint has no meta graph.
        prefix: The checkpoint beside the graph, if there is one.
        note: What was used in place of what was given, or what else there is; or "".
    """

    path: str
    kind: str
    meta_graph: MetaGraphDef | None
    prefix: str | None = None
    note: str = ""


def find_graph(path: AnyPath, tags: Collection[str] = ()) -> GraphSource:
    """Return the graph that a path stands for.

    Args:
        path: A ``.meta``, ``.pb`` or ``.pbtxt`` file, an event file, a SavedModel or its directory, or a checkpoint,
            whose meta graph is looked for beside it. ``~`` is the home directory.
        tags: Of the graph to take from a SavedModel; by default the one that is tagged ``serve``, or else the first.

    Raises:
        CheckpointNotFoundError: There is nothing; the message names what is near.
        DataLossError: The file is damaged, or it is something else.
        FailedPreconditionError: The path leads to a pipe or a device.
        InvalidArgumentError: Tags are given, and it is no SavedModel.
        NotFoundError: The SavedModel has no graph with these tags.
    """
    place = place_of(path)
    source = _find_file(place, tags)
    if source is None:
        source = _find_beside_checkpoint(place, os.fsdecode(path))
    if tags and source.kind != "SavedModel":
        raise InvalidArgumentError(f"{visible(source.path)} is no SavedModel, so it has no graphs to choose by tags")
    return source


def _find_file(place: Place, tags: Collection[str]) -> GraphSource | None:
    """The graph in a file or a SavedModel's directory; None if the path is neither, but perhaps a checkpoint."""
    if place.is_directory:
        model = next((one for one in SAVED_MODEL_NAMES if (place / one).is_file), None)
        return None if model is None else _from_saved_model(place / model, read_saved_model(place), tags)
    name, base = place.name, place.stem
    if not place.exists:
        meta_graph = place.at(naming.meta_graph_filename(name))
        return _from_file(meta_graph, tags) if meta_graph.is_file else None
    if not place.is_file:
        raise FailedPreconditionError(f"{visible(name)}; Not a regular file", file=name)
    is_checkpoint = (
        base.endswith(naming.INDEX_SUFFIX) or base == naming.STATE_FILENAME or naming.parse_data_filename(name)
    )
    return None if is_checkpoint else _from_file(place, tags)


def _from_file(place: Place, tags: Collection[str]) -> GraphSource | None:
    name = place.name
    if foreign.recognise(place.read_start(foreign.START_SIZE), name).is_events:
        meta_graph, note = graph_of_events(place)
        return GraphSource(name, "event file", meta_graph, note=note)
    with place.open() as file:
        if file.size > MESSAGE_LIMIT:
            return None
        data = file.read_at(0, file.size, "graph")
    message = _parsed(data, name)
    if isinstance(message, SavedModel):
        return _from_saved_model(place, message, tags)
    if isinstance(message, MetaGraphDef):
        prefix = naming.prefix_of(name) if name.endswith(f".{naming.META_GRAPH_SUFFIX}") else None
        return GraphSource(name, "MetaGraph", message, prefix)
    return None if message is None else GraphSource(name, "GraphDef", MetaGraphDef(graph_def=message))


def _parsed(data: bytes, name: str) -> Message | None:
    """The graph that a file's content is; None if it is none and the name does not promise one."""
    found = (_binary(data, MetaGraphDef) if name.endswith(".meta") else None) or _any_binary(data)
    if found is not None:
        return found
    kind = foreign.recognise(data[: foreign.START_SIZE], name)
    is_promised = name.endswith(_GRAPH_SUFFIXES)
    if is_promised and not (kind.is_graph or kind.is_unknown):
        raise DataLossError(f"{visible(name)} is no graph but {kind.what}", hint=kind.hint)
    if kind.is_model and not kind.is_graph:
        return None
    for start, parse in _TEXT_STARTS:
        if start.match(data):
            return parse(data, name)
    if not is_promised:
        return None
    hint = "It is damaged, or the save or the download broke off: get it again."
    raise DataLossError(f"{visible(name)} is no MetaGraphDef, SavedModel or GraphDef", hint=hint)


def _any_binary(data: bytes) -> Message | None:
    # Names of ops that no op can have are drawn like others, once the bytes can be nothing else.
    for any_op in (False, True):
        found = _binary(data, SavedModel, any_op=any_op)
        other = found or _binary(data, MetaGraphDef, any_op=any_op) or _binary(data, GraphDef, any_op=any_op)
        if other is not None:
            return other
    return None


def _binary(data: bytes, kind: type[M], *, any_op: bool = False) -> M | None:
    """The message, if the bytes are one whose nodes make sense: those of one kind often parse as another."""
    try:
        message = kind.FromString(data)
    except DecodeError:
        return None
    nodes = _nodes(message)
    if nodes is None or (any_op and not nodes):
        return None
    return message if any_op or all(_OP.fullmatch(node.op) for node in nodes[:_CHECKED_NODES]) else None


def _nodes(message: Message) -> list[NodeDef] | None:
    """The nodes of a graph that may be empty; None if there is nothing that says that it is a graph."""
    if isinstance(message, SavedModel):
        graphs = message.meta_graphs
        is_one = bool(graphs) and message.saved_model_schema_version > 0
        return [node for one in graphs for node in one.graph_def.node] if is_one else None
    if isinstance(message, MetaGraphDef):
        info = message.meta_info_def
        is_one = message.HasField("meta_info_def") and (message.HasField("graph_def") or bool(info.tensorflow_version))
        return list(message.graph_def.node) if is_one or message.graph_def.node else None
    return list(message.node) if message.node or message.HasField("versions") else None


def _from_saved_model(place: Place, model: SavedModel, tags: Collection[str]) -> GraphSource:
    name, available = place.name, tag_sets(model)
    if not available:
        raise DataLossError(f"the SavedModel {visible(name)} holds no graph", file=name)
    wanted = tuple(tags) or next((found for found in available if set(found) == {SERVE}), available[0])
    note = ""
    if len(available) > 1:
        others = "; ".join(_listed(found) for found in available if set(found) != set(wanted))
        note = f"The first of {len(available)} graphs that is tagged {_listed(wanted)}" + (
            f"; others are tagged: {others}." if others else "."
        )
    variables = place.directory / "variables" / "variables"
    prefix = variables.name if variables.at(naming.index_filename(variables.name)).is_file else None
    return GraphSource(name, "SavedModel", find_meta_graph(model, wanted), prefix, note)


def _listed(tags: Iterable[str]) -> str:
    return " ".join(visible(tag) for tag in tags) or "(none)"


def _find_beside_checkpoint(place: Place, given: str) -> GraphSource:
    """The meta graph beside a checkpoint, or the checkpoint alone."""
    try:
        found = find_checkpoint(place)
    except CheckpointNotFoundError as error:
        if place.exists:
            raise
        raise CheckpointNotFoundError(
            f"there is no graph file and no checkpoint at {visible(given)}{missing_hint(place)}"
        ) from error
    meta_graph = found.place.at(naming.meta_graph_filename(found.prefix))
    if meta_graph.is_file:
        source = _from_file(meta_graph, ())
        if source is not None and source.meta_graph is not None:
            return GraphSource(meta_graph.name, source.kind, source.meta_graph, found.prefix, found.note)
    note = " ".join(
        part
        for part in (
            found.note,
            f"There is no meta graph {visible(meta_graph.stem)} beside it: these are the scopes of its tensors' names.",
        )
        if part
    )
    return GraphSource(found.prefix, "checkpoint", None, found.prefix, note)
