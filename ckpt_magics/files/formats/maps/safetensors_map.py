"""The bytes of a safetensors file.

Format: as `safetensors_header`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ckpt_magics.files.formats.maps.byte_range import TENSOR, ByteRange
from ckpt_magics.files.formats.maps.message_map import shortened_value
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.formats.safetensors_header import parse_header, read_header
from ckpt_magics.files.formats.shapes import format_shape

__all__ = ["map_safetensors"]


def map_safetensors(file: RandomAccessFile) -> Iterator[ByteRange]:
    """Yield what a file consists of: the header's size, the header, the tensors.

    Raises:
        DataLossError: The header is damaged.
        TruncatedError: The file ends inside of it.
    """
    yield ByteRange(0, 8, "header length", text=f"{int.from_bytes(file.read_at(0, 8, 'size'), 'little'):,} bytes")
    header = read_header(file)
    base = 8 + len(header)
    text = header.rstrip(b" ")
    yield ByteRange(8, len(text), "header", text=f"JSON: {shortened_value(text)}")
    yield ByteRange(8 + len(text), len(header) - len(text), "header padding", text="spaces")
    for name, dtype, shape, start, end in parse_header(header, file.size - base):
        key = name.encode("utf-8", "surrogatepass")
        yield ByteRange(base + start, end - start, TENSOR, key, f"{dtype} {format_shape(shape)}")
