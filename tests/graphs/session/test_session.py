"""Runs compute what is fetched, in any structure, and refuse in TensorFlow's words what cannot be."""

import pickle
import sys
import threading
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

from ckpt_magics.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    TensorMismatchError,
    UnimplementedError,
)
from ckpt_magics.files.formats.dtypes import FLOAT, RESOURCE
from ckpt_magics.graphs.graph.default import current_session, get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import OutputType
from ckpt_magics.graphs.meta_graph.import_graph import import_graph_def
from ckpt_magics.graphs.nodes.build import apply, constant, group, identity, no_op, placeholder
from ckpt_magics.graphs.session import Session
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.proto.messages import GraphDef, NodeDef

Pair = namedtuple("Pair", "first second")


@pytest.fixture
def graph():
    graph = Graph()
    with graph.as_default():
        yield graph


@pytest.fixture
def session(graph):
    session = Session(graph=graph)
    yield session
    session.close()


def unknown_op(graph, *inputs):
    return graph.create_op("TotallyCustomOp", list(inputs), name="custom", output_dtypes=[OutputType(FLOAT)])


class TestFetches:
    def test_results_have_the_structure_of_the_fetches(self, session):
        a, b = constant(1.0, name="a"), constant([2, 3], name="b")
        results = session.run({"pair": Pair(a, [b]), "names": ("a:0", "b"), "op": a.op, "ordered": OrderedDict(x=a)})
        assert results["pair"].first == 1
        assert results["pair"].second[0].tolist() == [2, 3]
        assert results["names"] == (1, None)
        assert results["op"] is None
        assert results["ordered"] == OrderedDict(x=1)

    def test_dataclasses_come_back_as_such(self, session):
        @dataclass
        class Losses:
            train: object
            test: object

        assert session.run(Losses(constant(1.0), constant(2.0))) == Losses(1.0, 2.0)

    def test_scalars_come_as_numpy_scalars_and_strings_as_bytes(self, session):
        assert type(session.run(constant(1.5))) is np.float32
        assert session.run(constant("text")) == b"text"

    def test_nothing_is_an_empty_result(self, session):
        constant(1)
        assert session.run([]) == []

    @pytest.mark.parametrize(
        ("fetch", "error", "text"),
        [
            (None, TypeError, 'Argument `fetch` = None has invalid type "NoneType". Cannot be None'),
            (3, TypeError, 'Argument `fetch` = 3 has invalid type "int" must be a string or Tensor.'),
            (
                "nope",
                ValueError,
                "Argument `fetch` = nope cannot be interpreted as a Tensor. "
                "(\"The name 'nope' refers to an Operation not in the graph.\")",
            ),
            ("a:1", ValueError, "Argument `fetch` = a:1 cannot be interpreted as a Tensor."),
        ],
    )
    def test_refuses_what_is_no_fetch(self, session, fetch, error, text):
        constant(1, name="a")
        with pytest.raises(error) as caught:
            session.run(fetch)
        assert str(caught.value).startswith(text)

    def test_refuses_a_tensor_of_another_graph(self, session):
        constant(1)
        with Graph().as_default():
            other = constant(2)
        with pytest.raises(ValueError, match="is not an element of this graph"):
            session.run(other)

    def test_fetched_arrays_belong_to_the_caller(self, session):
        const = constant([1.0, 2.0])
        weights = Variable([1.0, 2.0], name="w")
        session.run(weights.initializer)
        for fetched in session.run([const, identity(const), weights, const]):
            fetched[:] = 9
        assert session.run(const).tolist() == session.run(weights).tolist() == [1, 2]


class TestFeeds:
    def test_feeds_by_tensor_and_by_name(self, session):
        x, y = placeholder("float32", [2], name="x"), placeholder("int32", name="y")
        assert session.run([identity(x), y], {x: [1, 2], "y:0": 5})[0].tolist() == [1, 2]

    def test_any_tensor_can_be_fed(self, session, graph):
        source = unknown_op(graph).outputs[0]
        assert session.run(identity(source) * 2.0, {source: 4}) == 8

    def test_fed_variable_is_not_read(self, session):
        weights = Variable([1.0, 2.0], name="w")
        assert session.run(identity(weights.value()), {weights: [5, 6]}).tolist() == [5, 6]

    def test_fed_array_cannot_reach_a_variable_later(self, session):
        x = placeholder("float32", [2])
        weights = Variable([0.0, 0.0], name="w")
        fed = np.ones(2, np.float32)
        session.run(weights.assign(x).op, {x: fed})
        fed[:] = 7
        assert session.run(weights).tolist() == [1, 1]
        assert fed.flags.writeable

    def test_texts_are_fed_as_utf_8(self, session):
        x = placeholder("string", [2])
        assert session.run(identity(x), {x: ["é", b"\xff"]}).tolist() == ["é".encode(), b"\xff"]

    def test_refuses_a_wrong_shape(self, session):
        x = placeholder("float32", [None, 2], name="x")
        with pytest.raises(
            ValueError, match=r"Cannot feed value of shape \(3,\) for Tensor x:0, which has shape \(\?, 2\)"
        ):
            session.run(x, {x: [1, 2, 3]})

    def test_refuses_keys_that_are_no_tensors(self, session):
        x = placeholder("float32", name="x")
        for key in ("nope:0", "x", 3, x.op):
            with pytest.raises(TypeError, match="Cannot interpret feed_dict key as Tensor: "):
                session.run(x, {key: 1})

    def test_refuses_a_tensor_as_a_value(self, session):
        x = placeholder("float32", name="x")
        with pytest.raises(TypeError, match=r"The value of a feed cannot be a tf\.Tensor object"):
            session.run(x, {x: constant(1.0)})

    def test_refuses_an_int_that_does_not_fit(self, session):
        x = placeholder("int32", name="x")
        with pytest.raises(TypeError, match="is not compatible with Tensor type"):
            session.run(x, {x: 1 << 40})

    def test_placeholder_without_a_value_says_so(self, session):
        x = placeholder("float32", [2], name="x")
        with pytest.raises(
            InvalidArgumentError, match=r"You must feed a value for placeholder tensor 'x' with dtype float"
        ):
            session.run(x + 1.0)


class TestOrder:
    def test_control_inputs_run_first(self, session, graph):
        counter = Variable(0, name="counter")
        session.run(counter.initializer)
        with graph.control_dependencies([counter.assign_add(1)]):
            done = no_op(name="done")
        assert session.run(done) is None
        assert session.run(counter) == 1

    def test_only_what_is_needed_runs(self, session, graph):
        counter = Variable(0, name="counter")
        session.run(counter.initializer)
        counter.assign_add(1)
        unknown_op(graph)
        assert session.run(counter) == 0

    def test_an_operation_runs_once_however_often_it_is_needed(self, session):
        counter = Variable(0, name="counter")
        session.run(counter.initializer)
        update = counter.assign_add(1)
        session.run([update, group(update), update])
        assert session.run(counter) == 1

    def test_feeding_a_placeholder_satisfies_those_that_wait_for_it(self, session, graph):
        x = placeholder("float32", name="x")
        with graph.control_dependencies([x]):
            y = constant(2.0)
        assert session.run(y, {x: 1}) == 2

    def test_chains_are_as_long_as_memory_allows(self, session, graph):
        end = constant(1.0)
        for _ in range(20_000):
            end = graph.create_op("Identity", [end]).outputs[0]
        assert session.run(end) == 1

    def test_refuses_a_circle(self, session):
        first = identity(constant(1.0), name="first")
        second = identity(first, name="second")
        first.op.connect([second], [])
        with pytest.raises(InvalidArgumentError, match=r"contains a cycle with 2 nodes, including: .*second"):
            session.run(second)


class TestErrors:
    def test_unknown_op_matters_only_when_it_is_needed(self, session, graph):
        known = constant(1.0)
        custom = unknown_op(graph, known)
        assert session.run(known) == 1
        with pytest.raises(UnimplementedError, match=r"Op 'TotallyCustomOp' used by \{\{node custom\}\}"):
            session.run(custom.outputs[0])

    def test_a_kernels_error_names_the_node(self, session):
        x, y = placeholder("float32"), placeholder("float32")
        total = apply("Add", x, y, name="total")
        with pytest.raises(
            InvalidArgumentError, match=r"Incompatible shapes: \[2\] vs\. \[3\]\n\t \[\[\{\{node total\}\}\]\]"
        ):
            session.run(total, {x: [1, 2], y: [1, 2, 3]})

    def test_closed_session_runs_nothing(self, graph):
        value = constant(1)
        session = Session(graph=graph)
        session.close()
        with pytest.raises(RuntimeError, match=r"Attempted to use a closed Session\."):
            session.run(value)

    def test_empty_graph_has_nothing_to_run(self, session):
        with pytest.raises(RuntimeError, match="The Session graph is empty"):
            session.run([])

    def test_first_argument_is_not_the_graph(self, graph):
        with pytest.raises(TypeError, match=r"Did you do Session\(g\)"):
            Session(graph)
        with pytest.raises(TypeError, match=r"must be a tf\.Graph"):
            Session(graph="g")


@pytest.mark.parametrize("use_resource", [False, True])
class TestVariables:
    def test_value_before_initialization_is_refused(self, session, use_resource):
        weights = Variable([1.0], name="w", use_resource=use_resource)
        text = "Could not find variable w" if use_resource else "Attempting to use uninitialized value w"
        with pytest.raises(FailedPreconditionError, match=text):
            session.run(weights)
        with pytest.raises(FailedPreconditionError, match=text):
            session.run(weights.assign_add([1.0]).op)

    def test_sessions_have_their_own_values(self, graph, use_resource):
        weights = Variable([1.0], name="w", use_resource=use_resource)
        first, second = Session(graph=graph), Session(graph=graph)
        for session in (first, second):
            session.run(weights.initializer)
        first.run(weights.assign([5.0]).op)
        assert (first.run(weights)[0], second.run(weights)[0]) == (5, 1)

    def test_updates_of_another_shape_are_refused(self, session, use_resource):
        weights = Variable([1.0, 2.0], name="w", use_resource=use_resource)
        session.run(weights.initializer)
        x = placeholder("float32")
        for change in (weights.assign, weights.assign_add):
            with pytest.raises(InvalidArgumentError):
                session.run(change(x).op, {x: [1, 2, 3]})
        assert session.run(weights).tolist() == [1, 2]

    def test_values_can_be_listed_and_set(self, session, use_resource):
        weights = Variable([1.0, 2.0], name="w", use_resource=use_resource)
        Variable(3, name="step", use_resource=use_resource)
        assert session.variable_values() == {}
        session.assign_variables({"w": np.array([3, 4], np.float32)})
        assert session.run(weights).tolist() == session.variable_values()["w"].tolist() == [3, 4]
        assert list(session.variable_values()) == ["w"]

    def test_setting_values_is_all_or_nothing(self, session, use_resource):
        Variable([1.0, 2.0], name="w", use_resource=use_resource)
        good = np.zeros(2, np.float32)
        for bad in (np.zeros(3, np.float32), np.zeros(2)):
            with pytest.raises(TensorMismatchError):
                session.assign_variables({"w": bad})
        with pytest.raises(NotFoundError):
            session.assign_variables({"w": good, "v": good})
        assert session.variable_values() == {}


def test_resource_variables_of_one_shared_name_are_one_variable(session, graph):
    attrs = {"dtype": FLOAT, "shape": [1], "shared_name": "common"}
    one, two = (graph.create_op("VarHandleOp", attrs=attrs, name=name).outputs[0] for name in "ab")
    session.run(apply_op(graph, "AssignVariableOp", one, constant([4.0])))
    assert one.dtype == RESOURCE
    assert session.run(graph.create_op("ReadVariableOp", [two], attrs={"dtype": FLOAT}).outputs[0]) == 4


def apply_op(graph, op_type, *inputs):
    return graph.create_op(op_type, list(inputs))


def test_session_is_the_default_inside_its_block(graph):
    value = constant(3)
    with Session(graph=graph) as session:
        assert current_session() is session
        assert get_default_graph() is graph
        assert value.eval() == 3
        with Session(graph=graph).as_default():
            assert current_session() is not session
    with pytest.raises(RuntimeError, match="closed"):
        session.run(value)


def test_seeded_random_numbers_come_again_in_a_new_session(graph):
    shape = constant([4])
    seeded = graph.create_op("RandomUniform", [shape], attrs={"dtype": FLOAT, "seed": 1, "seed2": 2}).outputs[0]
    free = graph.create_op("RandomUniform", [shape], attrs={"dtype": FLOAT}).outputs[0]
    first, second = Session(graph=graph), Session(graph=graph)
    drawn = first.run(seeded)
    assert drawn.tolist() == second.run(seeded).tolist()
    assert drawn.tolist() != first.run(seeded).tolist()
    assert first.run(free).tolist() != second.run(free).tolist()


def test_runs_from_several_threads_do_not_disturb_each_other(session):
    x = placeholder("float32", [])
    y = x * 2.0
    wrong = []

    def work(value):
        wrong.extend(value for _ in range(200) if session.run(y, {x: value}) != 2 * value)

    threads = [threading.Thread(target=work, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.fixture
def hasty():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def _updates(graph, kind):
    """Ops that add 1 to the variable ``v`` each time, by the name of the op."""
    v = Variable(0.0, name="v", use_resource=kind == "resource")
    one, prefix = constant(1.0), "Resource" * (kind == "resource")
    step = graph.create_op(f"{prefix}ApplyGradientDescent", [v.op.outputs[0], one, constant(-1.0)], name="descend")
    v.assign_add(1.0, name="add")
    v.assign_sub(-1.0, name="subtract")
    return v, [step, *(graph.get_operation_by_name(name) for name in ("add", "subtract"))]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("kind", ["reference", "resource"])
def test_updates_from_several_threads_all_count(graph, session, kind):
    v, updates = _updates(graph, kind)
    session.run(v.initializer)

    def work(update):
        for _ in range(400):
            session.run(update)

    threads = [threading.Thread(target=work, args=(update,)) for update in updates * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.run(v.value()) == 400 * len(threads)


class TestErrorsOfNodes:
    def test_error_has_the_operation_that_failed(self, session):
        x = placeholder("float32", name="x")
        with pytest.raises(InvalidArgumentError) as caught:
            session.run(x + 1.0)
        error = caught.value
        assert (error.op, error.node_def.name) == (x.op, "x")
        assert error.message.endswith("[[{{node x}}]]")
        copied = pickle.loads(pickle.dumps(error))
        assert (str(copied), copied.op, copied.node_def) == (str(error), None, error.node_def)

    def test_imported_node_with_too_few_inputs_is_refused(self, session, graph):
        graph_def = GraphDef(node=[NodeDef(name="product", op="MatMul")])
        graph_def.node[0].attr["T"].type = FLOAT.number
        import_graph_def(graph_def, name="", checked=False)
        with pytest.raises(InvalidArgumentError, match="NodeDef expected inputs 'float, float' do not match 0 inputs"):
            session.run("product:0")

    def test_value_where_a_variable_belongs_is_refused(self, session, graph):
        constant([1.0], name="value")
        graph_def = GraphDef(node=[NodeDef(name="set", op="AssignAdd", input=["value", "value"])])
        graph_def.node[0].attr["T"].type = FLOAT.number
        import_graph_def(graph_def, {"value": graph.get_tensor_by_name("value:0")}, name="", checked=False)
        with pytest.raises(InvalidArgumentError, match="was passed float from value:0 incompatible with expected floa"):
            session.run("set")


class TestHandles:
    def test_fetched_handle_says_what_it_stands_for(self, session):
        weights = Variable([1.0, 2.0], name="w", use_resource=True)
        assert repr(session.run(weights.handle)) == "<handle of variable 'w' shape=[2] dtype=float32, no value>"
        session.run(weights.initializer)
        assert repr(session.run(weights.handle)).endswith("has a value>")

    def test_refuses_to_be_fed(self, session):
        weights = Variable([1.0], name="w", use_resource=True)
        with pytest.raises(ValueError, match="Tensor w:0 may not be fed"):
            session.run(weights.value(), {weights.handle: 3})
