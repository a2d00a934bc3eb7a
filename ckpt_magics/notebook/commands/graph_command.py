"""What to show of a graph, how, and where to write it."""

from __future__ import annotations

import argparse
from typing import cast

from ckpt_magics.notebook.commands.arguments import Argument, argument, many_values
from ckpt_magics.notebook.pictures.model.aside import GROUPS
from ckpt_magics.notebook.pictures.picture import DrawOptions
from ckpt_magics.notebook.pictures.views.view import DIRECTIONS

__all__ = ["GRAPH_ARGUMENTS", "GRAPH_CELL_ARGUMENTS", "PALETTES", "draw_options"]

PALETTES = ("auto", "light", "dark")

_GROUP_NAMES = ", ".join(GROUPS)

_VIEW_ARGUMENTS: tuple[Argument, ...] = (
    argument("--depth", type=int, metavar="N", help="Open all scopes above this depth; 0 is the top level alone."),
    many_values("--open", "SCOPE", "Open these scopes, and those around them."),
    many_values("--show", "GROUP", f"Draw these groups with the rest: {_GROUP_NAMES}, or full names."),
    many_values("--hide", "GROUP", "Leave these groups, or full names, out."),
    argument("--direction", choices=DIRECTIONS, default="TB", help="Where the edges point: top to bottom …"),
    argument("--budget", type=int, metavar="N", help="Open scopes until this many boxes are drawn, and never more."),
    argument("--palette", choices=PALETTES, default="auto", help="Colours; auto reads on light and dark pages."),
    argument("--static", action="store_true", help="Show a picture instead of the interactive view."),
    argument("--text", action="store_true", help="Print the text form instead of a picture."),
    argument("-o", "--output", metavar="FILE", help="Write the picture to this .svg, .dot, .html or .txt file too."),
)

GRAPH_CELL_ARGUMENTS: tuple[Argument, ...] = (
    argument("name", nargs="?", metavar="NAME", help="A variable for the graph; another name, another graph."),
    *_VIEW_ARGUMENTS,
)

GRAPH_ARGUMENTS: tuple[Argument, ...] = (
    argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="A .meta, .pb or .pbtxt file, a SavedModel, a checkpoint, or a graph in the notebook by its name. "
        "Default: the active graph.",
    ),
    argument(
        "--tags",
        nargs="+",
        action="extend",
        default=[],
        metavar="TAG",
        help="Of the graph to take from a SavedModel.",
    ),
    argument("--off", action="store_true", help="Have no active graph: save and restore the notebook's arrays."),
    *_VIEW_ARGUMENTS,
)


def draw_options(arguments: argparse.Namespace) -> DrawOptions:
    """Return what `draw_graph` takes for what the line says."""
    options = {
        "depth": arguments.depth,
        "open": tuple(arguments.open),
        "show": tuple(arguments.show),
        "hide": tuple(arguments.hide),
        "direction": arguments.direction,
        "node_budget": arguments.budget,
        "palette": arguments.palette,
    }
    return cast("DrawOptions", options)
