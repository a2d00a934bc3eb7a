r"""Ops that match strings with regular expressions, and replace what they match.

The expressions are RE2's, which Python's module reads too, but for some that are refused. They work on characters, and
classes such as ``\d`` on those of ASCII.

Format: tensorflow/core/kernels/regex_full_match_op.cc, regex_replace_op.cc; re2/re2.h.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, flag
from ckpt_magics.graphs.ops.shape_rules import like_input
from ckpt_magics.graphs.ops.values.string_values import of_each

__all__ = ["ROWS"]

# TensorFlow's engine takes time in proportion to the text, whatever the pattern. Python's goes back and forth: a group
# repeated as a whole, or many repetitions, could keep it busy for ever, and patterns come from files.
_REPEATED_GROUP = re.compile(rb"\)[*+?{]")
_REPETITION = re.compile(rb"[*+{]")
MAX_REPETITIONS = 2

_OTHERWISE = re.compile(rb"\[\[?:|\\[pPCQ]|\(\?<?[=!]|\\[1-9]|\(\?[a-z]*[U-]")
"""What RE2 and Python read differently."""

_TOKEN = re.compile(rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$|[^\\\[$]+|.", re.DOTALL)
"""An escape, a class, the end of the text, or what lies between."""

_REFERENCE = re.compile(r"\\([0-9])|\\\\|\\?")


def _compiled(pattern: bytes) -> re.Pattern[str]:
    """Return a pattern for Python.

    Raises:
        UnimplementedError: Python reads it differently, or might take too long.
        InvalidArgumentError: It is none.
    """
    repeats = _REPEATED_GROUP.search(pattern) or len(_REPETITION.findall(pattern)) > MAX_REPETITIONS
    if repeats:
        raise UnimplementedError(f"pattern {visible(pattern)!r} repeats too much to be matched here")
    if _OTHERWISE.search(pattern):
        raise UnimplementedError(f"pattern {visible(pattern)!r} has a part that can't be matched here")
    # The end is the end of the text, not a line's before it.
    ends = b"".join(rb"\Z" if token == b"$" else token for token in _TOKEN.findall(pattern))
    try:
        return re.compile(_text(ends), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidArgumentError(f"Invalid pattern: {visible(pattern)}, error: {error}") from error


def _text(string: bytes) -> str:
    return string.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _scalar(value: Array, what: str) -> bytes:
    if np.shape(value):
        raise InvalidArgumentError(f"{what} must be scalar, but received {np.shape(value)}")
    found: bytes = np.asarray(value, object).item()
    return found


def _matched(pattern: re.Pattern[str], value: Array) -> Array:
    return of_each(lambda text: pattern.fullmatch(_text(text)) is not None, value, np.bool_)


def _full_match(_ctx: KernelContext, value: Array, pattern: Array) -> Array:
    return _matched(_compiled(_scalar(pattern, "Pattern")), value)


def _static_full_match(ctx: KernelContext, value: Array) -> Array:
    return _matched(_compiled(ctx.attr("pattern")), value)


def _replaced(ctx: KernelContext, value: Array, pattern: bytes, rewrite: bytes) -> Array:
    """Return strings with what the pattern matches put in another way: the first match, or all of them."""
    compiled, parts = _compiled(pattern), _parts(_text(rewrite))
    if any(isinstance(part, int) and part > compiled.groups for part in parts):
        raise InvalidArgumentError(f"Invalid rewrite pattern: {visible(rewrite)}")
    most = None if ctx.attr("replace_global") else 1
    return of_each(lambda text: _bytes(_rewritten(compiled, parts, _text(text), most)), value)


def _parts(rewrite: str) -> list[str | int]:
    """Return the texts and the groups that a rewriting puts together.

    Raises:
        InvalidArgumentError: A backslash stands before something else than a digit or another one.
    """
    parts: list[str | int] = []
    end = 0
    for match in _REFERENCE.finditer(rewrite):
        if not match[0]:
            continue
        parts.append(rewrite[end : match.start()])
        end = match.end()
        if match[1] is None and match[0] != "\\\\":
            raise InvalidArgumentError(f"Invalid rewrite pattern: {visible(_bytes(rewrite))}")
        parts.append("\\" if match[1] is None else int(match[1]))
    return [*parts, rewrite[end:]]


def _rewritten(pattern: re.Pattern[str], parts: list[str | int], text: str, most: int | None) -> str:
    pieces, end = [], 0
    for match in list(_matches(pattern, text))[:most]:
        pieces.append(text[end : match.start()])
        pieces += [part if isinstance(part, str) else match[part] or "" for part in parts]
        end = match.end()
    return "".join([*pieces, text[end:]])


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield what matches, but for an empty text right behind another match."""
    end = -1
    for match in pattern.finditer(text):
        if match[0] or match.start() != end:
            yield match
        end = match.end()


def _replace(ctx: KernelContext, value: Array, pattern: Array, rewrite: Array) -> Array:
    return _replaced(ctx, value, _scalar(pattern, "Pattern"), _scalar(rewrite, "Rewrite"))


def _static_replace(ctx: KernelContext, value: Array) -> Array:
    return _replaced(ctx, value, ctx.attr("pattern"), ctx.attr("rewrite"))


PATTERN = Attr("pattern", "string")
GLOBAL = flag("replace_global", True)

ROWS: tuple[Op, ...] = (
    Op("RegexFullMatch", "input: string, pattern: string -> output: bool", (), like_input(), _full_match),
    Op("StaticRegexFullMatch", "input: string -> output: bool", (PATTERN,), like_input(), _static_full_match),
    Op(
        "RegexReplace",
        "input: string, pattern: string, rewrite: string -> output: string",
        (GLOBAL,),
        like_input(),
        _replace,
    ),
    Op(
        "StaticRegexReplace",
        "input: string -> output: string",
        (PATTERN, Attr("rewrite", "string"), GLOBAL),
        like_input(),
        _static_replace,
    ),
)
