"""Changes of some rows of a variable.

Format: tensorflow/python/ops/state_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, output
from ckpt_magics.graphs.nodes.described import described
from ckpt_magics.graphs.variables.variable import AssignedVariable

__all__ = [
    "scatter_add",
    "scatter_div",
    "scatter_max",
    "scatter_min",
    "scatter_mul",
    "scatter_sub",
    "scatter_update",
]


def _scatter(kind: str, *, locks: bool = False) -> Callable[..., Any]:
    def function(
        ref: Any,  # noqa: ANN401 -- a variable or a reference
        indices: object,
        updates: object,
        use_locking: bool = locks,
        name: str | None = None,
    ) -> Any:  # noqa: ANN401 -- a reference, or the variable after the change
        if getattr(ref, "is_resource", False):
            values = convert_to_tensor(updates, ref.dtype)
            return AssignedVariable(ref, apply(f"Resource{kind}", ref.handle, indices, values, name=name))
        return output(kind, ref, indices, updates, use_locking=use_locking, name=name)

    return described(function, kind, f"Add a {kind} op: it changes some rows of a variable.")


scatter_add = _scatter("ScatterAdd")
scatter_div = _scatter("ScatterDiv")
scatter_max = _scatter("ScatterMax")
scatter_min = _scatter("ScatterMin")
scatter_mul = _scatter("ScatterMul")
scatter_sub = _scatter("ScatterSub")
scatter_update = _scatter("ScatterUpdate", locks=True)
