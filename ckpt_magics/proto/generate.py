"""Compile the ``.proto`` files into ``descriptor_set.py`` and ``messages.pyi``.

Run as ``python -m ckpt_magics.proto.generate``; needs ``grpcio-tools``, which only development installs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from ckpt_magics.proto.pool import build_pool

_FOLDER = Path(__file__).parent
_LINE_LENGTH = 120

_SCALARS = {
    FieldDescriptor.CPPTYPE_BOOL: "bool",
    FieldDescriptor.CPPTYPE_DOUBLE: "float",
    FieldDescriptor.CPPTYPE_FLOAT: "float",
    FieldDescriptor.CPPTYPE_ENUM: "int",
    FieldDescriptor.CPPTYPE_INT32: "int",
    FieldDescriptor.CPPTYPE_INT64: "int",
    FieldDescriptor.CPPTYPE_UINT32: "int",
    FieldDescriptor.CPPTYPE_UINT64: "int",
}

_STUB_HEAD = '''\
"""Types of the messages. Written by ckpt_magics.proto.generate: change the .proto files instead."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, overload

from google.protobuf.any_pb2 import Any as Any
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal.containers import (
    MessageMap,
    RepeatedCompositeFieldContainer,
    RepeatedScalarFieldContainer,
    ScalarMap,
)
from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import BoolValue as BoolValue

POOL: Final[DescriptorPool]
'''


def compile_protos() -> bytes:
    """Return the serialized FileDescriptorSet of our ``.proto`` files, each after those that it imports.

    Raises:
        RuntimeError: The compiler refused a file; it has printed why.
    """
    import grpc_tools

    root = _FOLDER.parents[1]
    files = sorted(str(path.relative_to(root)) for path in _FOLDER.glob("*.proto"))
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "descriptors")
        options = [f"-I{root}", f"-I{well_known}", f"--descriptor_set_out={target}"]
        # In a process of its own: the compiler's copy of protobuf crashes beside TensorFlow's.
        command = [sys.executable, "-m", "grpc_tools.protoc", *options, *files]
        if subprocess.run(command, cwd=root, check=False).returncode:  # noqa: S603 - no text from outside
            raise RuntimeError("the protocol buffer compiler failed")
        return target.read_bytes()


def render_module(descriptor_set: bytes) -> str:
    """Return the Python source that holds the descriptors as one bytes constant."""
    head = '"""The compiled ``.proto`` files. Written by ckpt_magics.proto.generate: change those instead."""\n'
    return head + "\nDESCRIPTOR_SET = (\n" + "".join(f'    b"{line}"\n' for line in _literals(descriptor_set)) + ")\n"


def _literals(data: bytes) -> Iterator[str]:
    """Yield the contents of bytes literals that fill lines of source."""
    line = ""
    for byte in data:
        plain = 0x20 <= byte < 0x7F and byte not in b'"\\'
        piece = chr(byte) if plain else f"\\x{byte:02x}"
        if len(line) + len(piece) > _LINE_LENGTH - len('    b""'):
            yield line
            line = ""
        line += piece
    yield line


def render_stub(descriptor_set: bytes) -> str:
    """Return the type stub of the messages module."""
    pool, files = build_pool(descriptor_set)
    lines = [_STUB_HEAD]
    for file in files:
        descriptor = pool.FindFileByName(file)
        for enum in descriptor.enum_types_by_name.values():
            lines += _enum(enum)
        for message in descriptor.message_types_by_name.values():
            lines += _message(message)
    return "\n".join(lines) + "\n"


def _enum(enum: EnumDescriptor) -> Iterator[str]:
    """Yield the stub lines of an enum: its wrapper, then its values."""
    yield f"{enum.name}: Final[_EnumTypeWrapper[int]]"
    for value in enum.values:
        yield f"{value.name}: Final = {value.number}"
    yield ""


def _message(message: Descriptor) -> Iterator[str]:
    """Yield the stub lines of a message and of all that is nested in it."""
    if not message.fields:
        yield f"class {message.name}(Message): ..."
        yield ""
        return
    yield f"class {message.name}(Message):"
    nested: list[str] = []
    for enum in message.enum_types:
        nested += _enum(enum)
    for inner in message.nested_types:
        if not inner.GetOptions().map_entry:
            nested += _message(inner)
    for line in nested:
        yield f"    {line}" if line else ""
    for field in message.fields:
        yield from _field(field)
    yield from _constructor(message)
    yield from _presence(message)
    yield ""


def _field(field: FieldDescriptor) -> Iterator[str]:
    """Yield the stub lines of a field: what is a container or a message itself cannot be assigned."""
    if field.message_type is None and not _is_repeated(field):
        yield f"    {field.name}: {_value_type(field)}"
        return
    yield "    @property"
    yield f"    def {field.name}(self) -> {_container(field)}: ..."


def _constructor(message: Descriptor) -> Iterator[str]:
    """Yield the stub lines of ``__init__``."""
    yield "    def __init__("
    yield "        self,"
    yield "        *,"
    for field in message.fields:
        yield f"        {field.name}: {_argument(field)} | None = ...,"
    yield "    ) -> None: ..."


def _presence(message: Descriptor) -> Iterator[str]:
    """Yield the stub lines of ``HasField`` and ``WhichOneof``, which take only names that are there."""
    present = [field.name for field in message.fields if field.has_presence]
    oneofs = [oneof for oneof in message.oneofs if not oneof.name.startswith("_")]
    present += [oneof.name for oneof in oneofs]
    if present:
        yield f"    def HasField(self, field_name: {_literal(present)}) -> bool: ..."
    for oneof in oneofs:
        if len(oneofs) > 1:
            yield "    @overload"
        members = _literal([field.name for field in oneof.fields])
        yield f"    def WhichOneof(self, oneof_group: {_literal([oneof.name])}) -> {members} | None: ..."


def _literal(names: list[str]) -> str:
    return "Literal[" + ", ".join(f'"{name}"' for name in names) + "]"


def _map_entry(field: FieldDescriptor) -> tuple[str, FieldDescriptor] | None:
    """Return the key's type and the field of the values, or None when the field is not a map."""
    entry = field.message_type
    if entry is None or not entry.GetOptions().map_entry:
        return None
    return _value_type(entry.fields_by_name["key"]), entry.fields_by_name["value"]


def _is_repeated(field: FieldDescriptor) -> bool:
    # FieldDescriptor.label is deprecated in newer protobuf, is_repeated missing from older.
    return bool(getattr(field, "is_repeated", None) or getattr(field, "label", 0) == FieldDescriptor.LABEL_REPEATED)


def _value_type(field: FieldDescriptor) -> str:
    """Return the type of one value of the field."""
    if field.message_type is not None:
        return str(field.message_type.full_name).removeprefix("ckpt_magics.").removeprefix("google.protobuf.")
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return "bytes" if field.type == FieldDescriptor.TYPE_BYTES else "str"
    return _SCALARS[field.cpp_type]


def _container(field: FieldDescriptor) -> str:
    """Return the type that reading the field gives."""
    if pair := _map_entry(field):
        key, value = pair
        return f"{'ScalarMap' if value.message_type is None else 'MessageMap'}[{key}, {_value_type(value)}]"
    if _is_repeated(field):
        kind = "RepeatedScalarFieldContainer" if field.message_type is None else "RepeatedCompositeFieldContainer"
        return f"{kind}[{_value_type(field)}]"
    return _value_type(field)


def _argument(field: FieldDescriptor) -> str:
    """Return the type that the constructor takes for the field."""
    if pair := _map_entry(field):
        key, value = pair
        return f"Mapping[{key}, {_value_type(value)}]"
    return f"Iterable[{_value_type(field)}]" if _is_repeated(field) else _value_type(field)


def main() -> None:
    """Write both files."""
    descriptor_set = compile_protos()
    (_FOLDER / "descriptor_set.py").write_text(render_module(descriptor_set))
    (_FOLDER / "messages.pyi").write_text(render_stub(descriptor_set))


if __name__ == "__main__":
    main()
