"""Random numbers have the distribution, shape and type that is asked for."""

import numpy as np
import pytest

from ckpt_magics.compat import v1
from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import as_dtype
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.nodes.build import apply, constant
from ckpt_magics.graphs.session import Session


def draw(op_type, shape, *inputs, **attrs):
    graph = Graph()
    with graph.as_default():
        return Session(graph=graph).run(apply(op_type, constant(shape), *map(constant, inputs), seed=7, **attrs))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(
    ("op_type", "mean", "deviation", "low", "high"),
    [
        ("RandomStandardNormal", 0, 1, -7, 7),
        ("TruncatedNormal", 0, 0.88, -2, 2),
        ("RandomUniform", 0.5, 0.289, 0, 1),
    ],
)
def test_distribution(dtype, op_type, mean, deviation, low, high):
    values = draw(op_type, [100, 200], dtype=as_dtype(dtype))
    assert values.shape == (100, 200)
    assert as_dtype(values.dtype) == dtype
    values = values.astype(np.float64)
    assert abs(values.mean() - mean) < 0.03
    assert abs(values.std() - deviation) < 0.03
    assert low <= values.min() <= values.max() <= high
    assert op_type != "RandomUniform" or values.max() < 1


def test_whole_numbers_fill_the_half_open_interval():
    values = draw("RandomUniformInt", [1000], np.int64(-2), np.int64(3))
    assert set(values.tolist()) == {-2, -1, 0, 1, 2}
    with pytest.raises(InvalidArgumentError, match="Need minval < maxval"):
        draw("RandomUniformInt", [3], np.int32(3), np.int32(3))


def test_shuffling_moves_whole_rows():
    graph = Graph()
    rows = np.arange(40).reshape(20, 2)
    with graph.as_default():
        shuffled = Session(graph=graph).run(apply("RandomShuffle", constant(rows), seed=3))
    assert shuffled.tolist() != rows.tolist()
    assert sorted(shuffled.tolist()) == rows.tolist()


def test_negative_size_is_refused():
    with pytest.raises(InvalidArgumentError, match="must be >= 0"):
        draw("RandomUniform", [-1], dtype=as_dtype("float32"))


def test_numbers_by_seeds_that_are_told():
    """TensorFlow's numbers, the same ones each time."""
    numbers = v1.random.stateless_uniform([3], [1, 2])
    with v1.Session(graph=numbers.graph) as session:
        for _ in range(2):
            assert session.run(numbers).tolist() == [0.8440604209899902, 0.19204533100128174, 0.9962232112884521]
    with pytest.raises(ValueError, match="whole numbers are not drawn"):
        v1.random.stateless_uniform([3], [1, 2], 0, 9, "int32")


def test_classes_by_their_logits():
    """TensorFlow's classes: none of those that have no probability."""
    with v1.Graph().as_default(), v1.Session() as session:
        assert session.run(v1.multinomial([[0.0, 0.0, 0.0]], 8, seed=7)).tolist() == [[2, 0, 1, 2, 0, 1, 1, 0]]
        rare = v1.random.categorical([[-np.inf, 1.0, np.nan], [0.0, -np.inf, 0.0]], 50, seed=1)
        assert rare.shape == (2, 50)
        first, second = session.run(rare)
        assert set(first) == {1}
        assert set(second) == {0, 2}
        with pytest.raises(InvalidArgumentError, match="logits should be a matrix"):
            session.run(v1.multinomial(v1.placeholder_with_default([1.0], None), 2))
