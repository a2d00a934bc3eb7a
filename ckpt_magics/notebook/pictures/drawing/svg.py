"""Draws a laid-out view as one static SVG: open scopes, edges, boxes, what is aside, legend."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from ckpt_magics.notebook.pictures.drawing.box_shapes import draw_box
from ckpt_magics.notebook.pictures.drawing.box_sizes import box_lines, box_size
from ckpt_magics.notebook.pictures.drawing.dot import edge_width, legend_entries, shows_edge_labels
from ckpt_magics.notebook.pictures.drawing.layout import Box, Layout, Point, Route
from ckpt_magics.notebook.pictures.drawing.palette import Palette
from ckpt_magics.notebook.pictures.drawing.svg_elements import element, number, text, tooltip
from ckpt_magics.notebook.pictures.model.labels import (
    DETAIL_SIZE,
    EDGE_SIZE,
    MAX_TOOLTIP_LINE,
    NAME_SIZE,
    shorten,
    shown,
    text_width,
)
from ckpt_magics.notebook.pictures.views.view import View, ViewCluster, ViewEdge, ViewNode

MARGIN: Final = 14.0
# The strip of what is aside is at least this wide, so that a narrow model does not make it a tall column.
STRIP_WIDTH: Final = 560.0
_GAP: Final = 14.0
_HEADING: Final = 11.0
_SWATCH: Final = 16.0
_FONT: Final = "Helvetica, Arial, sans-serif"


@dataclass(slots=True)
class _Canvas:
    """Elements so far, and the size they take."""

    palette: Palette
    parts: list[str]
    width: float
    height: float

    def write(self, x: float, y: float, content: str, size: float, fill: str, **more: str | float) -> None:
        """Add a line of text; x is its middle unless ``more`` says otherwise."""
        attributes: dict[str, str | float] = {"x": x, "y": y, "font-size": size, "fill": fill, "text-anchor": "middle"}
        attributes |= {name.replace("_", "-"): value for name, value in more.items()}
        self.parts.append(element("text", attributes, text(content)))


def draw_svg(view: View, layout: Layout, palette: Palette, title: str) -> str:
    """Return a picture as an SVG document element.

    Args:
        view: What to draw.
        layout: Where its main graph goes.
        palette: Colours.
        title: What the picture is, for screen readers.
    """
    canvas = _Canvas(palette, [], layout.width, layout.height)
    for cluster in view.clusters:
        _draw_cluster(canvas, cluster, layout.clusters[cluster.id])
    with_labels = shows_edge_labels(view)
    names = {node.id: node.name for node in view.nodes}
    for position, edge in enumerate(view.edges):
        if position in layout.routes:
            _draw_edge(canvas, edge, layout.routes[position], names)
    # Beside a line that runs down, above one that runs across.
    below = EDGE_SIZE / 3 if view.direction in {"TB", "BT"} else EDGE_SIZE / 9
    for position, edge in enumerate(view.edges):
        label_at = layout.routes[position].label if position in layout.routes else None
        if with_labels and edge.label and label_at is not None:
            canvas.write(label_at[0], label_at[1] + below, shown(edge.label), EDGE_SIZE, palette.edge_text)
    for node in view.nodes:
        _draw_node(canvas, node, layout.nodes[node.id], upward=view.direction == "BT")
    _draw_strip(canvas, view)
    if view.nodes or view.aside:
        _draw_legend(canvas, view)
    else:
        canvas.width, canvas.height = STRIP_WIDTH, 2 * _HEADING
        canvas.write(0, _HEADING, "The graph has no nodes.", _HEADING, palette.frame_text, text_anchor="start")
    return _document(canvas, title)


def _document(canvas: _Canvas, title: str) -> str:
    width, height = math.ceil(canvas.width + 2 * MARGIN), math.ceil(canvas.height + 2 * MARGIN)
    ground = []
    if canvas.palette.page is not None:
        ground.append(element("rect", {"width": width, "height": height, "rx": 6, "fill": canvas.palette.page}))
    moved = element("g", {"transform": f"translate({number(MARGIN)} {number(MARGIN)})"}, *canvas.parts)
    attributes: dict[str, str | float] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "width": width,
        "height": height,
        "viewBox": f"0 0 {width} {height}",
        "role": "img",
        "aria-label": title,
        "font-family": _FONT,
    }
    return element("svg", attributes, *ground, moved)


def _draw_cluster(canvas: _Canvas, cluster: ViewCluster, box: Box) -> None:
    palette = canvas.palette
    left, top = box.x - box.width / 2, box.y - box.height / 2
    frame: dict[str, str | float] = {
        "x": left,
        "y": top,
        "width": box.width,
        "height": box.height,
        "rx": 8,
        "fill": palette.frame_fill,
        "fill-opacity": "0.1",
        "stroke": palette.frame,
        "stroke-width": 1,
    }
    canvas.parts.append(element("rect", frame, _cut_tooltip(cluster.name)))
    label = shorten(shown(cluster.label), 56)
    canvas.write(left + 10, top + 15, label, _HEADING, palette.frame_text, text_anchor="start", font_weight="bold")


def _draw_edge(canvas: _Canvas, edge: ViewEdge, route: Route, names: dict[int, str]) -> None:
    color = canvas.palette.edge
    width = edge_width(edge)
    path: dict[str, str | float] = {
        "d": _curve(route),
        "fill": "none",
        "stroke": color,
        "stroke-width": width,
    }
    if edge.is_control:
        path["stroke-dasharray"] = "4 3"
    what = edge.label or ("control" if edge.is_control else "tensor")
    if edge.is_control and edge.count > 1:
        what = f"{edge.count:,} control edges"
    arrow = element("path", {"d": _arrow(route, width), "fill": color})
    hint = _cut_tooltip(f"{shown(names[edge.source])} \N{RIGHTWARDS ARROW} {shown(names[edge.target])}", what)
    canvas.parts.append(element("g", {}, hint, element("path", path), arrow))


def _curve(route: Route) -> str:
    start, *rest = route.points
    curve = " ".join(f"{number(x)},{number(y)}" for x, y in rest)
    return f"M{number(start[0])},{number(start[1])}" + (f"C{curve}" if curve else "")


def _arrow(route: Route, width: float) -> str:
    """A triangle from the end of the line to its tip."""
    (x0, y0), (x1, y1) = route.points[-1], route.tip
    length = math.hypot(x1 - x0, y1 - y0)
    if length < 0.5:
        (x0, y0), length = _step_back(route), 6.0
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    half = 2.2 + width / 2
    return (
        f"M{number(x1)},{number(y1)}L{number(x0 - dy * half)},{number(y0 + dx * half)}"
        f"L{number(x0 + dy * half)},{number(y0 - dx * half)}Z"
    )


def _step_back(route: Route) -> Point:
    """Where an arrowhead starts when an engine gave no tip of its own."""
    (x0, y0), (x1, y1) = route.points[max(len(route.points) - 2, 0)], route.tip
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    return x1 - (x1 - x0) / length * 6, y1 - (y1 - y0) / length * 6


def _draw_node(canvas: _Canvas, node: ViewNode, box: Box, *, upward: bool) -> None:
    paint = canvas.palette.boxes[node.kind]
    outline, x, y = draw_box(node.kind, box, paint, series=node.series, upward=upward)
    inner = _Canvas(canvas.palette, [_cut_tooltip(node.name, *node.facts), outline], 0, 0)
    lines = box_lines(node)
    weight = "bold" if node.kind in {"scope", "library"} else "normal"
    first = y + NAME_SIZE * 0.36 if len(lines) == 1 else y - 2
    inner.write(x, first, lines[0], NAME_SIZE, paint.text, font_weight=weight)
    if len(lines) > 1:
        inner.write(x, y + 11, lines[1], DETAIL_SIZE, paint.detail)
    canvas.parts.append(element("g", {}, *inner.parts))


def _cut_tooltip(name: str, *facts: str) -> str:
    lines = [shown(name), *(fact for fact in facts if fact)]
    return tooltip(*(shorten(line, MAX_TOOLTIP_LINE) for line in lines))


def _draw_strip(canvas: _Canvas, view: View) -> None:
    """Boxes of what is aside, in rows below the main graph."""
    if not view.aside:
        return
    limit = max(canvas.width, STRIP_WIDTH)
    top = canvas.height + (_GAP * 2 if view.nodes else 0)
    if view.nodes:
        canvas.parts.append(_rule(top - _GAP / 2, limit, canvas.palette.frame))
    canvas.write(
        0, top + _HEADING, "Aside", _HEADING, canvas.palette.frame_text, text_anchor="start", font_weight="bold"
    )
    top += _HEADING + 10
    left = row = 0.0
    for node in view.aside:
        width, height = box_size(node)
        if left and left + width > limit:
            left, top, row = 0.0, top + row + _GAP, 0.0
        _draw_node(canvas, node, Box(left + width / 2, top + height / 2, width, height), upward=False)
        left += width + _GAP
        row = max(row, height)
        canvas.width = max(canvas.width, left - _GAP)
    canvas.width = max(canvas.width, limit) if view.nodes else canvas.width
    canvas.height = top + row


def _rule(y: float, width: float, color: str) -> str:
    return element("path", {"d": f"M0,{number(y)}H{number(width)}", "stroke": color, "stroke-width": 1, "fill": "none"})


def _draw_legend(canvas: _Canvas, view: View) -> None:
    """One row of small shapes with what they mean."""
    palette = canvas.palette
    top = canvas.height + _GAP + 6
    left = 0.0
    limit = max(canvas.width, STRIP_WIDTH)
    for kind, label in legend_entries(view):
        width = _SWATCH * 1.6 + 6 + text_width(label, DETAIL_SIZE) + _GAP
        if left and left + width > limit:
            left, top = 0.0, top + _SWATCH + 8
        box = Box(left + _SWATCH * 0.8, top + _SWATCH / 2, _SWATCH * 1.6, _SWATCH)
        outline, _, _ = draw_box(kind, box, palette.boxes[kind], series=False, upward=False)
        canvas.parts.append(outline)
        canvas.write(left + _SWATCH * 1.6 + 6, top + 11.5, label, DETAIL_SIZE, palette.frame_text, text_anchor="start")
        left += width
    if any(edge.is_control for edge in view.edges):
        line: dict[str, str | float] = {"d": f"M{number(left)},{number(top + 8)}h26", "fill": "none"}
        line |= {"stroke": palette.edge, "stroke-width": 1.2, "stroke-dasharray": "4 3"}
        canvas.parts.append(element("path", line))
        canvas.write(left + 32, top + 11.5, "control edge", DETAIL_SIZE, palette.frame_text, text_anchor="start")
        left += 32 + text_width("control edge", DETAIL_SIZE)
    canvas.width = max(canvas.width, min(left, limit))
    canvas.height = top + _SWATCH
