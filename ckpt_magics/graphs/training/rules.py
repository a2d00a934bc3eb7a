"""The rules of all ops by name, and the ops that no gradient passes through; a gradient at any other op is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ckpt_magics.graphs.training import (
    arrays,
    binary,
    control,
    elementwise,
    indexing,
    joining,
    linear,
    nn,
    normalization,
    reductions,
    segments,
    windows,
)
from ckpt_magics.graphs.training.rule import Rule

__all__ = ["NO_GRADIENT", "RULES"]

_FAMILIES = (
    arrays,
    binary,
    control,
    elementwise,
    indexing,
    joining,
    linear,
    nn,
    normalization,
    reductions,
    segments,
    windows,
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {name: rule for family in _FAMILIES for name, rule in family.RULES.items()}
)
"""How a gradient passes back through each op that has a derivative."""

_BESIDE_THE_FAMILIES = frozenset({
    # What describes, looks up or counts.
    "AudioSummaryV2", "CTCGreedyDecoder", "GenerateVocabRemapping", "HistogramSummary", "ImageSummary",
    "LoadAndRemapMatrix", "MergeSummary", "NonMaxSuppression", "NonMaxSuppressionV2", "ScalarSummary", "StringJoin",
    "TensorSummaryV2",
    # Tables, stacks and arrays themselves, and what changes variables in place.
    "HashTable", "HashTableV2", "InitializeTable", "InitializeTableFromTextFile", "InitializeTableFromTextFileV2",
    "InitializeTableV2", "LookupTableFind", "LookupTableFindV2", "LookupTableSize", "LookupTableSizeV2", "ScatterAdd",
    "ScatterDiv", "ScatterMul", "ScatterSub", "Stack", "StackClose", "StackPop", "StackPush", "TensorArray",
    "TensorArrayClose", "TensorArrayCloseV2", "TensorArrayCloseV3", "TensorArrayGrad", "TensorArrayGradV2",
    "TensorArrayGradV3", "TensorArrayGradWithShape", "TensorArraySize", "TensorArraySizeV2", "TensorArraySizeV3",
    "TensorArrayV2", "TensorArrayV3", "TensorListConcatLists", "TensorListElementShape", "TensorListLength",
})  # fmt: skip
"""Ops of families that have no rules."""

NO_GRADIENT = _BESIDE_THE_FAMILIES.union(*(family.NO_GRADIENT for family in _FAMILIES))
"""Ops that no gradient passes through: their inputs are counts, choices and settings, or there is nothing behind."""
