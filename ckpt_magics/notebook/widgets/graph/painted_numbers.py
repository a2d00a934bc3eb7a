"""Numbers that a user gives for ops and variables of a graph: what they are in each scope, and as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from ckpt_magics.errors import InvalidArgumentError, NotFoundError
from ckpt_magics.notebook.pictures.graph_model import GraphModel
from ckpt_magics.notebook.pictures.model.hierarchy import ROOT
from ckpt_magics.notebook.widgets.graph.saved_variables import SavedVariables
from ckpt_magics.phrasing import amount, names_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Combined", "PaintedNumbers", "Tally", "number_text"]

Combined = Literal["sum", "mean", "max"]
"""What a scope says of the numbers in it; "max" is the one that is farthest from zero."""

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of one place of the graph, taken together.

    Attributes:
        count: How many there are.
        total: Their sum.
        least: The smallest; NaN where one of them is.
        most: The largest; NaN likewise.
    """

    count: int
    total: float
    least: float
    most: float

    @classmethod
    def of(cls, number: float) -> Self:
        """One number."""
        return cls(1, number, number, number)

    def joined(self, other: Tally) -> Tally:
        """This and others."""
        total = self.total + other.total
        if math.isnan(self.least) or math.isnan(other.least):
            return Tally(self.count + other.count, total, math.nan, math.nan)
        return Tally(self.count + other.count, total, min(self.least, other.least), max(self.most, other.most))

    def combined(self, how: Combined) -> float:
        """Return the one number that stands for them."""
        if how == "max":
            return max(self.least, self.most, key=abs)
        return self.total if how == "sum" else self.total / self.count


class PaintedNumbers:
    """Numbers by item of a graph.

    Args:
        model: The graph.
        saved: Its variables in a checkpoint, whose names count too.
        numbers: A number by name: of an op, of a tensor (``x:0``), of a scope, of a tensor of the checkpoint. None is
            no number.
        title: What the numbers are.
        combine: What a scope says of the numbers in it.

    Attributes:
        title: As given.
        unknown: Names that the graph does not have.

    Raises:
        NotFoundError: The graph has none of the names.
        InvalidArgumentError: Something is no number, or scopes cannot be told so.
    """

    def __init__(
        self,
        model: GraphModel,
        saved: SavedVariables | None,
        numbers: Mapping[Any, Any],
        title: str,
        combine: Combined,
    ) -> None:
        if combine not in get_args(Combined):
            raise InvalidArgumentError(f"combine is {combine!r}; it can be {', '.join(get_args(Combined))}")
        self._items = model.hierarchy.items
        self.title = title
        self._combine: Combined = combine
        self.unknown: list[str] = []
        self._own: dict[int, float] = {}
        for key, value in numbers.items():
            name = str(key)
            item_id = _item_named(model, saved, name)
            if item_id is None:
                self.unknown.append(name)
            elif value is not None:
                self._own[item_id] = _number(name, value)
        if not self._own:
            raise NotFoundError(
                f"the graph has none of these names: {names_text(self.unknown, _NAMED) or 'there is none'}"
            )
        self._tallies = self._tally()

    @property
    def note(self) -> str:
        """A sentence on the names that the graph does not have, ""."""
        if not self.unknown:
            return ""
        has = "is" if len(self.unknown) == 1 else "are"
        return f"{amount(len(self.unknown), 'name')} {has} not in the graph: {names_text(self.unknown, _NAMED)}"

    def number_of(self, items: Iterable[int]) -> float | None:
        """Return what some items together say; None where nothing in them has a number."""
        found: Tally | None = None
        for item_id in items:
            tally = self._tallies.get(item_id)
            if tally is not None:
                found = tally if found is None else found.joined(tally)
        return None if found is None else found.combined(self._combine)

    def rows(self) -> list[tuple[str, str, Tally]]:
        """Return name, what it is and numbers of each op and scope that has some, in the order of the graph."""
        return [
            (self._items[item_id].name, "scope" if item_id not in self._own else "", self._tallies[item_id])
            for item_id in sorted(self._tallies)
            if item_id != ROOT and not self._repeats(item_id)
        ]

    def frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame: name, scope, count, sum, min, max."""
        import pandas as pd

        rows = [(name, bool(kind), each.count, each.total, each.least, each.most) for name, kind, each in self.rows()]
        return pd.DataFrame(rows, columns=["name", "scope", "count", "sum", "min", "max"])

    def _repeats(self, item_id: int) -> bool:
        """Whether a scope says what the node of its own name says already."""
        item = self._items[item_id]
        return item.own is not None and item.own in self._own and self._tallies[item_id].count == 1

    def _tally(self) -> dict[int, Tally]:
        """Numbers by item; what a scope was given itself stands for all in it."""
        tallies: dict[int, Tally] = {}
        for item_id, number in self._own.items():
            tally = tallies[item_id] = Tally.of(number)
            place = item_id
            while place != ROOT:
                place = self._items[place].parent
                if place in self._own:
                    break
                tallies[place] = tally if place not in tallies else tallies[place].joined(tally)
        return tallies


def number_text(number: float) -> str:
    """Return a number as people read it, in four digits: ``1,024``, ``0.0316``, ``1.2e-07``."""
    if math.isfinite(number) and number == int(number) and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:.4g}"


def _item_named(model: GraphModel, saved: SavedVariables | None, name: str) -> int | None:
    hierarchy = model.hierarchy
    node = None if saved is None else saved.node_of(name)
    # A name with a colon is that of a tensor where no node has it.
    for each in filter(None, (name, name.partition(":")[0], node)):
        found = [item_id for item_id in hierarchy.find(each) if item_id != ROOT]
        if found:
            return model.node_item(found).id
    return None


def _number(name: str, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type] # what is no number says so
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"{name!r} has {value!r}, which is no number") from error
