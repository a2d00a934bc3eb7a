"""A warning that comes each time: Python's own filter shows one of a place only once in a process."""

from __future__ import annotations

import inspect
import warnings

__all__ = ["warn_each_time"]

_BETWEEN = {__name__.partition(".")[0], "collections", "_collections_abc"}
"""Packages whose lines nobody wants to be pointed at: this one, and the mixins of mappings that call it."""


def warn_each_time(message: str) -> None:
    """Warn at the line outside of the package that led here, also if it has been warned at before.

    Filters count as ever: what is to be ignored is ignored, what is to be an error is one.
    """
    frame = inspect.currentframe()
    caller = frame
    while caller is not None and _is_ours(caller.f_globals.get("__name__", "")):
        frame, caller = caller, caller.f_back
    place = caller or frame
    if place is None:
        # Python without frames.
        warnings.warn(message, UserWarning, stacklevel=2)
        return
    module = place.f_globals.get("__name__") or "<unknown>"
    # Without a registry nothing remembers that it was shown.
    warnings.warn_explicit(message, UserWarning, place.f_code.co_filename, place.f_lineno, module, registry=None)


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.split(".", 1)[0] in _BETWEEN
