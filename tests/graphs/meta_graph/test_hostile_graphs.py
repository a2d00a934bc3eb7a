"""Graphs that no program writes: reading, writing, drawing and running them ends soon, in a result or our errors."""

import contextlib

import pytest

from ckpt_magics.errors import CheckpointError, InvalidArgumentError
from ckpt_magics.files.formats.dtypes import FLOAT, INT32, RESOURCE, as_dtype
from ckpt_magics.files.formats.shapes import MAX_RANK
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.import_graph import import_graph_def
from ckpt_magics.graphs.meta_graph.imported_types import BYTES_PER_OUTPUT, FREE_OUTPUTS
from ckpt_magics.graphs.meta_graph.meta_graph import export_scoped_meta_graph
from ckpt_magics.graphs.session import Session
from ckpt_magics.notebook.pictures.picture import draw_graph
from ckpt_magics.proto.messages import AttrValue, GraphDef, TensorProto, TensorShapeProto

FAR = 1 << 33
"""As a count or rank, more than any memory holds."""


def shape(*sizes):
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])


class Nodes:
    """A GraphDef that grows by one node per call."""

    def __init__(self):
        self.graph_def = GraphDef()

    def add(self, name, op, *inputs, **attrs):
        node = self.graph_def.node.add(name=name, op=op, input=inputs)
        for key, value in attrs.items():
            node.attr[key].CopyFrom(self._attr(value))

    def const(self, name, values, dtype=INT32, sizes=None):
        proto = TensorProto(dtype=dtype.number, tensor_shape=shape(*([len(values)] if sizes is None else sizes)))
        (proto.float_val if dtype == FLOAT else proto.int_val).extend(values)
        self.add(name, "Const", value=proto, dtype=dtype)

    @staticmethod
    def _attr(value):
        if isinstance(value, AttrValue):
            return value
        fields = {bool: "b", int: "i", float: "f", bytes: "s", TensorShapeProto: "shape", TensorProto: "tensor"}
        if type(value) in fields:
            return AttrValue(**{fields[type(value)]: value})
        return AttrValue(type=as_dtype(value).number)


def circle_of_handles(nodes):
    nodes.add("a", "Identity", "b", T=RESOURCE)
    nodes.add("b", "Identity", "a", T=RESOURCE)
    nodes.add("last", "ReadVariableOp", "a", dtype=FLOAT)


def circle_of_constants(nodes):
    nodes.add("a", "Identity", "b", T=INT32)
    nodes.add("b", "Identity", "a", T=INT32)
    nodes.const("values", [1.0], FLOAT)
    nodes.add("last", "Reshape", "values", "a", T=FLOAT, Tshape=INT32)


def circle_of_control_inputs(nodes):
    nodes.add("a", "NoOp", "^last")
    nodes.add("last", "NoOp", "^a")


def long_chain(nodes):
    nodes.const("n0", [1.0], FLOAT)
    for index in range(1, 5000):
        nodes.add(f"n{index}", "Identity", f"n{index - 1}", T=FLOAT)
    nodes.add("last", "Identity", "n4999", T=FLOAT)


def rank_that_grows(nodes):
    nodes.const("n0", [1.0], FLOAT)
    nodes.const("axis", [0], sizes=[])
    for index in range(1, 3000):
        nodes.add(f"n{index}", "ExpandDims", f"n{index - 1}", "axis", T=FLOAT, Tdim=INT32)
    nodes.add("last", "Identity", "n2999", T=FLOAT)


def size_that_grows(nodes):
    nodes.add("n0", "Placeholder", dtype=FLOAT, shape=shape(1 << 30))
    nodes.const("by", [1 << 30])
    for index in range(1, 3000):
        nodes.add(f"n{index}", "Tile", f"n{index - 1}", "by", T=FLOAT, Tmultiples=INT32)
    nodes.add("last", "Identity", "n2999", T=FLOAT)


def rank_from_a_vector(nodes):
    nodes.add("dims", "Placeholder", dtype=INT32, shape=shape(FAR))
    nodes.const("value", [1.0], FLOAT, [])
    nodes.add("last", "Fill", "dims", "value", T=FLOAT, index_type=INT32)


def rank_from_paddings(nodes):
    nodes.add("value", "Placeholder", dtype=FLOAT)
    nodes.add("paddings", "Placeholder", dtype=INT32, shape=shape(FAR, 2))
    nodes.add("last", "Pad", "value", "paddings", T=FLOAT, Tpaddings=INT32)


def rank_from_batch_dims(nodes):
    nodes.add("values", "Placeholder", dtype=FLOAT, shape=shape(2, 3))
    nodes.add("indices", "Placeholder", dtype=INT32, shape=shape(2))
    nodes.add("axis", "Placeholder", dtype=INT32, shape=shape())
    nodes.add(
        "last",
        "GatherV2",
        "values",
        "indices",
        "axis",
        Tparams=FLOAT,
        Tindices=INT32,
        Taxis=INT32,
        batch_dims=-FAR,
    )


def more_parts_than_memory(nodes):
    nodes.add("value", "Placeholder", dtype=FLOAT)
    nodes.const("axis", [0], sizes=[])
    nodes.add("unpacked", "Unpack", "value", T=FLOAT, num=FAR)
    nodes.add("split", "Split", "axis", "value", T=FLOAT, num_split=FAR)
    nodes.add("fewer", "Unpack", "value", T=FLOAT, num=-5)
    nodes.add("last", "AddV2", "unpacked:3", "split:2", T=FLOAT)


def constant_of_another_size(nodes):
    nodes.const("huge", [1.0], FLOAT, [1 << 40])
    nodes.const("sizes", [1], sizes=[1 << 62, 1 << 62])
    nodes.add("last", "Reshape", "huge", "sizes", T=FLOAT, Tshape=INT32)


def constant_of_negative_size(nodes):
    nodes.const("sizes", [1], sizes=[-5])
    nodes.const("values", [1.0], FLOAT)
    nodes.add("last", "Reshape", "values", "sizes", T=FLOAT, Tshape=INT32)


def constant_without_a_value(nodes):
    nodes.add("sizes", "Const", dtype=INT32)
    nodes.const("values", [1.0], FLOAT)
    nodes.add("last", "Reshape", "values", "sizes", T=FLOAT, Tshape=INT32)


def constant_of_another_type(nodes):
    nodes.const("sizes", [1.5], FLOAT)
    nodes.graph_def.node[0].attr["dtype"].type = INT32.number
    nodes.const("values", [1.0], FLOAT)
    nodes.add("last", "Reshape", "values", "sizes", T=FLOAT, Tshape=INT32)


def attributes_of_other_types(nodes):
    nodes.add("sizes", "Const", value=3.0, dtype=INT32)
    nodes.add("x", "Placeholder", shape=5, dtype=FLOAT)
    nodes.add("w", "VariableV2", shape=b"2", dtype=FLOAT)
    nodes.add("pooled", "MaxPool", "x", T=FLOAT, ksize=AttrValue(list=AttrValue.ListValue(s=[b"1"] * 4)))
    nodes.add("last", "MatMul", "x", "pooled", T=FLOAT, transpose_a=b"x")


def numbers_that_are_none(nodes):
    nodes.add("x", "Placeholder", shape=shape(2), dtype=FLOAT)
    nodes.add("unknown", "Mystery", x=float("inf"), y=float("nan"))
    nodes.add("last", "LeakyRelu", "x", T=FLOAT, alpha=float("nan"))


def types_that_are_none(nodes):
    for name, number in (("a", 999), ("b", -1), ("last", 0)):
        nodes.add(name, "Placeholder", dtype=AttrValue(type=number))


def too_many_dimensions(nodes):
    nodes.add("x", "Placeholder", shape=shape(*[1] * (MAX_RANK + 1)), dtype=FLOAT)
    nodes.add("last", "Identity", "x", T=FLOAT)
    nodes.graph_def.node[1].attr["_output_shapes"].list.shape.append(shape(*[1] * 1000))


def inputs_that_do_not_fit(nodes):
    nodes.const("c", [1], sizes=[])
    nodes.add("none", "MatMul", T=FLOAT)
    nodes.add("pack", "Pack", "c", N=FAR, T=INT32)
    nodes.add("index", "StridedSlice", "c", T=INT32, Index=INT32)
    nodes.add("last", "ReadVariableOp", "c", dtype=INT32)


def names_like_paths(nodes):
    nodes.add("/" * 50_000, "NoOp")
    nodes.add("last" + "/x" * 50_000, "NoOp")


CASES = [
    circle_of_handles,
    circle_of_constants,
    circle_of_control_inputs,
    long_chain,
    rank_that_grows,
    size_that_grows,
    rank_from_a_vector,
    rank_from_paddings,
    rank_from_batch_dims,
    more_parts_than_memory,
    constant_of_another_size,
    constant_of_negative_size,
    constant_without_a_value,
    constant_of_another_type,
    attributes_of_other_types,
    numbers_that_are_none,
    types_that_are_none,
    too_many_dimensions,
    inputs_that_do_not_fit,
    names_like_paths,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_damaged_graph_is_kept_as_it_is_and_fails_only_when_run(case):
    nodes = Nodes()
    case(nodes)
    graph = Graph()
    with graph.as_default():
        import_graph_def(nodes.graph_def, name="", checked=False)
        import_graph_def(nodes.graph_def, name="", checked=False)  # beside its own names
    exported = export_scoped_meta_graph(graph=graph)[0].graph_def
    assert [node.op for node in exported.node] == [node.op for node in nodes.graph_def.node] * 2
    for node, given in zip(graph.as_graph_def().node, nodes.graph_def.node, strict=False):
        assert given.attr.keys() - {"_output_shapes"} <= node.attr.keys()
        assert ("value" in node.attr) == ("value" in given.attr)
    assert draw_graph(nodes.graph_def, time_limit=5).svg
    with Session(graph=graph) as session:
        for op in graph.get_operations()[-5:]:
            with contextlib.suppress(CheckpointError):
                session.run(op)


def test_more_outputs_than_the_file_accounts_for_are_refused():
    nodes = Nodes()
    nodes.add("value", "Placeholder", dtype=FLOAT)
    for index in range(FREE_OUTPUTS // 60_000 + 1):
        nodes.add(f"u{index}", "Unpack", "value", T=FLOAT, num=60_000)
    assert nodes.graph_def.ByteSize() // BYTES_PER_OUTPUT < 60_000 - FREE_OUTPUTS % 60_000
    with Graph().as_default(), pytest.raises(InvalidArgumentError, match="and with it the graph has more than"):
        import_graph_def(nodes.graph_def)


def test_outputs_that_only_a_number_refers_to_are_counted():
    nodes = Nodes()
    for index in range(FREE_OUTPUTS // 60_000 + 1):
        nodes.add(f"a{index}", "Mystery")
        nodes.add(f"b{index}", "Identity", f"a{index}:59999", T=FLOAT)
    with Graph().as_default(), pytest.raises(InvalidArgumentError, match="and with it the graph has more than"):
        import_graph_def(nodes.graph_def)


@pytest.mark.parametrize(
    ("node_input", "message"),
    [
        ("nowhere", "Node 'a': Unknown input node 'nowhere'"),
        (":0", "':0' is not the name of a node's input"),
        ("a:7", "Connecting to invalid output 7 of source node a which has 1 outputs"),
    ],
)
def test_refuses_inputs_that_lead_nowhere(node_input, message):
    nodes = Nodes()
    nodes.add("a", "Identity", node_input, T=FLOAT)
    graph = Graph()
    with graph.as_default(), pytest.raises(InvalidArgumentError, match=message):
        import_graph_def(nodes.graph_def, name="")
    assert not graph.get_operations()


def test_many_equal_names_are_refused():
    nodes = Nodes()
    for _ in range(50_000):
        nodes.add("same", "NoOp")
    with Graph().as_default(), pytest.raises(InvalidArgumentError, match="Node 'same' is not unique"):
        import_graph_def(nodes.graph_def, name="")
    assert "same" in draw_graph(nodes.graph_def, time_limit=5).text
