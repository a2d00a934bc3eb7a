"""What leads to an item of a graph, what it leads to, and the shortest way between two."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ckpt_magics.notebook.pictures.model.hierarchy import Hierarchy

Towards = Literal["inputs", "outputs"]


@dataclass(frozen=True, slots=True)
class Reached:
    """A part of a graph.

    Attributes:
        leaves: Ids of leaves, in the order they were reached.
        edges: Positions in the hierarchy's edge arrays.
    """

    leaves: list[int]
    edges: list[int]


class Reach:
    """Walks over the edges of one graph; control edges count like others.

    Args:
        hierarchy: The graph.
    """

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._hierarchy = hierarchy
        self._steps = {
            "inputs": _Steps(hierarchy.targets, hierarchy.sources, len(hierarchy.items)),
            "outputs": _Steps(hierarchy.sources, hierarchy.targets, len(hierarchy.items)),
        }

    def trace(self, items: Iterable[int], towards: Towards) -> Reached:
        """Return everything that leads to some items, or that they lead to; themselves included."""
        steps = self._steps[towards]
        leaves = self._leaves(items)
        seen = set(leaves)
        edges: list[int] = []
        for leaf in leaves:  # grows while it is walked through
            for edge, other in steps.of(leaf):
                edges.append(edge)
                if other not in seen:
                    seen.add(other)
                    leaves.append(other)
        return Reached(leaves, edges)

    def path(self, start: Iterable[int], end: Iterable[int]) -> Reached | None:
        """Return a shortest way from one item to another along the edges; None if there is none."""
        steps = self._steps["outputs"]
        first = self._leaves(start)
        goals = set(self._leaves(end)) - set(first)
        came: dict[int, tuple[int, int] | None] = dict.fromkeys(first)
        waiting = deque(first)
        while waiting:
            leaf = waiting.popleft()
            if leaf in goals:
                return _way_back(came, leaf)
            for edge, other in steps.of(leaf):
                if other not in came:
                    came[other] = edge, leaf
                    waiting.append(other)
        return None

    def _leaves(self, items: Iterable[int]) -> list[int]:
        return list(dict.fromkeys(leaf.id for item in items for leaf in self._hierarchy.leaves(item)))


class _Steps:
    """Edges and their far ends, by the near end."""

    def __init__(self, near: npt.NDArray[np.int32], far: npt.NDArray[np.int32], count: int) -> None:
        order = np.argsort(near, kind="stable")
        self._edges = order.tolist()
        self._far = far[order].tolist()
        self._first = np.searchsorted(near[order], np.arange(count + 1)).tolist()

    def of(self, leaf: int) -> Iterable[tuple[int, int]]:
        here = slice(self._first[leaf], self._first[leaf + 1])
        return zip(self._edges[here], self._far[here], strict=True)


def _way_back(came: dict[int, tuple[int, int] | None], end: int) -> Reached:
    leaves, edges = [end], []
    step = came[end]
    while step is not None:
        edge, before = step
        edges.append(edge)
        leaves.append(before)
        step = came[before]
    return Reached(leaves[::-1], edges[::-1])
