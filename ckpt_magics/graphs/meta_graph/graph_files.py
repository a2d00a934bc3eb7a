"""Graph files as messages: binary or text, told apart by their content.

Format: tensorflow/core/protobuf/meta_graph.proto, saved_model.proto and tensorflow/core/framework/graph.proto.
"""

from __future__ import annotations

import os
from typing import TypeVar

from google.protobuf import text_format
from google.protobuf.message import Message

from ckpt_magics.errors import CheckpointNotFoundError, DataLossError, GraphFileError, InvalidArgumentError, visible
from ckpt_magics.files.storage.atomic import write_file
from ckpt_magics.files.storage.files import exists, is_directory, open_file
from ckpt_magics.files.storage.foreign import START_SIZE, recognise
from ckpt_magics.files.storage.place import AnyPath, local_path
from ckpt_magics.files.storage.system_errors import system_errors
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
    name = local_path(path)
    if not exists(name):
        raise CheckpointNotFoundError(f"File does not exist. Received: {visible(name)}.")
    return _read(name, MetaGraphDef)


def read_graph_def(path: AnyPath) -> GraphDef:
    """Return the GraphDef in a ``.pb`` or ``.pbtxt`` file.

    Raises:
        CheckpointNotFoundError: There is no such file.
        GraphFileError: It holds no GraphDef, neither binary nor text.
    """
    name = local_path(path)
    if not exists(name):
        raise CheckpointNotFoundError(f"File {visible(name)} does not exist.")
    return _read(name, GraphDef)


def read_saved_model(path: AnyPath) -> SavedModel:
    """Return the SavedModel in a directory, or in its ``saved_model.pb`` or ``saved_model.pbtxt``.

    Raises:
        CheckpointNotFoundError: There is no such file.
        GraphFileError: It holds no SavedModel, neither binary nor text.
    """
    name = local_path(path)
    if is_directory(name):
        candidates = [os.path.join(name, "saved_model.pb"), os.path.join(name, "saved_model.pbtxt")]
        name = next((candidate for candidate in candidates if exists(candidate)), candidates[0])
    if not exists(name):
        raise CheckpointNotFoundError(f"SavedModel file does not exist at: {visible(name)}")
    return _read(name, SavedModel)


def _read(name: str, message_class: type[M]) -> M:
    with open_file(name) as file:
        if file.size > MESSAGE_LIMIT:
            raise GraphFileError(f"{file.size} bytes are more than one message can have", file=name)
        data = file.read_at(0, file.size, message_class.__name__)
    try:
        return parse_message(data, message_class, name)
    except DataLossError as error:
        kind = recognise(data[:START_SIZE], name)
        hint = error.hint if kind.is_graph or kind.is_unknown else f"It is {kind.what}. {kind.hint}"
        raise GraphFileError(error.message, file=error.file, hint=hint) from error.__cause__


def write_message(message: Message, path: AnyPath, *, as_text: bool = False, role: str = "graph") -> None:
    """Write a message to a file that then appears whole; missing directories are made.

    Equal messages give equal files: map entries are sorted by their keys.

    Args:
        message: What to write.
        path: Where to.
        as_text: Write protobuf's text format.
        role: What the file is, for those who list written files.

    Raises:
        CheckpointError: The file cannot be written.
        InvalidArgumentError: The message has required parts that are not set, or is too large.
    """
    data = text_format.MessageToString(message).encode() if as_text else encode_message(message)
    name = local_path(path)
    with system_errors(name):
        os.makedirs(os.path.dirname(name) or os.curdir, exist_ok=True)
    write_file(name, data, role)


def encode_message(message: Message) -> bytes:
    """Return a message as bytes, the same for equal messages: map entries are sorted by their keys.

    Raises:
        InvalidArgumentError: The message has required parts that are not set, or is too large.
    """
    try:
        return message.SerializeToString(deterministic=True)
    except ValueError as error:
        raise InvalidArgumentError(f"{type(message).__name__} cannot be written: {error}") from error
