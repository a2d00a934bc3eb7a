"""Conditions on the columns of variables, as ``std > 1e3 or nans > 0``: parsed here, never evaluated as code.

Words are columns; they are compared by < <= > >= = != with a number (1e3, inf, 4MiB) or, dtype and group, with a text;
``and`` binds closer than ``or``, ``not`` closer than both. What a row lacks passes no comparison. The same rules in the
browser are js/src/tensors/query.ts.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ckpt_magics.errors import InvalidArgumentError

__all__ = ["QUERY_COLUMNS", "parse_query"]

_MOST_WORDS = 200
"""A condition that a person writes has a few; one bracket in another costs a call."""

_TEXTS = ("dtype", "group")
QUERY_COLUMNS = ("elements", "bytes", "rank", "min", "max", "mean", "std", "zeros", "nans", "infs", "dead", *_TEXTS)
"""What a condition can be about."""

_TOKEN = re.compile(r"""\s*(?:(<=|>=|==|!=|[<>=()])|"([^"]*)"|'([^']*)'|([^\s()<>=!"']+))""")
_NUMBER = re.compile(
    r"([+-]?)(?:(inf)|(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)(KiB|MiB|GiB|))", re.IGNORECASE | re.ASCII
)
_UNITS = {"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}

Row = Mapping[str, Any]
Test = Callable[[Row], bool]


class _Token(NamedTuple):
    text: str
    quoted: bool


def parse_query(text: str) -> Test:
    """Return a test of rows, which are mappings of columns to numbers or texts, None where there is nothing.

    >>> is_odd = parse_query("std > 1e3 or not zeros = 0")
    >>> is_odd({"std": 2.0, "zeros": 0}), is_odd({"std": None, "zeros": 3})
    (False, True)

    Raises:
        InvalidArgumentError: It cannot be parsed.
    """
    return _Parser(_tokens(text)).whole() if text.strip() else lambda _: True


def _tokens(text: str) -> list[_Token]:
    tokens, at, rest = [], 0, text.rstrip()
    while at < len(rest):
        found = _TOKEN.match(rest, at)
        if found is None:
            raise InvalidArgumentError(f"this is not understood: {rest[at:].strip()}")
        sign, double, single, word = found.groups()
        plain = sign or word
        tokens.append(_Token(_keyword(plain), quoted=False) if plain else _Token(double or single or "", quoted=True))
        at = found.end()
    if len(tokens) > _MOST_WORDS:
        raise InvalidArgumentError(f"a query has at most {_MOST_WORDS} words, got {len(tokens)}")
    return tokens


def _keyword(word: str) -> str:
    """Return the words that join conditions in small letters, whatever they are written in."""
    lowered = word.lower()
    return lowered if lowered in ("and", "or", "not") else word


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def whole(self) -> Test:
        test = self._or()
        if self._at < len(self._tokens):
            raise InvalidArgumentError(f'"and" or "or" is missing before {self._tokens[self._at].text}')
        return test

    def _or(self) -> Test:
        parts = [self._and()]
        while self._takes("or"):
            parts.append(self._and())
        return lambda row: any(part(row) for part in parts)

    def _and(self) -> Test:
        parts = [self._not()]
        while self._takes("and"):
            parts.append(self._not())
        return lambda row: all(part(row) for part in parts)

    def _not(self) -> Test:
        if self._takes("not"):
            test = self._not()
            return lambda row: not test(row)
        if not self._takes("("):
            return self._comparison()
        inside = self._or()
        if not self._takes(")"):
            raise InvalidArgumentError('a ")" is missing')
        return inside

    def _comparison(self) -> Test:
        column = self._next("a column").lower()
        if column not in QUERY_COLUMNS:
            raise InvalidArgumentError(f"no column {column}; there are {', '.join(QUERY_COLUMNS)}")
        sign = self._next("a comparison")
        compare = _COMPARISONS.get(sign)
        if compare is None:
            raise InvalidArgumentError(f"{column} is compared by <, <=, >, >=, = or !=, not by {sign}")
        text = self._next("a value")
        value = text if column in _TEXTS else _number(text)
        return lambda row: row[column] is not None and compare(row[column], value)

    def _next(self, what: str) -> str:
        if self._at == len(self._tokens):
            raise InvalidArgumentError(f"{what} is missing at the end")
        self._at += 1
        return self._tokens[self._at - 1].text

    def _takes(self, word: str) -> bool:
        takes = self._tokens[self._at : self._at + 1] == [_Token(word, quoted=False)]
        self._at += takes
        return takes


def _number(text: str) -> float:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise InvalidArgumentError(f"{text} is no number")
    sign, infinite, digits, unit = found.groups()
    size = float("inf") if infinite else float(digits) * _UNITS[unit.lower()]
    return -size if sign == "-" else size
