"""Rows read as they are written and give definitions."""

import pytest

from ckpt_magics.files.formats.dtypes import FLOAT, HALF
from ckpt_magics.graphs.ops.row import Arg, Attr, Op, flag, types
from ckpt_magics.graphs.ops.rows import OPS, find_op
from ckpt_magics.graphs.ops.shape_rules import no_outputs


def row(signature, *attrs):
    return Op("Sample", signature, attrs, no_outputs, lambda _ctx: None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: T", Arg("x", "T")),
        ("x: int32", Arg("x", "int32")),
        ("ref: Ref(T)", Arg("ref", "T", is_ref=True)),
        ("values: N * T", Arg("values", "T", number_attr="N")),
        ("tensors: list(dtypes)", Arg("tensors", type_list_attr="dtypes")),
    ],
)
def test_reads_each_kind_of_argument(text, expected):
    assert row(f"{text} ->").inputs == (expected,)
    assert row(f"-> {text}").outputs == (expected,)


def test_type_of_an_argument_is_an_attribute_if_there_is_one_of_the_name():
    op_def = row("x: T, axis: int32 -> y: T", types("T")).op_def()
    assert [(arg.type, arg.type_attr) for arg in op_def.input_arg] == [(0, "T"), (3, "")]


def test_attributes_keep_defaults_limits_and_allowed_types():
    op_def = row("x: T ->", types("T", (FLOAT, HALF), FLOAT), Attr("N", "int", 2, minimum=1), flag("keep")).op_def()
    kinds, count, keep = op_def.attr
    assert (kinds.default_value.type, list(kinds.allowed_values.list.type)) == (1, [1, 19])
    assert (count.default_value.i, count.has_minimum, count.minimum) == (2, True, 1)
    assert keep.HasField("default_value")


def test_attribute_without_default_has_none_in_the_definition():
    assert not row("->", Attr("value", "tensor")).op_def().attr[0].HasField("default_value")


def test_table_finds_rows_by_name():
    assert find_op("MatMul") is OPS["MatMul"]
    assert find_op("TotallyCustomOp") is None


def test_every_row_is_filed_under_one_name():
    from ckpt_magics.graphs.ops import rows as table

    rows = [row.name for family in table._FAMILIES for row in family.ROWS]
    assert len(rows) == len(set(rows)) == len(OPS)
