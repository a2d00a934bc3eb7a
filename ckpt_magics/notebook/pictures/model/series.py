"""Folding of numbered siblings, ``add``, ``add_1``, ``add_2`` …, into one item."""

from __future__ import annotations

import re
from typing import Final

from ckpt_magics.notebook.pictures.model.item import Item

# TensorBoard's threshold: fewer siblings are quicker read than opened.
SERIES_MINIMUM: Final = 5
_LAST_NUMBER: Final = re.compile(r"(\d+)(\D*)$")
# A longer run of digits is a hash or a date, no count; it also bounds the cost of int().
_MAX_DIGITS: Final = 9

_SeriesKey = tuple[str, str, str, str, int]


def fold_series(items: list[Item], minimum: int) -> None:
    """Put at least ``minimum`` numbered siblings of equal structure below a new item, appended to ``items``."""
    for scope in list(items):
        if len(scope.children) >= minimum:
            _fold_children(items, scope, minimum)


def _fold_children(items: list[Item], scope: Item, minimum: int) -> None:
    found: dict[_SeriesKey, list[int]] = {}
    for child in scope.children:
        item = items[child]
        # Functions and calls keep their names: they are what people look for.
        if item.kind != "function":
            head, _, tail = split_number(item.label)
            found.setdefault((head, tail, item.kind, item.group, item.structure), []).append(child)
    series_of: dict[int, Item] = {}
    for (head, tail, *_), members in found.items():
        if len(members) >= minimum:
            series = _make_series(items, scope, head, tail, members)
            items.append(series)
            series_of.update(dict.fromkeys(members, series))
    if not series_of:
        return
    children: dict[int, None] = {}
    for child in scope.children:
        parent = series_of.get(child)
        children[child if parent is None else parent.id] = None
        if parent is not None:
            items[child].parent = parent.id
    scope.children = list(children)


def _make_series(items: list[Item], scope: Item, head: str, tail: str, members: list[int]) -> Item:
    numbers = [split_number(items[member].label)[1] for member in members]
    label = f"{head}[{min(numbers)}-{max(numbers)}]{tail}"
    prefix = f"{scope.name}/" if scope.name else ""
    first = items[members[0]]
    return Item(
        len(items),
        prefix + label,
        label,
        "series",
        scope.id,
        children=members,
        op=first.op,
        group=first.group,
        op_count=sum(items[member].op_count for member in members),
        structure=first.structure,
    )


def split_number(label: str) -> tuple[str, int, str]:
    """Return what stands before, the value of, and what stands after the last number of a label.

    >>> split_number("add_12"), split_number("add"), split_number("block3/conv")
    (('add', 12, ''), ('add', 0, ''), ('block', 3, '/conv'))
    """
    match = _LAST_NUMBER.search(label)
    if match is None or len(match[1]) > _MAX_DIGITS:
        return label, 0, ""
    return label[: match.start()].rstrip("_"), int(match[1]), match[2]
