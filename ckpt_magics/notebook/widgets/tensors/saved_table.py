"""What is saved of a table: all that its page would ask a kernel for, but the values."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ckpt_magics.notebook.widgets.conversation import Buffers
from ckpt_magics.notebook.widgets.saved_output import pack_data
from ckpt_magics.notebook.widgets.tensors.variable_messages import VariableMessages

__all__ = ["saved_table"]


def saved_table(answers: VariableMessages, state: Mapping[str, Any], limit: int | None) -> str:
    """Return the page's data, packed.

    Args:
        answers: Whose opening, index and known statistics are saved.
        state: Values of the view's traits.
        limit: Characters at most; None saves all rows.
    """
    rows = len(answers.variables)
    packed = _packed(answers, state, rows)
    while limit is not None and len(packed) > limit and rows > 1:
        # Rows cost about the same each; a little less than their share makes one more round rarely necessary.
        rows = min(rows - 1, int(rows * limit / len(packed) * 0.9))
        packed = _packed(answers, state, rows)
    return packed


def _packed(answers: VariableMessages, state: Mapping[str, Any], rows: int) -> str:
    index = answers.index(rows)
    opening, statistics = answers.opening(), answers.known_statistics(rows)
    total = len(answers.variables)
    if rows < total:
        left_out = f"The first {rows:,} of {total:,} rows are saved here; run the cell again for the others."
        opening["lines"] = [*opening["lines"], left_out]
    return pack_data(
        {
            "opening": {**opening, "can_restore": False},
            "index": index.content,
            "buffers": _texts(index.buffers),
            "statistics": statistics.content,
            "statistics_buffers": _texts(statistics.buffers),
            "state": dict(state),
        }
    )


def _texts(buffers: Buffers) -> list[str]:
    return [base64.b64encode(buffer).decode("ascii") for buffer in buffers]
