"""Each kernel and shape rule gives what TensorFlow gives, over generated inputs, dtypes and shapes."""

from __future__ import annotations

import inspect
import zlib
from typing import Any

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError
from ckpt_magics.formats.dtypes import FLOAT, DType, dtype_of
from ckpt_magics.graph.build import constant
from ckpt_magics.graph.graph import Graph
from ckpt_magics.graph.node import Tensor
from ckpt_magics.ops.table import OPS
from ckpt_magics.session import Session
from tests.tensorflow.kernel_cases import MAKERS, Case, data_types
from tests.tensorflow.sessions import imported_graph

pytestmark = pytest.mark.tensorflow

TOLERANCES = {
    "float16": 4e-3,
    "bfloat16": 4e-2,
    "float32": 2e-5,
    "complex64": 2e-5,
    "float64": 1e-11,
    "complex128": 1e-11,
}


def cases(name: str) -> list[tuple[DType, Case]]:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return [(dtype, case) for dtype in data_types(name) for case in MAKERS[name](rng, dtype)]


def grouped(name: str, values: list[Any]) -> list[Any]:
    """Return one entry per argument of an op, lists for those that take several tensors."""
    arguments, start = [], 0
    args = OPS[name].inputs
    for arg in args:
        count = len(values) - len(args) + 1 if arg.number_attr else 1
        arguments.append(values[start : start + count] if arg.number_attr else values[start])
        start += count
    return arguments


def attrs_of(name: str, case: Case) -> dict[str, Any]:
    return {key: value for key, value in case.attrs.items() if key != "N"}


def ours(name: str, case: Case) -> list[np.ndarray] | None:
    """Run the op in a graph of its own; None if it refuses."""
    graph = Graph()
    with graph.as_default():
        try:
            inputs = [placeholder(graph, array, None) for array in case.inputs]
            op = graph.create_op(name, grouped(name, inputs), attrs=attrs_of(name, case))
            fetched = op.outputs[: case.outputs]
            return Session(graph=graph).run(fetched, dict(zip(inputs, case.inputs, strict=True)))
        except CheckpointError:
            return None


def placeholder(graph: Graph, array: np.ndarray, shape: Any) -> Tensor:
    return graph.create_op("Placeholder", attrs={"dtype": dtype_of(array), "shape": shape}).outputs[0]


def theirs(tf: Any, name: str, case: Case) -> list[np.ndarray] | None:
    """Run the op in TensorFlow; None if it refuses."""
    attrs = {
        key: tf.dtypes.as_dtype(value.number) if isinstance(value, DType) else value
        for key, value in attrs_of(name, case).items()
    }
    tensors = [tf.constant(array, tf.dtypes.as_dtype(dtype_of(array).number)) for array in case.inputs]
    arguments = dict(zip((arg.name for arg in OPS[name].inputs), grouped(name, tensors), strict=True))
    function = getattr(tf.raw_ops, name)
    names = inspect.signature(function).parameters
    given = arguments | attrs
    # Some arguments have other names in Python than in the op's definition, but the order is the same.
    other_names = iter([key for key in names if key not in given and key != "name"])
    result = function(**{key if key in names else next(other_names): value for key, value in given.items()})
    results = list(result) if isinstance(result, (list, tuple)) else [result]
    return [tensor.numpy() for tensor in results][: case.outputs]


def check_equal(expected: Any, actual: Any, where: str) -> None:
    expected, actual = np.asarray(expected), np.asarray(actual)
    difference = f"{where}: {actual!r} instead of {expected!r}"
    assert actual.shape == expected.shape, difference
    if expected.dtype.kind in "SO":
        assert actual.reshape(-1).tolist() == expected.reshape(-1).tolist(), difference
        return
    assert actual.dtype == expected.dtype, difference
    tolerance = TOLERANCES.get(expected.dtype.name, 0)
    wide = {"c": np.complex128, "f": np.float64, "V": np.float64}.get(expected.dtype.kind, expected.dtype)
    assert np.allclose(actual.astype(wide), expected.astype(wide), tolerance, tolerance, equal_nan=True), difference


# Compared elsewhere: what has state, draws, reads or writes files, orders or reports.
ELSEWHERE = {
    "Const", "Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "IdentityN", "NoOp", "ControlTrigger", "Assert",
    "Print", "RandomStandardNormal", "TruncatedNormal", "RandomUniform", "RandomUniformInt", "RandomShuffle",
}  # fmt: skip


def test_every_op_without_state_is_compared():
    stateful = {name for name, row in OPS.items() if row.is_stateful or any(arg.is_ref for arg in row.inputs)}
    assert OPS.keys() - MAKERS.keys() - stateful == ELSEWHERE - stateful


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_gives_what_tensorflow_gives(tf, name):
    compared = 0
    for dtype, case in cases(name):
        try:
            expected = theirs(tf, name, case)
        except tf.errors.InvalidArgumentError as error:
            if "No OpKernel" in str(error) or "not supported" in str(error):
                continue
            expected = None
        except (tf.errors.NotFoundError, tf.errors.UnimplementedError, tf.errors.InternalError):
            continue
        actual = ours(name, case)
        where = f"{name} {dtype.name} {[array.tolist() for array in case.inputs]} {case.attrs}"
        assert (actual is None) == (expected is None), f"{where}: {actual} instead of {expected}"
        compared += 1
        for want, got in zip(expected or (), actual or (), strict=True):
            check_equal(want, got, where)
    assert compared


def known_shapes(array: np.ndarray, rng: np.random.Generator) -> list[list[int | None] | None]:
    """Return the array's shape, one with a size left out, and none at all."""
    some: list[int | None] = list(array.shape)
    if some:
        some[rng.integers(len(some))] = None
    return [list(array.shape), some, None]


def add_variants(graph: Graph, name: str, case: Case, rng: np.random.Generator) -> bool:
    """Add the op with inputs of which more and less is known; returns whether all of them were taken."""
    shapes = [known_shapes(array, rng) for array in case.inputs]
    for variant in range(3):
        inputs = [
            constant(array) if index in case.fixed else placeholder(graph, array, shapes[index][variant])
            for index, array in enumerate(case.inputs)
        ]
        try:
            graph.create_op(name, grouped(name, inputs), attrs=attrs_of(name, case), name="compared")
        except CheckpointError:
            return False
    return True


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_infers_the_shapes_that_tensorflow_infers(tf, name):
    rng = np.random.default_rng(1)
    graph = Graph()
    dtypes = data_types(name)
    chosen = FLOAT if FLOAT in dtypes else dtypes[0]
    with graph.as_default():
        for _, case in [item for item in cases(name) if item[0] == chosen]:
            if not add_variants(graph, name, case, rng):
                with pytest.raises(tf.errors.InvalidArgumentError):
                    theirs(tf, name, case)
    imported = imported_graph(tf, graph)
    different = []
    for op in graph.get_operations():
        if op.name.startswith("compared"):
            expected = [output.shape for output in imported.get_operation_by_name(op.name).outputs]
            wanted = [None if shape.rank is None else tuple(shape.as_list()) for shape in expected]
            if wanted != [output.shape.sizes for output in op.outputs]:
                given = [str(tensor.shape) for tensor in op.inputs]
                found = [output.shape.sizes for output in op.outputs]
                different.append(f"{op.name} of {given}: {found} instead of {wanted}")
    assert not different
