"""The order of a line: what it is about stands first, and the values of an option run to the next option or ``--``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["LineLayout", "lay_out", "options_of", "positionals_of", "takes_many"]

_NUMBER = re.compile(r"-\d*\.?\d+")


@dataclass(slots=True)
class LineLayout:
    """The words of a line, sorted.

    Attributes:
        positional: What stands for itself, in order.
        options: Options, each followed by its values.
        misplaced: Words of ``positional`` that stand behind an option that takes values.
        unknown: Words that look like options and are none.
        pending: The option whose value the next word would be, or None.
        closed: Whether a further word that stands for itself would be misplaced.
    """

    positional: list[str] = field(default_factory=list)
    options: list[list[str]] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    pending: argparse.Action | None = None
    closed: bool = False


def options_of(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Return the options of a parser by their flags."""
    actions = parser._actions  # noqa: SLF001 - argparse has no public list of its flags
    return {flag: action for action in actions for flag in action.option_strings}


def takes_many(action: argparse.Action) -> bool:
    """Whether an option's values run to the next option."""
    return action.nargs in {"*", "+"}


def positionals_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return what a parser takes before its options."""
    return [action for action in parser._actions if not action.option_strings]  # noqa: SLF001 - as above


def lay_out(parser: argparse.ArgumentParser, words: Sequence[str]) -> LineLayout:
    """Sort the words of a line.

    A flag without values may stand anywhere, for nothing can be taken for its value.
    """
    known = options_of(parser)
    layout = LineLayout()
    for at, word in enumerate(words):
        if word == "--":
            layout.positional += words[at + 1 :]
            layout.pending, layout.closed = None, False
            break
        if word.startswith("-") and len(word) > 1 and not _NUMBER.fullmatch(word):
            flag, value = _divided(word)
            action = known.get(flag)
            layout.unknown += [word] if action is None else []
            layout.options.append([flag] if value is None else [flag, value])
            # A value that may be left out is only one behind an equals sign.
            takes_values = action is not None and action.nargs not in {0, "?"}
            layout.closed |= takes_values
            is_full = action is None or (value is not None and not takes_many(action))
            layout.pending = action if takes_values and not is_full else None
        elif layout.pending is not None:
            layout.options[-1].append(word)
            layout.pending = layout.pending if takes_many(layout.pending) else None
        else:
            layout.positional.append(word)
            layout.misplaced += [word] if layout.closed else []
    return layout


def _divided(word: str) -> tuple[str, str | None]:
    """The flag and the value of ``--flag=value`` or ``-fvalue``."""
    if not word.startswith("--"):
        return word[:2], word[2:] or None
    flag, equals, value = word.partition("=")
    return flag, value if equals else None
