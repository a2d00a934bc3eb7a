"""Generated programs: one description, built with this package's compat names and with TensorFlow's.

A program is a row of phases. A phase computes some tensors, or changes one variable, and waits for all operations of
the phases before it, so that TensorFlow's executor has no choice. Tensors of earlier phases are used in later ones:
those that have a reference variable's memory have changed by then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ckpt_magics.files.formats.dtypes import DType, dtype_of
from tests.tensorflow.kernel_cases import Case, data, data_types
from tests.tensorflow.op_cases import MAKERS
from tests.tensorflow.single_ops import ours


@dataclass(frozen=True)
class Given:
    """An input of an operation.

    Attributes:
        kind: "constant", "placeholder", "default" (a placeholder with one), "variable", "reference" (a variable's
            reference itself where it has one) or "tensor" (an output of an earlier call).
        array: The value at first; its dtype and shape are those of every run.
        known: For a placeholder, how much of the shape the graph is told: 0 nothing, 1 all but one size, 2 all.
        index: Which variable, or which call.
        output: Which output of the call.
        is_setting: It is no data, but an axis or the like, the same in every run.
    """

    kind: str
    array: np.ndarray
    known: int = 2
    index: int = 0
    output: int = 0
    is_setting: bool = False


@dataclass(frozen=True)
class Call:
    """One operation: an op's name, its inputs and attributes."""

    name: str
    inputs: tuple[Given, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    outputs: int | None = None


@dataclass(frozen=True)
class Change:
    """One change of a variable: "assign", "assign_add", "assign_sub" or "descend"."""

    kind: str
    variable: int
    value: Given


@dataclass(frozen=True)
class Holder:
    """One variable."""

    initial: np.ndarray
    use_resource: bool


@dataclass(frozen=True)
class Program:
    """A whole program: its variables, its phases, and the seeds of the feeds of its runs."""

    variables: tuple[Holder, ...]
    phases: tuple[tuple[Call, ...] | Change, ...]
    runs: tuple[int, ...]


# Their results are the same to the last bit, so that others can go on from them.
EXACT = frozenset({
    "Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "Neg", "Abs", "Sign", "Square", "Floor", "Ceil", "Rint", "Relu",
    "Relu6", "Identity", "Snapshot", "StopGradient", "PreventGradient", "ZerosLike", "OnesLike", "Fill", "Reshape",
    "ExpandDims", "Squeeze", "Transpose", "BroadcastTo", "Tile", "Pack", "Unpack", "ConcatV2", "Concat", "Split",
    "SplitV", "Slice", "StridedSlice", "Gather", "GatherV2", "GatherNd", "Pad", "PadV2", "Reverse", "ReverseV2",
    "Select", "SelectV2", "ClipByValue", "Max", "Min", "ReluGrad", "BiasAdd",
})  # fmt: skip

OF_SHAPES = frozenset({"BroadcastArgs", "BroadcastGradientArgs", "ConcatOffset", "InvertPermutation"})
"""Ops whose data are shapes, which other numbers are not."""

SETTLED = {("SplitV", 2): "constant", ("Select", 0): "placeholder", ("SelectV2", 0): "placeholder"}
"""How some inputs are always given: by op and position.

TensorFlow takes an axis of SplitV that it does not know for the last one, and its optimizer puts one side in the place
of a selection whose condition is a constant that is the same everywhere.
"""

ASSIGNED = ("assign", "assign_add", "assign_sub")


@st.composite
def programs(draw: Callable[..., Any]) -> Program:
    """Programs of a few operations on variables and feeds."""
    maker = _Maker(draw)
    phases: list[tuple[Call, ...] | Change] = []
    for _ in range(draw(st.integers(1, 4))):
        if maker.variables and draw(st.booleans()):
            phases.append(maker.change())
        else:
            phases.append(tuple(maker.call() for _ in range(draw(st.integers(1, 3)))))
    runs = tuple(draw(st.lists(st.integers(0, 99), min_size=1, max_size=3)))
    return Program(tuple(maker.variables), tuple(phases), runs)


class _Maker:
    """Draws the parts of one program, and remembers what later parts can use."""

    def __init__(self, draw: Callable[..., Any]) -> None:
        self._draw = draw
        self.variables: list[Holder] = []
        self._calls = 0
        self._tensors: list[Given] = []

    def call(self) -> Call:
        name = self._draw(st.sampled_from(sorted(MAKERS)))
        dtype = self._draw(st.sampled_from(compared_types(name)))
        cases = list(MAKERS[name](np.random.default_rng(self._draw(st.integers(0, 9999))), dtype))
        case = self._draw(st.sampled_from(cases))
        shapes = set(range(len(case.inputs))) if name in OF_SHAPES else set()
        settings = (
            case.fixed | shapes | {i for i, array in enumerate(case.inputs) if array.dtype != case.inputs[-1].dtype}
        )
        inputs = tuple(
            Given(SETTLED[name, index], np.asarray(array), is_setting=True)
            if (name, index) in SETTLED
            else self._given(array, index in settings)
            for index, array in enumerate(case.inputs)
        )
        attrs = {key: value for key, value in case.attrs.items() if key != "N"}
        self._remember(name, case, inputs)
        self._calls += 1
        # TensorFlow's optimizer takes a batch norm apart and forgets who reads its other outputs.
        return Call(name, inputs, attrs, 1 if name.startswith("FusedBatchNorm") else case.outputs)

    def _remember(self, name: str, case: Case, inputs: Sequence[Given]) -> None:
        if name not in EXACT:
            return
        for index, array in enumerate(ours(name, case) or ()):
            self._tensors.append(Given("tensor", np.asarray(array), index=self._calls, output=index))

    def _given(self, array: np.ndarray, is_setting: bool) -> Given:
        array = np.asarray(array)
        choices = ["constant", "placeholder"] if is_setting else ["constant", "placeholder", "default", "variable"]
        kind = self._draw(st.sampled_from(choices))
        if not is_setting:
            fitting = [item for item in self._tensors if _alike(item.array, array)]
            if fitting and self._draw(st.booleans()):
                return self._draw(st.sampled_from(fitting))
        if kind == "variable":
            return self._variable(array)
        return Given(kind, array, known=self._draw(st.integers(0, 2)), is_setting=is_setting)

    def _variable(self, array: np.ndarray) -> Given:
        kind = self._draw(st.sampled_from(["variable", "reference"]))
        fitting = [index for index, item in enumerate(self.variables) if _alike(item.initial, array)]
        if fitting and self._draw(st.booleans()):
            return Given(kind, array, index=self._draw(st.sampled_from(fitting)))
        self.variables.append(Holder(array, self._draw(st.booleans())))
        return Given(kind, array, index=len(self.variables) - 1)

    def change(self) -> Change:
        index = self._draw(st.integers(0, len(self.variables) - 1))
        initial = self.variables[index].initial
        seed = self._draw(st.integers(0, 9999))
        value = data(np.random.default_rng(seed), dtype_of(initial), initial.shape)
        numeric = initial.dtype.kind in "iufcV" and initial.dtype != object
        kind = self._draw(st.sampled_from(ASSIGNED if numeric else ("assign",)))
        return Change(kind, index, self._given(np.asarray(value), False))


@cache
def compared_types(name: str) -> list[DType]:
    """Return the types of data that there are cases of an op for."""
    return [dtype for dtype in data_types(name) if list(MAKERS[name](np.random.default_rng(0), dtype))]


def _alike(left: np.ndarray, right: np.ndarray) -> bool:
    return left.dtype == right.dtype and left.shape == right.shape


Caller = Callable[[Any, str, list[Any], dict[str, Any]], list[Any]]


class Built:
    """A program in a graph.

    Args:
        tf: The names to build with, this package's or TensorFlow's.
        call: Adds an op by its name, inputs and attributes, and returns its outputs.
        program: What to build.

    Attributes:
        tensors: What to fetch of each phase.
        placeholders: What to feed, each with its description.
    """

    def __init__(
        self, tf: Any, call: Callable[[Any, str, list[Any], dict[str, Any]], list[Any]], program: Program
    ) -> None:
        self._tf = tf
        self._call = call
        self.placeholders: list[tuple[Any, Given]] = []
        self.calls: list[list[Any]] = []
        self.tensors: list[Any] = []
        self.changes: list[Any] = []
        self.variables = [
            tf.Variable(constant_of(tf, item.initial), use_resource=item.use_resource, name=f"v{index}")
            for index, item in enumerate(program.variables)
        ]
        # Reads of references that nothing waits for: made now, used later.
        before: list[Any] = []
        for phase in program.phases:
            with tf.control_dependencies(before):
                done = [self._change(phase)] if isinstance(phase, Change) else [self._add(call) for call in phase]
            before = before + [op for ops in done for op in ops]
        self.fetches = [*self.tensors, *self.changes]

    def _add(self, call: Call) -> list[Any]:
        inputs = [self._input(given) for given in call.inputs]
        outputs = self._call(self._tf, call.name, inputs, call.attrs)
        self.calls.append(outputs)
        self.tensors += outputs[: call.outputs]
        return [outputs[0].op] if outputs else []

    def _change(self, change: Change) -> list[Any]:
        variable, value = self.variables[change.variable], self._input(change.value)
        if variable.op.type == "VarHandleOp":
            # TensorFlow lets a resource variable keep a reference variable's memory, and change with it.
            (value,) = self._call(self._tf, "Snapshot", [value], {})
        changed = getattr(variable, change.kind)(value)
        op = changed if changed.__class__.__name__ == "Operation" else changed.op
        self.changes.append(op)
        return [op]

    def _input(self, given: Given) -> Any:
        if given.kind == "tensor":
            return self.calls[given.index][given.output]
        if given.kind == "variable":
            return self.variables[given.index]
        if given.kind == "reference":
            return reference_of(self.variables[given.index])
        if given.kind == "constant":
            return constant_of(self._tf, given.array)
        shape = told_shape(given)
        if given.kind == "default":
            return self._tf.placeholder_with_default(constant_of(self._tf, given.array), shape)
        with self._tf.control_dependencies(None):
            # A fed tensor waits for nothing, and TensorFlow's optimizer overlooks that.
            placeholder = self._tf.placeholder(type_of(self._tf, given.array), shape)
        self.placeholders.append((placeholder, given))
        return placeholder


def told_shape(given: Given) -> list[int | None] | None:
    """Return what the graph is told of a placeholder's shape."""
    if given.known == 0:
        return None
    shape: list[int | None] = list(given.array.shape)
    if given.known == 1 and shape:
        shape[0] = None
    return shape


def type_of(tf: Any, array: np.ndarray) -> Any:
    return tf.as_dtype(dtype_of(array).number)


def constant_of(tf: Any, array: np.ndarray) -> Any:
    return tf.constant(array, type_of(tf, array), shape=array.shape)


def reference_of(variable: Any) -> Any:
    """Return the reference of a reference variable, and a resource variable itself."""
    if variable.op.type == "VarHandleOp":
        return variable
    return variable.op.outputs[0]
