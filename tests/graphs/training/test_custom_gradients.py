"""Functions with their own gradients, and operations that take another op's."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def run(fetches):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches)


@tf.custom_gradient
def clipped(x, limit):
    """One that passes gradients back up to a limit."""
    return x * 2, lambda grad: (tf.clip_by_value(grad, -limit, limit), None)


def test_its_own_gradient_counts_not_that_of_what_it_is_made_of():
    x = tf.constant([1.0, 2.0])
    y = clipped(x, 0.5)
    gradients = tf.gradients(y * [3.0, -0.25], [x])
    assert [each.tolist() for each in run([y, *gradients])] == [[2.0, 4.0], [0.5, -0.25]]
    assert clipped.__doc__ == "One that passes gradients back up to a limit."


def test_several_results_in_a_nesting_and_a_method():
    class Layer:
        factor = 3.0

        @tf.custom_gradient
        def both(self, x):
            def grad(of_sum, of_parts):
                return of_sum * self.factor + of_parts

            return {"sum": x + 1, "parts": [x]}, grad

    x = tf.constant(1.0)
    found = Layer().both(x)
    assert sorted(found) == ["parts", "sum"]
    [gradient] = tf.gradients([found["sum"], found["parts"][0]], [x], [2.0, 10.0])
    assert run(gradient) == 10 * 3 + 2  # results are in the order of their names


def test_variables_get_the_gradients_that_are_told_for_them():
    weight = tf.get_variable("weight", initializer=2.0, use_resource=True)

    @tf.custom_gradient
    def layer(x):
        def grad(dy, variables):
            assert [one.name for one in variables] == ["weight:0"]
            return dy * 5, [dy * 7]

        return x * weight, grad

    x = tf.constant(3.0)
    assert run([layer(x), *tf.gradients(layer(x), [x, weight])]) == [6.0, 5.0, 7.0]

    @tf.custom_gradient
    def forgets(x):
        return x * weight, lambda dy: dy

    with pytest.raises(TypeError, match="must accept keyword argument 'variables'"):
        forgets(x)


def test_arguments_by_name_are_refused():
    with pytest.raises(ValueError, match="keywords arguments"):
        clipped(tf.constant(1.0), limit=1.0)


def test_operations_take_the_gradient_that_the_graph_says(graph):
    @tf.RegisterGradient("Reversed")
    def reversed_gradient(op, grad):
        assert op.type == "Identity"
        return -grad

    x = tf.constant(1.0)
    with graph.gradient_override_map({"Identity": "Reversed", "Relu": "Relu6"}):
        y = tf.identity(x)
        relu = tf.nn.relu(x + 8)
    after = tf.identity(x)
    assert y.op.get_attr("_gradient_op_type") == b"Reversed"
    assert run(tf.gradients([y], [x]) + tf.gradients(after, [x])) == [-1.0, 1.0]
    assert run(tf.gradients(relu, [x])) == [0.0]
    assert [op.type for op in graph.get_operations() if "Grad" in op.type] == ["Relu6Grad"]


def test_a_function_of_python_has_the_gradient_that_is_registered_for_it(graph):
    @tf.RegisterGradient("CubeGradient")
    def cubed(op, grad):
        return 3 * op.inputs[0] ** 2 * grad

    x = tf.constant([2.0, 3.0])
    with graph.gradient_override_map({"PyFunc": "CubeGradient"}):
        y = tf.py_func(lambda values: values**3, [x], tf.float32)
    assert [each.tolist() for each in run([y, *tf.gradients(y, [x])])] == [[8.0, 27.0], [12.0, 27.0]]


def test_names_are_registered_once_and_gradients_are_as_many_as_inputs(graph):
    tf.RegisterGradient("Once")(lambda op, grad: [grad, grad])
    for name in ("Once", "Relu"):
        with pytest.raises(KeyError, match=f"Registering two gradient with name '{name}'"):
            tf.RegisterGradient(name)(lambda op, grad: grad)
    with pytest.raises(TypeError, match="op_type must be a string"):
        tf.RegisterGradient(1)
    with pytest.raises(TypeError, match="dictionary mapping strings to strings"), graph.gradient_override_map({"a": 1}):
        pass
    x = tf.constant(1.0)
    with graph.gradient_override_map({"Identity": "Once", "Neg": "Never"}):
        y, z = tf.identity(x), -x
    with pytest.raises(ValueError, match="Num gradients 2 generated for op Identity do not match num inputs 1"):
        tf.gradients(y, [x])
    with pytest.raises(LookupError, match="Never"):
        tf.gradients(z, [x])


def test_no_gradient_passes_through_what_is_said_to_have_none(graph):
    tf.no_gradient("Wall")
    x = tf.constant(1.0)
    with graph.gradient_override_map({"Identity": "Wall"}):
        y = tf.identity(x)
    assert tf.gradients(y, [x]) == [None]
    assert np.isclose(run(tf.gradients(y + x, [x])), 1.0)
