"""A layered layout without Graphviz: scope by scope, boxes without edges packed like words on a page.

Always ends, in time linear in boxes and edges (but for sorting), and never fails: it is what is left when no engine is
there, or none is quick enough; and the better choice for a picture without edges.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ckpt_magics.notebook.pictures.choices import Direction
from ckpt_magics.notebook.pictures.drawing.box_sizes import box_size
from ckpt_magics.notebook.pictures.drawing.layout import Box, Layout, Point, Route
from ckpt_magics.notebook.pictures.model.labels import shorten, shown, text_width
from ckpt_magics.notebook.pictures.views.view import View

ENGINE: Final = "plain layout"
_GAP: Final = 18.0
_RANK_GAP: Final = 34.0
_MARGIN: Final = 12.0
_HEADER: Final = 18.0
_HEADER_SIZE: Final = 11.0
_PACKED_ASPECT: Final = 1.9
_MAX_ROW: Final = 10
_SWEEPS: Final = 4

# Elements of one scope: ("n", node id) or ("c", cluster id).
_Element = tuple[str, int]
_Size = tuple[float, float]


def arrange(view: View) -> Layout:
    """Return a layout of a view; edges are single curves from box to box."""
    scopes = _Scopes(view)
    sizes: dict[_Element, _Size] = {("n", node.id): box_size(node) for node in view.nodes}
    inner: dict[int | None, dict[_Element, Box]] = {}
    labels = {cluster.id: text_width(shorten(shown(cluster.label), 56), _HEADER_SIZE) for cluster in view.clusters}
    for scope in [*(cluster.id for cluster in reversed(view.clusters)), None]:
        boxes = _place(scopes.elements[scope], scopes.edges.get(scope, []), sizes, view.direction)
        inner[scope] = boxes
        width, height = _extent(boxes.values())
        if scope is not None:
            sizes["c", scope] = (max(width, labels[scope]) + 2 * _MARGIN, height + 2 * _MARGIN + _HEADER)
    nodes: dict[int, Box] = {}
    clusters: dict[int, Box] = {}
    origins: dict[int | None, Point] = {None: (0.0, 0.0)}
    for scope in [None, *(cluster.id for cluster in view.clusters)]:
        dx, dy = origins[scope]
        for (kind, element), box in inner[scope].items():
            moved = box.moved(dx, dy)
            if kind == "n":
                nodes[element] = moved
            else:
                clusters[element] = moved
                origins[element] = (moved.x - moved.width / 2 + _MARGIN, moved.y - moved.height / 2 + _MARGIN + _HEADER)
    routes = {
        number: _route(nodes[edge.source], nodes[edge.target], view.direction) for number, edge in enumerate(view.edges)
    }
    width, height = _extent(inner[None].values())
    return Layout(width, height, nodes, clusters, routes, ENGINE)


class _Scopes:
    """What lies directly in each scope, and the edges between those elements."""

    def __init__(self, view: View) -> None:
        self.elements: dict[int | None, list[_Element]] = {None: []}
        self.edges: dict[int | None, list[tuple[_Element, _Element]]] = {}
        self._parent: dict[int | None, int | None] = {}
        for cluster in view.clusters:
            self.elements[cluster.id] = []
            self._parent[cluster.id] = cluster.parent
            self.elements[cluster.parent].append(("c", cluster.id))
        clusters = {}
        for node in view.nodes:
            self.elements[node.cluster].append(("n", node.id))
            clusters[node.id] = node.cluster
        for edge in view.edges:
            source = self._chain(edge.source, clusters[edge.source])
            target = self._chain(edge.target, clusters[edge.target])
            scope = next(scope for scope in source if scope in target)
            if source[scope] != target[scope]:
                self.edges.setdefault(scope, []).append((source[scope], target[scope]))

    def _chain(self, node: int, cluster: int | None) -> dict[int | None, _Element]:
        """By scope around a node, innermost first: the element of that scope which holds the node."""
        chain: dict[int | None, _Element] = {cluster: ("n", node)}
        while cluster is not None:
            parent = self._parent[cluster]
            chain[parent] = ("c", cluster)
            cluster = parent
        return chain


def _place(
    elements: Sequence[_Element],
    edges: Sequence[tuple[_Element, _Element]],
    sizes: Mapping[_Element, _Size],
    direction: Direction,
) -> dict[_Element, Box]:
    """Place the elements of one scope, from (0, 0) on."""
    if not edges:
        return _pack(elements, sizes)
    sideways = direction in {"LR", "RL"}
    turned = {element: sizes[element][::-1] if sideways else sizes[element] for element in elements}
    rows = _rows(elements, edges)
    widths = [sum(turned[element][0] + _GAP for element in row) - _GAP for row in rows]
    total = max(widths)
    boxes = {}
    top = 0.0
    for row, width in zip(rows, widths, strict=True):
        height = max(turned[element][1] for element in row)
        left = (total - width) / 2
        for element in row:
            boxes[element] = Box(left + turned[element][0] / 2, top + height / 2, *turned[element])
            left += turned[element][0] + _GAP
        top += height + _RANK_GAP
    length = top - _RANK_GAP
    if direction in {"BT", "RL"}:
        boxes = {element: Box(box.x, length - box.y, box.width, box.height) for element, box in boxes.items()}
    if sideways:
        boxes = {element: Box(box.y, box.x, box.height, box.width) for element, box in boxes.items()}
    return boxes


def _pack(elements: Sequence[_Element], sizes: Mapping[_Element, _Size]) -> dict[_Element, Box]:
    """Fill rows from left to right, broken where the whole comes to look like a page; tall things first."""
    area = sum((sizes[element][0] + _GAP) * (sizes[element][1] + _GAP) for element in elements)
    widest = max((sizes[element][0] for element in elements), default=0.0)
    limit = max(math.sqrt(area * _PACKED_ASPECT), widest)
    boxes = {}
    left = top = height = 0.0
    for element in sorted(elements, key=lambda element: -sizes[element][1]):
        width, tall = sizes[element]
        if left and left + width > limit:
            left, top, height = 0.0, top + height + _GAP, 0.0
        boxes[element] = Box(left + width / 2, top + tall / 2, width, tall)
        left += width + _GAP
        height = max(height, tall)
    return boxes


def _rows(elements: Sequence[_Element], edges: Sequence[tuple[_Element, _Element]]) -> list[list[_Element]]:
    """Elements by rank, ordered to shorten edges; elements without an edge come last, long rows are broken."""
    after: dict[_Element, list[_Element]] = {}
    before: dict[_Element, list[_Element]] = {}
    for source, target in _without_cycles(elements, edges):
        after.setdefault(source, []).append(target)
        before.setdefault(target, []).append(source)
    rank = _ranks(elements, after, before)
    rows: list[list[_Element]] = [[] for _ in range(max(rank.values()) + 1)]
    loose: list[_Element] = []
    for element in elements:
        (rows[rank[element]] if element in after or element in before else loose).append(element)
    for sweep in range(_SWEEPS):
        downward = sweep % 2 == 0
        neighbours = before if downward else after
        place: dict[_Element, float] = {}
        for row in rows if downward else reversed(rows):
            centre = (len(row) - 1) / 2
            wanted = {element: _mean(neighbours.get(element, ()), place) for element in row}
            row.sort(key=lambda element: wanted[element])
            place.update((element, position - centre) for position, element in enumerate(row))
    rows.extend(loose[start : start + _MAX_ROW] for start in range(0, len(loose), _MAX_ROW))
    return [row[start : start + _MAX_ROW] for row in rows if row for start in range(0, len(row), _MAX_ROW)]


def _mean(neighbours: Iterable[_Element], place: Mapping[_Element, float]) -> float:
    places = [place[neighbour] for neighbour in neighbours if neighbour in place]
    return sum(places) / len(places) if places else 0.0


def _without_cycles(
    elements: Sequence[_Element], edges: Sequence[tuple[_Element, _Element]]
) -> list[tuple[_Element, _Element]]:
    """Leave out the edges that lead back to an element which is still being followed."""
    after: dict[_Element, list[_Element]] = {}
    for source, target in edges:
        after.setdefault(source, []).append(target)
    followed: dict[_Element, bool] = {}
    kept = []
    for start in elements:
        if start in followed:
            continue
        followed[start] = True
        path = [(start, iter(after.get(start, ())))]
        while path:
            element, targets = path[-1]
            for target in targets:
                if followed.get(target) is True:
                    continue
                kept.append((element, target))
                if target not in followed:
                    followed[target] = True
                    path.append((target, iter(after.get(target, ()))))
                    break
            else:
                followed[element] = False
                path.pop()
    return kept


def _ranks(
    elements: Sequence[_Element],
    after: Mapping[_Element, Sequence[_Element]],
    before: Mapping[_Element, Sequence[_Element]],
) -> dict[_Element, int]:
    """Longest way from an element without predecessors; sources then move down to just above what they feed."""
    waiting = {element: len(before.get(element, ())) for element in elements}
    ready = [element for element in elements if not waiting[element]]
    rank = dict.fromkeys(elements, 0)
    for element in ready:
        for target in after.get(element, ()):
            rank[target] = max(rank[target], rank[element] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for element in reversed(ready):
        if element in after and element not in before:
            rank[element] = min(rank[target] for target in after[element]) - 1
    return rank


def _route(source: Box, target: Box, direction: Direction) -> Route:
    """One curve that leaves and enters along the direction of the layout."""
    if direction in {"LR", "RL"}:
        sign = 1 if direction == "LR" else -1
        start = (source.x + sign * source.width / 2, source.y)
        end = (target.x - sign * (target.width / 2 + 5), target.y)
        tip = (target.x - sign * target.width / 2, target.y)
        bend = sign * max(abs(end[0] - start[0]) / 2, 12)
        points = (start, (start[0] + bend, start[1]), (end[0] - bend, end[1]), end)
    else:
        sign = 1 if direction == "TB" else -1
        start = (source.x, source.y + sign * source.height / 2)
        end = (target.x, target.y - sign * (target.height / 2 + 5))
        tip = (target.x, target.y - sign * target.height / 2)
        bend = sign * max(abs(end[1] - start[1]) / 2, 12)
        points = (start, (start[0], start[1] + bend), (end[0], end[1] - bend), end)
    # No place is kept free for a text, and one over boxes and other lines helps nobody.
    return Route(points, tip, None)


def _extent(boxes: Iterable[Box]) -> _Size:
    """Width and height of boxes placed from (0, 0) on."""
    width = height = 0.0
    for box in boxes:
        width = max(width, box.x + box.width / 2)
        height = max(height, box.y + box.height / 2)
    return width, height
