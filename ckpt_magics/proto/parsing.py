"""Messages out of files: binary or text, told apart by their content."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf import text_format
from google.protobuf.message import DecodeError, Message

from ckpt_magics.errors import DataLossError, visible
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef, SavedModel

__all__ = ["MESSAGE_LIMIT", "parse_message"]

MESSAGE_LIMIT = (1 << 31) - 1
"""Most bytes that one message can have, binary."""

M = TypeVar("M", bound=Message)


def parse_message(data: bytes, message_class: type[M], name: str) -> M:
    """Return the message that ``data`` holds, binary or else as text.

    Args:
        data: Contents of a file.
        message_class: What they should be.
        name: The file, for messages.

    Raises:
        DataLossError: They are no such message.
    """
    try:
        message = message_class.FromString(data)
    except DecodeError:
        pass  # perhaps text
    else:
        if data and not message.ListFields():  # another kind of message, all of it unknown fields
            raise DataLossError(f"{visible(name)} holds no {message_class.__name__}.", hint=_other_kind(data))
        return message
    try:
        return text_format.Parse(data.decode("utf-8"), message_class())
    except UnicodeDecodeError as error:
        reason = f"neither a binary {message_class.__name__} nor text"
        raise DataLossError(f"Cannot parse file {visible(name)}: {reason}.", hint=_other_kind(data)) from error
    except (text_format.ParseError, RecursionError, ValueError) as error:
        raise DataLossError(f"Cannot parse file {visible(name)}: {visible(str(error))}.") from error


def _other_kind(data: bytes) -> str | None:
    """Return what a file that is not what it should be is, as a sentence, if it is another kind of graph file."""
    for message_class, field in ((SavedModel, "meta_graphs"), (MetaGraphDef, "graph_def"), (GraphDef, "node")):
        try:
            names = [descriptor.name for descriptor, _ in message_class.FromString(data).ListFields()]
        except DecodeError:
            continue
        if field in names:
            return f"It is a {message_class.__name__}."
    return None
