"""Searching a graph: in names, ops, attributes, inputs and outputs; which boxes of a view hold what is found.

The saved form searches names and ops by the same rule, in js/src/graph/saved_graph.ts; tests of both read the same
cases.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.notebook.pictures.graph_model import GraphCut, GraphModel
from ckpt_magics.notebook.pictures.model.hierarchy import ROOT
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.widgets.graph.node_details import attribute_lines

__all__ = ["SEARCH_MODES", "GraphSearch"]

SEARCH_MODES: Final = ("text", "op", "attr", "input", "output", "regex")
"""What is searched: full names; ops; attributes as ``name=value``; names of what a node takes, or of what takes it; and
full names by a regular expression."""


class GraphSearch:
    """Finds nodes and scopes of one graph; what it looks through is listed once.

    Args:
        model: The graph.
    """

    def __init__(self, model: GraphModel) -> None:
        self._model = model
        self._last: tuple[str, str, list[Item]] | None = None

    @cached_property
    def named(self) -> list[Item]:
        """All that can be found; of a scope and the node of its name, the node: they are one thing to jump to."""
        found: dict[str, Item] = {}
        for item in self._model.hierarchy.items[ROOT + 1 :]:
            if item.name not in found or item.node is not None:
                found[item.name] = item
        return list(found.values())

    def find(self, text: str, mode: str) -> list[Item]:
        """Return what a search finds; by name, what is called so goes before what lies inside it.

        Args:
            text: What to look for, without regard to upper and lower case.
            mode: One of `SEARCH_MODES`.

        Raises:
            InvalidArgumentError: There is no such mode, or the expression is none.
        """
        if mode not in SEARCH_MODES:
            raise InvalidArgumentError(f"mode is {mode!r}; it can be {', '.join(SEARCH_MODES)}")
        if self._last is None or self._last[:2] != (text, mode):
            self._last = (text, mode, self._matching(text, mode) if text else [])
        return self._last[2]

    def boxes(self, found: Iterable[Item], cut: GraphCut) -> dict[int, int]:
        """Return how many of some items each box or frame of a view shows, by its id."""
        frames = {cluster.id for cluster in cut.view.clusters}
        boxes = cut.boxes
        places = (item.id if item.id in frames else int(boxes[item.id]) for item in found)
        return Counter(place for place in places if place >= 0)

    def _matching(self, text: str, mode: str) -> list[Item]:
        wanted = text.casefold()
        if mode == "regex":
            matches = _expression(text).search
            return [item for item in self.named if matches(item.name)]
        if mode == "text":
            found = [item for item, name in zip(self.named, self._names, strict=True) if wanted in name]
            return sorted(found, key=lambda item: (wanted not in _last_part(item), len(item.name), item.name))
        if mode == "op":
            return [item for item in self.named if wanted in item.op.casefold()]
        if mode == "attr":
            return [item for item, lines in self._attributes if any(wanted in line for line in lines)]
        return self._beside(wanted, mode)

    @cached_property
    def _names(self) -> list[str]:
        return [item.name.casefold() for item in self.named]

    @cached_property
    def _attributes(self) -> list[tuple[Item, Sequence[str]]]:
        nodes = [(item, item.node) for item in self.named if item.node is not None]
        return [(item, [line.casefold() for line in attribute_lines(node)]) for item, node in nodes]

    def _beside(self, wanted: str, mode: str) -> list[Item]:
        """The nodes at the other end of the edges from, or to, what is called so."""
        hierarchy = self._model.hierarchy
        near, far = hierarchy.sources, hierarchy.targets
        if mode == "output":
            near, far = far, near
        called = {item.id for item in hierarchy.leaves(ROOT) if wanted in item.name.casefold()}
        ends = {end: None for start, end in zip(near.tolist(), far.tolist(), strict=True) if start in called}
        return [hierarchy.items[end] for end in sorted(ends)]


def _last_part(item: Item) -> str:
    return item.name.rpartition("/")[2].casefold()


def _expression(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise InvalidArgumentError(f"this is no regular expression: {error}") from error
