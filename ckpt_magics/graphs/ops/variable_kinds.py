"""Which ops have a variable's value, themselves or by a handle."""

from __future__ import annotations

from typing import Final

__all__ = ["KNOWN_VARIABLE_OPS", "VARIABLE_OPS"]

VARIABLE_OPS: Final = frozenset({"Variable", "VariableV2", "VarHandleOp"})
"""Those that programs make, and that a session runs."""

KNOWN_VARIABLE_OPS: Final = VARIABLE_OPS | {"AutoReloadVariable", "TemporaryVariable", "_VarHandlesOp"}
"""Those that a graph from a file may have."""
