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

NO_GRADIENT = frozenset().union(*(family.NO_GRADIENT for family in _FAMILIES))
"""Ops that no gradient passes through: their inputs are counts, choices and settings, or there is nothing behind."""
