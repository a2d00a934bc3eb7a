"""Tensors made of bytes: of raw numbers, and of lines of tables.

Format: tensorflow/python/ops/parsing_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import as_dtype
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.old_names import either

__all__ = ["decode_csv", "decode_raw"]


def decode_raw(
    input_bytes: object = None,
    out_type: object = None,
    little_endian: bool = True,
    name: str | None = None,
    bytes: object = None,  # noqa: A002 -- TensorFlow's older name
) -> Tensor:
    """Add the numbers that stand in strings of bytes of one length, as a new last dimension.

    Args:
        input_bytes: The strings, any shape.
        out_type: Type of the numbers.
        little_endian: Whether the lowest byte of a number stands first.
        name: Of the node.
        bytes: The same as ``input_bytes``.
    """
    given = either("input_bytes", input_bytes, "bytes", bytes)
    return output("DecodeRaw", given, out_type=as_dtype(out_type), little_endian=little_endian, name=name)


def decode_csv(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    records: object,
    record_defaults: Sequence[Any],
    field_delim: str = ",",
    use_quote_delim: bool = True,
    name: str | None = None,
    na_value: str = "",
    select_cols: Sequence[int] | None = None,
) -> list[Tensor]:
    """Add the columns of lines of a table.

    Args:
        records: The lines, any shape.
        record_defaults: For each column what an empty field means, a value or a list of one, whose type is the
            column's; an empty list or a type if there has to be something.
        field_delim: Stands between fields.
        use_quote_delim: Whether quotes may stand around a field.
        name: Of the node.
        na_value: Another text of an empty field.
        select_cols: Which columns are wanted; all if not told.

    Raises:
        ValueError: The chosen columns are not in order, or not as many as the defaults.
    """
    chosen = list(select_cols or ())
    if sorted(set(chosen)) != chosen or (chosen and min(chosen) < 0):
        raise ValueError("select_cols is not strictly increasing, or negative.")
    if chosen and len(chosen) != len(record_defaults):
        raise ValueError("Length of select_cols and record_defaults do not match.")
    with name_scope(name, "DecodeCSV", [records]) as scope:
        defaults = [convert_to_tensor(value) for value in record_defaults]
        columns: list[Tensor] = apply(
            "DecodeCSV",
            records,
            defaults,
            field_delim=field_delim,
            use_quote_delim=use_quote_delim,
            na_value=na_value,
            select_cols=chosen,
            name=scope,
        )
    return columns
