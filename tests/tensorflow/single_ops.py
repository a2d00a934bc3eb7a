"""Single ops, run here and in TensorFlow, and the comparison of what they give."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import DType, dtype_of
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import convert_to_tensor
from ckpt_magics.graphs.ops.rows import OPS
from ckpt_magics.graphs.session import Session
from tests.tensorflow.kernel_cases import Case

TOLERANCES = {
    "float16": 4e-3,
    "bfloat16": 4e-2,
    "float32": 2e-5,
    "complex64": 2e-5,
    "float64": 1e-11,
    "complex128": 1e-11,
}


def grouped(name: str, values: list[Any]) -> list[Any]:
    """Return one entry per argument of an op, lists for those that take several tensors."""
    arguments, start = [], 0
    args = OPS[name].inputs
    lists = sum(bool(arg.number_attr) for arg in args)
    for arg in args:
        count = (len(values) - len(args) + lists) // lists if arg.number_attr else 1
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


def theirs(tf: Any, name: str, case: Case) -> list[np.ndarray]:
    """Run the op in TensorFlow."""
    tensors = [tf.constant(array, tf.dtypes.as_dtype(dtype_of(array).number)) for array in case.inputs]
    return [tensor.numpy() for tensor in their_call(tf, name, tensors, attrs_of(name, case))][: case.outputs]


def their_call(tf: Any, name: str, inputs: list[Any], attrs: dict[str, Any]) -> list[Any]:
    """Add or run an op in TensorFlow, and return its outputs."""
    attrs = {key: tf.as_dtype(value.number) if isinstance(value, DType) else value for key, value in attrs.items()}
    arguments = dict(zip((arg.name for arg in OPS[name].inputs), grouped(name, inputs), strict=True))
    function = getattr(tf.raw_ops, name)
    names = inspect.signature(function).parameters
    given = arguments | attrs
    # Some arguments have other names in Python than in the op's definition, but the order is the same.
    other_names = iter([key for key in names if key not in given and key != "name"])
    result = function(**{key if key in names else next(other_names): value for key, value in given.items()})
    return list(result) if isinstance(result, (list, tuple)) else [result]


def our_call(_tf: Any, name: str, inputs: list[Any], attrs: dict[str, Any]) -> list[Any]:
    """Add an op to the default graph, and return its outputs."""
    tensors = [convert_to_tensor(item) for item in inputs]
    return list(get_default_graph().create_op(name, grouped(name, tensors), attrs=attrs).outputs)


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
