"""Ops that make tensors of bytes: of raw numbers, and of lines of tables.

Format: tensorflow/core/kernels/decode_raw_op.cc, decode_csv_op.cc; core/ops/parsing_ops.cc.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import STRING, DType
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.type_sets import dtypes

__all__ = ["ROWS", "number_of"]


def number_of(text: bytes, dtype: DType) -> object:
    """Return the number that a text says, as TensorFlow reads it: spaces around it count nothing.

    Raises:
        ValueError: It says none, or one that the type does not have.
    """
    text = text.strip()
    if b"_" in text:
        raise ValueError(text)
    if not dtype.is_floating:
        number = int(text.decode("ascii"))
        limits = np.iinfo(dtype.numpy)
        if not limits.min <= number <= limits.max:
            raise ValueError(text)
        return number
    digits = text.decode("ascii").lower()
    return float.fromhex(digits) if digits.lstrip("+-").startswith("0x") else float(digits)


def _raw(ctx: KernelContext, texts: Array) -> Array:
    dtype = ctx.attr("out_type").numpy
    flat = np.asarray(texts, object).reshape(-1).tolist()
    sizes = {len(text) for text in flat}
    if len(sizes) > 1:
        raise InvalidArgumentError(f"DecodeRaw requires input strings to all be the same size, got {sorted(sizes)[:3]}")
    size = sizes.pop() if sizes else 0
    if size % dtype.itemsize:
        raise InvalidArgumentError(
            f"Input to DecodeRaw has length {size} that is not a multiple of {dtype.itemsize}, the size of {dtype.name}"
        )
    values = np.frombuffer(b"".join(flat), dtype.newbyteorder("<" if ctx.attr("little_endian") else ">"))
    return values.astype(dtype).reshape(*np.shape(texts), size // dtype.itemsize)


def _raw_shape(ctx: ShapeContext) -> list[Shape]:
    outer = ctx.shape(0)
    return [None if outer is None else (*outer, None)]


def _table(ctx: KernelContext, records: Array, *defaults: Array) -> tuple[Array, ...]:
    dtypes_told, count = ctx.attr("OUT_TYPE"), len(defaults)
    delimiter, quoted = ctx.attr("field_delim"), ctx.attr("use_quote_delim")
    if len(delimiter) != 1:
        raise InvalidArgumentError("field_delim should be only 1 char")
    chosen = list(ctx.attr("select_cols"))
    rows = [
        _columns(record, row, list(_fields(record, delimiter, quoted)), chosen, count)
        for row, record in enumerate(np.asarray(records, object).reshape(-1).tolist())
    ]
    results = []
    for column, (dtype, default) in enumerate(zip(dtypes_told, defaults, strict=True)):
        result = np.empty(len(rows), dtype.numpy)
        for row, fields in enumerate(rows):
            result[row] = _field(fields[column], dtype, default, ctx.attr("na_value"), (column, row))
        results.append(result.reshape(np.shape(records)))
    return tuple(results)


def _columns(record: bytes, row: int, fields: list[bytes], chosen: list[int], count: int) -> list[bytes]:
    wanted = [fields[column] for column in chosen if column < len(fields)] if chosen else fields
    if len(wanted) != count:
        raise InvalidArgumentError(f"Expect {count} fields but have {len(wanted)} in record {row}: {visible(record)}")
    return wanted


def _field(text: bytes, dtype: DType, default: Array, missing: bytes, place: tuple[int, int]) -> object:
    column, row = place
    if text in {b"", missing}:
        if np.size(default) == 0:
            raise InvalidArgumentError(f"Field {column} is required but missing in record {row}!")
        return np.asarray(default).reshape(-1)[0]
    if dtype == STRING:
        return text
    try:
        return number_of(text, dtype)
    except ValueError as error:
        raise InvalidArgumentError(
            f"Field {column} in record {row} is not a valid {dtype.name}: {visible(text)}"
        ) from error


def _fields(record: bytes, delimiter: bytes, quoted: bool) -> Iterator[bytes]:
    """Yield the fields of a line; in quotes, two quotes stand for one.

    Raises:
        InvalidArgumentError: Quotes stand where they cannot.
    """
    start = 0
    while start <= len(record):
        if quoted and record[start : start + 1] == b'"':
            text, start = _quoted(record, start + 1, delimiter)
        else:
            end = record.find(delimiter, start)
            end = len(record) if end < 0 else end
            text, start = record[start:end], end + 1
            if quoted and (b'"' in text or b"\n" in text or b"\r" in text):
                raise InvalidArgumentError("Unquoted fields cannot have quotes/CRLFs inside")
        yield text


def _quoted(record: bytes, start: int, delimiter: bytes) -> tuple[bytes, int]:
    """Return a field whose quotes begin before ``start``, and where the next one begins."""
    parts = []
    while True:
        end = record.find(b'"', start)
        if end < 0:
            raise InvalidArgumentError("Quoted field has to end with quote followed by delim or end")
        parts.append(record[start:end])
        if record[end + 1 : end + 2] != b'"':
            break
        parts.append(b'"')
        start = end + 2
    if record[end + 1 : end + 2] not in {b"", delimiter}:
        raise InvalidArgumentError("Quote inside a string has to be escaped by another quote")
    return b"".join(parts), end + 2


def _table_shapes(ctx: ShapeContext) -> list[Shape]:
    return [ctx.shape(0)] * len(ctx.attr("OUT_TYPE"))


CELLS = dtypes("float double int32 int64 string")
RAW = dtypes("half float double int32 uint16 uint8 int16 int8 int64 complex64 complex128 bool bfloat16")

ROWS: tuple[Op, ...] = (
    Op(
        "DecodeRaw",
        "bytes: string -> output: out_type",
        (types("out_type", RAW), flag("little_endian", True)),
        _raw_shape,
        _raw,
    ),
    Op(
        "DecodeCSV",
        "records: string, record_defaults: list(OUT_TYPE) -> output: list(OUT_TYPE)",
        (
            Attr("OUT_TYPE", "list(type)", minimum=1, allowed=CELLS),
            Attr("field_delim", "string", b","),
            flag("use_quote_delim", True),
            Attr("na_value", "string", b""),
            Attr("select_cols", "list(int)", ()),
        ),
        _table_shapes,
        _table,
    ),
)
