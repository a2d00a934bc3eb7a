"""How far a save has come, told in bytes."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "ProgressMeter"]

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all; what it raises ends the save and undoes it."""

REPORT_STEP = 1 << 20
"""Bytes from one report to the next: often enough for a bar and for Ctrl-C, seldom enough to cost nothing."""


class ProgressMeter:
    """Adds up bytes and reports now and then.

    Args:
        total: Bytes in all.
        progress: Whom to tell; nobody if None.
    """

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total = total
        self._progress = progress
        self._done = 0
        self._reported = 0

    def advance(self, size: int) -> None:
        """Add ``size`` bytes done."""
        self._done += size
        if self._progress is not None and self._done - self._reported >= REPORT_STEP:
            self._report()

    def finish(self) -> None:
        """Report the end."""
        if self._progress is not None:
            self._done = self.total
            self._report()

    def _report(self) -> None:
        assert self._progress is not None  # noqa: S101  # both callers look
        self._reported = self._done
        self._progress(min(self._done, self.total), self.total)
