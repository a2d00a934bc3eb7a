"""Queues, what fills them, and readers: TensorFlow's nodes, and what its sessions do with ours."""

import numpy as np
import pytest

from ckpt_magics.compat import v1
from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow


def queues(tf):
    first = tf.FIFOQueue(5, [tf.float32, tf.string], [[2], []], names=["a", "b"])
    second = tf.RandomShuffleQueue(10, 3, tf.int32, [], seed=4, name="drawn")
    third = tf.PaddingFIFOQueue(7, [tf.int64], [[None]], shared_name="shared")
    first.enqueue({"a": [1.0, 2.0], "b": "x"})
    first.dequeue_up_to(3)
    second.enqueue_many([[1, 2, 3]])
    second.dequeue_many(2)
    third.dequeue(name="mine")
    return [first.size(), second.is_closed(), third.close(cancel_pending_enqueues=True)]


def producers(tf):
    tf.train.slice_input_producer([np.arange(6).reshape(3, 2), ["a", "b", "c"]], num_epochs=2, seed=1)
    names = tf.train.string_input_producer(["a", "b"], shuffle=False, name="names")
    tf.train.range_input_producer(5, capacity=8)
    readers = [
        tf.TextLineReader(skip_header_lines=1),
        tf.TFRecordReader(),
        tf.WholeFileReader(),
        tf.FixedLengthRecordReader(3, 1, 1),
        tf.IdentityReader(),
    ]
    for reader in readers:
        reader.read(names)
    return [readers[0].read_up_to(names, 3), readers[1].num_records_produced(), readers[2].reset()]


def batches(tf):
    number = tf.train.range_input_producer(9, num_epochs=2, seed=3).dequeue()
    tf.train.batch([number], 4)
    tf.train.batch({"n": number, "square": number * number}, 4, num_threads=2, allow_smaller_final_batch=True)
    tf.train.batch([tf.fill([number], 1.0)], 2, dynamic_pad=True, name="padded")
    tf.train.batch_join([[number], [number + 1]], 3)
    tf.train.shuffle_batch([number, "x"], 4, 20, 5, seed=2)
    tf.train.shuffle_batch_join([[[1, 2]], [[3, 4]]], 2, 30, 4, enqueue_many=True)
    return [tf.read_file("a"), tf.matching_files(["a*"]), tf.write_file("a", "b")]


@pytest.mark.parametrize("program", [queues, producers, batches])
def test_nodes_are_tensorflows(old_tf, program):
    def build(tf):
        program(tf)
        return {}, []

    compare(old_tf, build)


def collected(tf, meta_graph):
    """Return the batches that an exported graph gives, by the collection of what fills its queues."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(meta_graph)
        session.run(tf.local_variables_initializer())
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coord)
        found = []
        try:
            while True:
                found.append(session.run("batch:0").tolist())
        except tf.errors.OutOfRangeError:
            coord.request_stop()
        coord.join(threads)
    return found


def test_exported_graphs_run_on_the_other_side(old_tf):
    def exported(tf):
        with tf.Graph().as_default():
            number = tf.train.range_input_producer(9, num_epochs=2, shuffle=False).dequeue()
            tf.train.batch([number], 4, allow_smaller_final_batch=True)
            return tf.train.export_meta_graph().SerializeToString()

    expected = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 0, 1, 2], [3, 4, 5, 6], [7, 8]]
    assert collected(old_tf, old_tf.MetaGraphDef.FromString(exported(v1))) == expected
    assert collected(v1, v1.MetaGraphDef.FromString(exported(old_tf))) == expected
