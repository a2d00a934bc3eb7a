"""What stands against the entries of a map: an old name that is not stored, a new one that nothing here has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ckpt_magics.errors import visible
from ckpt_magics.files.restore.restore_report import Problem
from ckpt_magics.files.steps.mapping import MapEntry, NameMap
from ckpt_magics.files.tensors.spec import Spec
from ckpt_magics.files.tensors.suggestions import Suggester
from ckpt_magics.phrasing import names_text

__all__ = ["heads_text", "map_problems"]

# Nearest names for more entries than anyone reads would take long.
MAX_SUGGESTED = 20
# Names and scopes that an error lists.
MAX_HEADS = 12

Shapes = Mapping[str, tuple[int, ...]]


def map_problems(
    names: NameMap, new: Iterable[str], stored: Shapes, *, is_open: bool = False, suggest: bool = True
) -> list[Problem]:
    """Return a problem for every entry of a map that takes nothing to nothing.

    Args:
        names: The map.
        new: Every name that a tensor can be restored to.
        stored: Shapes of the stored tensors by name.
        is_open: Whether other new names would be taken, too.
        suggest: Look for what was meant.
    """
    here: Shapes = dict.fromkeys(new, ())
    lost = names.without_old
    idle = [entry for entry in names.without_new(here) if entry not in lost]
    problems: list[Problem] = []
    for entry in [*lost, *idle]:
        text, word, there = (
            (_lost_text(entry, stored), entry.old, stored)
            if entry in lost
            else (_idle_text(entry, here), entry.new, here)
        )
        if _is_among(entry.new, stored) and (_is_among(entry.old, here) or is_open):
            text += f"; a map is NEW=OLD, the other way round {visible(entry.old)}={visible(entry.new)}"
        near = _nearest(word, there) if suggest and len(problems) < MAX_SUGGESTED else ()
        owner = "the checkpoint has" if entry in lost else "here are"
        text += f"; nearest: {', '.join(map(visible, near))}" if near else f"; {owner} {heads_text(there)}"
        problems.append(Problem("map", str(entry), entry.old, Spec(), text, nearest=near))
    return problems


def heads_text(names: Iterable[str]) -> str:
    """Return the first parts of names as a text, scopes as patterns."""
    heads = dict.fromkeys(f"{name.partition('/')[0]}/*" if "/" in name else name for name in names)
    return names_text(heads, MAX_HEADS)


def _lost_text(entry: MapEntry, stored: Shapes) -> str:
    old = visible(entry.old)
    if _lies_above(entry.old, stored):
        return f"{old} is a scope of the checkpoint, and scopes end with /: {visible(entry.new)}/={old}/"
    return f"the checkpoint has no {old}" if entry.rule is None else f"nothing in the checkpoint {_fits(entry.old)}"


def _idle_text(entry: MapEntry, here: Shapes) -> str:
    new = visible(entry.new)
    if _lies_above(entry.new, here):
        return f"{new} is a scope here, and scopes end with /: {new}/={visible(entry.old)}/"
    return f"nothing here is called {new}" if entry.rule is None else f"nothing here {_fits(entry.new)}"


def _fits(side: str) -> str:
    return f"lies below {visible(side)}" if side.endswith("/") else f"matches {visible(side)}"


def _lies_above(word: str, names: Iterable[str]) -> bool:
    return any(name.startswith(f"{word}/") for name in names)


def _is_among(word: str, names: Shapes) -> bool:
    """Whether a name is there, or something below a scope."""
    return word in names or (word.endswith("/") and any(name.startswith(word) for name in names))


def _nearest(word: str, there: Shapes) -> tuple[str, ...]:
    """Return the names that a word may have meant, or the scopes if it is one."""
    if not word.endswith("/"):
        return tuple(Suggester(there).nearest(word))
    # Compared without the slash, for the last part of a name counts most.
    scopes: Shapes = {name[:end]: () for name in there for end, sign in enumerate(name) if sign == "/" and end}
    return tuple(f"{scope}/" for scope in Suggester(scopes).nearest(word[:-1]))
