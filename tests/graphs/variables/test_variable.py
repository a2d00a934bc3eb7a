"""Variables, scopes of variables, and variables in parts."""

import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import FLOAT, INT32, INT64, STRING
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.session import Session
from ckpt_magics.graphs.variables import initialization
from ckpt_magics.graphs.variables.initializers import Constant, VarianceScaling, Zeros
from ckpt_magics.graphs.variables.partition import (
    fixed_size_partitioner,
    min_max_variable_partitioner,
    part_bounds,
    variable_axis_size_partitioner,
)
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.graphs.variables.variable_scope import (
    get_local_variable,
    get_variable,
    get_variable_scope,
    variable_scope,
)
from ckpt_magics.graphs.variables.variable_store import AUTO_REUSE
from ckpt_magics.proto.messages import VariableDef


@pytest.fixture(autouse=True)
def graph():
    """A fresh graph, entered."""
    with Graph().as_default() as fresh:
        yield fresh


@pytest.mark.parametrize("use_resource", [False, True])
def test_message_gives_the_variable_back(graph, use_resource):
    original = Variable([1.0, 2.0], name="s/v", use_resource=use_resource, trainable=False)
    message = original.to_proto()
    found = Variable.from_proto(message)
    assert message == found.to_proto()
    assert (found.name, found.dtype, found.shape, found.op) == ("s/v:0", FLOAT, original.shape, original.op)
    assert found.initializer is original.initializer
    assert found.initial_value is original.initial_value
    assert found.trainable is False
    assert original.to_proto(export_scope="other") is None
    assert original.to_proto(export_scope="s").variable_name == "v:0"


def test_messages_that_do_not_fit_the_graph_are_refused(graph):
    constant(1, name="c")
    for message in (
        VariableDef(variable_name="gone:0", snapshot_name="gone/read:0"),
        VariableDef(variable_name="c", snapshot_name="c:0"),
        VariableDef(variable_name="c:0", snapshot_name="c:0", initializer_name="c:0"),
        VariableDef(),
    ):
        with pytest.raises(InvalidArgumentError):
            Variable.from_proto(message)
    bare = Variable.from_proto(VariableDef(variable_name="c:0", snapshot_name="c:0"))
    for unknown in ("initializer", "initial_value"):
        with pytest.raises(ValueError, match="does not name its"):
            getattr(bare, unknown)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="initial_value must be specified"):
        Variable()
    with pytest.raises(ValueError, match="mutually exclusive"):
        Variable(1, variable_def=VariableDef())
    with pytest.raises(ValueError, match="must be a list, tuple, or set"):
        Variable(1, collections="variables")
    for use_resource in (False, True):
        with pytest.raises(ValueError, match="must have a shape specified"):
            Variable(build.placeholder(FLOAT, [None]), use_resource=use_resource)


def test_resource_keeps_its_shape_in_assignments():
    variable = Variable([1.0, 2.0], use_resource=True)
    with pytest.raises(ValueError, match="Shape mismatch"):
        variable.assign([1.0, 2.0, 3.0])


def test_collections_know_what_is_trainable(graph):
    a, b = Variable(1.0, name="a"), Variable(1.0, name="b", trainable=False)
    c = Variable(1.0, name="c", collections=[GraphKeys.LOCAL_VARIABLES], trainable=False)
    assert initialization.global_variables() == [a, b]
    assert initialization.trainable_variables() == [a]
    assert initialization.local_variables() == [c]
    assert initialization.global_variables("b") == [b]


def test_first_value_of_one_variable_can_be_anothers():
    first = Variable(build.zeros([2]), name="first")
    second = Variable(first.initialized_value() * 2.0, name="second")
    assert second.shape.as_list() == [2]


@pytest.mark.parametrize("use_resource", [False, True])
def test_initialized_value_is_the_value_that_the_variable_has(use_resource):
    first = Variable(3.0, name="first", use_resource=use_resource)
    value = first.initialized_value()
    second = Variable(value + 10.0, name="second", use_resource=use_resource)
    assign = first.assign(1.0)
    with Session() as session:
        assert session.run(value) == 3.0
        session.run(initialization.global_variables_initializer())
        assert session.run(second.value()) == 13.0
        session.run(assign.op)
        assert session.run(value) == 1.0
        session.run(second.initializer)
        assert session.run(second.value()) == 11.0


def test_reuse_follows_the_scope():
    with variable_scope("s"):
        v = get_variable("v", [1])
        with pytest.raises(ValueError, match="Variable s/v already exists, disallowed"):
            get_variable("v", [1])
    with variable_scope("s", reuse=True):
        assert get_variable("v", [1]) is v
        with pytest.raises(ValueError, match="Variable s/w does not exist"):
            get_variable("w", [1])
        with pytest.raises(ValueError, match="specified shape \\(2,\\) and found shape \\(1,\\)"):
            get_variable("v", [2])
        with pytest.raises(ValueError, match="specified dtype int32 and found dtype float32"):
            get_variable("v", [1], INT32)
        with variable_scope("t"), pytest.raises(ValueError, match="s/t/v does not exist"):
            get_variable("v", [1])
    with variable_scope("s", reuse=AUTO_REUSE):
        assert get_variable("v", [1]) is v
        assert get_variable("w", [1]) is get_variable("w", [1])
    with variable_scope("s") as scope:
        scope.reuse_variables()
        assert get_variable("v") is v
        assert scope.trainable_variables() == scope.global_variables()


def test_scopes_hand_their_defaults_down():
    def getter(make, name, *args, **options):
        return make(name + "_got", *args, **options)

    with variable_scope("s", initializer=Constant(3), dtype=INT64, use_resource=True, custom_getter=getter):
        with variable_scope("t"):
            v = get_variable("v", [2])
        assert get_variable_scope().name == "s"
    assert (v.name, v.dtype, v.is_resource) == ("s/t/v_got:0", INT64, True)
    assert get_variable_scope().name == ""


def test_regularizer_fills_its_collection_once(graph):
    with variable_scope("s", regularizer=lambda v: v.value() * 0.1):
        get_variable("v", [2])
    (loss,) = graph.get_collection(GraphKeys.REGULARIZATION_LOSSES)
    assert loss.name == "s/v/Regularizer/mul:0"


def test_requests_that_cannot_be_met_say_why():
    with pytest.raises(ValueError, match=r"Shape of a new variable \(v\) must be fully defined, but instead was"):
        get_variable("v")
    with pytest.raises(ValueError, match="If initializer is a constant, do not specify shape"):
        get_variable("v", [2], initializer=constant([1.0, 2.0]))
    with pytest.raises(TypeError, match="name_or_scope is required"), variable_scope(None):
        pass
    with pytest.raises(ValueError, match="without a name_or_scope"), variable_scope(None, "d", reuse=True):
        pass
    with pytest.raises(TypeError, match="must be a string or VariableScope"), variable_scope(5):
        pass
    for options in ({"scale": 0}, {"mode": "x"}, {"distribution": "x"}):
        with pytest.raises(ValueError, match="Argument `"):
            VarianceScaling(**options)


def test_local_variables_are_in_their_own_collection(graph):
    v = get_local_variable("v", [1], initializer=Zeros())
    assert graph.get_collection(GraphKeys.LOCAL_VARIABLES) == [v]
    assert graph.get_collection(GraphKeys.GLOBAL_VARIABLES) == []


def test_global_step_is_found_again(graph):
    assert initialization.get_global_step() is None
    step = initialization.get_or_create_global_step()
    assert initialization.get_or_create_global_step() is step
    with pytest.raises(ValueError, match="already exists"):
        initialization.create_global_step()


@pytest.mark.parametrize(
    ("partitioner", "shape", "dtype", "parts"),
    [
        (fixed_size_partitioner(3), [5, 2], FLOAT, [3, 1]),
        (fixed_size_partitioner(9, axis=1), [5, 2], FLOAT, [1, 2]),
        (variable_axis_size_partitioner(64), [40, 2], FLOAT, [5, 1]),
        (variable_axis_size_partitioner(64, max_shards=2), [40, 2], FLOAT, [2, 1]),
        (variable_axis_size_partitioner(32), [4], STRING, [2]),
        (min_max_variable_partitioner(4, min_slice_size=16), [40, 2], FLOAT, [4, 1]),
        (min_max_variable_partitioner(4), [40, 2], FLOAT, [1, 1]),
    ],
)
def test_partitioners_count_parts_as_tensorflow_does(partitioner, shape, dtype, parts):
    assert parts == partitioner(shape=shape, dtype=dtype)


def test_parts_cover_the_whole_first_ones_larger():
    assert list(part_bounds([5, 2], [3, 1], "p")) == [([0, 0], [2, 2]), ([2, 0], [2, 2]), ([4, 0], [1, 2])]
    for partitions in ([2, 2], [1], [0, 1]):
        with pytest.raises(ValueError, match=r"partition|Partition"):
            list(part_bounds([5, 2], partitions, "p"))


def test_partitioned_variable_is_one_tensor_in_several():
    whole = get_variable("p", [5, 2], partitioner=fixed_size_partitioner(3))
    assert [part.save_slice_info.spec for part in whole] == ["5 2 0,2:0,2", "5 2 2,2:0,2", "5 2 4,1:0,2"]
    assert (len(whole), whole.shape.as_list(), whole.dtype) == (3, [5, 2], FLOAT)
    assert whole.as_tensor().shape.as_list() == [5, 2]
    assert [assigned.shape.as_list() for assigned in whole.assign(constant(np.zeros((5, 2), np.float32)))] == [
        [2, 2], [2, 2], [1, 2],
    ]  # fmt: skip
    assert len(whole.initializer.control_inputs) == 3
    with variable_scope("", reuse=True):
        assert get_variable("p", [5, 2], partitioner=fixed_size_partitioner(3)) is whole
    with pytest.raises(ValueError, match="a partitioned version of the variable was found: p/part_0"):
        get_variable("p", [5, 2])
    message = next(iter(whole)).to_proto()
    assert message == Variable.from_proto(message).to_proto()


def test_variables_without_a_value_are_reported_by_name(graph):
    first, second = Variable(1.0, name="a"), Variable([1.0], name="b", use_resource=True)
    report = initialization.report_uninitialized_variables()
    session = Session(graph=graph)
    assert session.run(report).tolist() == [b"a", b"b"]
    session.run(first.initializer)
    assert session.run(report).tolist() == [b"b"]
    session.run(second.initializer)
    assert session.run(report).tolist() == []


def test_references_of_a_graph_without_collections_are_reported(graph):
    Variable(1.0, name="a", collections=[], trainable=False)
    report = initialization.report_uninitialized_variables()
    assert Session(graph=graph).run(report).tolist() == [b"a"]


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("shape", [None, [2]])
def test_variables_refuse_what_only_values_can_do(graph, use_resource, shape):
    first = build.placeholder(FLOAT, shape)
    variable = Variable(first, validate_shape=False, use_resource=use_resource)
    nodes = len(graph)
    for use in (iter, list, lambda v: 1.0 in v, len):
        with pytest.raises(TypeError):
            use(variable)
    for use in (np.array, np.asarray, np.sum):
        with pytest.raises(NotImplementedError, match=r"Cannot convert a symbolic tf\.Tensor"):
            use(variable)
    assert len(graph) == nodes


def test_only_references_have_a_truth_value(graph):
    assert Variable(1.0, use_resource=False)
    resource = Variable(1.0, use_resource=True)
    for variable in (resource, resource.assign(2.0)):
        with pytest.raises(TypeError, match="as a Python `bool` is not allowed"):
            bool(variable)
