"""Loops, recurrent nets and functions of TensorFlow's graphs give, and change, what they do in TensorFlow's session."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.import_graph import import_graph_def
from ckpt_magics.graphs.session import Session
from ckpt_magics.proto.messages import GraphDef

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore:.*is deprecated:UserWarning")]

X = np.random.default_rng(3).standard_normal((4, 5, 3)).astype(np.float32)


def counts(tf, x, n):
    return list(tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s + tf.cast(i, tf.float32)), [0, 0.0]))


def never_entered(tf, x, n):
    return list(tf.while_loop(lambda i, s: i < 0, lambda i, s: (i + 1, s * 2.0), [n, x]))


def sums_rows(tf, x, n):
    rows = tf.unstack(x, axis=1)
    return [tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s + rows[0] * rows[1]), [0, rows[2]])[1]]


def nested(tf, x, n):
    def inner(i, total):
        return tf.while_loop(lambda j, t: j < i, lambda j, t: (j + 1, t + tf.cast(i * j, tf.float32)), [0, total])[1]

    return list(tf.while_loop(lambda i, t: i < n + 1, lambda i, t: (i + 1, inner(i, t) + 0.5), [0, 0.0]))


def branches_inside(tf, x, n):
    def body(i, s):
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: s + 1.0, lambda: s * tf.reduce_sum(x))

    return list(tf.while_loop(lambda i, s: i < n, body, [0, 1.0]))


def loop_in_a_branch(tf, x, n):
    def loop():
        return tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s * 2.0), [0, 1.0])[1]

    return [tf.cond(n > 2, loop, lambda: tf.constant(-1.0)), tf.cond(n > 99, loop, lambda: tf.constant(-1.0))]


def constants_given_back(tf, x, n):
    return list(tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, tf.constant(5.0)), [0, 1.0]))


def swaps(tf, x, n):
    return list(tf.while_loop(lambda i, a, b: i < n, lambda i, a, b: (i + 1, b, a + b), [0, 1, 1]))


def grows(tf, x, n):
    loop = tf.while_loop(
        lambda i, s: i < n,
        lambda i, s: (i + 1, tf.concat([s, s[:1] + tf.cast(i, tf.float32)], 0)),
        [0, tf.zeros([1])],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])],
    )
    return list(loop)


def array_written_and_read(tf, x, n):
    array = tf.TensorArray(tf.float32, size=n, clear_after_read=False)
    array = tf.while_loop(
        lambda i, a: i < n, lambda i, a: (i + 1, a.write(i, x[:, 0] * tf.cast(i, tf.float32))), [0, array]
    )[1]
    return [array.stack(), array.read(n - 1), array.gather([0, 1]), array.size(), array.concat()]


def array_that_grows(tf, x, n):
    array = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
    array = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a.write(i, i * i)), [0, array])[1]
    return [array.stack()]


def array_unstacked_and_split(tf, x, n):
    array = tf.TensorArray(tf.float32, size=4, clear_after_read=False).unstack(x)
    parts = tf.TensorArray(tf.float32, size=2, infer_shape=False).split(x, [1, 3])
    return [array.read(2), parts.read(1), array.scatter([0], x[:1]).read(0) if False else array.read(0)]


def maps(tf, x, n):
    return [tf.map_fn(lambda row: tf.reduce_sum(row) * row, x), tf.map_fn(lambda i: i * i, tf.range(n))]


def scans(tf, x, n):
    return [
        tf.scan(lambda a, row: a * 0.5 + row, x),
        tf.foldl(lambda a, row: a + tf.sin(row), x),
        tf.foldr(lambda a, r: a - r, x),
    ]


def gradient_of_a_loop(tf, x, n):
    out = tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s * tf.sin(x) + s), [0, x])[1]
    return [out, *tf.gradients(out, x)]


def gradient_of_nested_loops(tf, x, n):
    def inner(s):
        return tf.while_loop(lambda j, t: j < 2, lambda j, t: (j + 1, tf.tanh(t) + x), [0, s])[1]

    out = tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, inner(s) * 0.5), [0, x])[1]
    return [out, *tf.gradients(out, x)]


def gradient_of_a_map(tf, x, n):
    out = tf.map_fn(lambda row: tf.cond(tf.reduce_sum(row) > 0, lambda: row * row, lambda: tf.sin(row)), x)
    return [out, *tf.gradients(out, x)]


def cell(tf, kind):
    from tensorflow.python.keras.layers.legacy_rnn import rnn_cell_impl as rnn

    if kind == "stack":
        return rnn.MultiRNNCell(
            [rnn.DropoutWrapper(rnn.GRUCell(4), output_keep_prob=1.0), rnn.ResidualWrapper(rnn.GRUCell(4))]
        )
    return {
        "lstm": rnn.BasicLSTMCell,
        "peephole": lambda n: rnn.LSTMCell(n, use_peepholes=True, num_proj=2),
        "gru": rnn.GRUCell,
        "rnn": rnn.BasicRNNCell,
    }[kind](4)


def dynamic(kind, **options):
    def build(tf, x, n):
        lengths = tf.minimum(tf.range(4) + n, 5) if options.get("lengths") else None
        out, state = tf.nn.dynamic_rnn(
            cell(tf, kind), x, lengths, dtype=tf.float32, time_major=options.get("time_major", False)
        )
        flat = tf.nest.flatten(state)
        loss = tf.reduce_sum(out * out)
        return [out, *flat, *tf.gradients(loss, tf.trainable_variables())]

    return build


def both_ways(tf, x, n):
    out, state = tf.nn.bidirectional_dynamic_rnn(
        cell(tf, "lstm"), cell(tf, "gru"), x, tf.minimum(tf.range(4) + 1, 5), dtype=tf.float32
    )
    return [*out, *tf.nest.flatten(state)]


def static(tf, x, n):
    out, state = tf.nn.static_rnn(
        cell(tf, "lstm"), tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=[1, 3, 5, 2]
    )
    return [*out, *tf.nest.flatten(state)]


def raw(tf, x, n):
    inputs = tf.TensorArray(tf.float32, 5).unstack(tf.transpose(x, [1, 0, 2]))
    rnn = cell(tf, "gru")

    def loop(time, output, state, _):
        finished = time >= tf.minimum(tf.range(4) + 2, 5)
        state = rnn.zero_state(4, tf.float32) if state is None else state
        following = tf.cond(tf.reduce_all(finished), lambda: tf.zeros([4, 3]), lambda: inputs.read(time))
        return finished, following, state, output, None

    outputs, state, _ = tf.nn.raw_rnn(rnn, loop)
    return [outputs.stack(), state]


def changes_a_variable(tf, x, n):
    v = tf.Variable(1.0, name="v")

    def body(i):
        with tf.control_dependencies([v.assign_add(tf.cast(i, tf.float32))]):
            return i + 1

    end = tf.while_loop(lambda i: i < n, body, [0])
    with tf.control_dependencies([end]):
        return [end, v.read_value() + 0.0]


def batch_norm(tf, x, n):
    training = n > 4
    scale, offset = tf.Variable([1.0, 2.0, 3.0]), tf.Variable([0.5, 0.0, 0.0])
    mean, variance = tf.Variable(tf.zeros([3])), tf.Variable(tf.ones([3]))
    images = x[:, :, None, :]

    def learn():
        normed, m, v = tf.nn.fused_batch_norm(images, scale, offset, is_training=True)
        with tf.control_dependencies([mean.assign(mean * 0.9 + m * 0.1), variance.assign(variance * 0.9 + v * 0.1)]):
            return tf.identity(normed)

    def use():
        return tf.nn.fused_batch_norm(images, scale, offset, mean, variance, is_training=False)[0]

    return [tf.cond(training, learn, use)]


def dropout(tf, x, n):
    return [tf.cond(n > 99, lambda: tf.nn.dropout(x, rate=0.5), lambda: tf.identity(x))]


def defined_function(tf, x, n):
    @tf.function
    def scaled(a, b):
        if tf.reduce_sum(a) > 0.0:
            return a * b
        return a - b

    return [scaled(x, 2.0), scaled(-x, 3.0)]


def switch_case(tf, x, n):
    return [tf.switch_case(n - 4, [lambda: x, lambda: x * 2.0, lambda: x * 3.0])]


BUILDERS = {
    builder.__name__: builder
    for builder in (
        counts, never_entered, sums_rows, nested, branches_inside, loop_in_a_branch, constants_given_back, swaps, grows,
        array_written_and_read, array_that_grows, array_unstacked_and_split, maps, scans, gradient_of_a_loop,
        gradient_of_nested_loops, gradient_of_a_map, both_ways, static, raw, changes_a_variable, batch_norm, dropout,
        defined_function, switch_case,
    )
} | {
    "lstm": dynamic("lstm"), "lstm_lengths": dynamic("lstm", lengths=True), "peephole": dynamic("peephole"),
    "gru": dynamic("gru", time_major=True), "gru_lengths": dynamic("gru", lengths=True), "rnn": dynamic("rnn"),
    "stack": dynamic("stack", lengths=True),
}  # fmt: skip


@contextlib.contextmanager
def style(tf, version):
    """Let TensorFlow build loops and branches of one version, on resource variables in the second."""
    tf1 = tf.compat.v1
    before = tf1.control_flow_v2_enabled(), tf1.resource_variables_enabled()

    def switch(loops, variables):
        (tf1.enable_control_flow_v2 if loops else tf1.disable_control_flow_v2)()
        (tf1.enable_resource_variables if variables else tf1.disable_resource_variables)()

    switch(version == 2, version == 2)
    try:
        yield
    finally:
        switch(*before)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_gives_and_changes_what_it_does_in_tensorflow(tf, build, version):
    tf1 = tf.compat.v1
    theirs, ours = tf.Graph(), Graph()
    with style(tf, version), theirs.as_default():
        tf1.set_random_seed(1)
        x, n = tf1.placeholder(tf.float32, [4, 5, 3], "x"), tf1.placeholder(tf.int32, [], "n")
        fetches = [tensor.name for tensor in build(tf1, x, n)]
        variables = tf1.global_variables()
        reads = [variable.read_value().name for variable in variables]
        holders = [tf1.placeholder(variable.dtype.base_dtype, variable.shape) for variable in variables]
        assigns = [tf1.assign(variable, holder).op.name for variable, holder in zip(variables, holders, strict=True)]
    with ours.as_default():
        import_graph_def(GraphDef.FromString(theirs.as_graph_def().SerializeToString()), name="")
    rng = np.random.default_rng(1)
    values = {holder.name: rng.random(holder.shape, np.float32) for holder in holders}
    sessions = [tf1.Session(graph=theirs), Session(graph=ours)]
    for session in sessions:
        session.run(assigns, values)
    for size in (4, 5, 4):
        feeds = {"x:0": X + size - 4, "n:0": size}
        expected, actual = ([*session.run(fetches, feeds), *session.run(reads)] for session in sessions)
        for name, want, got in zip([*fetches, *reads], expected, actual, strict=True):
            np.testing.assert_allclose(got, want, 2e-5, 2e-5, err_msg=name)
            assert np.asarray(got).dtype == np.asarray(want).dtype
