"""How far a magic is: a line below its cell, or on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from IPython.core.interactiveshell import InteractiveShell

from ckpt_magics.notebook.commands.progress_line import ProgressLine, progress_line

__all__ = ["shown_progress"]


@contextmanager
def shown_progress(verb: str, shell: InteractiveShell, *, quiet: bool) -> Iterator[ProgressLine | None]:
    """Show a progress line while the block runs; it is gone afterwards. Give None when nothing is to be shown.

    Args:
        verb: What is happening, such as "Saving".
        shell: Where; without a kernel the line goes to standard error.
        quiet: Whether nothing is to be shown.
    """
    if quiet:
        yield None
        return
    with progress_line(verb, _BelowCell() if hasattr(shell, "kernel") else None) as line:
        yield line


class _BelowCell:
    """Puts a text below the cell that runs, in place of the former one."""

    def __init__(self) -> None:
        self._handle: object = None

    def __call__(self, text: str) -> None:
        from IPython.display import display

        data = {"text/plain": text}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)  # type: ignore[attr-defined]
