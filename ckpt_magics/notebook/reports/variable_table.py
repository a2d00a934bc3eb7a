"""The first variables of a checkpoint or a graph as a table of a report."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_magics.files.object_graph.listed_tensors import ListedTensor
from ckpt_magics.files.tensors.spec import shape_text
from ckpt_magics.report import Table

__all__ = ["variable_table"]


def variable_table(
    variables: Sequence[ListedTensor], caption: str, at_most: int | None, *, folded: bool = False
) -> Table:
    """Return a table of variables.

    Args:
        variables: What is known of each.
        caption: The line above the table.
        at_most: How many of them, the first ones; None for all.
        folded: Whether HTML shows only the caption until it is clicked.
    """
    rows = [(*each[:2], shape_text(each.shape), *each[3:]) for each in variables[:at_most]]
    more = len(variables) - len(rows)
    return Table(ListedTensor._fields, rows, caption, more=more, numeric={"elements", "bytes"}, folded=folded)
