"""Text of a picture: made visible, cut to length, measured, and quoted for DOT."""

from __future__ import annotations

import unicodedata
from typing import Final

from ckpt_magics.errors import visible

# Characters of a box's name and second line, and of a scope's; the tooltip has the rest.
MAX_LABEL: Final = 28
MAX_DETAIL: Final = 34
# Graphviz 2.43 complains about strings above 16,384 bytes; a character takes up to four, and escapes double them.
MAX_DOT_STRING: Final = 1500
# A tooltip in SVG has no such limit, but a picture of 150 boxes must stay small enough for a notebook.
MAX_TOOLTIP_LINE: Final = 400

TIMES: Final = "\N{MULTIPLICATION SIGN}"
ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"

NAME_SIZE: Final = 13.0
DETAIL_SIZE: Final = 11.0
EDGE_SIZE: Final = 11.0

# Advance widths of Helvetica (AFM files), in thousandths of the font size. Arial and Liberation Sans share them.
_WIDTHS: Final = {
    character: width
    for width, characters in {
        191: "'",
        222: "ijl",
        260: "|",
        278: "ftI,.:;!/\\[] ",
        333: "r()-`",
        355: '"',
        389: "*",
        469: "^",
        500: "cksvxyzJ",
        556: "abdeghnopqu0123456789_L?#$",
        584: "+<=>~",
        611: "FTZ",
        667: "ABEKPSVXY&",
        722: "CDHNRUw",
        778: "GOQ",
        833: "mM",
        889: "%",
        944: "W",
        1000: ELLIPSIS,
        1015: "@",
    }.items()
    for character in characters
}


def shown(name: str) -> str:
    """Return a name as it is drawn: control characters visible, nothing empty."""
    return visible(name) or "(no name)"


def shorten(text: str, limit: int) -> str:
    """Cut the middle out of a text that is too long: names differ at their ends.

    >>> shorten("gradients/conv2d_transpose_grad/kernel", 20)
    'gradients…rad/kernel'
    """
    if len(text) <= limit:
        return text
    tail = limit // 2
    return f"{text[: limit - tail - 1]}{ELLIPSIS}{text[-tail:]}"


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is drawn, in the unit of ``size``."""
    thousandths = 0
    for character in text:
        width = _WIDTHS.get(character)
        if width is None:
            width = 1000 if unicodedata.east_asian_width(character) in "WF" else 600
        thousandths += width
    return thousandths * size / 1000


def quote(text: str) -> str:
    r"""Return a text as a quoted DOT string that Graphviz shows as it is.

    The backslash escapes Graphviz's own escapes (``\N``, ``\G``); ``&`` would start an HTML entity. The caller has made
    control characters visible: a NUL ends the graph for Graphviz.

    >>> print(quote('a\\N "b" &lt;'))
    "a\\N \"b\" &amp;lt;"
    """
    text = shorten(text, MAX_DOT_STRING)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{escaped}"'


def quote_lines(lines: tuple[str, ...]) -> str:
    """Return lines of text as one quoted DOT string, each centred."""
    return '"' + "\\n".join(quote(line)[1:-1] for line in lines) + '"'
