"""The rules for gradients agree with finite differences."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import DOUBLE, STRING, dtype_of
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.graphs.ops.rows import OPS
from ckpt_magics.graphs.training.rules import NO_GRADIENT, RULES
from tests.tensorflow.kernel_cases import Case, data_types
from tests.tensorflow.op_cases import MAKERS
from tests.tensorflow.single_ops import attrs_of, our_call

KINKS = {"Round", "Sign"}
"""Ops that are constant but at jumps."""

ONE_SIDED = {
    # TensorFlow takes these for derivatives whose own derivative is that of a step: none.
    "MaxPoolGrad", "MaxPoolGradGrad", "AvgPoolGrad",
    # Their inputs that are values of a function are no values of their own.
    "EluGrad", "SeluGrad", "SoftplusGrad",
    # Labels that do not add up to 1 count as if they did; limits that cross are clipped by the lower one.
    "SoftmaxCrossEntropyWithLogits", "ClipByValue",
    # An empty segment has the least number that there is, or the greatest.
    "UnsortedSegmentMax", "UnsortedSegmentMin",
    # What fills the rest counts as a setting; a row that is put where another one was keeps its gradient.
    "MatrixDiagPartV2", "MatrixDiagPartV3", "MatrixDiagV2", "MatrixDiagV3", "PadV2", "DynamicStitch",
    "ParallelDynamicStitch",
    # They give floats, whose differences say little; TensorFlow has no derivative by their first input.
    "CropAndResize", "ResizeBicubic", "ResizeBilinear", "Polygamma", "Zeta",
    # One value for many places has no gradient; the other two are no functions of doubles, or refuse.
    "SparseToDense", "Cast", "PreventGradient",
}  # fmt: skip


def test_rules_are_those_of_known_ops():
    assert set(RULES) | NO_GRADIENT <= set(OPS)
    assert not set(RULES) & NO_GRADIENT


def smooth(name: str) -> Iterator[Case]:
    """Yield the op's cases of doubles, with all data drawn anew and away from what functions have kinks at."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for case in MAKERS[name](rng, DOUBLE):
        inputs = [
            array if index in case.fixed or array.dtype != np.float64 else rng.uniform(0.6, 1.4, array.shape)
            for index, array in enumerate(case.inputs)
        ]
        yield Case(inputs, case.attrs, case.fixed, case.outputs)


def derivatives(name: str, case: Case) -> tuple[float, float] | None:
    """Return the derivative in a random direction by the rule and by differences; None if the op refuses the case."""
    rng = np.random.default_rng(1)
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        feeds = {}
        inputs = []
        for index, array in enumerate(case.inputs):
            if index in case.fixed:
                inputs.append(tf.constant(array))
            else:
                inputs.append(tf.placeholder(dtype_of(array), array.shape))
                feeds[inputs[-1]] = array
        try:
            outputs = [item for item in our_call(None, name, inputs, attrs_of(name, case)) if item.dtype.is_floating]
            outputs = outputs[: case.outputs]
            values = session.run(outputs, feeds)
        except CheckpointError:
            return None
        xs = [tensor for tensor in feeds if tensor.dtype is DOUBLE]
        weights = [rng.standard_normal(np.shape(value)) for value in values]
        gradients = tf.gradients(outputs, xs, grad_ys=weights, unconnected_gradients="zero")
        found = session.run([tf.convert_to_tensor(gradient) for gradient in gradients], feeds)
        directions = [rng.standard_normal(np.shape(feeds[x])) for x in xs]
        by_rule = sum(float(np.sum(g * d)) for g, d in zip(found, directions, strict=True))

        def moved(step: float) -> float:
            there = feeds | {x: feeds[x] + step * d for x, d in zip(xs, directions, strict=True)}
            return sum(float(np.sum(w * v)) for w, v in zip(weights, session.run(outputs, there), strict=True))

        return by_rule, (moved(1e-6) - moved(-1e-6)) / 2e-6


def takes_doubles(name: str) -> bool:
    return DOUBLE in data_types(name) or STRING in data_types(name)  # which stands for ops that take any type


COMPARED = sorted(
    name for name in RULES.keys() & MAKERS.keys() if takes_doubles(name) and name not in ONE_SIDED | KINKS
)


@pytest.mark.parametrize("name", COMPARED)
def test_agrees_with_finite_differences(name):
    compared = 0
    for case in smooth(name):
        found = derivatives(name, case)
        if found is not None and np.isfinite(found[1]):
            assert found[0] == pytest.approx(found[1], rel=1e-5, abs=1e-5), f"{name} {case}"
            compared += 1
    assert compared


def test_the_old_top_k_sends_gradients_where_the_new_one_does():
    values = np.random.default_rng(4).permutation(12.0 * np.arange(12)).reshape(3, 4)
    found = []
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(values)
        for top in (apply("TopK", x, k=2)[0], apply("TopKV2", x, 2)[0]):
            [gradient] = tf.gradients(top * [1.0, 2.0], [x])
            found.append(session.run(gradient))
    np.testing.assert_array_equal(*found)
    assert found[0].sum(axis=1).tolist() == [3.0] * 3
