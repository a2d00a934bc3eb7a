"""What stores far away were asked is remembered for the time of one opening, so that they are asked once.

To find out what a path means takes many small questions, which cost nothing on a disk and a tenth of a second each
over a network. Inside of the block their answers are kept; what is opened there was all seen at one time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

__all__ = ["asked_once", "forget_answers", "is_looking", "remembered"]

Answer = TypeVar("Answer")

_answers: ContextVar[dict[Hashable, object] | None] = ContextVar("answers", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Remember what stores say until the end of the block; blocks in it are part of it."""
    if _answers.get() is not None:
        yield
        return
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def is_looking() -> bool:
    """Tell whether answers are remembered here."""
    return _answers.get() is not None


def remembered(question: Hashable, ask: Callable[[], Answer]) -> Answer:
    """Return the answer to a question, which is asked again only where nothing is remembered."""
    known = _answers.get()
    if known is None:
        return ask()
    if question not in known:
        known[question] = ask()
    return known[question]  # type: ignore[return-value]  # the question says which type


def forget_answers() -> None:
    """Ask anew from here on: something has been changed."""
    known = _answers.get()
    if known is not None:
        known.clear()
