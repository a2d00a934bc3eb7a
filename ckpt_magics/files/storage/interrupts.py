"""Holding back Ctrl-C for the moment in which a result is put in place."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["uninterrupted"]


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let an interrupt wait until the block is done, then raise it.

    Signals reach the main thread only, so in other threads there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[tuple[int, FrameType | None]] = []
    former = signal.signal(signal.SIGINT, lambda number, frame: waiting.append((number, frame)))
    try:
        yield
    finally:
        # A handler that was not set from Python is given as None; the default one stands in for it.
        signal.signal(signal.SIGINT, former if former is not None else signal.default_int_handler)
    if waiting and callable(former):
        former(*waiting[0])
