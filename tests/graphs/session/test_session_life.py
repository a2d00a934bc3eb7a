"""Sessions are entered once, run in this process, and take constants and feeds as TensorFlow's do."""

import numpy as np
import pytest

from ckpt_magics.compat import v1 as tf
from ckpt_magics.errors import NotFoundError, ResourceExhaustedError
from ckpt_magics.files.formats.tensor_proto import MAX_FILLED_SIZE
from ckpt_magics.proto.messages import GraphDef

LARGE = (1 << 25) + 1
"""Elements of int8 in a constant that one value stands for: 32 MiB."""


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def test_a_session_is_entered_once_at_a_time():
    session = tf.Session()
    with session:
        with pytest.raises(RuntimeError, match="not re-entrant"), session:
            pass
        with session.as_default(), session.as_default():
            assert tf.constant(1).eval() == 1
    assert session.closed
    with session, pytest.raises(RuntimeError, match="closed"):
        session.run(tf.constant(1))


@pytest.mark.parametrize("target", ["local", b"direct", "grpc://localhost:2222"])
def test_a_session_somewhere_else_is_refused(target):
    with pytest.raises(NotFoundError, match="No session factory registered"):
        tf.Session(target)


@pytest.mark.parametrize("value", [1, True, 1.5, None, [1], [b"a", 1], np.array([1, 2]), bytearray(b"x"), object()])
def test_a_string_placeholder_takes_text_only(value):
    x = tf.placeholder(tf.string)
    with pytest.raises(TypeError):
        tf.Session().run(tf.identity(x), {x: value})


@pytest.mark.parametrize("value", ["a", b"a", ["a", b"b"], np.array(["a"]), np.array([], np.int32)])
def test_a_string_placeholder_takes_text_of_any_kind(value):
    x = tf.placeholder(tf.string)
    fed = np.asarray(tf.Session().run(tf.identity(x), {x: value}))
    assert [text.decode() for text in fed.reshape(-1)] == [
        text if isinstance(text, str) else text.decode() for text in np.asarray(value, object).reshape(-1)
    ]


@pytest.mark.parametrize(("dtype", "value"), [("int8", 128), ("uint8", -1), ("bool", 2)])
def test_a_whole_number_that_a_placeholder_cannot_hold_is_refused(dtype, value):
    x = tf.placeholder(dtype)
    with pytest.raises(TypeError, match="not compatible with Tensor type"):
        tf.Session().run(tf.identity(x), {x: value})


def test_a_constant_of_one_value_fills_a_variable_of_any_size():
    v = tf.get_variable("v", [LARGE], tf.int8, tf.constant_initializer(7))
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run([tf.reduce_max(v), tf.reduce_min(v), tf.size(v)]) == [7, 7, LARGE]


@pytest.mark.parametrize("value", [2.5, 1 + 2j, "text", True])
def test_large_constants_hold_their_value_everywhere(value):
    x = tf.constant(value, shape=[1000, 100])
    found = tf.Session().run(x)
    assert found.shape == (1000, 100)
    expected = value.encode() if isinstance(value, str) else value
    assert found[0, 0] == found[-1, -1] == expected
    found[0, 0] = found[1, 1]


def test_a_large_constant_takes_no_memory_before_it_is_used():
    x = tf.constant(1.0, shape=[1 << 40])
    with tf.Session() as session:
        assert session.run(x[5]) == 1.0
        assert session.run(tf.size(x, out_type=tf.int64)) == 1 << 40


def test_a_constant_of_a_file_asks_for_no_more_than_the_limit(graph):
    tf.identity(tf.constant(1.0, shape=[MAX_FILLED_SIZE // 4])[3], name="allowed")
    tf.constant(1.0, shape=[MAX_FILLED_SIZE // 4 + 1], name="refused")
    message = GraphDef.FromString(graph.as_graph_def().SerializeToString())
    with tf.Graph().as_default():
        tf.import_graph_def(message, name="")
        with tf.Session() as session:
            assert session.run("allowed:0") == 1.0
            with pytest.raises(ResourceExhaustedError, match="holds 1 values and asks for"):
                session.run("refused:0")


def test_parts_by_batch_need_no_axis():
    params, indices = np.arange(24).reshape(2, 3, 4), np.array([[0, 1], [2, 0]])
    found = tf.Session().run(tf.gather(params, indices, batch_dims=1))
    assert found.tolist() == [params[0][[0, 1]].tolist(), params[1][[2, 0]].tolist()]


def test_indices_without_coordinates_give_the_whole():
    params = np.arange(6).reshape(2, 3)
    found = tf.Session().run(tf.gather_nd(params, np.zeros((2, 0), np.int32)))
    assert found.tolist() == [params.tolist(), params.tolist()]
