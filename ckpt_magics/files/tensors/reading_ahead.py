"""Have another thread make what comes next while this one works with what is there: reads need no interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

__all__ = ["begin_call", "read_ahead"]

Item = TypeVar("Item")
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def begin_call(
    helper: ThreadPoolExecutor,
    function: Callable[Parameters, Result],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Callable[[], Result]:
    """Begin with a call in another thread; returns what waits for its result."""
    try:
        return helper.submit(function, *args, **kwargs).result
    except RuntimeError:
        # The interpreter is ending, or the system gives no more threads.
        return partial(function, *args, **kwargs)


def read_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield items, the next one of which is being made meanwhile; there are never more than two."""
    helper = ThreadPoolExecutor(1)
    try:
        following = begin_call(helper, next, items, None)
        while (item := following()) is not None:
            following = begin_call(helper, next, items, None)
            yield item
    finally:
        # After an error, or Ctrl-C, what has not begun is not made.
        helper.shutdown(cancel_futures=True)
