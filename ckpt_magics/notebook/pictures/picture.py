"""Draws a graph, or the names of a checkpoint, as a picture that a notebook shows by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.storage.place import AnyPath, local_path
from ckpt_magics.notebook.pictures.compose import compose_view
from ckpt_magics.notebook.pictures.describe import op_definitions
from ckpt_magics.notebook.pictures.dot import DotOptions, format_dot
from ckpt_magics.notebook.pictures.engines import TIME_LIMIT, lay_out
from ckpt_magics.notebook.pictures.hierarchy import Hierarchy, NamedTensor, build_hierarchy, build_scope_tree
from ckpt_magics.notebook.pictures.html import format_html
from ckpt_magics.notebook.pictures.outputs import OpDefs, format_dims
from ckpt_magics.notebook.pictures.palette import PaletteName, find_palette
from ckpt_magics.notebook.pictures.series import SERIES_MINIMUM
from ckpt_magics.notebook.pictures.summary import list_meta_graph, list_scopes
from ckpt_magics.notebook.pictures.svg import draw_svg
from ckpt_magics.notebook.pictures.view import EDGE_BUDGET, Direction, View, ViewOptions
from ckpt_magics.proto import messages

if TYPE_CHECKING:
    import graphviz

Shape = Sequence[int | None] | None


class DrawOptions(TypedDict, total=False):
    """Options of :func:`draw_graph` and :func:`draw_scopes`, all of them optional.

    Attributes:
        depth: Open all scopes above this depth; 0 draws the top level only, None opens what a screen can hold.
        open: Full names of scopes, series or functions to open.
        close: Full names of scopes to keep closed.
        show: Aside groups (``gradients``, ``optimizer``, ``save``, ``initializers``, ``summaries``, ``constants``,
            ``functions``), or full names, to draw in the main graph.
        hide: Aside groups, or full names, to leave out.
        pull: Full names to draw aside.
        hide_ops: Ops to leave out; lines pass through them.
        node_budget: Most boxes to draw; 150 unless given. Given, scopes are opened until it is used up.
        edge_budget: Most edges to draw.
        direction: ``TB``, ``BT``, ``LR`` or ``RL``.
        splines: ``spline``, ``polyline``, ``line`` or ``ortho``; chosen by the number of edges unless given.
        palette: ``auto`` reads on light and dark pages, ``light`` and ``dark`` bring their own ground.
        fold_series: Numbered siblings from this many on become one box; 0 folds none.
        time_limit: Seconds for the layout, after which a simpler one is used.
    """

    depth: int | None
    open: Collection[str]
    close: Collection[str]
    show: Collection[str]
    hide: Collection[str]
    pull: Collection[str]
    hide_ops: Collection[str]
    node_budget: int | None
    edge_budget: int
    direction: Direction
    splines: str | None
    palette: PaletteName
    fold_series: int
    time_limit: float


@dataclass(frozen=True, slots=True)
class GraphPicture:
    """A picture of a graph. A notebook shows the SVG; its text form is :attr:`text`.

    Attributes:
        svg: Static SVG, without script, links or ids.
        text: Scopes, collections, saver and signatures as text.
        dot: The same view as DOT, for Graphviz; complete, with what is aside and a legend.
        html: SVG, notes and a table, as static HTML.
        note: What the picture leaves out and how it was made, one sentence per line.
        engine: What laid it out.
        view: Boxes and edges that are drawn.
        hierarchy: The whole graph.
    """

    svg: str = field(repr=False)
    text: str = field(repr=False)
    dot: str = field(repr=False)
    html: str = field(repr=False)
    note: str
    engine: str
    view: View = field(repr=False)
    hierarchy: Hierarchy = field(repr=False)

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """The forms of the picture that a notebook stores; the SVG is inside the HTML, once."""
        return {"text/html": self.html, "text/plain": self.text}

    def to_graphviz(self) -> graphviz.Source:
        """Return the DOT text as an object of the ``graphviz`` package, to render it to any of Graphviz's formats."""
        import graphviz

        return graphviz.Source(self.dot)

    def save(self, path: AnyPath) -> None:
        """Write the picture to a file: ``.svg``, ``.dot``, ``.html`` or ``.txt``.

        Raises:
            InvalidArgumentError: The name ends in none of these.
        """
        name = local_path(path)
        suffix = os.path.splitext(name)[1].lower()
        if suffix not in _FORMS:
            raise InvalidArgumentError(f"{name!r} should end in {', '.join(_FORMS)}", file=name)
        with open(name, "w", encoding="utf-8") as file:
            file.write(_FORMS[suffix](self))


_FORMS: Final[Mapping[str, Callable[[GraphPicture], str]]] = {
    ".svg": lambda picture: picture.svg,
    ".dot": lambda picture: picture.dot,
    ".html": lambda picture: f'<!DOCTYPE html><meta charset="utf-8">{picture.html}',
    ".txt": lambda picture: picture.text,
}


def draw_graph(graph: messages.GraphDef | messages.MetaGraphDef, **options: Unpack[DrawOptions]) -> GraphPicture:
    """Draw a graph: scopes collapsed until the picture fits, what distracts pulled aside.

    Args:
        graph: A GraphDef; a MetaGraphDef adds its collections, saver and signatures to the text form, and its op
            definitions, from which dtypes on edges are known.
        **options: See :class:`DrawOptions`.

    Raises:
        NotFoundError: An option names a scope or node that the graph does not have.
        InvalidArgumentError: An option has a value that is not allowed.
    """
    meta_graph = None
    op_defs: OpDefs = {}
    if isinstance(graph, messages.MetaGraphDef):
        meta_graph, graph = graph, graph.graph_def
        op_defs = op_definitions(meta_graph.meta_info_def.stripped_op_list.op)
    hierarchy = build_hierarchy(graph, series_minimum=options.get("fold_series", SERIES_MINIMUM))
    more = list_meta_graph(meta_graph) if meta_graph is not None else []
    return draw_hierarchy(hierarchy, op_defs, more, options)


def draw_scopes(
    tensors: Mapping[str, Shape], dtypes: Mapping[str, object] | None = None, **options: Unpack[DrawOptions]
) -> GraphPicture:
    """Draw the scopes of a checkpoint's names, when there is no graph to draw.

    Args:
        tensors: Shape by name; None is an unknown shape.
        dtypes: Dtype by name, shown by its ``name`` or as text.
        **options: See :class:`DrawOptions`.

    Raises:
        NotFoundError: An option names a scope that is not there.
        InvalidArgumentError: An option has a value that is not allowed.
    """
    named = []
    for name, shape in tensors.items():
        dtype = (dtypes or {}).get(name, "")
        parts = (str(getattr(dtype, "name", dtype)), "" if shape is None else format_dims(list(shape)))
        named.append(NamedTensor(name, " ".join(part for part in parts if part)))
    hierarchy = build_scope_tree(named, series_minimum=options.get("fold_series", SERIES_MINIMUM))
    return draw_hierarchy(hierarchy, {}, [], options)


def draw_hierarchy(
    hierarchy: Hierarchy, op_defs: OpDefs, more_text: Sequence[str], options: DrawOptions
) -> GraphPicture:
    """Draw another view of scopes that were built already.

    Args:
        hierarchy: The scopes.
        op_defs: Op definitions by op.
        more_text: Lines below the listing of scopes.
        options: What to show and how.
    """
    palette = find_palette(options.get("palette", "auto"))
    view = compose_view(hierarchy, _view_options(options), op_defs)
    dot_options = DotOptions(palette=palette, splines=options.get("splines"))
    layout, layout_notes = lay_out(view, dot_options, time_limit=options.get("time_limit", TIME_LIMIT))
    heading = f"{hierarchy.counted(view.op_count)}, drawn as {len(view.nodes) + len(view.aside):,} boxes"
    svg = draw_svg(view, layout, palette, f"Graph of {heading}")
    notes = [*view.notes, *layout_notes, f"Layout: {layout.engine}."]
    listing = [hierarchy.counted(view.op_count), "", *list_scopes(hierarchy), "", *more_text, *view.notes]
    return GraphPicture(
        svg=svg,
        text="\n".join(listing).rstrip(),
        dot=format_dot(view, dot_options),
        html=format_html(view, svg, heading, notes),
        note="\n".join(notes),
        engine=layout.engine,
        view=view,
        hierarchy=hierarchy,
    )


def _view_options(options: DrawOptions) -> ViewOptions:
    return ViewOptions(
        depth=options.get("depth"),
        open=tuple(options.get("open", ())),
        close=tuple(options.get("close", ())),
        show=frozenset(options.get("show", ())),
        hide=frozenset(options.get("hide", ())),
        pull=frozenset(options.get("pull", ())),
        hide_ops=frozenset(options.get("hide_ops", ())),
        node_budget=options.get("node_budget"),
        edge_budget=options.get("edge_budget", EDGE_BUDGET),
        direction=options.get("direction", "TB"),
    )
