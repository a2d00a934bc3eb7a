"""Each kernel and shape rule gives what TensorFlow gives, over generated inputs, dtypes and shapes."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import FLOAT, DType
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.nodes.build import constant
from ckpt_magics.graphs.ops.feeding import dataset_files, dataset_functions, datasets, examples, file_access
from ckpt_magics.graphs.ops.flow import calls, loops, optionals, python_calls, stacks, tensor_arrays, tensor_lists
from ckpt_magics.graphs.ops.rows import OPS
from ckpt_magics.graphs.ops.values import decoding, string_values, summaries
from tests.tensorflow.kernel_cases import Case, data_types
from tests.tensorflow.op_cases import MAKERS
from tests.tensorflow.sessions import imported_graph
from tests.tensorflow.single_ops import attrs_of, check_equal, grouped, ours, placeholder, theirs

pytestmark = pytest.mark.tensorflow


def cases(name: str) -> list[tuple[DType, Case]]:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return [(dtype, case) for dtype in data_types(name) for case in MAKERS[name](rng, dtype)]


FAMILIES_ELSEWHERE = (
    calls,
    dataset_files,
    dataset_functions,
    datasets,
    decoding,
    examples,
    file_access,
    loops,
    optionals,
    python_calls,
    stacks,
    string_values,
    summaries,
    tensor_arrays,
    tensor_lists,
)

# Compared elsewhere: what has state, draws, reads or writes files, orders or reports.
ELSEWHERE = {
    "Const", "Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "IdentityN", "NoOp", "ControlTrigger", "Assert",
    "Print", "Switch", "Merge", "RandomStandardNormal", "TruncatedNormal", "RandomUniform", "RandomUniformInt",
    "RandomShuffle", "GenerateVocabRemapping", "TopK", "ResizeArea",
    "AdjustContrastv2", "AdjustHue", "AdjustSaturation", "Multinomial",
    "StatelessRandomNormal", "StatelessRandomUniform", "StatelessTruncatedNormal",
} | {row.name for family in FAMILIES_ELSEWHERE for row in family.ROWS}  # fmt: skip


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
