"""The rules of all ops by name, and the ops that no gradient passes through; a gradient at any other op is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ckpt_magics.graphs.training import (
    arrays,
    binary,
    branches,
    calls,
    contractions,
    control,
    diagonals,
    elementwise,
    image_colors,
    indexing,
    joining,
    linear,
    loop_calls,
    loops,
    nn,
    normalization,
    optionals,
    quantization,
    ranking,
    recurrent,
    reductions,
    resizing,
    scatters,
    segments,
    sparse,
    spatial_blocks,
    tensor_arrays,
    tensor_lists,
    windows,
)
from ckpt_magics.graphs.training.rule import Gradients, Rule

__all__ = ["CALL_RULES", "NO_GRADIENT", "RULES"]

_FAMILIES = (
    arrays,
    binary,
    branches,
    contractions,
    control,
    diagonals,
    elementwise,
    image_colors,
    indexing,
    joining,
    linear,
    loops,
    nn,
    normalization,
    optionals,
    quantization,
    ranking,
    recurrent,
    reductions,
    resizing,
    scatters,
    segments,
    sparse,
    spatial_blocks,
    tensor_arrays,
    tensor_lists,
    windows,
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {name: rule for family in _FAMILIES for name, rule in family.RULES.items()}
)
"""How a gradient passes back through each op that has a derivative."""

CALL_RULES: Mapping[str, Callable[..., Gradients]] = MappingProxyType(
    {**calls.RULES, **loop_calls.RULES, **normalization.DIFFERENTIATING_RULES}
)
"""How a gradient passes back through ops that call functions, or are written out to be differentiated.

Called as ``rule(differentiate, op, *gradients)``.
"""

_BESIDE_THE_FAMILIES = frozenset({
    # What describes, looks up or counts.
    "AsString", "AudioSummaryV2", "DecodeBase64", "EncodeBase64", "ReduceJoin", "RegexReplace", "StringToHashBucket",
    "StringToHashBucketFast", "StringToHashBucketStrong",
    "CTCGreedyDecoder", "GenerateVocabRemapping", "HistogramSummary", "ImageSummary",
    "LoadAndRemapMatrix", "MergeSummary", "Multinomial", "NonMaxSuppression", "NonMaxSuppressionV2", "ScalarSummary",
    "StatelessRandomNormal", "StatelessRandomUniform", "StatelessTruncatedNormal", "StringJoin",
    "TensorSummaryV2",
    # Tables and stacks, and what changes variables in place.
    "HashTable", "HashTableV2", "InitializeTable", "InitializeTableFromTextFile", "InitializeTableFromTextFileV2",
    "InitializeTableV2", "LookupTableFind", "LookupTableFindV2", "LookupTableSize", "LookupTableSizeV2", "ScatterAdd",
    "ScatterDiv", "ScatterMul", "ScatterSub", "Stack", "StackClose", "StackPop", "StackPush",
    # Queues, readers, and what is read and parsed.
    "DecodeRaw", "FixedLengthRecordReader", "IdentityReader", "PyFunc", "PyFuncStateless", "QueueClose",
    "QueueDequeue", "QueueDequeueMany", "QueueDequeueUpTo", "QueueEnqueue", "QueueEnqueueMany", "QueueSize",
    "ReaderNumRecordsProduced", "ReaderNumWorkUnitsCompleted", "ReaderRead", "ReaderReadUpTo", "ReaderReset",
    "StringSplit", "StringToNumber", "TFRecordReader", "TextLineReader", "WholeFileReader",
})  # fmt: skip
"""Ops of families that have no rules."""

NO_GRADIENT = _BESIDE_THE_FAMILIES.union(*(family.NO_GRADIENT for family in _FAMILIES))
"""Ops that no gradient passes through: their inputs are counts, choices and settings, or there is nothing behind."""
