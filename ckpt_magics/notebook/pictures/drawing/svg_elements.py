"""Writes SVG elements: a closed list of tags and attributes, everything escaped, nothing that runs or loads."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from ckpt_magics.errors import visible

_PAINT: Final = frozenset({"fill", "stroke", "stroke-width", "stroke-dasharray", "fill-opacity", "stroke-linejoin"})

# No script, style, href, id, class or event attribute: the picture shows the same in a notebook that is not trusted.
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "svg": frozenset({"xmlns", "width", "height", "viewBox", "role", "aria-label", "font-family"}),
    "g": frozenset({"transform", *_PAINT}),
    "title": frozenset(),
    "path": frozenset({"d", *_PAINT}),
    "rect": frozenset({"x", "y", "width", "height", "rx", *_PAINT}),
    "ellipse": frozenset({"cx", "cy", "rx", "ry", *_PAINT}),
    "text": frozenset({"x", "y", "font-size", "font-weight", "text-anchor", "paint-order", *_PAINT}),
}

Attributes = Mapping[str, str | float]


def element(tag: str, attributes: Attributes, *children: str) -> str:
    """Return one element; children are elements or come from :func:`text`."""
    assert attributes.keys() <= ALLOWED[tag], tag  # noqa: S101 -- our own names, never data
    written = "".join(f' {name}="{_value(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>{''.join(children)}</{tag}>" if children else f"<{tag}{written}/>"


def text(content: str) -> str:
    """Return text as the content of an element; control characters are made visible, since XML has none."""
    return escape(visible(content), quote=False)


def tooltip(*lines: str) -> str:
    """Return what a browser shows when the pointer rests on the element around it."""
    return element("title", {}, "\n".join(text(line) for line in lines))


def number(value: float) -> str:
    """Return a coordinate with at most one decimal, which is finer than a screen.

    >>> number(12.0), number(-0.04), number(3.14159)
    ('12', '0', '3.1')
    """
    shown = f"{value:.1f}".removesuffix(".0")
    return "0" if shown == "-0" else shown


def _value(value: str | float) -> str:
    return escape(visible(value)) if isinstance(value, str) else number(value)
