"""Steps of training, beside TensorFlow's Session: the same program by the names of either, the same numbers fed.

Both have one thread, and what is counted is the processor's time: on a machine that does other work too, time on the
clock tells more about the neighbours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.harness import OURS, Contender, Target, Work
from benchmarks.sizes import Sizes

TENSORFLOW = "TF Session"
SIDE = 28
PIXELS = SIDE * SIDE
CLASSES = 10

LOSS_TOLERANCE = 1e-3
"""By how much the losses after a few steps may differ: float32 sums in another order."""


@dataclass(frozen=True)
class Program:
    """What one step trains.

    Attributes:
        name: In the table.
        batch: Images of a step.
        steps: Steps that are measured together.
        ratio: Our time by TensorFlow's, at most.
        logits: Adds the network to the default graph, by the names of either, and returns its outputs.
    """

    name: str
    batch: int
    steps: int
    ratio: float
    logits: Callable[[ModuleType, Any], Any]


def rows(sizes: Sizes) -> Iterator[Work]:
    """Yield the rows."""
    for program in PROGRAMS:
        yield _training(program, sizes)
    yield _planning(sizes)


def _training(program: Program, sizes: Sizes) -> Work:
    numbers = np.random.default_rng(0)
    images = numbers.random((program.batch, PIXELS), np.float32)
    classes = np.eye(CLASSES, dtype=np.float32)[numbers.integers(CLASSES, size=program.batch)]
    steps = [_step(names, program, images, classes) for names in _both()]
    ours, theirs = ([step() for _ in range(3)] for step in steps)
    np.testing.assert_allclose(ours, theirs, rtol=LOSS_TOLERANCE)
    return Work(
        f"training step: {program.name}, batch of {program.batch}",
        tuple(
            Contender(name, partial(_processor_time, step, program.steps))
            for name, step in zip((OURS, TENSORFLOW), steps, strict=True)
        ),
        (Target(program.ratio, TENSORFLOW),),
        sizes.rounds,
    )


def _both() -> tuple[ModuleType, ModuleType]:
    import tensorflow as tf

    from ckpt_magics.compat import v1

    return v1, tf.compat.v1


def _processor_time(step: Callable[[], object], count: int) -> float:
    """Return the seconds of processor time of one step."""
    start = time.process_time()
    for _ in range(count):
        step()
    return (time.process_time() - start) / count


def _step(tf: ModuleType, program: Program, images: Any, classes: Any) -> Callable[[], Any]:
    """Return what runs one step on a graph and a session of its own, and gives the loss before it."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, PIXELS])
        y = tf.placeholder(tf.float32, [None, CLASSES])
        losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=program.logits(tf, x))
        loss = tf.reduce_mean(losses)
        train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
        session = _session(tf)
        session.run(tf.global_variables_initializer())
    feeds = {x: images, y: classes}
    return lambda: session.run([train, loss], feeds)[1]


def _session(tf: ModuleType) -> Any:
    return tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1))


def _variable(tf: ModuleType, *shape: int) -> Any:
    """Return a variable with the same numbers in every graph; a vector is a bias."""
    scale = (2 / np.prod(shape[:-1])) ** 0.5 if len(shape) > 1 else 0.0
    return tf.Variable((np.random.default_rng(len(shape)).standard_normal(shape) * scale).astype(np.float32))


def _dense(tf: ModuleType, x: Any, inputs: int, outputs: int) -> Any:
    return tf.matmul(x, _variable(tf, inputs, outputs)) + _variable(tf, outputs)


def _softmax(tf: ModuleType, x: Any) -> Any:
    return _dense(tf, x, PIXELS, CLASSES)


def _perceptron(tf: ModuleType, x: Any) -> Any:
    layer = tf.nn.relu(_dense(tf, x, PIXELS, 512))
    return _dense(tf, tf.nn.relu(_dense(tf, layer, 512, 256)), 256, CLASSES)


def _convolutions(tf: ModuleType, x: Any) -> Any:
    """Return what LeNet makes of images: two convolutions with pools, two dense layers."""
    layer, channels = tf.reshape(x, [-1, SIDE, SIDE, 1]), 1
    for filters in (20, 50):
        layer = tf.nn.conv2d(layer, _variable(tf, 5, 5, channels, filters), [1, 1, 1, 1], "SAME")
        layer = tf.nn.relu(tf.nn.bias_add(layer, _variable(tf, filters)))
        layer, channels = tf.nn.max_pool(layer, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), filters
    features = (SIDE // 4) ** 2 * channels
    return _dense(tf, tf.nn.relu(_dense(tf, tf.reshape(layer, [-1, features]), features, 500)), 500, CLASSES)


def _recurrent(tf: ModuleType, x: Any, units: int = 128) -> Any:
    """Return what an LSTM that reads the lines of an image says of them; each line has nodes of its own."""
    lines = tf.unstack(tf.reshape(x, [-1, SIDE, SIDE]), SIDE, 1)
    weights, bias = _variable(tf, SIDE + units, 4 * units), _variable(tf, 4 * units)
    h = c = tf.zeros([tf.shape(x)[0], units])
    for line in lines:
        i, j, f, o = tf.split(tf.matmul(tf.concat([line, h], 1), weights) + bias, 4, 1)
        c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        h = tf.tanh(c) * tf.sigmoid(o)
    return _dense(tf, h, units, CLASSES)


PROGRAMS = (
    Program("softmax regression", 100, 50, 0.7, _softmax),
    Program("perceptron of two hidden layers", 64, 10, 1.0, _perceptron),
    Program("LeNet", 64, 1, 2.0, _convolutions),
    Program("LSTM of 28 steps", 64, 2, 3.0, _recurrent),
)


def _planning(sizes: Sizes) -> Work:
    contenders = []
    for name, tf in zip((OURS, TENSORFLOW), _both(), strict=True):
        with tf.Graph().as_default() as graph:
            train = _deep(tf, sizes.nodes[0])
            initializer = tf.global_variables_initializer()
        contenders.append(Contender(name, partial(_first_run, tf, graph, initializer, train)))
    return Work(
        f"first run of a training step of {sizes.nodes[0]} nodes",
        tuple(contenders),
        (Target(seconds=0.5),),
        sizes.rounds,
    )


def _deep(tf: ModuleType, count: int) -> Any:
    """Return the training step of a chain of layers, in a graph of at least so many nodes."""
    graph = tf.get_default_graph()
    layer = tf.ones([1, 2])
    variables = []
    # The gradient and the steps of the variables are about as many nodes again as the layers and their variables.
    while len(graph.get_operations()) < count * 0.55:
        variables += [tf.Variable(tf.zeros([2, 2])), tf.Variable(tf.zeros([2]))]
        layer = tf.nn.relu(tf.nn.bias_add(tf.matmul(layer, variables[-2]), variables[-1]))
    return tf.train.GradientDescentOptimizer(0.01).minimize(tf.reduce_sum(layer), var_list=variables)


def _first_run(tf: ModuleType, graph: Any, initializer: Any, train: Any) -> float:
    """Return the seconds of processor time that a fresh session takes for its first step."""
    with graph.as_default(), _session(tf) as session:
        session.run(initializer)
        start = time.process_time()
        session.run(train)
        return time.process_time() - start
