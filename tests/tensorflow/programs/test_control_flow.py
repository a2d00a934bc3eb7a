"""Conditionals and loops as TensorFlow 1 writes them: nodes, contexts and values."""

import numpy as np
import pytest

from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow


def plain_cond(tf):
    p, x = tf.placeholder(tf.bool, []), tf.placeholder(tf.float32, [2])
    v = tf.get_variable("v", [2])
    y = tf.cond(p, lambda: tf.add(x, v), lambda: x * 2.0)
    return {p: True, x: [1, 2]}, y


def cond_of_several(tf):
    p, x = tf.placeholder(tf.bool, []), tf.constant([1.0, 2.0])
    y = tf.cond(p, lambda: [x, tf.constant(1)], lambda: [tf.square(x), tf.constant(2)], name="choice")
    return {p: False}, y


def cond_of_operations(tf):
    p = tf.placeholder(tf.bool, [])
    v = tf.get_variable("v", [2], initializer=tf.zeros_initializer())
    done = tf.cond(p, lambda: tf.group(tf.assign_add(v, [1.0, 1.0])), tf.no_op)
    with tf.control_dependencies([done]):
        return {p: True}, tf.constant(3.0)


def nested_cond(tf):
    p, q, x = tf.placeholder(tf.bool, []), tf.placeholder(tf.bool, []), tf.constant(5.0)
    y = tf.cond(p, lambda: tf.cond(q, lambda: x + 1.0, lambda: x - 1.0), lambda: tf.constant(0.0))
    return {p: True, q: False}, {"y": y}


def cond_with_variables_inside(tf):
    p, x = tf.placeholder(tf.bool, []), tf.placeholder(tf.float32, [None, 2])

    def layer():
        with tf.variable_scope("layer"):
            return tf.matmul(x, tf.get_variable("w", [2, 3]))

    return {p: True, x: [[1, 2]]}, tf.cond(p, layer, lambda: tf.zeros([1, 3]))


def cases(tf):
    x = tf.placeholder(tf.float32, [])
    pairs = [(tf.less(x, 0.0), lambda: tf.constant(1)), (tf.greater(x, 10.0), lambda: tf.constant(2))]
    return {x: 20.0}, tf.case(pairs, default=lambda: tf.constant(3), exclusive=True)


def cases_without_default(tf):
    x = tf.placeholder(tf.float32, [])
    pairs = [(tf.less(x, 0.0), lambda: tf.constant(1)), (tf.greater(x, 10.0), lambda: tf.constant(2))]
    return {x: 20.0}, tf.case(pairs)


def initialized_value(tf):
    v = tf.Variable([1.0, 2.0])
    return {}, tf.identity(v.initialized_value())


CONDS = [
    plain_cond,
    cond_of_several,
    cond_of_operations,
    nested_cond,
    cond_with_variables_inside,
    cases,
    cases_without_default,
    initialized_value,
]


@pytest.mark.parametrize("program", CONDS, ids=lambda program: program.__name__)
def test_conditionals(old_tf, program):
    compare(old_tf, program)


def counting(tf):
    i = tf.constant(0)
    return {}, tf.while_loop(lambda i: tf.less(i, 10), lambda i: tf.add(i, 1), [i])


def loop_with_outer_tensors(tf):
    x = tf.placeholder(tf.float32, [2])
    w = tf.get_variable("w", [2])

    def body(i, s):
        return i + 1, s * 0.5 + x * w

    return {x: [1, 2]}, tf.while_loop(lambda i, s: i < 5, body, (tf.constant(0), tf.zeros([2])), name="loop")


def loop_of_a_nesting(tf):
    start = {"a": tf.constant(1.0), "b": (tf.constant(2.0), tf.constant([3.0]))}

    def body(i, state):
        return i + 1, {"a": state["a"] * 2.0, "b": (state["b"][0] + 1.0, state["b"][1])}

    return {}, tf.while_loop(lambda i, _: i < 3, body, [tf.constant(0), start])


def loop_with_maximum(tf):
    return {}, tf.while_loop(lambda x: x > 0.0, lambda x: x + 1.0, [tf.constant(1.0)], maximum_iterations=4)


def loop_of_growing_shape(tf):
    start = tf.constant([[1.0]])

    def body(i, x):
        return i + 1, tf.concat([x, x], 0)

    shapes = [tf.TensorShape([]), tf.TensorShape([None, 1])]
    return {}, tf.while_loop(lambda i, _: i < 3, body, [tf.constant(0), start], shape_invariants=shapes)


def loop_in_loop(tf):
    def outer(i, s):
        inner = tf.while_loop(lambda j, _: j < 3, lambda j, t: (j + 1, t + i), [tf.constant(0), s])
        return i + 1, inner[1]

    return {}, tf.while_loop(lambda i, _: i < 4, outer, [tf.constant(0), tf.constant(0)])


def cond_in_loop(tf):
    p = tf.placeholder(tf.bool, [])

    def body(i, s):
        return i + 1, tf.cond(tf.logical_and(p, i > 1), lambda: s + 10, lambda: s - i)

    return {p: True}, tf.while_loop(lambda i, _: i < 4, body, [tf.constant(0), tf.constant(0)])


def loop_in_cond(tf):
    p, x = tf.placeholder(tf.bool, []), tf.constant(2.0)

    def loop():
        return tf.while_loop(lambda i, _: i < 4, lambda i, s: (i + 1, s * x), [tf.constant(0), tf.constant(1.0)])[1]

    return {p: True}, tf.cond(p, loop, lambda: x)


def loop_that_waits(tf):
    v = tf.get_variable("v", [], initializer=tf.zeros_initializer())
    with tf.control_dependencies([tf.assign_add(v, 1.0)]):
        return {}, tf.while_loop(lambda i: i < 3, lambda i: i + 1, [tf.constant(0)])


LOOPS = [
    counting,
    loop_with_outer_tensors,
    loop_of_a_nesting,
    loop_with_maximum,
    loop_of_growing_shape,
    loop_in_loop,
    cond_in_loop,
    loop_in_cond,
    loop_that_waits,
]


@pytest.mark.parametrize("program", LOOPS, ids=lambda program: program.__name__)
def test_loops(old_tf, program):
    compare(old_tf, program)


def arrays(tf):
    x = tf.placeholder(tf.float32, [4, 2])
    inputs = tf.TensorArray(tf.float32, 4).unstack(x)
    results = tf.TensorArray(tf.float32, size=0, dynamic_size=True, clear_after_read=False)

    def body(i, total, array):
        total += inputs.read(i)
        return i + 1, total, array.write(i, total)

    _, total, results = tf.while_loop(lambda i, *_: i < 4, body, (tf.constant(0), tf.zeros([2]), results))
    return {x: np.arange(8).reshape(4, 2)}, [total, results.stack(), results.size(), results.gather([1, 0])]


def joined_arrays(tf):
    parts = tf.TensorArray(tf.float32, 2, infer_shape=False).split([1.0, 2.0, 3.0], [1, 2])
    return {}, [parts.concat(), parts.identity().size()]


def mapped(tf):
    x = tf.placeholder(tf.float32, [None, 2])
    w = tf.get_variable("w", [2])
    return {x: [[1, 2], [3, 4]]}, tf.map_fn(lambda row: row * w, x)


def mapped_to_others(tf):
    x = tf.constant([[1, 2], [3, 4]])
    y = tf.map_fn(lambda pair: (pair[0] + pair[1], tf.cast(pair[0], tf.float32)), (x, x), dtype=(tf.int32, tf.float32))
    return {}, y


def folded(tf):
    x = tf.constant([1, 2, 3, 4])
    return {}, [tf.foldl(lambda a, b: a * 10 + b, x), tf.foldr(lambda a, b: a * 10 + b, x, initializer=0)]


def scanned(tf):
    x = tf.placeholder(tf.float32, [None])
    y = tf.scan(lambda a, b: a * 0.5 + b, x)
    z = tf.scan(lambda a, b: {"s": a["s"] + b}, x, initializer={"s": tf.constant(0.0)}, reverse=True)
    return {x: [1, 2, 3]}, [y, z]


ARRAYS = [arrays, joined_arrays, mapped, mapped_to_others, folded, scanned]


@pytest.mark.parametrize("program", ARRAYS, ids=lambda program: program.__name__)
def test_arrays_of_tensors(old_tf, program):
    compare(old_tf, program)
