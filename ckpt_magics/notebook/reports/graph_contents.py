"""What a graph is, for people: where it comes from, what its MetaGraph says, its variables, and its picture."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.object_graph.listed_tensors import ListedTensor, listed_tensors
from ckpt_magics.graphs.meta_graph.declared_variables import declared_variables
from ckpt_magics.graphs.meta_graph.graph_objects import meta_graph_of, needs_signature
from ckpt_magics.graphs.meta_graph.graph_sources import GraphSource, find_graph
from ckpt_magics.notebook.frames.graph_frame import graph_variables_frame
from ckpt_magics.notebook.frames.variable_frame import variables_frame
from ckpt_magics.notebook.pictures.model.ends import GraphEnds
from ckpt_magics.notebook.pictures.picture import DrawOptions, GraphPicture, draw_graph, draw_model, draw_scopes
from ckpt_magics.notebook.reports.variable_table import variable_table
from ckpt_magics.phrasing import amount, names_text
from ckpt_magics.proto.messages import MetaGraphDef
from ckpt_magics.report import Report, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BUILT", "GraphContents", "describe_graph", "ends_report", "graph_report", "open_graph", "show_graph"]

MAX_ROWS = 30
"""Variables in the table; the DataFrame has all of them."""
MAX_OPEN_ROWS = 8
"""Variables up to which the table in a notebook is open to begin with."""
MAX_ENDS = 6
"""Inputs in the summary, and outputs; a report of them has all."""
MAX_OPS = 8
"""Kinds of operations in the summary, the most frequent ones."""

BUILT = "Graph"
"""Kind of a source that is a graph of this process."""

_OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


@dataclass(frozen=True, eq=False)
class GraphContents:
    """What a graph is; shows itself in a notebook.

    Attributes:
        source: The graph and where it comes from.
        summary: What the MetaGraph says, a line each.
        tensors: What it says of each variable; of a checkpoint without a graph, of each tensor.
        noun: What one of these is called.
        picture: Its picture.
        frame: Makes :attr:`variables`.
    """

    source: GraphSource
    summary: tuple[str, ...]
    tensors: Sequence[ListedTensor] = field(repr=False)
    noun: str
    picture: GraphPicture = field(repr=False)
    frame: Callable[[], pd.DataFrame] = field(repr=False)

    @cached_property
    def variables(self) -> pd.DataFrame:
        """A row per variable; of a checkpoint without a graph, per tensor."""
        return self.frame()

    @property
    def title(self) -> str:
        """Kind and place, in one line."""
        return f"{self.source.kind} {visible(self.source.path)}".strip()

    def __str__(self) -> str:
        return f"{self.facts_text()}\n\n{self.picture.text}"

    __repr__ = __str__

    def _repr_mimebundle_(self, include: Collection[str] | None = None, **_: object) -> dict[str, str]:
        bundle = {"text/plain": str(self)}
        # A terminal shows text alone, which needs no layout.
        if include is None or "text/html" in include:
            bundle["text/html"] = self.facts_html() + self.picture.html
        return bundle

    def redrawn(self, options: DrawOptions) -> GraphContents:
        """Return the same with another picture of the graph; nothing is taken apart again."""
        return replace(self, picture=draw_model(self.picture.model, options))

    @property
    def own_lines(self) -> int:
        """Lines of the summary that the picture's own text does not have."""
        return len(self.summary) - len(self.picture.model.lines)

    def facts_text(self) -> str:
        """Return everything but the picture as text, for the picture's own text has the rest of the summary."""
        return graph_report(self, self.own_lines).text()

    def facts_html(self) -> str:
        """Return everything but the picture as HTML."""
        return graph_report(self).html()


def graph_report(contents: GraphContents, lines: int | None = None, *, at_most: int | None = MAX_ROWS) -> Report:
    """Return what is shown of a graph beside its picture.

    Args:
        contents: What the graph is.
        lines: Lines of its summary, all of them by default.
        at_most: How many variables; None for all.
    """
    source, tensors = contents.source, contents.tensors
    # A long table would push the picture, which is what one has come for, off the screen.
    table = variable_table(tensors, _counted(contents), at_most, folded=len(tensors) > MAX_OPEN_ROWS)
    tables = [table] if table.rows else []
    counted = [] if tables else [table.caption]
    said = [*contents.summary[:lines], *([source.note] if source.note else []), *counted]
    return Report(contents.title, said, tables, folded=True)


def ends_report(contents: GraphContents) -> Report:
    """Return what a graph takes and gives."""
    ends = contents.picture.model.ends
    rows = [(kind, *end) for kind, found in (("input", ends.inputs), ("output", ends.outputs)) for end in found]
    tables = [Table(("", "name", "dtype", "shape"), rows)] if rows else []
    how = "its signatures say" if ends.told else "likely: placeholders, and what no other node takes"
    return Report(contents.title, [f"Inputs and outputs ({how})" if rows else "No inputs and no outputs"], tables)


def _ends_lines(ends: GraphEnds) -> list[str]:
    """The same as lines of the summary."""
    likely = "" if ends.told else "likely "
    both = ((f"{likely}inputs", ends.inputs), (f"{likely}outputs", ends.outputs))
    return [f"{kind}: {names_text(list(map(str, found)), MAX_ENDS)}" for kind, found in both if found]


def _counted(contents: GraphContents) -> str:
    tensors = contents.tensors
    elements, size = (
        sum(each or 0 for each in of) for of in ([one.elements for one in tensors], [one.bytes for one in tensors])
    )
    return f"{amount(len(tensors), contents.noun)}, {amount(elements, 'element')}, {size:,} bytes"


def show_graph(source: Any, *, tags: Collection[str] = (), **options: Unpack[DrawOptions]) -> GraphContents:  # noqa: ANN401 - files and several libraries' graphs
    """Return what a graph is, for showing: a summary, its variables and its picture.

    Args:
        source: A path as `find_graph` takes it: a ``.meta``, ``.pb`` or ``.pbtxt`` file, a SavedModel, a checkpoint.
            Or a graph: a `Graph`, a GraphDef or MetaGraphDef, TensorFlow's ``tf.Graph`` or a concrete function.
        tags: Of the graph to take from a SavedModel.
        **options: How to draw it; see :class:`~ckpt_magics.notebook.pictures.picture.DrawOptions`.

    Raises:
        CheckpointNotFoundError: There is nothing at the path.
        DataLossError: The file is damaged, or no graph.
        InvalidArgumentError: The object is no graph, or an option has a value that is not allowed.
        NotFoundError: An option names a scope that the graph does not have, or there is no graph with these tags.
    """
    return describe_graph(open_graph(source, tags), options)


def open_graph(source: Any, tags: Collection[str] = ()) -> GraphSource:  # noqa: ANN401 - as show_graph
    """Return the graph of a path or an object; the errors are those of `show_graph`."""
    if isinstance(source, str | bytes | os.PathLike):
        return find_graph(source, tags)
    meta_graph = meta_graph_of(source)
    if meta_graph is not None:
        return GraphSource("", type(source).__name__, meta_graph)
    if needs_signature(source):
        raise InvalidArgumentError(
            f"{type(source).__name__} has a graph for each signature",
            hint="Give one of them: f.get_concrete_function(arguments)",
        )
    raise InvalidArgumentError(f"a {type(source).__name__} is no graph, and no path of one")


def describe_graph(source: GraphSource, options: DrawOptions) -> GraphContents:
    """Return the same as `show_graph` of a graph that is read already."""
    if source.meta_graph is None:
        return _describe_names(source, options)
    meta_graph = source.meta_graph
    picture = draw_graph(meta_graph, **options)
    variables = declared_variables(meta_graph)
    is_frozen = bool(variables) and all(variable.op == "Const" for variable in variables)
    return GraphContents(
        source,
        (_counted_ops(meta_graph), *_ends_lines(picture.model.ends), *picture.model.lines),
        [variable.listed for variable in variables],
        "frozen variable" if is_frozen else "variable",
        picture,
        lambda: graph_variables_frame(meta_graph),
    )


def _counted_ops(meta_graph: MetaGraphDef) -> str:
    ops = Counter(node.op for node in meta_graph.graph_def.node)
    listed = ", ".join(f"{count:,} {visible(op)}" for op, count in ops.most_common(MAX_OPS))
    more = f" and {len(ops) - MAX_OPS} other kinds" if len(ops) > MAX_OPS else ""
    functions = len(meta_graph.graph_def.library.function)
    inside = f"; {amount(functions, 'function')}" if functions else ""
    return f"{amount(ops.total(), 'op')}: {listed}{more}{inside}" if ops else "The graph is empty"


def _describe_names(source: GraphSource, options: DrawOptions) -> GraphContents:
    """What a checkpoint's names alone tell."""
    with open_tensors(source.path) as tensors:
        listing = tensors.listing()
    listed = listed_tensors(listing)
    drawn = {one.name: one for one in listed if one.name != _OBJECT_GRAPH_KEY}
    shapes = {name: one.shape for name, one in drawn.items()}
    dtypes = {name: one.dtype for name, one in drawn.items()}
    picture = draw_scopes(shapes, dtypes, **options)
    return GraphContents(source, (), listed, "tensor", picture, lambda: variables_frame(listing))
