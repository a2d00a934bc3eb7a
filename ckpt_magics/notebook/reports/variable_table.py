"""The first variables of a checkpoint or a graph as a table of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ckpt_magics.files.tensors.spec import shape_text
from ckpt_magics.report import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["variable_table"]

_COLUMNS = ("name", "dtype", "shape", "elements", "bytes", "group")


def variable_table(variables: pd.DataFrame, caption: str, at_most: int, *, folded: bool = False) -> Table:
    """Return the first rows of a DataFrame of variables.

    Elements and bytes are empty where only reading the value would tell, as for strings.

    Args:
        variables: A row per variable, with the columns name, dtype, shape, elements, bytes and group at least.
        caption: The line above the table.
        at_most: How many rows.
        folded: Whether HTML shows only the caption until it is clicked.
    """
    first = variables.head(at_most)
    columns = [first[column].tolist() for column in _COLUMNS]
    rows = [
        (name, dtype, shape_text(shape), _known(elements), _known(size), group)
        for name, dtype, shape, elements, size, group in zip(*columns, strict=True)
    ]
    more = len(variables) - len(rows)
    return Table(_COLUMNS, rows, caption, more=more, numeric={"elements", "bytes"}, folded=folded)


def _known(value: object) -> int | None:
    """A number of a nullable column; what is missing there has a class of its own."""
    return value if isinstance(value, int) else None
