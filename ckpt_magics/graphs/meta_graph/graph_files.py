"""Graph files as messages: binary or text, told apart by their content.

Format: tensorflow/core/protobuf/meta_graph.proto, saved_model.proto and tensorflow/core/framework/graph.proto.
"""

from __future__ import annotations

from typing import TypeVar

from google.protobuf import text_format
from google.protobuf.message import Message

from ckpt_magics.errors import CheckpointNotFoundError, DataLossError, GraphFileError, InvalidArgumentError, visible
from ckpt_magics.files.directory.nearby import SAVED_MODEL_NAMES
from ckpt_magics.files.storage.foreign import START_SIZE, recognise
from ckpt_magics.files.storage.place import AnyPath, Place, place_of
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef, SavedModel
from ckpt_magics.proto.parsing import MESSAGE_LIMIT, parse_message

__all__ = ["encode_message", "read_graph_def", "read_meta_graph", "read_saved_model", "write_message"]

M = TypeVar("M", MetaGraphDef, GraphDef, SavedModel)


def read_meta_graph(path: AnyPath) -> MetaGraphDef:
    """Return the MetaGraphDef in a ``.meta`` file.

    Raises:
        CheckpointNotFoundError: There is no such file.
        GraphFileError: It holds no MetaGraphDef, neither binary nor text.
    """
    place = place_of(path)
    if not place.exists:
        raise CheckpointNotFoundError(f"File does not exist. Received: {visible(place.name)}.")
    return _read(place, MetaGraphDef)


def read_graph_def(path: AnyPath) -> GraphDef:
    """Return the GraphDef in a ``.pb`` or ``.pbtxt`` file.

    Raises:
        CheckpointNotFoundError: There is no such file.
        GraphFileError: It holds no GraphDef, neither binary nor text.
    """
    place = place_of(path)
    if not place.exists:
        raise CheckpointNotFoundError(f"File {visible(place.name)} does not exist.")
    return _read(place, GraphDef)


def read_saved_model(path: AnyPath) -> SavedModel:
    """Return the SavedModel in a directory, or in its ``saved_model.pb`` or ``saved_model.pbtxt``.

    Raises:
        CheckpointNotFoundError: There is no such file.
        GraphFileError: It holds no SavedModel, neither binary nor text.
    """
    place = place_of(path)
    if place.is_directory:
        candidates = [place / name for name in SAVED_MODEL_NAMES]
        place = next((candidate for candidate in candidates if candidate.exists), candidates[0])
    if not place.exists:
        raise CheckpointNotFoundError(f"SavedModel file does not exist at: {visible(place.name)}")
    return _read(place, SavedModel)


def _read(place: Place, message_class: type[M]) -> M:
    name = place.name
    with place.open() as file:
        if file.size > MESSAGE_LIMIT:
            raise GraphFileError(f"{file.size} bytes are more than one message can have", file=name)
        data = file.read_at(0, file.size, message_class.__name__)
    try:
        return parse_message(data, message_class, name)
    except DataLossError as error:
        kind = recognise(data[:START_SIZE], name)
        hint = error.hint if kind.is_graph or kind.is_unknown else f"It is {kind.what}. {kind.hint}"
        raise GraphFileError(error.message, file=error.file, hint=hint) from error.__cause__


def write_message(message: Message, path: AnyPath, *, as_text: bool = False) -> None:
    """Write a message to a file that then appears whole; missing directories are made.

    Equal messages give equal files: map entries are sorted by their keys.

    Args:
        message: What to write.
        path: Where to.
        as_text: Write protobuf's text format.

    Raises:
        CheckpointError: The file cannot be written.
        InvalidArgumentError: The message has required parts that are not set, or is too large.
    """
    data = text_format.MessageToString(message).encode() if as_text else encode_message(message)
    place = place_of(path)
    place.store.make_directory(place.directory.name, parents=True)
    place.put(data)


def encode_message(message: Message) -> bytes:
    """Return a message as bytes, the same for equal messages: map entries are sorted by their keys.

    Raises:
        InvalidArgumentError: The message has required parts that are not set, or is too large.
    """
    try:
        return message.SerializeToString(deterministic=True)
    except ValueError as error:
        raise InvalidArgumentError(f"{type(message).__name__} cannot be written: {error}") from error
