"""What to show of a graph, how, and where to write it."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.notebook.commands.arguments import Argument, argument, many_values
from ckpt_magics.notebook.commands.shell_command import Outcome, ShellCommand
from ckpt_magics.notebook.commands.words import expanded
from ckpt_magics.notebook.pictures.choices import DIRECTIONS, GROUPS, PALETTE_NAMES

if TYPE_CHECKING:
    from ckpt_magics.notebook.pictures.picture import DrawOptions
    from ckpt_magics.notebook.reports.frozen_report import FrozenGraph
    from ckpt_magics.notebook.reports.graph_contents import GraphContents

__all__ = ["GRAPH", "GRAPH_ARGUMENTS", "GRAPH_CELL_ARGUMENTS", "draw_options"]

_GROUP_NAMES = ", ".join(GROUPS)

_DRAWING_ARGUMENTS: tuple[Argument, ...] = (
    argument("--depth", type=int, metavar="N", help="Open all scopes above this depth; 0 is the top level alone."),
    many_values("--open", "SCOPE", "Open these scopes, and those around them."),
    many_values("--show", "GROUP", f"Draw these groups with the rest: {_GROUP_NAMES}, or full names."),
    many_values("--hide", "GROUP", "Leave these groups, or full names, out."),
    argument("--direction", choices=DIRECTIONS, default="TB", help="Where the edges point: top to bottom …"),
    argument("--budget", type=int, metavar="N", help="Open scopes until this many boxes are drawn, and never more."),
    argument("--palette", choices=PALETTE_NAMES, default="auto", help="Colours; auto reads on light and dark pages."),
)

_VIEW_ARGUMENTS: tuple[Argument, ...] = (
    *_DRAWING_ARGUMENTS,
    argument("--static", action="store_true", help="Show a picture instead of the interactive view."),
    argument("--text", action="store_true", help="Print the text form instead of a picture."),
    argument("-o", "--output", metavar="FILE", help="Write the picture to this .svg, .dot, .html or .txt file too."),
)

_TAGS = argument(
    "--tags",
    nargs="+",
    action="extend",
    default=[],
    metavar="TAG",
    help="Of the graph to take from a SavedModel.",
)

_ENDS = argument(
    "--inputs-outputs",
    action="store_true",
    help="Print what the graph takes and gives, as its signatures say, or what is likely.",
)

_FILES: tuple[Argument, ...] = (
    argument(
        "--freeze",
        metavar="TARGET",
        help="Write the graph to this .pb or .pbtxt file with the values of its variables as constants, and nothing "
        "that its outputs do not need.",
    ),
    many_values("--outputs", "NAME", "What a frozen graph gives. Default: as --inputs-outputs says."),
    argument("--write", metavar="FILE", help="Write the graph as it is, binary (.pb) or as text (.pbtxt)."),
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
        help="A .meta, .pb, .pbtxt or event file, a SavedModel, a checkpoint, or a graph in the notebook by its name. "
        "Default: the active graph.",
    ),
    _TAGS,
    _ENDS,
    *_FILES,
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


def _run(arguments: argparse.Namespace, _progress: Progress | None) -> Outcome:
    from ckpt_magics.notebook.reports.graph_contents import describe_graph, ends_report, graph_report, open_graph
    from ckpt_magics.notebook.reports.report_page import html_page

    contents = describe_graph(open_graph(expanded(arguments.source), arguments.tags), draw_options(arguments))
    picture = contents.picture
    frozen = _written(arguments, contents)

    def text() -> str:
        if frozen is not None:
            return frozen.report.text()
        if arguments.inputs_outputs:
            return ends_report(contents).text()
        return f"{graph_report(contents, contents.own_lines, at_most=None).text()}\n\n{picture.text}"

    return Outcome(
        text=text,
        page=lambda: html_page(contents.title, contents.facts_html() + picture.html),
        facts=lambda: {**_facts(contents), "frozen": None if frozen is None else asdict(frozen)},
        pictures={".svg": lambda: picture.svg, ".dot": lambda: picture.dot},
    )


def _written(arguments: argparse.Namespace, contents: GraphContents) -> FrozenGraph | None:
    """Write the files that are asked for; returns what was frozen."""
    from ckpt_magics.notebook.reports.frozen_report import freeze_source_to, write_source

    if arguments.write is not None:
        write_source(contents.source, expanded(arguments.write))
    if arguments.freeze is None:
        return None
    return freeze_source_to(contents.source, expanded(arguments.freeze), arguments.outputs)


def _facts(contents: GraphContents) -> Mapping[str, object]:
    meta_graph = contents.source.meta_graph
    nodes = () if meta_graph is None else meta_graph.graph_def.node
    ends = contents.picture.model.ends
    variables = [
        {"name": one.name, "dtype": one.dtype, "shape": one.shape, "bytes": one.bytes, "group": one.group}
        for one in contents.tensors
    ]
    return {
        "graph": contents.source.path,
        "kind": contents.source.kind,
        "note": contents.source.note,
        "ops": Counter(node.op for node in nodes),
        "inputs": [end._asdict() for end in ends.inputs],
        "outputs": [end._asdict() for end in ends.outputs],
        "functions": 0 if meta_graph is None else len(meta_graph.graph_def.library.function),
        "variables": variables,
    }


GRAPH = ShellCommand(
    "graph",
    """Describe and draw a graph; of a checkpoint without one, the scopes of its names.

    --json: {"graph", "kind", "note", "inputs": [{"name", "dtype", "shape"}], "outputs": [the
    same], "ops": {op: number}, "functions", "variables": [{"name", "dtype", "shape", "bytes",
    "group"}], "frozen": {"path", "outputs", "nodes", "nodes_before", "bytes"}}; sizes that are
    unknown are null, inputs and outputs those of --inputs-outputs.
    """,
    (
        argument("source", metavar="SOURCE", help="A .meta, .pb, .pbtxt or event file, a SavedModel or a checkpoint."),
        _TAGS,
        _ENDS,
        *_FILES,
        *_DRAWING_ARGUMENTS,
    ),
    _run,
    pictures=(".svg", ".dot"),
)
