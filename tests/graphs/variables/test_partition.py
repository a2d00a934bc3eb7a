"""What partitioned variables add to a graph is called as in TensorFlow."""

import pytest

import ckpt_magics.compat.v1 as tf


@pytest.mark.parametrize(("use_resource", "reads"), [(True, ["b/w/ReadVariableOp"]), (False, [])])
def test_a_part_that_is_alone_is_read_in_the_scope_of_the_whole(use_resource, reads):
    with tf.Graph().as_default() as graph:
        with tf.variable_scope("b", partitioner=tf.variable_axis_size_partitioner(1 << 20)):
            whole = tf.get_variable("w", [2], use_resource=use_resource)
        before = {op.name for op in graph.get_operations()}
        with tf.name_scope("elsewhere"):
            tf.identity(whole, name="seen")
        added = [op.name for op in graph.get_operations() if op.name not in before]
    assert added == [*reads, "b/w", "elsewhere/seen"]
