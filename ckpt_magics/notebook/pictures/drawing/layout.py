"""Where everything of a picture goes, and how that is read from Graphviz's JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final

from ckpt_magics.errors import InternalError
from ckpt_magics.notebook.pictures.views.view import View

Point = tuple[float, float]
_POINTS_PER_INCH: Final = 72.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in points from the top left corner; x and y are its centre."""

    x: float
    y: float
    width: float
    height: float

    def moved(self, dx: float, dy: float) -> Box:
        """Return the box elsewhere."""
        return Box(self.x + dx, self.y + dy, self.width, self.height)


@dataclass(frozen=True, slots=True)
class Route:
    """The line of one edge.

    Attributes:
        points: Start, then three points for each cubic Bézier piece.
        tip: Where the arrow points to.
        label: Centre of the text, None without one.
    """

    points: tuple[Point, ...]
    tip: Point
    label: Point | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions of a view's boxes, frames and edges.

    Attributes:
        width: Of the whole, in points.
        height: Of the whole, in points.
        nodes: By id of a ViewNode.
        clusters: By id of a ViewCluster.
        routes: By position of a ViewEdge; an edge that an engine left out is missing.
        engine: Program that made it, for the note below the picture.
    """

    width: float
    height: float
    nodes: dict[int, Box]
    clusters: dict[int, Box]
    routes: dict[int, Route]
    engine: str


def read_layout(text: bytes, view: View, engine: str) -> Layout:
    """Return the layout in what ``dot -Tjson0`` printed for a view.

    Raises:
        InternalError: It is not a layout of this view.
    """
    try:
        return _decode_layout(json.loads(text), view, engine)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise InternalError(f"{engine} printed something that is no layout of this graph: {error}") from error


def _decode_layout(graph: dict[str, Any], view: View, engine: str) -> Layout:
    left, bottom, right, top = _numbers(graph["bb"], 4)
    objects = {entry["name"]: entry for entry in graph.get("objects", ())}
    clusters = {}
    for cluster in view.clusters:
        x0, y0, x1, y1 = _numbers(objects[f"cluster_{cluster.id}"]["bb"], 4)
        clusters[cluster.id] = Box((x0 + x1) / 2 - left, top - (y0 + y1) / 2, x1 - x0, y1 - y0)
    nodes = {}
    for number, node in enumerate(view.nodes):
        entry = objects[f"n{number}"]
        x, y = _numbers(entry["pos"], 2)
        width, height = (float(entry[side]) * _POINTS_PER_INCH for side in ("width", "height"))
        nodes[node.id] = Box(x - left, top - y, width, height)
    routes = {}
    for entry in graph.get("edges", ()):
        name = entry.get("id", "")
        if name[:1] == "e" and "pos" in entry:
            routes[int(name[1:])] = _decode_route(entry, left, top)
    return Layout(right - left, top - bottom, nodes, clusters, routes, engine)


def _decode_route(entry: dict[str, str], left: float, top: float) -> Route:
    """Read ``e,x,y x,y x,y …``; of several pieces the first is enough to see the edge."""
    tip: Point | None = None
    points: list[Point] = []
    for word in entry["pos"].split(";")[0].split():
        x, y = _numbers(word.removeprefix("e,").removeprefix("s,"), 2)
        point = (x - left, top - y)
        if word.startswith("e,"):
            tip = point
        elif not word.startswith("s,"):
            points.append(point)
    if len(points) % 3 != 1:
        raise ValueError(f"an edge has {len(points)} points")
    label = None
    if "lp" in entry:
        x, y = _numbers(entry["lp"], 2)
        label = (x - left, top - y)
    return Route(tuple(points), points[-1] if tip is None else tip, label)


def _numbers(text: str, count: int) -> tuple[float, ...]:
    numbers = tuple(float(number) for number in text.split(","))
    if len(numbers) != count or not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{text[:80]!r} is not {count} numbers")
    return numbers
