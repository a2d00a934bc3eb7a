"""A line that shows how far a long job is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["ProgressLine", "progress_line", "terminal_progress"]

FIRST_AFTER = 1.0
"""Seconds before the line appears: what is quicker needs none."""
EVERY = 0.25
"""Seconds between two changes of the line."""


class ProgressLine:
    """Called with bytes done and in all; shows a line after a while and keeps it up to date.

    Args:
        verb: What is happening, such as "Saving".
        show: Puts a text in place of the former one; by default on standard error.
    """

    def __init__(self, verb: str, show: Callable[[str], None] | None = None) -> None:
        self._verb = verb
        self._show = self._write if show is None else show
        self._started = time.monotonic()
        self._shown_at = self._started + FIRST_AFTER - EVERY
        self.text = ""

    def __call__(self, done: int, total: int) -> None:
        """Take note of the bytes done, and show them when it is time."""
        now = time.monotonic()
        if now - self._shown_at < EVERY:
            return
        self._shown_at = now
        seconds = now - self._started
        share = f" ({100 * done // total} %)" if total else ""
        self._put(f"{self._verb} {_megabytes(done)} of {_megabytes(total)}{share}, {_megabytes(done / seconds)}/s")

    def close(self) -> None:
        """Remove the line."""
        if self.text:
            self._put("")

    def _put(self, text: str) -> None:
        self._show(text)
        self.text = text

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(len(self.text)) + ("" if text else "\r"))
        sys.stderr.flush()


@contextmanager
def progress_line(verb: str, show: Callable[[str], None] | None = None) -> Iterator[ProgressLine]:
    """Show a progress line while the block runs; it is gone afterwards."""
    line = ProgressLine(verb, show)
    try:
        yield line
    finally:
        line.close()


@contextmanager
def terminal_progress(verb: str, *, quiet: bool) -> Iterator[ProgressLine | None]:
    """Show such a line where somebody sees it: on a terminal. Give None when nothing is to be shown."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with progress_line(verb) as line:
        yield line


def _megabytes(count: float) -> str:
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.2f} GB"
