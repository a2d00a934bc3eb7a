"""A view as the browser draws it: boxes with their outlines and texts, edges, frames, colours; positions come later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_magics.notebook.pictures.drawing.box_shapes import outline_box
from ckpt_magics.notebook.pictures.drawing.box_sizes import box_lines, box_size
from ckpt_magics.notebook.pictures.drawing.coloring import Coloring, paint_table
from ckpt_magics.notebook.pictures.drawing.dot import edge_width, shows_edge_labels
from ckpt_magics.notebook.pictures.drawing.layout import Box, Layout, Route
from ckpt_magics.notebook.pictures.drawing.palette import PALETTES
from ckpt_magics.notebook.pictures.model.hierarchy import Hierarchy
from ckpt_magics.notebook.pictures.model.kinds import Kind
from ckpt_magics.notebook.pictures.model.labels import MAX_TOOLTIP_LINE, shorten, shown
from ckpt_magics.notebook.pictures.views.view import View, ViewCluster, ViewEdge, ViewNode

__all__ = ["describe_layout", "describe_paints", "describe_view"]

_SWATCH = Box(13, 8, 24, 14)
_KINDS: frozenset[Kind] = frozenset({"scope", "op", "variable", "placeholder", "constant", "function", "bundle"})


def describe_view(hierarchy: Hierarchy, view: View, coloring: Coloring) -> dict[str, Any]:
    """Return a view as JSON; texts that are drawn are made visible and cut, names are as they are."""
    upward = view.direction == "BT"
    names = {node.id: node.name for node in (*view.nodes, *view.aside)}
    return {
        "nodes": [_node(hierarchy, node, coloring, upward=upward) for node in view.nodes],
        # A strip has no direction.
        "aside": [_node(hierarchy, node, coloring, upward=False) for node in view.aside],
        "edges": [_edge(edge, names, with_label=shows_edge_labels(view)) for edge in view.edges],
        "clusters": [_cluster(cluster) for cluster in view.clusters],
        "notes": list(view.notes),
        "direction": view.direction,
        "legend": [_legend_entry(paint, label) for paint, label in coloring.legend],
    }


def describe_layout(view: View, layout: Layout) -> dict[str, Any]:
    """Return a layout as JSON: boxes as [x, y, width, height] with x and y their centres, in the order of the view."""
    return {
        "width": layout.width,
        "height": layout.height,
        "nodes": [_box(layout.nodes[node.id]) for node in view.nodes],
        "clusters": [_box(layout.clusters[cluster.id]) for cluster in view.clusters],
        "routes": [_route(layout.routes.get(place)) for place in range(len(view.edges))],
        "engine": layout.engine,
    }


def describe_paints() -> dict[str, dict[str, Sequence[str]]]:
    """Return all colours for light and dark pages: fill, outline, text and second line by name of the paint."""
    themes: dict[str, dict[str, Sequence[str]]] = {}
    for theme in ("light", "dark"):
        palette = PALETTES[theme]
        paints: dict[str, Sequence[str]]
        paints = {name: (p.fill, p.stroke, p.text, p.detail) for name, p in paint_table(theme).items()}
        paints["frame"] = (palette.frame_fill, palette.frame, palette.frame_text, palette.frame_text)
        paints["edge"] = (palette.edge, palette.edge, palette.edge_text, palette.edge_text)
        themes[theme] = paints
    return themes


def _node(hierarchy: Hierarchy, node: ViewNode, coloring: Coloring, *, upward: bool) -> dict[str, Any]:
    width, height = box_size(node)
    outline = outline_box(node.kind, Box(0, 0, width, height), series=node.series, upward=upward)
    item = None if node.members else hierarchy.items[node.id]
    said = filter(None, [coloring.said.get(node.id)])
    openable = bool(node.group) or (item is not None and bool(item.children))
    return {
        "id": node.id,
        "name": node.name,
        "kind": node.kind,
        "ops": 0 if item is None else item.op_count,
        "group": node.group,
        "bundle": bool(node.members),
        "openable": openable,
        # What looks like one op is looked at as one op first.
        "opens": openable and (item is None or item.own is None),
        "lines": list(box_lines(node)),
        "bold": node.kind in {"scope", "library"},
        "hint": "\n".join(shorten(line, MAX_TOOLTIP_LINE) for line in map(shown, (node.name, *said, *node.facts))),
        "paint": coloring.paints[node.id],
        "width": width,
        "height": height,
        "paths": list(outline.paths),
        "textX": outline.text_x,
        "textY": outline.text_y,
    }


def _edge(edge: ViewEdge, names: dict[int, str], *, with_label: bool) -> dict[str, Any]:
    what = edge.label or ("control" if edge.is_control else "tensor")
    if edge.is_control and edge.count > 1:
        what = f"{edge.count:,} control edges"
    ends = f"{shown(names[edge.source])} \N{RIGHTWARDS ARROW} {shown(names[edge.target])}"
    return {
        "source": edge.source,
        "target": edge.target,
        "control": edge.is_control,
        "width": edge_width(edge),
        "label": shown(edge.label) if edge.label and with_label else "",
        "hint": f"{shorten(ends, MAX_TOOLTIP_LINE)}\n{shown(what)}",
    }


def _cluster(cluster: ViewCluster) -> dict[str, Any]:
    label = shorten(shown(cluster.label), 56)
    return {"id": cluster.id, "name": cluster.name, "label": label, "parent": cluster.parent}


def _legend_entry(paint: str, label: str) -> dict[str, Any]:
    """A swatch: the shape too where the colour stands for a kind of box."""
    kind: Kind = paint if paint in _KINDS else "op"
    outline = outline_box(kind, _SWATCH, series=False, upward=False)
    return {"paint": paint, "label": label, "paths": list(outline.paths)}


def _box(box: Box) -> list[float]:
    return [box.x, box.y, box.width, box.height]


def _route(route: Route | None) -> dict[str, Any] | None:
    if route is None:
        return None
    return {"points": [list(point) for point in route.points], "tip": list(route.tip), "label": route.label}
