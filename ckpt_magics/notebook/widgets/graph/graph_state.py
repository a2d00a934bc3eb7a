"""What a graph view shows: the small state that the page and Python share, and the steps that change it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self, cast, get_args

from ckpt_magics.errors import InvalidArgumentError, NotFoundError, visible
from ckpt_magics.notebook.pictures.choices import DIRECTIONS, GROUPS, Direction
from ckpt_magics.notebook.pictures.model.hierarchy import ROOT, Hierarchy
from ckpt_magics.notebook.pictures.views.view import ViewOptions

__all__ = ["COLORS", "GraphState", "Trace", "TraceKind"]

TraceKind = Literal["inputs", "outputs", "path"]

COLORS: Final = ("kind", "op", "device", "size", "difference", "numbers")


@dataclass(frozen=True, slots=True)
class Trace:
    """What is marked in the picture.

    Attributes:
        kind: All that leads to a node ("inputs"), all that it leads to ("outputs"), or a way to another ("path").
        name: Full name of the node.
        to: Where a path ends.
    """

    kind: TraceKind
    name: str
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphState:
    """One state of the view.

    Attributes:
        open: Full names of the scopes that are open.
        aside: Full names of what the user pulled aside (True) or wants in the picture (False).
        groups: Aside groups that are in the picture.
        hide: Ops that are left out.
        direction: Where the edges point.
        color: What the colours say.
        trace: What is marked; None is nothing.
    """

    open: tuple[str, ...] = ()
    aside: Mapping[str, bool] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    direction: Direction = "TB"
    color: str = "kind"
    trace: Trace | None = None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the state as the page sends it.

        Raises:
            InvalidArgumentError: It is no such state.
        """
        if not isinstance(value, dict):
            raise InvalidArgumentError(f"a view's state is a dict, got {value!r}")
        aside = value.get("aside", {})
        direction, color = value.get("direction", "TB"), value.get("color", "kind")
        if not isinstance(aside, dict) or not all(isinstance(side, bool) for side in aside.values()):
            raise InvalidArgumentError(f"aside maps names to True or False, got {aside!r}")
        if direction not in DIRECTIONS or color not in COLORS:
            raise InvalidArgumentError(f"no such direction or colouring: {direction!r}, {color!r}")
        groups = _names(value, "groups")
        if not set(groups) <= GROUPS.keys():
            raise InvalidArgumentError(f"groups are {', '.join(GROUPS)}, got {groups!r}")
        return cls(
            open=_names(value, "open"),
            aside={str(name): side for name, side in aside.items()},
            groups=groups,
            hide=_names(value, "hide"),
            direction=direction,
            color=color,
            trace=_trace(value.get("trace")),
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON; every key is there, so that two equal states are equal dicts."""
        trace = self.trace
        return {
            "open": list(self.open),
            "aside": dict(self.aside),
            "groups": list(self.groups),
            "hide": list(self.hide),
            "direction": self.direction,
            "color": self.color,
            "trace": None if trace is None else {"kind": trace.kind, "name": trace.name, "to": trace.to},
        }

    def options(self) -> ViewOptions:
        """What to ask of the picture."""
        return ViewOptions(
            depth=0,
            open=tuple(map(_as_name, self.open)),
            show=frozenset(self.groups) | {_as_name(name) for name, side in self.aside.items() if not side},
            pull=frozenset(_as_name(name) for name, side in self.aside.items() if side),
            hide_ops=frozenset(self.hide),
            direction=self.direction,
        )

    # Steps

    def with_open(self, hierarchy: Hierarchy, name: str) -> Self:
        """Open a scope, function or series, and everything around it.

        Raises:
            NotFoundError: The graph has nothing of this name that could be opened.
        """
        compound = [item_id for item_id in find_items(hierarchy, name) if hierarchy.items[item_id].is_compound]
        if not compound:
            raise NotFoundError(f"{visible(name)} has nothing inside that could be opened")
        names = [hierarchy.items[item_id].name for item_id in _around(hierarchy, compound[0])]
        names.append(hierarchy.items[compound[0]].name)
        aside = {each: side for each, side in self.aside.items() if not (side and each in names)}
        return replace(self, open=tuple(dict.fromkeys((*self.open, *names))), aside=aside)

    def with_all_open(self, hierarchy: Hierarchy, name: str, at_most: int) -> Self:
        """Open a scope with everything below it, outer scopes first, as long as the boxes in them are so few.

        Raises:
            NotFoundError: The graph has nothing of this name that could be opened.
        """
        state = self.with_open(hierarchy, name)
        waiting = deque(item_id for item_id in find_items(hierarchy, name) if hierarchy.items[item_id].is_compound)
        names: list[str] = []
        boxes = 0
        while waiting:
            item = hierarchy.items[waiting.popleft()]
            boxes += len(item.children)
            if boxes > at_most and names:
                break
            names.append(item.name)
            waiting.extend(child for child in item.children if hierarchy.items[child].is_compound)
        return replace(state, open=tuple(dict.fromkeys((*state.open, *names))))

    def with_closed(self, hierarchy: Hierarchy, name: str) -> Self:
        """Close a scope and what is open inside it; everything around it stays open.

        Raises:
            NotFoundError: The graph has nothing of this name.
        """
        closed = set(find_items(hierarchy, name))
        kept: list[str] = []
        for each in self.open:
            for item_id in hierarchy.find(each):
                around = _around(hierarchy, item_id)
                inside = [place for place, outer in enumerate(around) if outer in closed]
                stays = around[: inside[0]] if inside else [*around, *({item_id} - closed)]
                kept.extend(hierarchy.items[outer].name for outer in stays)
        return replace(self, open=tuple(dict.fromkeys(kept)))

    def with_scopes_around(self, hierarchy: Hierarchy, item_id: int) -> Self:
        """Open everything around an item, and put back what of that was pulled aside."""
        around = [hierarchy.items[outer].name for outer in _around(hierarchy, item_id)]
        pulled = {*around, hierarchy.items[item_id].name}
        aside = {name: side for name, side in self.aside.items() if not (side and name in pulled)}
        return replace(self, open=tuple(dict.fromkeys((*self.open, *around))), aside=aside)


def find_items(hierarchy: Hierarchy, name: str) -> list[int]:
    """Return the ids of what has a full name: a node, and the scope that has the same.

    Raises:
        NotFoundError: The graph has nothing of this name.
    """
    found = [item_id for item_id in hierarchy.find(name) if item_id != ROOT]
    if not found:
        raise NotFoundError(f"the graph has no node or scope named {visible(name)!r}")
    return found


def _around(hierarchy: Hierarchy, item_id: int) -> list[int]:
    """Ids of what is around an item, outermost first."""
    around = []
    parent = hierarchy.items[item_id].parent
    while parent != ROOT:
        around.append(parent)
        parent = hierarchy.items[parent].parent
    return around[::-1]


def _as_name(name: str) -> str:
    """A name that no group has: the view takes a word like ``save`` for its group, and ignores a slash at the end."""
    return f"{name}/"


def _names(value: Mapping[str, object], key: str) -> tuple[str, ...]:
    names: object = value.get(key, ())
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise InvalidArgumentError(f"{key} must be a list of names, got {names!r}")
    return tuple(dict.fromkeys(cast("Iterable[str]", names)))


def _trace(value: object) -> Trace | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.get("kind") not in get_args(TraceKind):
        raise InvalidArgumentError(f"a trace is inputs, outputs or path of a node, got {value!r}")
    return Trace(value["kind"], str(value.get("name", "")), str(value.get("to", "")))
