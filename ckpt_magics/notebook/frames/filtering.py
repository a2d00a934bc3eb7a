"""Which variables a filter keeps: the rules of the variables view, for Python.

The same rules in the browser are js/src/tensors/filter.ts; the view's own table is filtered there, so that it answers
while the kernel is busy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.steps.patterns import Pattern

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

    Raises:
        InvalidArgumentError: The mode is unknown, or the regular expression does not parse.
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

    def __post_init__(self) -> None:
        if self.mode not in _MODES:
            raise InvalidArgumentError(f"mode is {self.mode!r}, must be one of {', '.join(_MODES)}")
        _name_test(self.text, self.mode, ())

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> VariableFilter:
        """Take the view's synced state; keys it does not know are left out."""
        known = {each.name for each in fields(cls)}
        parts: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in state.items()
        }
        return cls(**{name: value for name, value in parts.items() if name in known})

    def to_state(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def filter_variables(
    variables: pd.DataFrame,
    wanted: VariableFilter,
    has_nan: Callable[[str], bool] | None = None,
    *,
    group: str = "group",
) -> pd.DataFrame:
    """Return the rows that a filter keeps, in their order.

    Args:
        variables: Columns name, dtype, shape, bytes, group.
        wanted: The filter.
        has_nan: Name of a tensor to whether it holds a NaN; needed only when the filter asks.
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
    if wanted.has_nan:
        keep &= variables["name"].map(has_nan or (lambda _: False))
    return variables[keep.astype(bool)]


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
