"""Masks, reductions and changes of rows: the nodes and values of TensorFlow's."""

import numpy as np
import pytest

from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow

ROWS = np.arange(6, dtype=np.float32).reshape(3, 2)

FUNCTIONS = {
    "boolean_mask": lambda tf, x: tf.boolean_mask(x, tf.constant([True, False, True])),
    "boolean_mask of a matrix": lambda tf, x: tf.boolean_mask(x, x > 2.0),
    "boolean_mask along": lambda tf, x: tf.boolean_mask(x, [True, False], axis=1, name="mine"),
    "sequence_mask": lambda tf, x: tf.sequence_mask([1, 3, 2]),
    "sequence_mask of floats": lambda tf, x: tf.sequence_mask([1, 3], 5, dtype=tf.float32),
    "where_v2": lambda tf, x: tf.where_v2(x > 2.0, x, 0.0),
    "reduce_logsumexp": lambda tf, x: tf.reduce_logsumexp(x, 1),
    "reduce_logsumexp kept": lambda tf, x: tf.reduce_logsumexp(x, 0, keepdims=True),
    "reduce_variance": lambda tf, x: tf.math.reduce_variance(x, 1),
    "reduce_std": lambda tf, x: tf.math.reduce_std(x),
}


@pytest.mark.parametrize("shape", [[None, 2], [3, 2]])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(old_tf, name, shape):
    def program(tf):
        x = tf.placeholder(tf.float32, shape)
        return {x: ROWS}, FUNCTIONS[name](tf, x)

    compare(old_tf, program)


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("kind", ["add", "sub", "mul", "div", "update"])
def test_changes_of_rows(old_tf, kind, use_resource):
    def program(tf):
        v = tf.get_variable("v", initializer=ROWS + 1.0, use_resource=use_resource)
        changed = getattr(tf, f"scatter_{kind}")(v, [0, 2], [[1.0, 2.0], [3.0, 4.0]])
        return {}, tf.identity(changed)

    compare(old_tf, program, same_graph=not use_resource, runs=2)
