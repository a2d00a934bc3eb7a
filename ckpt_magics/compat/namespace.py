"""Modules whose names are imported when they are first used, and that tell what they have when a name is missing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

__all__ = ["described", "lazy_names"]

ROOT = "ckpt_magics"
TENSORFLOW = f"{ROOT}.compat.v1"


def lazy_names(module: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of a module (PEP 562).

    Args:
        module: The module's name.
        homes: For each name the module of this package that defines it, as ``graph.variable``; where it is called
            differently there, as ``compat.mathematics:absolute``; for a module itself, as ``compat.v1.train:``.
    """
    spoken = module.replace(TENSORFLOW, "tf")

    def find(name: str) -> Any:  # noqa: ANN401 -- whatever the name stands for
        if name not in homes:
            raise AttributeError(_missing(spoken, name, list(homes)), name=name)
        home, colon, attribute = homes[name].partition(":")
        value: Any = import_module(f"{ROOT}.{home}")
        if attribute or not colon:
            value = getattr(value, attribute or name)
        setattr(sys.modules[module], name, value)
        return value

    def names() -> list[str]:
        return sorted(homes)

    return find, names


def described(function: Callable[..., Any], name: str, text: str) -> Callable[..., Any]:
    """Return a function that another one made, with the name and the docstring that help() shows."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function


def _missing(module: str, name: str, names: list[str]) -> str:
    if name.startswith("__"):
        return f"module {module!r} has no attribute {name!r}"
    lower = {known.lower(): known for known in names}
    near = [lower[match] for match in get_close_matches(name.lower(), lower, n=4, cutoff=0.6)]
    near += [known for known in names if name.lower() in known.lower() and known not in near][: 4 - len(near)]
    nearest = f" The nearest are: {', '.join(near)}." if near else ""
    return (
        f"{module}.{name} is none of the {len(names)} names that {module} has here.{nearest} dir({module}) lists them."
    )
