"""``get_variable`` refuses what TensorFlow refuses, and calls getters in TensorFlow's order."""

import numpy as np
import pytest

from ckpt_magics.files.formats.dtypes import DOUBLE, FLOAT
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.session import Session
from ckpt_magics.graphs.variables.initialization import get_global_step
from ckpt_magics.graphs.variables.partition import fixed_size_partitioner
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.graphs.variables.variable_scope import get_variable, variable_scope
from ckpt_magics.graphs.variables.variable_store import AUTO_REUSE

TWO, THREE = fixed_size_partitioner(2), fixed_size_partitioner(3)


@pytest.fixture(autouse=True)
def graph():
    graph = Graph()
    with graph.as_default():
        yield graph


def test_the_inner_getter_is_called_first_and_makes_by_the_outer_one():
    def plus(getter, *args, **options):
        return getter(*args, **options) + 3.0

    def times(getter, *args, **options):
        return getter(*args, **options) * 2.0

    with variable_scope("s", custom_getter=plus), variable_scope("t", custom_getter=times):
        value = get_variable("v", initializer=constant(6.0))
    with Session() as session:
        session.run("s/t/v/Assign")
        assert session.run(value) == 18.0


@pytest.mark.parametrize("reuse", [True, AUTO_REUSE])
def test_a_partitioned_variable_is_shared_only_in_the_same_parts(reuse):
    made = get_variable("p", [6, 2], partitioner=TWO)
    with variable_scope("", reuse=reuse):
        assert get_variable("p", [6, 2], partitioner=TWO) is made
        with pytest.raises(ValueError, match=r"specified partitions \[3, 1\] and found partitions \[2, 1\]"):
            get_variable("p", [6, 2], partitioner=THREE)


def test_sharing_a_partitioned_variable_needs_no_partitioner():
    made = get_variable("p", [6, 2], partitioner=TWO)
    with variable_scope("", reuse=True):
        assert get_variable("p", [6, 2]) is made
        assert get_variable("p") is made
    with pytest.raises(ValueError, match="a partitioned version of the variable was found"):
        get_variable("p", [6, 2])


def test_a_whole_variable_is_not_shared_in_parts():
    get_variable("w", [6, 2])
    with variable_scope("", reuse=AUTO_REUSE), pytest.raises(ValueError, match="unpartitioned version"):
        get_variable("w", [6, 2], partitioner=TWO)


@pytest.mark.parametrize("initializer", [constant, lambda value: value, np.array])
@pytest.mark.parametrize("partitioner", [None, TWO])
def test_a_first_value_of_another_dtype_is_refused(initializer, partitioner):
    with pytest.raises(ValueError, match=r"int.*explicit dtype .*float64"):
        get_variable("v", dtype=DOUBLE, initializer=initializer([1, 2]), partitioner=partitioner)


def test_a_first_value_of_the_dtype_is_taken():
    assert get_variable("v", dtype=FLOAT, initializer=[1.0, 2.0]).dtype == FLOAT


def test_a_constraint_has_to_be_a_function():
    for make in (lambda: Variable(1.0, constraint=0), lambda: get_variable("v", [1], constraint=0)):
        with pytest.raises(ValueError, match="must be a callable"):
            make()


def test_whether_to_open_a_name_scope_is_a_bool():
    with pytest.raises(TypeError, match="auxiliary_name_scope must be `True` or `False`"):
        variable_scope("s", auxiliary_name_scope="x")


def test_what_is_synchronized_on_reading_is_not_trainable():
    on_read = 3
    assert not Variable(1.0, synchronization=on_read).trainable
    with pytest.raises(ValueError, match="ON_READ only for non-trainable"):
        Variable(1.0, synchronization=on_read, trainable=True)


def test_a_global_step_is_one_scalar_integer(graph):
    for wrong in (constant(1.0), constant([1])):
        graph.add_to_collection(GraphKeys.GLOBAL_STEP, wrong)
        with pytest.raises(TypeError, match="global_step"):
            get_global_step()
        graph.clear_collection(GraphKeys.GLOBAL_STEP)
    for _ in range(2):
        graph.add_to_collection(GraphKeys.GLOBAL_STEP, constant(1))
    assert get_global_step() is None


def test_changes_of_an_assigned_resource_follow_the_assignment():
    variable = Variable(1.0, use_resource=True)
    changed = variable.assign(5.0).assign_add(2.0)
    with Session() as session:
        session.run(variable.initializer)
        assert session.run(changed) == 7.0
        assert session.run(variable) == 7.0
