"""Functions that another function makes, with the name and the docstring that help() shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["described"]


def described(function: Callable[..., Any], name: str, text: str) -> Callable[..., Any]:
    """Return a function that another one made, with the name and the docstring that help() shows."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function
