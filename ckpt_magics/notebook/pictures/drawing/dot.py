"""Writes a view as DOT: node ids ``n0``, ``n1`` …, a fixed set of attributes, every text escaped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.notebook.pictures.choices import Direction
from ckpt_magics.notebook.pictures.drawing.box_sizes import box_lines, box_size, shape_of
from ckpt_magics.notebook.pictures.drawing.palette import PALETTES, Palette
from ckpt_magics.notebook.pictures.model.kinds import Kind
from ckpt_magics.notebook.pictures.model.labels import (
    EDGE_SIZE,
    MAX_LABEL,
    NAME_SIZE,
    quote,
    quote_lines,
    shorten,
    shown,
)
from ckpt_magics.notebook.pictures.views.view import SPLINES, View, ViewCluster, ViewEdge, ViewNode

FONT: Final = "Helvetica,Arial,sans-serif"
# Above these, labels on edges make a layout slow and a picture unreadable; curves do the former alone.
MAX_EDGE_LABELS: Final = 60
MAX_CURVES: Final = 250
# Loose boxes of one scope stand in columns of this many instead of in one long row.
LOOSE_COLUMN: Final = 4

# Everything that may ever be written. Data reaches label and tooltip only, and both through quote().
ALLOWED_ATTRIBUTES: Final = frozenset(
    {
        *("arrowsize", "bgcolor", "color", "fillcolor", "fixedsize", "fontcolor", "fontname", "fontsize", "height"),
        *("id", "label", "labeljust", "labelloc", "margin", "mclimit", "newrank", "nodesep", "nslimit", "nslimit1"),
        *("penwidth", "rankdir", "ranksep", "shape", "splines", "style", "tooltip", "width"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DotOptions:
    """How a view is written.

    Attributes:
        palette: Colours.
        splines: Shape of edges; None chooses by their number.
        tight: Give the layout less time to look for a better one.
        complete: Also what is pulled aside and a legend, for a file that stands alone.

    Raises:
        InvalidArgumentError: Graphviz has no such splines.
    """

    palette: Palette = PALETTES["auto"]
    splines: str | None = None
    tight: bool = False
    complete: bool = True

    def __post_init__(self) -> None:
        if self.splines is not None and self.splines not in SPLINES:
            raise InvalidArgumentError(f"splines is {self.splines!r}; it can be {', '.join(SPLINES)}")


def format_dot(view: View, options: DotOptions) -> str:
    """Return a view as DOT text. Edge *i* of the view has the id ``e<i>``, so that a layout can be read back."""
    ids = {node.id: f"n{number}" for number, node in enumerate((*view.nodes, *view.aside))}
    lines = ["digraph G {", *_graph_lines(view, options)]
    lines.extend(_scope_lines(view, options.palette, ids))
    with_labels = shows_edge_labels(view)
    for number, edge in enumerate(view.edges):
        lines.append(f"  {ids[edge.source]} -> {ids[edge.target]}{_edge_attributes(number, edge, with_labels)}")
    lines.extend(_loose_lines(view, ids))
    if options.complete:
        lines.extend(_aside_lines(view, options.palette, ids))
        lines.extend(_legend_lines(view, options.palette))
    lines.append("}")
    return "\n".join(lines) + "\n"


def shows_edge_labels(view: View) -> bool:
    """Whether dtype and shape are written along the edges; else they are in the tooltips only."""
    return len(view.edges) <= MAX_EDGE_LABELS


def _attributes(values: Mapping[str, str | float]) -> str:
    """Return an attribute list; strings are quoted already where they hold anything but letters and digits."""
    assert values.keys() <= ALLOWED_ATTRIBUTES, values  # noqa: S101 -- our own names, never data
    return " [" + " ".join(f"{name}={value}" for name, value in values.items()) + "]"


def _graph_lines(view: View, options: DotOptions) -> list[str]:
    palette = options.palette
    splines = options.splines or ("line" if len(view.edges) > MAX_CURVES or options.tight else "spline")
    graph: dict[str, str | float] = {
        "rankdir": view.direction,
        "splines": splines,
        "nodesep": 0.28,
        "ranksep": 0.38,
        # Graphviz may otherwise spend minutes on a few hundred boxes.
        "nslimit": 0.2 if options.tight else 1,
        "nslimit1": 0.2 if options.tight else 1,
        "mclimit": 0.1 if options.tight else 1,
        "newrank": str(options.tight).lower(),
        "bgcolor": f'"{palette.page}"' if palette.page else "transparent",
        "fontname": f'"{FONT}"',
    }
    node: dict[str, str | float] = {
        "fontname": f'"{FONT}"',
        "fontsize": NAME_SIZE,
        "margin": 0,
        "fixedsize": "true",
        "style": "filled",
    }
    edge: dict[str, str | float] = {
        "fontname": f'"{FONT}"',
        "fontsize": EDGE_SIZE,
        "color": f'"{palette.edge}"',
        "fontcolor": f'"{palette.edge_text}"',
        "arrowsize": 0.6,
    }
    defaults = (("graph", graph), ("node", node), ("edge", edge))
    return [f"  {name}{_attributes(values)}" for name, values in defaults]


def _scope_lines(view: View, palette: Palette, ids: Mapping[int, str]) -> Iterator[str]:
    """Nodes inside the clusters they belong to; iterative, since scopes may be nested deeper than Python's stack."""
    nodes: dict[int | None, list[ViewNode]] = {}
    clusters: dict[int | None, list[ViewCluster]] = {}
    for node in view.nodes:
        nodes.setdefault(node.cluster, []).append(node)
    for cluster in view.clusters:
        clusters.setdefault(cluster.parent, []).append(cluster)
    waiting: list[tuple[str, ViewCluster | None]] = [("open", None)]
    depth = 0
    while waiting:
        step, scope = waiting.pop()
        if step == "close":
            depth -= 1
            yield "  " * (depth + 1) + "}"
            continue
        if scope is not None:
            attributes = _cluster_attributes(scope, palette, view.direction)
            yield f"{'  ' * (depth + 1)}subgraph cluster_{scope.id} {{{attributes}"
            waiting.append(("close", scope))
            depth += 1
        key = None if scope is None else scope.id
        for node in nodes.get(key, ()):
            yield f"{'  ' * (depth + 1)}{ids[node.id]}{_node_attributes(node, palette)}"
        waiting.extend(("open", inner) for inner in reversed(clusters.get(key, [])))


def _cluster_attributes(cluster: ViewCluster, palette: Palette, direction: Direction) -> str:
    values: dict[str, str | float] = {
        "label": quote(shorten(shown(cluster.label), 2 * MAX_LABEL)),
        "tooltip": quote(shown(cluster.name)),
        "labeljust": "l",
        # Graphviz turns a picture that grows upward over, names of scopes included.
        "labelloc": "b" if direction == "BT" else "t",
        "style": "rounded",
        "color": f'"{palette.frame}"',
        "fontcolor": f'"{palette.frame_text}"',
        "fontsize": 11,
        "margin": 12,
    }
    return f" graph{_attributes(values)}"


def _node_attributes(node: ViewNode, palette: Palette) -> str:
    paint = palette.boxes[node.kind]
    width, height = box_size(node)
    values: dict[str, str | float] = {
        "label": quote_lines(box_lines(node)),
        "tooltip": quote(shown(node.name)),
        "shape": shape_of(node),
        "width": round(width / 72, 3),
        "height": round(height / 72, 3),
        "fillcolor": f'"{paint.fill}"',
        "color": f'"{paint.stroke}"',
        "fontcolor": f'"{paint.text}"',
    }
    if node.kind == "op" and not node.series:
        values["style"] = '"filled,rounded"'
    return _attributes(values)


def edge_width(edge: ViewEdge) -> float:
    """Return the width of a line, in points: more tensors, or larger ones, thicker."""
    by_count = min(1 + 0.3 * (edge.count - 1).bit_length(), 2.5)
    return round(max(by_count, min(1 + 0.35 * math.log10(max(edge.elements, 1)), 4)), 2)


def _edge_attributes(number: int, edge: ViewEdge, with_label: bool) -> str:
    values: dict[str, str | float] = {"id": f"e{number}", "penwidth": edge_width(edge)}
    if edge.is_control:
        values["style"] = "dashed"
    if edge.label and with_label:
        # The blanks keep the text off its line.
        values["label"] = quote(f" {edge.label} ")
    elif edge.label:
        values["tooltip"] = quote(edge.label)
    return _attributes(values)


def _loose_lines(view: View, ids: Mapping[int, str]) -> Iterator[str]:
    """Invisible edges that stack boxes without edges."""
    connected = {end for edge in view.edges for end in (edge.source, edge.target)}
    loose: dict[int | None, list[ViewNode]] = {}
    for node in view.nodes:
        if node.id not in connected:
            loose.setdefault(node.cluster, []).append(node)
    for nodes in loose.values():
        for number, (above, below) in enumerate(pairwise(nodes), start=1):
            if number % LOOSE_COLUMN:
                yield f"  {ids[above.id]} -> {ids[below.id]} [style=invis]"


def _aside_lines(view: View, palette: Palette, ids: Mapping[int, str]) -> Iterator[str]:
    if view.aside:
        heading = ViewCluster(0, "pulled aside", "pulled aside", "scope", None)
        yield f"  subgraph cluster_aside {{{_cluster_attributes(heading, palette, view.direction)}"
        for node in view.aside:
            yield f"    {ids[node.id]}{_node_attributes(node, palette)}"
        for number, (above, below) in enumerate(pairwise(view.aside), start=1):
            if number % LOOSE_COLUMN:
                yield f"    {ids[above.id]} -> {ids[below.id]} [style=invis]"
        yield "  }"


def _legend_lines(view: View, palette: Palette) -> Iterator[str]:
    entries = legend_entries(view)
    heading = ViewCluster(0, "legend", "legend", "scope", None)
    yield f"  subgraph cluster_legend {{{_cluster_attributes(heading, palette, view.direction)}"
    for number, (kind, label) in enumerate(entries):
        node = ViewNode(0, label, label, kind, False, "", (), None)
        yield f"    l{number}{_node_attributes(node, palette)}"
    yield "  }"


LEGEND: Final[Mapping[Kind, str]] = {
    "scope": "scope",
    "op": "op",
    "variable": "variable",
    "placeholder": "placeholder",
    "constant": "constant",
    "function": "function",
    "bundle": "several",
}


def legend_entries(view: View) -> list[tuple[Kind, str]]:
    """Return the kinds that occur in a view, in a fixed order, with their names."""
    kinds: set[Kind] = {"scope" if node.kind == "library" else node.kind for node in (*view.nodes, *view.aside)}
    return [(kind, label) for kind, label in LEGEND.items() if kind in kinds]
