"""The first variables of a checkpoint or a graph as a table of a report."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_magics.files.jobs.checkpoint_statistics import DescribedTensor
from ckpt_magics.files.object_graph.listed_tensors import ListedTensor
from ckpt_magics.files.tensors.spec import shape_text
from ckpt_magics.report import Table

__all__ = ["variable_table"]

_MEASURES = ("min", "max", "mean", "std", "zeros", "nans", "infs")


def variable_table(
    variables: Sequence[ListedTensor],
    caption: str,
    at_most: int | None,
    *,
    statistics: Sequence[DescribedTensor] = (),
    folded: bool = False,
) -> Table:
    """Return a table of variables.

    Args:
        variables: What is known of each.
        caption: The line above the table.
        at_most: How many of them, the first ones; None for all.
        statistics: What the values of each are like, if they were read.
        folded: Whether HTML shows only the caption until it is clicked.
    """
    rows = [(*each[:2], shape_text(each.shape), *each[3:]) for each in variables[:at_most]]
    more = len(variables) - len(rows)
    numeric = {"elements", "bytes", *_MEASURES}
    if not statistics:
        return Table(ListedTensor._fields, rows, caption, more=more, numeric=numeric, folded=folded)
    read = [(*row, *_measured(one)) for row, one in zip(rows, statistics, strict=False)]
    columns = (*ListedTensor._fields, *_MEASURES, "problem")
    return Table(columns, read, caption, more=more, numeric=numeric, folded=folded)


def _measured(one: DescribedTensor) -> list[object]:
    facts = one.facts()
    return [*(_digits(facts[measure]) for measure in _MEASURES), one.problem]


def _digits(value: float | None) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
