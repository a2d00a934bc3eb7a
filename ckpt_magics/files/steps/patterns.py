"""What a text that stands for names means: a name, a scope, a glob or a regular expression.

The one place that knows; whatever takes patterns asks here.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ckpt_magics.errors import InvalidArgumentError, visible

__all__ = ["EXPRESSION", "Glob", "Names", "Pattern", "expression_of", "glob_of", "is_glob"]

EXPRESSION = "re:"
"""What a regular expression begins with."""

# Possessive, so that a bracket that is not closed stays a letter. The rest of the rules of a set are fnmatch's.
_WILDCARD = re.compile(r"\*+|\?|\[!?+\]?+[^\]]*+\]")


@dataclass(frozen=True, slots=True)
class Glob:
    """A shell pattern, whose ``*`` also crosses ``/``.

    Attributes:
        literals: The texts before, between and behind the wildcards, one more than there are of those.
        expression: Matches whole names; a group per wildcard.
    """

    literals: tuple[str, ...]
    expression: re.Pattern[str]

    @property
    def wildcards(self) -> int:
        """How many there are."""
        return len(self.literals) - 1

    def parts(self, name: str) -> Sequence[str] | None:
        """Return what the wildcards stand for in a name, or None if it does not match."""
        found = self.expression.match(name)
        return None if found is None else [found[f"w{number}"] for number in range(self.wildcards)]

    def filled(self, parts: Sequence[str]) -> str:
        """Return the name in which the wildcards stand for these texts."""
        return "".join(text for pair in zip(self.literals, (*parts, ""), strict=True) for text in pair)


def glob_of(text: str) -> Glob:
    """Return a text as a glob; without a wildcard it matches itself.

    >>> glob_of("*/layer_?/w").parts("net/a/layer_1/w")
    ['net/a', '1']
    """
    wildcards = _WILDCARD.findall(text)
    literals = _WILDCARD.split(text)
    expression = re.escape(literals[0])
    for start in _runs(wildcards):
        run = _run(wildcards, literals, start)
        is_last = "*" not in "".join(wildcard[0] for wildcard in wildcards[start + 1 :])
        # What comes first after a star is taken for good: no name can make a match take long.
        expression += run if is_last else f"(?=(?P<r{start}>{run}))(?P=r{start})"
    return Glob(tuple(literals), re.compile(rf"(?s:{expression})\Z"))


def _runs(wildcards: Sequence[str]) -> list[int]:
    """Where a run begins: at each star, and at a wildcard before the first."""
    return [at for at, wildcard in enumerate(wildcards) if at == 0 or wildcard[0] == "*"]


def _run(wildcards: Sequence[str], literals: Sequence[str], start: int) -> str:
    """The expression of a wildcard and of what follows up to the next star."""
    run = ""
    for at in range(start, len(wildcards)):
        if at > start and wildcards[at][0] == "*":
            break
        run += f"(?P<w{at}>{_one(wildcards[at])}){re.escape(literals[at + 1])}"
    return run


def _one(wildcard: str) -> str:
    if wildcard[0] == "*":
        return ".*?"
    return "." if wildcard == "?" else fnmatch.translate(wildcard).partition(":")[2].rpartition(")")[0]


def is_glob(text: str) -> bool:
    """Whether a text has wildcards."""
    return _WILDCARD.search(text) is not None


def expression_of(text: str) -> re.Pattern[str]:
    """Return the expression of a text that begins with ``re:``.

    Raises:
        InvalidArgumentError: It is none.
    """
    try:
        return re.compile(text.removeprefix(EXPRESSION), re.DOTALL)
    except re.error as error:
        raise InvalidArgumentError(f"{visible(text)} is no regular expression: {error}") from error


class Pattern:
    """One pattern.

    A name stands for itself alone. A text that is no name takes what lies below it as a scope (``layer`` or
    ``layer/``); or it is a glob of whole names, ``*``, ``?`` and ``[…]`` as in the shell, but crossing ``/``; or,
    behind ``re:``, a regular expression of whole names.

    Args:
        text: The pattern as it was given.

    Raises:
        InvalidArgumentError: It is a regular expression that does not parse.

    >>> Pattern("a[0]").among({"a[0]", "a0"}), Pattern("a").among({"a/w", "ab"}), Pattern("re:a.").among({"ab", "abc"})
    (['a[0]'], ['a/w'], ['ab'])
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._expression = expression_of(text) if text.startswith(EXPRESSION) else None

    @property
    def is_plain(self) -> bool:
        """Whether it can only be meant as a name or a scope."""
        return self._expression is None and not is_glob(self.text)

    def among(self, names: Collection[str]) -> list[str]:
        """Return those of the names that it stands for, in their order.

        Args:
            names: All names, such as a set or dict, in which one is found at once.
        """
        if self.text in names:
            return [self.text]
        if self._expression is not None:
            return [name for name in names if self._expression.fullmatch(name)]
        scope = self.text.rstrip("/") + "/"
        below = [name for name in names if name.startswith(scope)]
        if below or self.is_plain:
            return below
        matches = glob_of(f"{self.text}*" if self.text.endswith("/") else self.text).expression.match
        return [name for name in names if matches(name)]


class Names:
    """Names to choose from, which may go by other texts too, as a tensor does by its name in the checkpoint.

    Args:
        names: The names.
        others: Other texts of some, by name.
    """

    def __init__(self, names: Iterable[str], *others: Mapping[str, str]) -> None:
        self._own = dict.fromkeys(names)
        self._by_text: dict[str, list[str]] = {name: [name] for name in self._own}
        for name in self._own:
            for other in {texts[name] for texts in others if name in texts} - {name}:
                self._by_text.setdefault(other, []).append(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __contains__(self, name: object) -> bool:
        return name in self._own

    def is_exact(self, text: str) -> bool:
        """Whether a text is one by which a name goes, and so is no pattern."""
        return text in self._by_text

    def matching(self, pattern: Pattern) -> list[str]:
        """Return the names that a pattern stands for, by any of their texts; its own name comes first."""
        if pattern.text in self._own:
            return [pattern.text]
        return list(dict.fromkeys(name for text in pattern.among(self._by_text) for name in self._by_text[text]))
