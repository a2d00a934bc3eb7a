"""Importing a GraphDef: names, unknown ops, loops, and what is refused."""

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import CheckpointError, InvalidArgumentError
from ckpt_magics.files.formats.dtypes import FLOAT, INT32, STRING
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.import_graph import import_graph_def
from ckpt_magics.graphs.meta_graph.imported_names import parse_input
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.proto.messages import AttrValue, GraphDef, OpDef, OpList
from tests.graphs.graph.programs import build_graph, control, scopes

LOOP = """
node { name: "start" op: "Placeholder" attr { key: "dtype" value { type: DT_INT32 } } }
node { name: "merge" op: "Merge" input: "start" input: "next"
       attr { key: "T" value { type: DT_INT32 } } attr { key: "N" value { i: 2 } } }
node { name: "next" op: "NextIteration" input: "merge" attr { key: "T" value { type: DT_INT32 } } }
node { name: "use" op: "Identity" input: "merge:1" attr { key: "T" value { type: DT_INT32 } } }
"""


def graph_def(text):
    return text_format.Parse(text, GraphDef())


def imported(message, **options):
    graph = Graph()
    with graph.as_default():
        returned = import_graph_def(message, **{"name": "", **options})
    return graph, returned


def test_import_and_export_give_the_same_graph():
    for program in (scopes, control):
        original = build_graph(program).as_graph_def(add_shapes=True)
        assert original == imported(original)[0].as_graph_def(add_shapes=True)


def test_scope_goes_before_every_name_inputs_and_colocation_included():
    message = graph_def("""
        node { name: "a" op: "Mystery" attr { key: "_output_shapes" value { list { shape { dim { size: 2 } } } } } }
        node { name: "b" op: "Mystery" input: "a" input: "^a"
               attr { key: "_class" value { list { s: "loc:@a" s: "x" } } } }
    """)
    graph, (b,) = imported(message, name="s", return_elements=["b"])
    assert list(b.node_def.input) == ["s/a", "^s/a"]
    assert b.get_attr("_class") == [b"loc:@s/a", b"x"]
    assert graph.get_tensor_by_name("s/a:0").shape.as_list() == [2]


def test_default_scope_is_import():
    graph, _ = imported(graph_def('node { name: "a" op: "NoOp" }'), name=None)
    assert "import/a" in graph


def test_unknown_ops_are_kept_with_outputs_that_others_tell():
    graph, _ = imported(
        graph_def("""
            node { name: "m" op: "Mystery" attr { key: "any" value { s: "thing" } } }
            node { name: "i" op: "Identity" input: "m:2" attr { key: "T" value { type: DT_STRING } } }
            node { name: "t" op: "Typed" attr { key: "T" value { type: DT_INT32 } } }
            node { name: "u" op: "Mystery" input: "t" }
        """)
    )
    assert len(graph.get_operation_by_name("m").outputs) == 3
    assert graph.get_tensor_by_name("m:2").dtype == STRING
    assert graph.get_tensor_by_name("t:0").dtype == INT32
    assert graph.get_operation_by_name("m").get_attr("any") == b"thing"


def test_definitions_that_come_along_are_used_and_written_again():
    definition = OpDef(name="Mystery", output_arg=[OpDef.ArgDef(name="y", type=1), OpDef.ArgDef(name="z", type=3)])
    graph, _ = imported(graph_def('node { name: "m" op: "Mystery" }'), producer_op_list=OpList(op=[definition]))
    assert [tensor.dtype for tensor in graph.get_operation_by_name("m").outputs] == [FLOAT, INT32]
    assert graph.op_def("Mystery") == definition


def test_loops_are_connected_back():
    graph, _ = imported(graph_def(LOOP))
    merge = graph.get_operation_by_name("merge")
    assert [tensor.name for tensor in merge.inputs] == ["start:0", "next:0"]
    assert [node.name for node in graph.as_graph_def().node] == ["start", "merge", "next", "use"]


def test_functions_are_kept_whole_and_once():
    message = graph_def("""
        node { name: "c" op: "f" }
        library { function { signature { name: "f" output_arg { name: "y" type: DT_FLOAT } }
                             node_def { name: "n" op: "Mystery" } ret { key: "y" value: "n:y:0" } }
                  gradient { function_name: "f" gradient_func: "g" } }
    """)
    graph, _ = imported(message)
    with graph.as_default():
        import_graph_def(message, name="again")
    assert message.library == graph.as_graph_def().library
    assert graph.get_tensor_by_name("again/c:0").dtype == FLOAT


def test_second_import_gets_suffixes_that_follow_inputs():
    message = graph_def("""
        node { name: "a/b" op: "NoOp" }
        node { name: "a" op: "NoOp" input: "^a/b" }
    """)
    graph, _ = imported(message)
    with graph.as_default():
        import_graph_def(message, name="")
    assert [node.name for node in graph.as_graph_def().node] == ["a/b", "a", "a/b_1", "a_1"]
    assert list(graph.get_operation_by_name("a_1").node_def.input) == ["^a/b_1"]


def test_input_map_replaces_inputs_by_tensors_and_values():
    message = graph_def("""
        node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
        node { name: "y" op: "Neg" input: "x" attr { key: "T" value { type: DT_FLOAT } } }
        node { name: "z" op: "NoOp" input: "^x" }
    """)
    graph = Graph()
    with graph.as_default():
        one = constant(1.0, name="one")
        y, z = import_graph_def(message, {"x:0": one, "^x": one.op}, ["y:0", "z"], name="s")
        assert y.op.inputs == [one]
        assert z.control_inputs == [one.op]
        (other,) = import_graph_def(message, {"x": 2.0}, ["y"], name="t")
        assert other.inputs[0].name == "t/_inputs:0"
        with pytest.raises(InvalidArgumentError, match="requires a non-empty `name`"):
            import_graph_def(message, {"x": 2.0}, name="")
        with pytest.raises(InvalidArgumentError, match=r"not found in graph_def: \[nope:0\]"):
            import_graph_def(message, {"nope": one}, name="u")


REFUSED = {
    "twice": ('node { name: "a" op: "NoOp" } node { name: "a" op: "NoOp" }', "Node 'a' is not unique"),
    "no name": ('node { op: "NoOp" }', "Node '': Node name contains invalid characters"),
    "unknown input": ('node { name: "a" op: "Mystery" input: "b" }', "Node 'a': Unknown input node 'b'"),
    "no input": ('node { name: "a" op: "Mystery" input: "" }', "is not the name of a node's input"),
    "index": (
        'node { name: "a" op: "NoOp" } node { name: "b" op: "Mystery" input: "a:0" }',
        "Connecting to invalid output 0 of source node a which has 0 outputs",
    ),
    "order": (
        'node { name: "a" op: "Mystery" } node { name: "b" op: "Mystery" input: "^a" input: "a" }',
        "Control dependencies must come after regular dependencies",
    ),
}


def node(name, op, *inputs, dtype="", attr="T", more=""):
    typed = f'attr {{ key: "{attr}" value {{ type: {dtype} }} }}' if dtype else ""
    return f'node {{ name: "{name}" op: "{op}" {" ".join(f"input: {source!r}" for source in inputs)} {typed} {more} }}'


def number(name, dtype="DT_FLOAT", shape=""):
    tensor = f'attr {{ key: "value" value {{ tensor {{ dtype: {dtype} tensor_shape {{ {shape} }} }} }} }}'
    return node(name, "Const", dtype=dtype, attr="dtype", more=tensor)


UNFIT = {
    "type": (
        number("a", "DT_INT32") + node("b", "Relu", "a", dtype="DT_FLOAT"),
        "Input 0 of node b was passed int32 from a:0 incompatible with expected float.",
    ),
    "reference": (
        number("a") + node("b", "Assign", "a", "a", dtype="DT_FLOAT"),
        "Input 0 of node b was passed float from a:0 incompatible with expected float_ref.",
    ),
    "one too many": (
        number("a") + node("b", "NoOp", "a"),
        "NodeDef expected inputs '' do not match 1 inputs specified",
    ),
    "one too few": (
        number("a") + node("b", "AddV2", "a", dtype="DT_FLOAT"),
        "NodeDef expected inputs 'float, float' do not match 1 inputs specified",
    ),
    "no attribute": (number("a") + node("b", "Relu", "a"), "NodeDef missing attr 'T' from Op<name=Relu>"),
    "other attribute": (
        number("a") + node("b", "Relu", "a", more='attr { key: "T" value { i: 1 } }'),
        "AttrValue had value with type 'int' when 'type' expected\n\t for attr 'T'",
    ),
    "type that it cannot have": (
        number("a", "DT_STRING") + node("b", "L2Loss", "a", dtype="DT_STRING"),
        "Value for attr 'T' of string is not in the list of allowed values: half, bfloat16, float, double",
    ),
    "circle": (
        node("a", "Relu", "b", dtype="DT_FLOAT") + node("b", "Relu", "a", dtype="DT_FLOAT"),
        "2 nodes in a cycle",
    ),
    "shapes": (
        number("a", shape="dim { size: 2 } dim { size: 3 }") + node("b", "MatMul", "a", "a", dtype="DT_FLOAT"),
        "for '{{node b}} = MatMul'",
    ),
    "name": (node("a b", "NoOp"), "Node 'a b': Node name contains invalid characters"),
    "old writer": ("versions { producer: -1 }", "GraphDef producer version -1 below min producer 0"),
}


@pytest.mark.parametrize(("text", "message"), UNFIT.values(), ids=UNFIT)
def test_nodes_that_do_not_fit_their_ops_are_refused_but_can_be_looked_at(text, message):
    graph = Graph()
    with graph.as_default():
        with pytest.raises(InvalidArgumentError) as caught:
            import_graph_def(graph_def(text), name="")
        assert message in str(caught.value)
        assert len(graph) == 0
        assert graph.versions == Graph().versions
        import_graph_def(graph_def(text), name="", checked=False)


def test_elements_that_are_not_there_are_named():
    message = graph_def(number("a"))
    for element, said in {
        "a:1": r"Invalid return output 1 of node 'a', which has 1 output\(s\)",
        "b:0": "Requested return tensor 'b:0' not found in graph def",
        "a:b:0": "Cannot convert 'a:b:0' to a tensor name.",
    }.items():
        with Graph().as_default(), pytest.raises(InvalidArgumentError, match=said):
            import_graph_def(message, return_elements=[element])


def test_an_input_that_no_node_takes_can_be_mapped_if_a_node_puts_it_out():
    with Graph().as_default():
        import_graph_def(graph_def(number("a")), {b"a:0": 5.0})
        with pytest.raises(InvalidArgumentError, match=r"not found in graph_def: \[a:2\]"):
            import_graph_def(graph_def(number("a")), {"a:2": 5.0})


def test_an_attribute_of_newer_writers_goes_where_it_has_their_default():
    newer = OpDef(name="NoOp", attr=[OpDef.AttrDef(name="new", type="int", default_value=AttrValue(i=4))])
    for value, kept in ((4, False), (5, True)):
        message = graph_def(node("a", "NoOp", more=f'attr {{ key: "new" value {{ i: {value} }} }}'))
        _, (op,) = imported(message, producer_op_list=OpList(op=[newer]), return_elements=["a"])
        assert ("new" in op.node_def.attr) == kept


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_malformed_graphs_are_refused_and_leave_nothing(text, message):
    graph = Graph()
    with graph.as_default(), pytest.raises(InvalidArgumentError) as caught:
        import_graph_def(graph_def(text), name="")
    assert message in str(caught.value)
    assert len(graph) == 0


def test_arguments_are_checked():
    graph = Graph()
    with graph.as_default():
        for options in ({"input_map": []}, {"input_map": {1: 2}}, {"return_elements": [1]}):
            with pytest.raises(TypeError):
                import_graph_def(GraphDef(), **options)
        with pytest.raises(TypeError, match="must be a GraphDef"):
            import_graph_def("graph")
        with pytest.raises(InvalidArgumentError, match="Requested return node 'q' not found"):
            import_graph_def(GraphDef(), return_elements=["q"])
        graph.finalize()
        with pytest.raises(RuntimeError, match="finalized"):
            import_graph_def(GraphDef())


def test_versions_of_the_file_become_the_graphs():
    first = graph_def('node { name: "a" op: "NoOp" } versions { producer: 26 min_consumer: 3 }')
    graph, _ = imported(first)
    assert first.versions == graph.as_graph_def().versions
    with graph.as_default():
        import_graph_def(graph_def("versions { producer: 20 min_consumer: 5 bad_consumers: 7 }"))
    assert graph_def("versions { producer: 20 min_consumer: 5 bad_consumers: 7 }") == GraphDef(versions=graph.versions)


@given(st.text())
def test_any_text_is_an_input_or_refused(text):
    try:
        control, name, index = parse_input(text)
    except InvalidArgumentError:
        return
    assert text in {f"{control}{name}", f"{control}{name}:{index}", text if text.endswith(tuple("0123456789")) else ""}


@given(st.binary(max_size=60), st.integers(0, 400))
def test_changed_bytes_give_a_graph_or_our_error(data, position):
    original = build_graph(control).as_graph_def(add_shapes=True).SerializeToString(deterministic=True)
    position %= len(original)
    try:
        message = GraphDef.FromString(original[:position] + data + original[position + len(data) :])
    except Exception:  # noqa: BLE001 -- no message, so nothing to import
        return
    try:
        imported(message)
    except CheckpointError:
        return


def names_after(*imports):
    graph = Graph()
    with graph.as_default():
        for text, name in imports:
            import_graph_def(graph_def(text), name=name)
    return [op.name for op in graph.get_operations()]


def test_an_exact_scope_imported_into_twice_keeps_the_first_nodes():
    one, two = 'node { name: "c" op: "NoOp" }', 'node { name: "c" op: "NoOp" } node { name: "c_1" op: "NoOp" }'
    assert names_after((one, "X/"), (one, "X/")) == ["X/c", "X/c_1"]
    assert names_after((one, "X/"), (two, "X/")) == ["X/c", "X/c_2", "X/c_1"]
    assert names_after((one, "X/"), (one, "X")) == ["X/c", "X/c_1"]
    assert names_after(('node { name: "X/c/d" op: "NoOp" }', ""), (one, "X/")) == ["X/c/d", "X/c_1"]


def test_an_empty_placeholder_shape_means_any_before_version_22():
    text = 'node { name: "p" op: "Placeholder" attr { key: "shape" value { shape { } } } '
    text += 'attr { key: "dtype" value { type: DT_FLOAT } } } versions { producer: %d }'
    for producer, ndims in ((0, None), (21, None), (22, 0), (2474, 0)):
        graph = Graph()
        with graph.as_default():
            import_graph_def(graph_def(text % producer), name="")
        assert graph.get_tensor_by_name("p:0").shape.ndims == ndims


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("versions { min_consumer: 99999 }", "min consumer version 99999 above current version 2474"),
        ("versions { bad_consumers: 2474 }", "disallows consumer version 2474"),
        (
            'node { name: "a" op: "NoOp" attr { key: "_class" value { list { s: "loc:@gone" } } } }',
            "Node 'a' expects to be colocated with unknown node 'gone'",
        ),
    ],
)
def test_refuses_what_tensorflow_refuses_unless_it_is_only_to_be_read(text, message):
    with Graph().as_default():
        with pytest.raises(InvalidArgumentError, match=message):
            import_graph_def(graph_def(text))
        import_graph_def(graph_def(text), checked=False)
