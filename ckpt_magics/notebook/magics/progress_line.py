"""A line that shows how far a long save or restore is, in the notebook or on the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from IPython.core.interactiveshell import InteractiveShell

__all__ = ["ProgressLine", "shown_progress"]

FIRST_AFTER = 1.0
"""Seconds before the line appears: what is quicker needs none."""
EVERY = 0.25
"""Seconds between two changes of the line."""


class ProgressLine:
    """Called with bytes done and in all; shows a line after a while and keeps it up to date.

    Args:
        verb: What is happening, such as "Saving".
        shell: Where; without a kernel the line goes to standard error.
    """

    def __init__(self, verb: str, shell: InteractiveShell) -> None:
        self._verb = verb
        self._in_notebook = hasattr(shell, "kernel")
        self._started = time.monotonic()
        self._shown_at = self._started + FIRST_AFTER - EVERY
        self._handle: object = None
        self.text = ""

    def __call__(self, done: int, total: int) -> None:
        """Take note of the bytes done, and show them when it is time."""
        now = time.monotonic()
        if now - self._shown_at < EVERY:
            return
        self._shown_at = now
        seconds = now - self._started
        share = f" ({100 * done // total} %)" if total else ""
        self._show(f"{self._verb} {_megabytes(done)} of {_megabytes(total)}{share}, {_megabytes(done / seconds)}/s")

    def close(self) -> None:
        """Remove the line."""
        if self.text:
            self._show("")

    def _show(self, text: str) -> None:
        if not self._in_notebook:
            sys.stderr.write("\r" + text.ljust(len(self.text)) + ("" if text else "\r"))
            sys.stderr.flush()
        else:
            from IPython.display import display

            data = {"text/plain": text}
            if self._handle is None:
                self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
            else:
                self._handle.update(data, raw=True)  # type: ignore[attr-defined]
        self.text = text


@contextmanager
def shown_progress(verb: str, shell: InteractiveShell, *, quiet: bool) -> Iterator[ProgressLine | None]:
    """Show a progress line while the block runs; it is gone afterwards. Give None when nothing is to be shown."""
    if quiet:
        yield None
        return
    line = ProgressLine(verb, shell)
    try:
        yield line
    finally:
        line.close()


def _megabytes(count: float) -> str:
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.2f} GB"
