r"""A regular expression of names and what its groups become: ``re:(.*)/weights`` and ``\1/kernel``, read either way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.steps.patterns import expression_of

__all__ = ["Substitution", "substitution"]

_REFERENCE = re.compile(r"\\([1-9][0-9]?)|\\g<(\w+)>")
# A piece of an expression: a letter, escaped or not, or a group without groups in it.
_PIECE = re.compile(
    r"\\(?P<escaped>[\W_])|(?P<letter>[^\\.^$*+?{}\[\]|()])|"
    r"\((?:\?P<\w+>)?(?P<inside>(?!\?)(?:[^()\\]|\\\D)*)\)"
)

Template = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Substitution:
    """What names become that an expression matches as a whole.

    Attributes:
        expression: The expression.
        template: Texts, and numbers of groups.
    """

    expression: re.Pattern[str]
    template: Template

    def apply(self, name: str) -> str | None:
        """Return what a name becomes, or None if the expression does not match it."""
        found = self.expression.fullmatch(name)
        if found is None:
            return None
        return "".join(part if isinstance(part, str) else found[part] or "" for part in self.template)

    def backwards(self) -> Substitution | None:
        """Return the substitution that takes results back to names, or None if a result does not say all of its name.

        It does if the expression is made of letters and of groups that all stand in the template.
        """
        pieces = _pieces(self.expression.pattern)
        numbers = [part for part in self.template if isinstance(part, int)]
        if pieces is None or {*numbers} != {*range(1, self.expression.groups + 1)}:
            return None
        groups = ["", *(piece.inside for piece in pieces if isinstance(piece, _Group))]
        order = list(dict.fromkeys(numbers))  # the groups of the way back, in the order in which the template has them
        expression = ""
        for at, part in enumerate(self.template):
            if isinstance(part, str):
                expression += re.escape(part)
            else:
                expression += f"(?P=g{part})" if part in self.template[:at] else f"(?P<g{part}>{groups[part]})"
        counter = count(1)
        template = [order.index(next(counter)) + 1 if isinstance(piece, _Group) else piece for piece in pieces]
        return Substitution(re.compile(expression, re.DOTALL), tuple(template))


def substitution(expression: str, template: str) -> Substitution:
    r"""Return what a text beginning with ``re:`` and a template say.

    Raises:
        InvalidArgumentError: The expression does not parse, or the template has a group that it does not have.

    >>> substitution("re:(.*)/weights", r"\1/kernel").apply("a/weights")
    'a/kernel'
    """
    compiled = expression_of(expression)
    return Substitution(compiled, tuple(_template(template, compiled)))


def _template(text: str, expression: re.Pattern[str]) -> Iterator[str | int]:
    position = 0
    for found in _REFERENCE.finditer(text):
        name = found[1] or found[2]
        number = int(name) if name.isdecimal() else expression.groupindex.get(name, 0)
        if not 0 < number <= expression.groups:
            raise InvalidArgumentError(f"{visible(text)} has the group {found[0]}, which {expression.pattern} has not")
        yield text[position : found.start()]
        yield number
        position = found.end()
    yield text[position:]


class _Group(NamedTuple):
    inside: str


def _pieces(expression: str) -> list[str | _Group] | None:
    """The letters and groups of an expression; None if there is anything else in it."""
    pieces: list[str | _Group] = []
    position = 0
    while position < len(expression):
        found = _PIECE.match(expression, position)
        if found is None:
            return None
        inside = found["inside"]
        pieces.append(found["escaped"] or found["letter"] if inside is None else _Group(inside))
        position = found.end()
    return pieces
