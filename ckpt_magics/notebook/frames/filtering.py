"""Which variables a filter keeps: the rules of the variables view, for Python.

The same rules in the browser are js/src/tensors/filter.ts; the view's own table is filtered there, so that it answers
while the kernel is busy.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.steps.patterns import Pattern
from ckpt_magics.notebook.frames.variable_query import QUERY_COLUMNS, parse_query

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VariableFilter", "filter_variables"]

_MODES = ("text", "glob", "regex")


@dataclass(frozen=True, slots=True)
class VariableFilter:
    """What to keep; an empty part keeps everything.

    Attributes:
        text: What to look for in the names.
        mode: "text" (anywhere, in any case), "glob" (a pattern as a restore takes it: a name, a scope, a glob, or
            ``re:…``, of whole names) or "regex" (anywhere).
        scope: A name scope without its last "/": itself and what lies inside it.
        dtypes: Names of dtypes.
        ranks: Numbers of dimensions.
        groups: Groups of variables (weights, optimizer slot, …).
        min_bytes: Least size in bytes.
        max_bytes: Greatest size in bytes.
        has_nan: Only tensors in which statistics found a NaN.
        query: Conditions on columns, as ``std > 1e3 or nans > 0``.
        ranges: A column, its least and its greatest value (None: any), for each column that is to lie in a range.

    Raises:
        InvalidArgumentError: The mode is unknown, or the regular expression, the query or a range does not parse.
    """

    text: str = ""
    mode: str = "text"
    scope: str = ""
    dtypes: tuple[str, ...] = ()
    ranks: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    min_bytes: float | None = None
    max_bytes: float | None = None
    has_nan: bool = False
    query: str = ""
    ranges: tuple[tuple[str, float | None, float | None], ...] = ()

    def __post_init__(self) -> None:
        if self.mode not in _MODES:
            raise InvalidArgumentError(f"mode is {self.mode!r}, must be one of {', '.join(_MODES)}")
        _name_test(self.text, self.mode, ())
        parse_query(self.query)
        for column, *_ in self.ranges:
            if column not in QUERY_COLUMNS:
                raise InvalidArgumentError(f"no column {column!r}; there are {', '.join(QUERY_COLUMNS)}")

    @property
    def asks_values(self) -> bool:
        """Whether columns are compared, some of which only statistics fill."""
        return bool(self.has_nan or self.query.strip() or self.ranges)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> VariableFilter:
        """Take the view's synced state; keys it does not know are left out."""
        known = {each.name for each in fields(cls)}
        parts: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in state.items()
        }
        parts["ranges"] = tuple(map(tuple, parts.get("ranges", ())))
        return cls(**{name: value for name, value in parts.items() if name in known})

    def to_state(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def filter_variables(
    variables: pd.DataFrame,
    wanted: VariableFilter,
    measured: Callable[[str], Mapping[str, Any]] = lambda _: {},
    *,
    group: str = "group",
) -> pd.DataFrame:
    """Return the rows that a filter keeps, in their order.

    Args:
        variables: Columns name, dtype, shape, bytes, group.
        wanted: The filter.
        measured: Name of a tensor to what its statistics say, as far as they are known; needed only when the filter
            asks.
        group: The column that the filter's groups are about.
    """
    matches = _name_test(wanted.text, wanted.mode, variables["name"])
    inside = f"{wanted.scope}/"
    keep = variables["name"].map(matches)
    if wanted.scope:
        keep &= variables["name"].map(lambda name: name == wanted.scope or name.startswith(inside))
    if wanted.dtypes:
        keep &= variables["dtype"].astype(str).isin(wanted.dtypes)
    if wanted.ranks:
        keep &= variables["shape"].map(len).isin(wanted.ranks)
    if wanted.groups:
        keep &= variables[group].isin(wanted.groups)
    if wanted.min_bytes is not None:
        keep &= (variables["bytes"] >= wanted.min_bytes).fillna(False)
    if wanted.max_bytes is not None:
        keep &= (variables["bytes"] <= wanted.max_bytes).fillna(False)
    if wanted.asks_values:
        passes = map(_value_test(wanted), _measured_rows(variables, measured, group))
        keep &= np.fromiter(passes, np.bool_, len(variables))
    return variables[keep.astype(bool)]


def _measured_rows(
    variables: pd.DataFrame, measured: Callable[[str], Mapping[str, Any]], group: str
) -> Iterator[dict[str, Any]]:
    """Yield for each variable what a query can be about."""
    nothing = dict.fromkeys(QUERY_COLUMNS)
    columns = (variables[column] for column in ("name", "dtype", "shape", "bytes", group))
    for name, dtype, shape, size, kind in zip(*columns, strict=True):
        # A size that is not known is none of the numbers, and is not equal to itself either.
        known = {"dtype": str(dtype), "group": kind, "bytes": size if isinstance(size, Real) else None}
        yield {**nothing, **known, "rank": len(shape), "elements": math.prod(shape), **measured(name)}


def _value_test(wanted: VariableFilter) -> Callable[[Mapping[str, Any]], bool]:
    holds = parse_query(wanted.query)

    def passes(row: Mapping[str, Any]) -> bool:
        has_nan = not wanted.has_nan or bool(row["nans"])
        return has_nan and holds(row) and all(_lies_in(row[column], *ends) for column, *ends in wanted.ranges)

    return passes


def _lies_in(value: float | str | None, least: float | None, most: float | None) -> bool:
    if value is None or isinstance(value, str):
        return False
    return (least is None or value >= least) and (most is None or value <= most)


def _name_test(text: str, mode: str, names: Iterable[str]) -> Callable[[str], bool]:
    """A test of names, which are all of those that there are."""
    if not text:
        return lambda _: True
    if mode == "text":
        lowered = text.lower()
        return lambda name: lowered in name.lower()
    if mode == "glob":
        return set(Pattern(text).among(dict.fromkeys(names))).__contains__
    try:
        expression = re.compile(text)
    except re.error as error:
        raise InvalidArgumentError(f"{text!r} is no regular expression: {error}") from error
    return lambda name: expression.search(name) is not None
