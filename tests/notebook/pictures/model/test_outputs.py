"""dtype and shape of outputs, from attributes and op definitions."""

import pytest

from ckpt_magics.notebook.pictures.model.outputs import describe_node, describe_output, format_dims
from ckpt_magics.proto import messages


def node(op, **types):
    made = messages.NodeDef(name="n", op=op)
    for name, number in types.items():
        made.attr[name].type = number
    return made


def test_reads_dtype_attribute():
    assert describe_output(node("Relu", T=messages.DT_HALF), 0, {}) == "float16"


def test_op_definition_settles_the_dtype():
    op_def = messages.OpDef(name="ArgMax")
    op_def.output_arg.add(name="output", type_attr="output_type")
    made = node("ArgMax", T=messages.DT_FLOAT, output_type=messages.DT_INT64)
    assert describe_output(made, 0, {"ArgMax": op_def}) == "int64"
    assert describe_output(made, 1, {"ArgMax": op_def}) == ""


def test_reference_is_shown_as_what_it_refers_to():
    assert describe_output(node("VariableV2", dtype=101), 0, {}) == "float32"


def test_resource_variable_shows_its_value():
    made = node("VarHandleOp", dtype=messages.DT_FLOAT)
    made.attr["shape"].shape.dim.add(size=3)
    assert describe_node(made, {}) == "float32 [3]"
    assert describe_output(made, 0, {}) == "resource"


@pytest.mark.parametrize("number", [-1, 0, 99, 9999])
def test_unknown_dtype_is_left_out(number):
    assert describe_output(node("Relu", T=number), 0, {}) == ""


def test_count_from_a_file_is_bounded():
    op_def = messages.OpDef(name="Split")
    op_def.output_arg.add(name="output", type_attr="T", number_attr="N")
    made = node("Split", T=messages.DT_FLOAT)
    made.attr["N"].i = 2**62
    assert describe_output(made, 5, {"Split": op_def}) == "float32"
    made.attr["N"].i = -(2**62)
    assert describe_output(made, 5, {"Split": op_def}) == ""


def test_long_shapes_are_cut():
    assert format_dims([None, -1, 2]) == "[?, ?, 2]"
    assert format_dims(list(range(300))).endswith("7, …]")
