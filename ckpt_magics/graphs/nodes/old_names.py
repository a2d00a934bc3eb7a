"""Arguments that have two names, an old and a new one."""

from __future__ import annotations

__all__ = ["either"]


def either(new_name: str, new: object, old_name: str, old: object) -> object:
    """Return the one of two arguments that is given, None if neither is.

    Raises:
        ValueError: Both are given.
    """
    if new is None:
        return old
    if old is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'.")
    return new
