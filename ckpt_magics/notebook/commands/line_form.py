"""How a line is written where it is typed: in a notebook, or in a shell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["LineForm"]


@dataclass(frozen=True, slots=True)
class LineForm:
    """How lines of one kind are written.

    Attributes:
        start: What they begin with, such as ``%ckpt_show``.
        help_line: The line that shows their options.
        quote: Writes a word so that it is read as one.
    """

    start: str
    help_line: str
    quote: Callable[[str], str]

    def written(self, positional: Sequence[str], options: Sequence[Sequence[str]]) -> str:
        """Return a line.

        Args:
            positional: What it is about, in words that are quoted already.
            options: Each a flag and its values as they are meant.
        """
        ends = (" ".join([flag, *map(self.quote, values)]) for flag, *values in options)
        return " ".join([self.start, *positional, *ends])

    def quoted(self, positional: Sequence[str], options: Sequence[Sequence[str]]) -> str:
        """Return the same of words as they are meant."""
        return self.written(list(map(self.quote, positional)), options)
