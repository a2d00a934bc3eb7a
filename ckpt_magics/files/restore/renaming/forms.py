"""Names as parts with numbers, spelled in one way, so that two names which differ in spelling alone have one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

__all__ = [
    "Form",
    "NamePart",
    "all_bases",
    "erased",
    "flat",
    "form_of",
    "form_text",
    "number_key",
    "plain_name",
    "with_bases",
]


class NamePart(NamedTuple):
    """One part of a name.

    Attributes:
        base: Its letters and digits, in lower case.
        number: What counts it among its like: 3 in ``dense_3``, ``layer-3`` and ``layer.3``; None in ``dense``. Digits
            without a separator, as in ``conv1``, belong to the base: whoever wrote them chose them.
    """

    base: str
    number: int | None = None


Form = tuple[NamePart, ...]

_OUTPUT = re.compile(r":\d+$")
_ATTRIBUTE = re.compile(r"/\.ATTRIBUTES/.*$", re.DOTALL)
_SEPARATOR = re.compile(r"[/.]+")
# A number with more digits than this counts nothing.
_NUMBERED = re.compile(r"(.*?)[_\-]?(?<![0-9])([0-9]{1,9})", re.DOTALL)
_SIGNS = re.compile(r"[\W_]+")
_TOKENS = re.compile(r"[0-9]+|[^0-9]+")


def plain_name(name: str) -> str:
    """Return a name without what TensorFlow adds to it: ``:0`` of a tensor, the attribute of an object's key."""
    return _ATTRIBUTE.sub("", _OUTPUT.sub("", name))


def form_of(name: str) -> Form:
    """Return the parts of a name.

    A number that stands alone counts the part before it, as in PyTorch's ``layer.0``.

    >>> form_of("net/LayerNorm_1/gamma:0")
    (NamePart(base='net', number=None), NamePart(base='layernorm', number=1), NamePart(base='gamma', number=None))
    >>> form_of("net/block_003") == form_of("net.block.3")
    True
    """
    parts: list[NamePart] = []
    for text in filter(None, _SEPARATOR.split(plain_name(name))):
        part = _part(text)
        if not part.base and parts and parts[-1].number is None and parts[-1].base:
            parts[-1] = NamePart(parts[-1].base, part.number)
        else:
            parts.append(part)
    return tuple(parts)


def _part(text: str) -> NamePart:
    found = _NUMBERED.fullmatch(text)
    if found is None or (found[1] and text[len(found[1])] not in "_-"):
        return NamePart(_SIGNS.sub("", text).lower() or text)
    return NamePart(_SIGNS.sub("", found[1]).lower(), int(found[2]))


def erased(form: Form) -> tuple[str, ...]:
    """Return the bases of a form, without its numbers."""
    return tuple(part.base for part in form)


def flat(form: Form) -> tuple[str | int, ...]:
    """Return letters and numbers of a form in order, wherever its separators stand.

    >>> flat(form_of("h0/attn")) == flat(form_of("h.0.attn"))
    True
    """
    tokens: list[str | int] = []
    for part in form:
        tokens += [
            int(token) if token.isdecimal() and len(token) < 10 else token for token in _TOKENS.findall(part.base)
        ]
        tokens += [] if part.number is None else [part.number]
    return tuple(tokens)


def with_bases(form: Form, change: Callable[[str], str]) -> Form:
    """Return a form with its bases changed."""
    return tuple(NamePart(change(part.base), part.number) for part in form)


def number_key(number: int | None) -> int:
    """Return what numbers are sorted by: the one without comes before 0."""
    return -1 if number is None else number


def all_bases(forms: Iterable[Form]) -> set[str]:
    """Return every base in some forms."""
    return {part.base for form in forms for part in form}


def form_text(form: Form) -> str:
    """Return parts as a scope for people: ``net_1/``, and ``/`` for none."""
    texts = (part.base if part.number is None else f"{part.base}_{part.number}" for part in form)
    return "".join(f"{text}/" for text in texts) or "/"
