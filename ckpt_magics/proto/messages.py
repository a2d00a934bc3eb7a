"""Every message class and enum of the ``.proto`` files, by its TensorFlow name.

The classes are built from the compiled descriptors when this module is imported. Modules written by ``protoc`` would
do the same, but each refuses to load beside another major version of protobuf than its own; TensorFlow pins one, and
this package has to live with all of them.

A nested message is an attribute of the outer one (``MetaGraphDef.MetaInfoDef``), an enum offers ``Name``, ``Value``
and ``items`` (``DataType.Name(1)``), and the values of top-level enums are names of this module (``DT_FLOAT``).
"""

from __future__ import annotations

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.internal import enum_type_wrapper
from google.protobuf.message import Message

from ckpt_magics.proto.descriptor_set import DESCRIPTOR_SET
from ckpt_magics.proto.pool import build_pool

POOL, _FILES = build_pool(DESCRIPTOR_SET)


def _message_class(descriptor: Descriptor) -> type[Message]:
    """Return the class of a message, the nested ones as its attributes (protobuf's pure Python build omits them)."""
    message = message_factory.GetMessageClass(descriptor)
    for nested in descriptor.nested_types:
        if not nested.GetOptions().map_entry and not hasattr(message, nested.name):
            setattr(message, nested.name, _message_class(nested))
    return message


def _load(names: dict[str, object]) -> None:
    """Put what the files declare at top level into ``names``."""
    for file in _FILES:
        descriptor = POOL.FindFileByName(file)
        for name, message in descriptor.message_types_by_name.items():
            names[name] = _message_class(message)
        for name, enum in descriptor.enum_types_by_name.items():
            names[name] = enum_type_wrapper.EnumTypeWrapper(enum)
            names.update((value.name, value.number) for value in enum.values)
    for name in ("Any", "BoolValue"):
        names[name] = _message_class(POOL.FindMessageTypeByName(f"google.protobuf.{name}"))


_load(globals())
