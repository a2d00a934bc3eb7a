"""With seeds the numbers are TensorFlow's, in each run of a session."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as compat

pytestmark = pytest.mark.tensorflow

RUNS = 3

DRAWS = {
    "uniform": lambda tf, seed, dtype, shape: tf.random_uniform(shape, seed=seed, dtype=dtype),
    "range": lambda tf, seed, dtype, shape: tf.random_uniform(shape, -3, 5, seed=seed, dtype=dtype),
    "normal": lambda tf, seed, dtype, shape: tf.random_normal(shape, seed=seed, dtype=dtype),
    "moved": lambda tf, seed, dtype, shape: tf.random_normal(shape, 2.0, 0.5, seed=seed, dtype=dtype),
    "truncated": lambda tf, seed, dtype, shape: tf.truncated_normal(shape, 1.0, 0.1, seed=seed, dtype=dtype),
}
SHAPES = [(), (0,), (1,), (5,), (3, 4, 5), (70_001,)]


def both(tf, build, runs=RUNS):
    """Return what a program's fetch gives in some runs, by TensorFlow and here."""
    found = []
    for names in (tf.compat.v1, compat):
        with names.Graph().as_default(), names.Session() as session:
            fetch = build(names)
            session.run(names.global_variables_initializer())
            found.append([session.run(fetch) for _ in range(runs)])
    return found


def check(theirs, ours, dtype):
    for want, got in zip(theirs, ours, strict=True):
        if dtype == "float64":  # the last bits are those of the C library's sine, and of NumPy's
            np.testing.assert_allclose(got, want, rtol=1e-14, atol=1e-15)
        else:
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("draw", DRAWS)
def test_numbers_of_ops_with_a_seed(tf, draw, dtype):
    for seed, shape in enumerate(SHAPES, 1):
        theirs, ours = both(tf, lambda names, each=(seed, dtype, shape): DRAWS[draw](names, *each))
        check(theirs, ours, dtype)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("limits", [(0, 10), (-7, 3), (-(2**31), 2**31 - 1)])
def test_whole_numbers(tf, dtype, limits):
    theirs, ours = both(tf, lambda names: names.random_uniform([1001], *limits, seed=-5, dtype=dtype))
    check(theirs, ours, dtype)


@pytest.mark.parametrize("shape", [(0,), (1,), (2,), (9,), (1000,), (7, 3), (1, 4), (6, 0), (50, 2, 2)])
def test_shuffles(tf, shape):
    values = np.arange(np.prod(shape)).reshape(shape)
    theirs, ours = both(tf, lambda names: names.random_shuffle(names.constant(values), seed=11))
    check(theirs, ours, "int64")


LOGITS = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25], [1e-9, 1.0, 1e-9]]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_classes(tf, dtype):
    logits = LOGITS.astype(dtype)
    for count in (0, 1, 5, 1000):
        theirs, ours = both(tf, lambda names, count=count: names.multinomial(logits, count, seed=7))
        check(theirs, ours, "int64")
    limits = np.array([[np.inf, 0.0, -np.inf, np.nan], [-np.inf, -np.inf, -np.inf, 1.0]])
    theirs, ours = both(tf, lambda names: names.random.categorical(limits, 9, names.int32, seed=3))
    check(theirs, ours, "int32")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("draw", ["uniform", "normal", "truncated_normal"])
def test_numbers_of_seeds_that_are_inputs(tf, draw, dtype):
    for shape, seed in [((0,), [0, 0]), ((5,), [1, 2]), ((3, 4, 5), [-7, 2**40]), ((7001,), [2**63 - 1, -1])]:

        def build(names, shape=shape, seed=seed):
            given = names.constant(seed, names.int64)
            return getattr(names.random, f"stateless_{draw}")(shape, given, dtype=names.as_dtype(dtype))

        theirs, ours = both(tf, build, 2)
        check(theirs, ours, dtype)


def test_numbers_of_a_graph_with_a_seed(tf):
    def build(names):
        names.set_random_seed(1234)
        first = names.random_uniform([3])
        names.add(first, 1.0)
        return [first, names.random_normal([4]), names.truncated_normal([5], seed=9), names.random_uniform([2])]

    theirs, ours = both(tf, build)
    for want, got in zip(theirs, ours, strict=True):
        check(want, got, "float32")


INITIALIZERS = {
    "glorot_uniform": lambda tf: tf.glorot_uniform_initializer(seed=3),
    "glorot_normal": lambda tf: tf.glorot_normal_initializer(seed=3),
    "random_normal": lambda tf: tf.random_normal_initializer(1.0, 2.0, seed=3),
    "random_uniform": lambda tf: tf.random_uniform_initializer(-1.0, 2.0, seed=3),
    "truncated_normal": lambda tf: tf.truncated_normal_initializer(1.0, 2.0, seed=3),
    "variance_scaling": lambda tf: tf.variance_scaling_initializer(2.0, "fan_in", "uniform", seed=3),
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initial_values(tf, name):
    theirs, ours = both(tf, lambda names: names.get_variable("v", [40, 30], initializer=INITIALIZERS[name](names)), 1)
    check(theirs, ours, "float32")


def test_dropout_drops_the_same(tf):
    theirs, ours = both(tf, lambda names: names.nn.dropout(names.ones([20, 30]), rate=0.4, seed=8))
    check(theirs, ours, "float32")
    assert 0.2 < np.mean(ours[0] == 0) < 0.6
    assert not np.array_equal(ours[0], ours[1])
