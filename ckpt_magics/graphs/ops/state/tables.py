"""Ops of hash tables: from words to numbers and back.

A table lives as long as its session, under its shared name or its node's. Of the kinds of table only those that are
filled once are here.

Format: tensorflow/core/kernels/lookup_table_op.cc, lookup_util.cc, core/ops/lookup_ops.cc.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ckpt_magics.errors import FailedPreconditionError, InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import STRING, DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.holders import HOLDER_ATTRS, held
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeRule, flag, types
from ckpt_magics.graphs.ops.shape_rules import like_input, no_outputs, reference, scalar
from ckpt_magics.graphs.ops.state.vocabularies import file_words

__all__ = ["ROWS"]

WHOLE_LINE, LINE_NUMBER = -2, -1
"""What an index of a column may be besides a column's number."""


class TableState:
    """One table.

    Args:
        name: Its name in messages.
        key_type: Type of the keys.
        value_type: Type of the values.
    """

    def __init__(self, name: str, key_type: DType, value_type: DType) -> None:
        self.name = name
        self.key_type = key_type
        self.value_type = value_type
        self.entries: dict[object, object] | None = None

    def fill(self, entries: dict[object, object]) -> None:
        """Give the table its entries.

        Raises:
            FailedPreconditionError: It has other ones.
        """
        if self.entries is not None and self.entries != entries:
            raise FailedPreconditionError(f"Table {visible(self.name)} already initialized.")
        self.entries = entries

    def found(self) -> dict[object, object]:
        """Return the entries.

        Raises:
            FailedPreconditionError: There are none yet.
        """
        if self.entries is None:
            raise FailedPreconditionError(f"Table {visible(self.name)} not initialized.")
        return self.entries


def _make(ctx: KernelContext) -> TableState:
    return _table(held(ctx, "table", lambda name: TableState(name, ctx.attr("key_dtype"), ctx.attr("value_dtype"))))


def _table(handle: object) -> TableState:
    if not isinstance(handle, TableState):
        raise InvalidArgumentError("the handle is none of a table")
    return handle


def _check_types(table: TableState, keys: DType, values: DType) -> None:
    if (table.key_type, table.value_type) != (keys, values):
        raise InvalidArgumentError(
            f"table {visible(table.name)} takes {table.key_type.c_name} to {table.value_type.c_name}, not "
            f"{keys.c_name} to {values.c_name}"
        )


def _fill(ctx: KernelContext, handle: object, keys: Array, values: Array) -> None:
    table = _table(handle)
    _check_types(table, ctx.attr("Tkey"), ctx.attr("Tval"))
    if np.shape(keys) != np.shape(values):
        raise InvalidArgumentError(
            f"keys and values must be of one size, got {format_shape(np.shape(keys))} and "
            f"{format_shape(np.shape(values))}"
        )
    table.fill(_entries(zip(_items(keys), _items(values), strict=True)))


def _items(values: Array) -> list[object]:
    items: list[object] = np.reshape(values, -1).tolist()
    return items


def _entries(pairs: Iterable[tuple[object, object]]) -> dict[object, object]:
    entries: dict[object, object] = {}
    for key, value in pairs:
        if entries.setdefault(key, value) != value:
            raise InvalidArgumentError(f"HashTable has different value for same key. Key {key!r} has {value!r}")
    return entries


def _fill_from_file(ctx: KernelContext, handle: object, filename: Array) -> None:
    table = _table(handle)
    size = ctx.attr("vocab_size")
    file: bytes = np.asarray(filename, object).item()
    lines = list(file_words(file, ctx.attr("offset"), None if size < 0 else size))
    if len(lines) < size:
        raise InvalidArgumentError(f"{visible(file)} has {len(lines)} lines, and {size} are wanted")
    keys, values = (
        [_column(line, number, index, dtype, ctx.attr("delimiter")) for number, line in enumerate(lines)]
        for index, dtype in ((ctx.attr("key_index"), table.key_type), (ctx.attr("value_index"), table.value_type))
    )
    table.fill(_entries(zip(keys, values, strict=True)))


def _column(line: bytes, number: int, index: int, dtype: DType, delimiter: bytes) -> object:
    """Return one column of a line of a vocabulary, as an element of a dtype."""
    if index == LINE_NUMBER:
        return number
    parts = line.split(delimiter)
    if index >= len(parts):
        raise InvalidArgumentError(f"line {number} has {len(parts)} columns, and column {index} is wanted")
    text = line if index == WHOLE_LINE else parts[index]
    if dtype == STRING:
        return text
    try:
        return dtype.numpy.type(text.decode("ascii")).item()
    except ValueError as error:
        raise InvalidArgumentError(f"line {number}: {visible(text)!r} is no {dtype.c_name}") from error


def _find(ctx: KernelContext, handle: object, keys: Array, default: Array) -> Array:
    table = _table(handle)
    _check_types(table, ctx.attr("Tin"), ctx.attr("Tout"))
    entries, otherwise = table.found(), np.asarray(default).item()
    result = np.empty(np.size(keys), table.value_type.numpy)
    result[:] = [entries.get(key, otherwise) for key in _items(keys)]
    return result.reshape(np.shape(keys))


def _size(_ctx: KernelContext, handle: object) -> Array:
    return np.int64(len(_table(handle).entries or ()))


HOLDER = (*HOLDER_ATTRS, flag("use_node_name_sharing"), types("key_dtype"), types("value_dtype"))
FILE = (
    Attr("key_index", "int", minimum=-2),
    Attr("value_index", "int", minimum=-2),
    Attr("vocab_size", "int", -1, minimum=-1),
    Attr("delimiter", "string", b"\t"),
    Attr("offset", "int", 0),
)
FOUND = (types("Tin"), types("Tout"))
FILLED = (types("Tkey"), types("Tval"))


def _rows(version: str, kind: str, handle_shape: ShapeRule, *, is_stateful: bool) -> tuple[Op, ...]:
    """Return the rows for one kind of handle."""
    return (
        Op(
            f"HashTable{version}",
            f"-> table_handle: {kind}",
            HOLDER,
            handle_shape,
            _make,
            is_stateful=True,
        ),
        Op(
            f"InitializeTable{version}",
            f"table_handle: {kind}, keys: Tkey, values: Tval ->",
            FILLED,
            no_outputs,
            _fill,
            is_stateful=is_stateful,
        ),
        Op(
            f"InitializeTableFromTextFile{version}",
            f"table_handle: {kind}, filename: string ->",
            FILE,
            no_outputs,
            _fill_from_file,
            is_stateful=is_stateful,
        ),
        Op(
            f"LookupTableFind{version}",
            f"table_handle: {kind}, keys: Tin, default_value: Tout -> values: Tout",
            FOUND,
            like_input(1),
            _find,
            is_stateful=is_stateful,
        ),
        Op(
            f"LookupTableSize{version}",
            f"table_handle: {kind} -> size: int64",
            (),
            scalar,
            _size,
            is_stateful=is_stateful,
        ),
    )


ROWS: tuple[Op, ...] = (
    *_rows("", "Ref(string)", reference, is_stateful=False),
    *_rows("V2", "resource", scalar, is_stateful=True),
)
