"""What an op makes of a reference variable changes with the variable just where it does in TensorFlow's session."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import constant
from ckpt_magics.graphs.session import Session
from ckpt_magics.graphs.variables.variable import Variable
from tests.tensorflow.kernel_cases import Case, data, data_types
from tests.tensorflow.op_cases import MAKERS
from tests.tensorflow.sessions import tensorflow_session
from tests.tensorflow.single_ops import attrs_of, grouped, ours

pytestmark = pytest.mark.tensorflow

FLOAT = as_dtype("float")


def ints(values: object) -> np.ndarray:
    return np.array(values, np.int32)


def wide(name: str, dtype: DType) -> Iterator[Case]:
    """Cases with rows of 64 bytes, with settings that leave the input as it is, and with a single input."""
    rng = np.random.default_rng(1)
    x, row, one = (data(rng, dtype, shape) for shape in ((3, 16), (48,), (1, 16)))
    if name in ("Slice", "StridedSlice"):
        yield from parts(name, x, row)
    elif name in ("Split", "SplitV", "Unpack"):
        yield from pieces(name, x, row, one)
    elif name in ("Sum", "Mean", "Prod", "Max", "Min"):
        for value, axes, keep in itertools.product((x, one), ([], [0]), (False, True)):
            yield Case([value, ints(axes)], {"keep_dims": keep})
    else:
        yield from others(x, one, row, dtype).get(name, [])


def parts(name: str, x: np.ndarray, row: np.ndarray) -> Iterator[Case]:
    if name == "Slice":
        for begin, size in [([0, 0], [3, 16]), ([1, 0], [2, 16]), ([1, 0], [-1, 16]), ([0, 0], [3, 8])]:
            yield Case([x, ints(begin), ints(size)])
        for begin, size in [(16, 16), (16, 8), (8, 16), (16, 32), (16, -1)]:
            yield Case([row, ints([begin]), ints([size])])
        return
    shrink = {"shrink_axis_mask": 1}
    for begin, end, stride, attrs in [
        ([0], [3], 1, {}), ([1], [3], 1, {}), ([1], [2], 1, shrink), ([0], [3], 2, {}), ([0], [0], 1, {"end_mask": 1}),
        ([0], [1], 1, {"new_axis_mask": 1}), ([0], [3], -1, {"begin_mask": 1}), ([2], [0], -1, {}), ([-1], [3], 1, {}),
        ([1, 0], [3, 16], 1, {}), ([1, 0], [3, 8], 1, {}), ([1, 0], [3, 20], 1, {}),
        ([1, 0], [0, 0], 1, {**shrink, "ellipsis_mask": 2}),
    ]:  # fmt: skip
        yield Case([x, ints(begin), ints(end), ints([stride] * len(begin))], attrs)
    for begin, end in [(16, 32), (16, 40), (8, 32), (0, 48), (16, 48), (-32, -16)]:
        yield Case([row, ints([begin]), ints([end]), ints([1])])


def pieces(name: str, x: np.ndarray, row: np.ndarray, one: np.ndarray) -> Iterator[Case]:
    if name == "Unpack":
        for value, count, axis in [(x, 3, 0), (x, 16, 1), (row, 48, 0), (one, 1, 0)]:
            yield Case([value], {"num": count, "axis": axis})
    elif name == "Split":
        for axis, value, count in [(0, x, 3), (0, x, 1), (1, x, 1), (1, x, 2), (0, row, 3), (1, one, 16), (-2, x, 3)]:
            yield Case([ints(axis), value], {"num_split": count})
    else:
        for axis, value, sizes in [
            (0, x, [1, 2]), (0, x, [3]), (1, x, [16]), (1, x, [8, 8]), (0, row, [16, 32]), (0, row, [8, 40]),
            (-2, x, [2, -1]),
        ]:  # fmt: skip
            yield Case([value, ints(sizes), ints(axis)], {"num_split": len(sizes)})


def others(x: np.ndarray, one: np.ndarray, row: np.ndarray, dtype: DType) -> dict[str, list[Case]]:
    thin, nothing = x.reshape(3, 1, 16), np.zeros((2, 2), np.int32)
    return {
        "Transpose": [
            Case([value, ints(perm)])
            for value, perm in [(x, [0, 1]), (x, [1, 0]), (one, [1, 0]), (thin, [1, 0, 2]), (thin, [0, 2, 1])]
        ],
        "BroadcastTo": [Case([x, ints([3, 16])]), Case([x, ints([1, 3, 16])]), Case([one, ints([2, 16])])],
        "Tile": [Case([x, ints([1, 1])]), Case([one, ints([2, 1])])],
        "Pack": [Case([x], {"N": 1}), Case([x], {"N": 1, "axis": 1}), Case([x, x], {"N": 2})],
        "Concat": [Case([ints(0), x, x[:0]], {"N": 2}), Case([ints(0), x[:0], x], {"N": 2})],
        "ConcatV2": [Case([x, x[:0], ints(0)], {"N": 2}), Case([x[:0], x, ints(0)], {"N": 2})],
        "AddN": [Case([x], {"N": 1}), Case([x, x], {"N": 2})],
        "Pad": [Case([x, nothing])],
        "PadV2": [Case([x, nothing, x[0, 0]])],
        "Reverse": [Case([x, np.array([False, False])]), Case([one, np.array([True, False])])],
        "ReverseV2": [Case([x, ints([])]), Case([one, ints([0])])],
        "Gather": [Case([x, ints([0, 1, 2])])],
        "GatherV2": [Case([x, ints([0, 1, 2]), ints(0)]), Case([one, ints(0), ints(0)])],
        "GatherNd": [Case([x, np.zeros((1, 0), np.int32)]), Case([x, np.zeros((0,), np.int32)])],
        "Squeeze": [Case([x]), Case([one])],
        "Select": [Case([np.array(True), x, x])],
        "SelectV2": [Case([np.array(True), x, x])],
        "Cumsum": [Case([x[:, :1], ints(1)]), Case([one, ints(0)])],
        "Cumprod": [Case([x[:, :1], ints(1)]), Case([one, ints(0)])],
        "ClipByValue": [Case([x, x, x])],
        "Cast": [Case([x], {"DstT": dtype}), Case([x], {"DstT": as_dtype("double")})],
        "Bitcast": [Case([x], {"type": as_dtype(other)}) for other in ("float", "int32", "uint8")],
        "RandomShuffle": [Case([x[:1, :1]]), Case([one]), Case([x[0, :1]]), Case([x[0, 0]])],
        "IdentityN": [Case([x, row])],
        "Print": [Case([x, row], {"message": b""})],
        "PlaceholderWithDefault": [Case([x], {"shape": TensorShape(None)})],
    }


LISTS = {"IdentityN": lambda given: [given], "Print": lambda given: [given[0], given[1:]]}
"""How the ops that take lists of types take their inputs."""


def sharing_cases(name: str) -> list[tuple[Case, int]]:
    """Return cases of an op, each with the position of an input that can be a variable."""
    dtypes = data_types(name) if name in MAKERS else [FLOAT]
    dtype = FLOAT if FLOAT in dtypes else dtypes[0]
    made = list(MAKERS[name](np.random.default_rng(0), dtype)) if name in MAKERS else []
    accepted = [case for case in [*made, *wide(name, dtype)] if name in LISTS or ours(name, case) is not None]
    return [
        (case, position)
        for case in accepted
        for position, array in enumerate(case.inputs)
        if array.dtype == dtype.numpy and position not in case.fixed and not settled(name, case)
    ]


def settled(name: str, case: Case) -> bool:
    """Tell whether TensorFlow's optimizer puts an input in the place of the op: a selection of one side only."""
    return name.startswith("Select") and len(np.unique(case.inputs[0])) < 2


def other_than(array: np.ndarray) -> np.ndarray:
    """Return an array of the same shape with other elements wherever there is a choice."""
    if array.dtype == bool:
        return ~array
    if array.dtype == object:
        return np.array([*(item + b"!" for item in array.flat), None], object)[:-1].reshape(array.shape)
    return (array + array.dtype.type(1)).astype(array.dtype)


def add_case(graph: Graph, name: str, case: Case, position: int) -> list[str]:
    """Add the op on a variable, which is assigned to afterwards; returns what to fetch."""
    variable = Variable(case.inputs[position], name="v", use_resource=False)
    given = [variable.ref if index == position else constant(array) for index, array in enumerate(case.inputs)]
    inputs = LISTS[name](given) if name in LISTS else grouped(name, given)
    op = graph.create_op(name, inputs, attrs=attrs_of(name, case), name="compared")
    with graph.control_dependencies([op]):
        changed = variable.assign(other_than(case.inputs[position]))
    # TensorFlow's optimizer takes a batch norm apart and forgets who reads its other outputs.
    count = 1 if name.startswith("FusedBatchNorm") else case.outputs
    return [*(output.name for output in op.outputs[:count]), changed.op.name]


NAMES = sorted({*MAKERS, "IdentityN", "Print", "PlaceholderWithDefault", "RandomShuffle"})


@pytest.mark.parametrize("name", NAMES)
def test_outputs_share_memory_as_in_tensorflow(tf, name):
    graph, fetches, where = Graph(), [], []
    with graph.as_default():
        constant(0)
        for case, position in sharing_cases(name):
            fetches.append(add_case(graph, name, case, position))
            where.append(f"{name} {[array.shape for array in case.inputs]} {case} input {position}")
        initializer = [op.name for op in graph.get_operations() if op.type == "Assign" and op.name.endswith("/Assign")]
    results = []
    for session in (Session(graph=graph), tensorflow_session(tf, graph)):
        session.run(initializer)
        results.append(session.run(fetches))
    different = []
    for place, actual, expected in zip(where, *results, strict=True):
        for own, wanted in zip(actual[:-1], expected[:-1], strict=True):
            if not is_close(own, wanted):
                different.append(place)
    assert not different


def is_close(actual: object, expected: object) -> bool:
    actual, expected = np.asarray(actual), np.asarray(expected)
    if expected.dtype.kind in "fcV":
        return np.allclose(actual.astype(complex), expected.astype(complex), 2e-5, 1e-5, equal_nan=True)
    return actual.tolist() == expected.tolist()
