"""Texts: numbers as text and back, parts, and texts put together.

Format: tensorflow/python/ops/string_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_magics.files.formats.dtypes import FLOAT, as_dtype
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.old_names import either
from ckpt_magics.graphs.nodes.sparse_tensors import SparseTensor

__all__ = [
    "string_join",
    "string_length",
    "string_lower",
    "string_split",
    "string_strip",
    "string_to_number",
    "string_upper",
    "substr",
]


def string_join(inputs: Sequence[object], separator: str = "", name: str | None = None) -> Tensor:
    """Add strings put together, one of each input."""
    return output("StringJoin", list(inputs), separator=separator, name=name)


def string_to_number(
    string_tensor: object = None,
    out_type: object = FLOAT,
    name: str | None = None,
    input: object = None,  # noqa: A002
) -> Tensor:
    """Add the numbers that strings say."""
    given = either("input", input, "string_tensor", string_tensor)
    return output("StringToNumber", given, out_type=as_dtype(out_type), name=name)


def substr(input: object, pos: object, len: object, name: str | None = None, unit: str = "BYTE") -> Tensor:  # noqa: A002
    """Add ``len`` bytes, or characters if ``unit`` is "UTF8_CHAR", of strings from a position on."""
    return output("Substr", input, pos, len, unit=unit, name=name)


def string_length(input: object, name: str | None = None, unit: str = "BYTE") -> Tensor:  # noqa: A002
    """Add how many bytes, or characters if ``unit`` is "UTF8_CHAR", strings have."""
    return output("StringLength", input, unit=unit, name=name)


def string_lower(input: object, encoding: str = "", name: str | None = None) -> Tensor:  # noqa: A002
    """Add strings in small letters, of ASCII alone unless ``encoding`` is "utf-8"."""
    return output("StringLower", input, encoding=encoding, name=name)


def string_upper(input: object, encoding: str = "", name: str | None = None) -> Tensor:  # noqa: A002
    """Add strings in capital letters, of ASCII alone unless ``encoding`` is "utf-8"."""
    return output("StringUpper", input, encoding=encoding, name=name)


def string_strip(input: object, name: str | None = None) -> Tensor:  # noqa: A002
    """Add strings without the spaces around them."""
    return output("StringStrip", input, name=name)


def string_split(source: object, sep: object = None, skip_empty: bool = True, delimiter: object = None) -> SparseTensor:
    """Add the pieces of each string between delimiters, of which every byte is one.

    Args:
        source: A vector of strings.
        sep: The delimiters; spaces if not told; an empty string parts all bytes.
        skip_empty: Whether empty pieces are left out.
        delimiter: The same as ``sep``.
    """
    told = either("sep", sep, "delimiter", delimiter)
    with name_scope(None, "StringSplit", [source]):
        marks = convert_to_tensor(" " if told is None else told, "string")
        texts = convert_to_tensor(source, "string")
        return SparseTensor(*apply("StringSplit", texts, marks, skip_empty=skip_empty))
