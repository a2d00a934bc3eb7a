"""What a node is to somebody looking at a graph: variable, placeholder, constant, function call or plain op."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Final, Literal

from ckpt_magics.graphs.ops.variable_kinds import KNOWN_VARIABLE_OPS
from ckpt_magics.proto import messages

Kind = Literal["scope", "series", "library", "bundle", "op", "variable", "placeholder", "constant", "function"]
"""The first four stand for other items; a bundle exists in one view only and stays closed."""

PLACEHOLDER_OPS: Final = frozenset(
    {"Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "_Arg", "_DeviceArg", "_HostArg"}
)
CONSTANT_OPS: Final = frozenset({"Const", "HostConst", "ImmutableConst"})
CALL_OPS: Final = frozenset(
    {"PartitionedCall", "StatefulPartitionedCall", "TPUPartitionedCall", "SymbolicGradient", "RemoteCall"}
)
OPENED_OPS: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall", "TPUPartitionedCall"})
"""Calls that take the function's arguments first, and give its results."""
SAVE_OPS: Final = frozenset(
    {"Save", "SaveSlices", "SaveV2", "Restore", "RestoreSlice", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"}
)
# Functions that TensorFlow 2 traces to save and restore: what save/ is in a graph of TensorFlow 1.
SAVE_FUNCTION: Final = re.compile(r"__inference__traced_(save|restore)(_\d+)?")
SUMMARY_OPS: Final = frozenset(
    {
        "AudioSummary",
        "AudioSummaryV2",
        "HistogramSummary",
        "ImageSummary",
        "MergeSummary",
        "ScalarSummary",
        "TensorSummary",
        "TensorSummaryV2",
    }
)


def kind_of_op(op: str, functions: Container[str] = ()) -> Kind:
    """Return what a node with this op is; an op named like a library function is a call of that function."""
    if op in KNOWN_VARIABLE_OPS:
        return "variable"
    if op in PLACEHOLDER_OPS:
        return "placeholder"
    if op in CONSTANT_OPS:
        return "constant"
    if op in CALL_OPS or op in functions:
        return "function"
    return "op"


def called_function(node: messages.NodeDef) -> str:
    """Return the name of the function that a node calls, ``""`` for a node that calls none."""
    return node.attr["f"].func.name if "f" in node.attr else ""


def opened_function(
    node: messages.NodeDef, functions: Mapping[str, messages.FunctionDef]
) -> messages.FunctionDef | None:
    """Return the function whose body a call stands for; None if it is not there, or does another thing with it."""
    name = called_function(node) if node.op in OPENED_OPS else node.op
    return None if SAVE_FUNCTION.fullmatch(name) else functions.get(name)


def is_optimizer_op(op: str) -> bool:
    """Tell whether the op changes a variable by a gradient, as ``ApplyAdam`` and ``ResourceSparseApplyFtrl`` do.

    Source of the names: tensorflow/core/ops/training_ops.cc.
    """
    stem = op.removeprefix("Resource").removeprefix("Sparse")
    return stem.startswith("Apply") and len(stem) > len("Apply")
