"""Searching a graph: in names, ops, attributes, inputs and outputs; which boxes of a view hold what is found.

The saved form searches names and ops by the same rule, in js/src/graph/saved_graph.ts; tests of both read the same
cases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

import numpy as np

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
        ids = np.fromiter((item.id for item in found), np.int64)
        is_frame = np.isin(ids, [cluster.id for cluster in cut.view.clusters])
        places = np.where(is_frame, ids, cut.boxes[ids])
        shown, counts = np.unique(places[places >= 0], return_counts=True)
        return dict(zip(shown.tolist(), counts.tolist(), strict=True))

    def _matching(self, text: str, mode: str) -> list[Item]:
        wanted = text.casefold()
        if mode == "regex":
            matches = _expression(text).search
            return [item for item in self.named if matches(item.name)]
        if mode == "text":
            found = [(item, wanted in name[name.rfind("/") + 1 :]) for name, item in self._names if wanted in name]
            return [item for itself in (True, False) for item, so_called in found if so_called is itself]
        if mode == "op":
            return [item for item in self.named if wanted in item.op.casefold()]
        if mode == "attr":
            return [item for item, lines in self._attributes if any(wanted in line for line in lines)]
        return self._beside(wanted, mode)

    @cached_property
    def _names(self) -> list[tuple[str, Item]]:
        """All that can be found with its name in small letters, short names first."""
        return [(item.name.casefold(), item) for item in sorted(self.named, key=lambda one: (len(one.name), one.name))]

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


def _expression(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise InvalidArgumentError(f"this is no regular expression: {error}") from error
