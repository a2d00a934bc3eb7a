"""Draws a graph, or the names of a checkpoint, as a picture that a notebook shows by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypedDict, Unpack

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.storage.file_system import open_file
from ckpt_magics.files.storage.place import AnyPath, name_of
from ckpt_magics.notebook.pictures.choices import Direction, PaletteName
from ckpt_magics.notebook.pictures.drawing.dot import DotOptions, format_dot
from ckpt_magics.notebook.pictures.drawing.engines import TIME_LIMIT, lay_out
from ckpt_magics.notebook.pictures.drawing.html import format_html
from ckpt_magics.notebook.pictures.drawing.layout import Layout
from ckpt_magics.notebook.pictures.drawing.palette import find_palette
from ckpt_magics.notebook.pictures.drawing.svg import draw_svg
from ckpt_magics.notebook.pictures.graph_model import GraphModel, Shape, model_of_graph, model_of_names
from ckpt_magics.notebook.pictures.model.hierarchy import Hierarchy
from ckpt_magics.notebook.pictures.model.series import SERIES_MINIMUM
from ckpt_magics.notebook.pictures.model.summary import list_scopes
from ckpt_magics.notebook.pictures.views.view import EDGE_BUDGET, View, ViewOptions
from ckpt_magics.proto import messages

if TYPE_CHECKING:
    import graphviz


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


@dataclass(frozen=True, eq=False)
class GraphPicture:
    """A picture of a graph. A notebook shows the SVG; its text form is :attr:`text`.

    It is laid out once, when the first form with places in it is asked for; ``text`` and ``dot`` need no layout.

    Attributes:
        model: The whole graph.
        view: Boxes and edges that are drawn.
        style: Colours, and the shape of edges.
        time_limit: Seconds for the layout, after which a simpler one is used.
        given: A layout to draw; None lets an engine make one.
    """

    model: GraphModel
    view: View
    style: DotOptions = field(default_factory=DotOptions)
    time_limit: float = TIME_LIMIT
    given: Layout | None = None

    @property
    def hierarchy(self) -> Hierarchy:
        """The whole graph's scopes."""
        return self.model.hierarchy

    @cached_property
    def svg(self) -> str:
        """Static SVG, without script, links or ids."""
        return draw_svg(self.view, self._laid_out[0], self.style.palette, f"Graph of {self._heading}")

    @cached_property
    def text(self) -> str:
        """Scopes, collections, saver and signatures as text."""
        counted = self.hierarchy.counted(self.view.op_count)
        listing = [counted, "", *list_scopes(self.hierarchy), "", *self.model.lines, *self.view.notes]
        return "\n".join(listing).rstrip()

    @cached_property
    def dot(self) -> str:
        """The same view as DOT, for Graphviz; complete, with what is aside and a legend."""
        return format_dot(self.view, self.style)

    @cached_property
    def html(self) -> str:
        """SVG, notes and a table, as static HTML."""
        return format_html(self.view, self.svg, self._heading, self._notes)

    @property
    def note(self) -> str:
        """What the picture leaves out and how it was made, one sentence per line."""
        return "\n".join(self._notes)

    @property
    def engine(self) -> str:
        """What laid it out."""
        return self._laid_out[0].engine

    @cached_property
    def _laid_out(self) -> tuple[Layout, list[str]]:
        if self.given is not None:
            return self.given, []
        return lay_out(self.view, self.style, time_limit=self.time_limit)

    @property
    def _notes(self) -> list[str]:
        return [*self.view.notes, *self._laid_out[1], f"Layout: {self.engine}."]

    @property
    def _heading(self) -> str:
        boxes = len(self.view.nodes) + len(self.view.aside)
        return f"{self.hierarchy.counted(self.view.op_count)}, drawn as {boxes:,} boxes"

    def __repr__(self) -> str:
        return f"<GraphPicture of {self._heading}>"

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
        name = name_of(path)
        suffix = os.path.splitext(name)[1].lower()
        if suffix not in _FORMS:
            raise InvalidArgumentError(f"{name!r} should end in {', '.join(_FORMS)}", file=name)
        with open_file(path, "w") as file:
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
    return draw_model(model_of_graph(graph, options.get("fold_series", SERIES_MINIMUM)), options)


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
    return draw_model(model_of_names(tensors, dtypes, options.get("fold_series", SERIES_MINIMUM)), options)


def draw_model(model: GraphModel, options: DrawOptions) -> GraphPicture:
    """Draw one more view of a graph that was taken apart already; its series are folded as they are.

    Raises:
        NotFoundError: An option names a scope or node that the graph does not have.
        InvalidArgumentError: An option has a value that is not allowed.
    """
    style = DotOptions(palette=find_palette(options.get("palette", "auto")), splines=options.get("splines"))
    view = model.cut(_view_options(options)).view
    return GraphPicture(model, view, style, options.get("time_limit", TIME_LIMIT))


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
