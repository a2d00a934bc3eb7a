"""Functions that share their variables, and variables in parts by their number."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()


def scaled(x, name="w"):
    return tf.get_variable(name, [1], initializer=tf.ones_initializer()) * x


def names():
    return [variable.name for variable in tf.global_variables()]


def test_calls_share_the_variables_of_the_first():
    first, second = tf.make_template("s", scaled), tf.make_template("s", scaled)
    assert first.variable_scope_name is None
    assert first.variables == []
    results = [first(1.0), second(1.0), first(2.0)]
    assert names() == ["s/w:0", "s_1/w:0"]
    assert first.trainable_variables == first.global_variables == tf.global_variables()[:1]
    assert (first.name, first.func, second.variable_scope.name) == ("s", scaled, "s_1")
    assert [result.op.name.partition("/")[0] for result in results] == ["s", "s_1", "s_2"]


def test_arguments_are_kept_and_scopes_made_early_or_shared():
    early = tf.make_template("e", scaled, create_scope_now_=True, name="v")
    tf.make_template("e", scaled)(1.0)
    early(1.0)
    shared = [tf.make_template("t", scaled, unique_name_="both") for _ in range(2)]
    shared[0](1.0)
    assert names() == ["e_1/w:0", "e/v:0", "both/w:0"]
    with pytest.raises(ValueError, match="already exists"):
        shared[1](1.0)
    with pytest.raises(ValueError, match="name cannot be None"):
        tf.make_template(None, scaled)
    with pytest.raises(TypeError, match="callable"):
        tf.make_template("n", 3)


def test_a_variable_of_each_call_is_refused():
    made = tf.make_template("m", lambda: tf.Variable(1.0))
    made()
    with pytest.raises(ValueError, match=r"perhaps you used tf\.Variable when you meant tf\.get_variable"):
        made()


def test_parts_hold_the_whole_value():
    value = np.arange(10, dtype=np.float32).reshape(5, 2)
    parts = tf.create_partitioned_variables([5, 2], [2, 1], value)
    again = tf.create_partitioned_variables([5, 2], [1, 2], tf.zeros_initializer(), name="p")
    assert names() == [
        "PartitionedVariable/part_0:0", "PartitionedVariable/part_1:0", "p/part_0:0", "p/part_1:0",
    ]  # fmt: skip
    assert [part.save_slice_info.spec for part in parts] == ["5 2 0,3:0,2", "5 2 3,2:0,2"]
    assert parts[0].save_slice_info.full_name == "PartitionedVariable"
    assert tf.create_partitioned_variables([5, 2], [1, 2], None, name="p", reuse=True) == again
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(np.concatenate(session.run(parts)), value)
    (whole,) = tf.create_partitioned_variables([2], [1], [1, 2])
    assert whole.dtype.base_dtype is tf.int32
    for slicing in ([2], [6, 1], [0, 1], [2, 2]):
        with pytest.raises(ValueError, match=r"[Pp]artition|slice"):
            tf.create_partitioned_variables([5, 2], slicing, tf.zeros_initializer())
