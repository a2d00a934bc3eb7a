"""How several replicas of a program would keep one variable: kept with it, though one process has no replicas.

Format: tensorflow/core/framework/variable.proto.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["VariableAggregation", "VariableSynchronization"]


class VariableSynchronization(IntEnum):
    """When the replicas of a variable become equal."""

    AUTO, NONE, ON_WRITE, ON_READ = range(4)


class VariableAggregation(IntEnum):
    """What becomes of the values that replicas give a variable."""

    NONE, SUM, MEAN, ONLY_FIRST_REPLICA = range(4)
    ONLY_FIRST_TOWER = 3
