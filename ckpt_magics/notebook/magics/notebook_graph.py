"""A graph of the notebook: its nodes, a session with its variables' values, and what it looks like."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, FailedPreconditionError, InvalidArgumentError, NotFoundError, visible
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.meta_graph.frozen import Constants
from ckpt_magics.graphs.meta_graph.graph_sources import GraphSource
from ckpt_magics.graphs.meta_graph.graph_variables import GraphVariables
from ckpt_magics.graphs.meta_graph.meta_graph import import_scoped_meta_graph
from ckpt_magics.graphs.meta_graph.meta_graph_export import export_scoped_meta_graph
from ckpt_magics.graphs.saver.frozen_session import freeze_session
from ckpt_magics.graphs.saver.model_start import start_model
from ckpt_magics.graphs.saver.signatures import Signatures
from ckpt_magics.graphs.session.session import Session
from ckpt_magics.notebook.pictures.choices import GROUPS
from ckpt_magics.notebook.pictures.picture import DrawOptions, GraphPicture
from ckpt_magics.notebook.reports.frozen_report import (
    FrozenGraph,
    freeze_source_to,
    graph_path,
    likely_outputs,
    write_frozen,
    write_source,
)
from ckpt_magics.notebook.reports.graph_contents import GraphContents, describe_graph, open_graph
from ckpt_magics.phrasing import names_text
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef, SaverDef

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NotebookGraph", "load_graph"]

MAX_NAMED = 20
"""Inputs that a message names."""


def load_graph(source: AnyPath, tags: Collection[str] = ()) -> NotebookGraph:
    """Return a graph to run and to look at: its signatures as functions, its values, its picture.

    Args:
        source: A ``.meta``, ``.pb`` or ``.pbtxt`` file, a SavedModel, or a checkpoint with its meta graph beside it.
        tags: Of the graph to take from a SavedModel; by default the one that is tagged ``serve``, or else the first.

    Raises:
        NotFoundError: The checkpoint has no meta graph.
        CheckpointError: As `show_graph`.
    """
    found = open_graph(source, tags)
    if found.meta_graph is None:
        raise NotFoundError(f"there is no graph beside checkpoint {visible(found.path)}")
    return NotebookGraph(os.path.basename(found.path), found)


class NotebookGraph(Mapping[str, npt.NDArray[Any]]):
    """A graph with a session. As a mapping it has the values of its variables, by their names in checkpoints.

    A frozen graph has those of the constants that were variables; a look-up takes any constant's name.

    A graph from a file becomes nodes when something asks for them; its picture does not.

    Args:
        title: What to call it.
        source: The graph as a message, with where it comes from.
        graph: The same as nodes, if it was made here.
        session: Which runs ``graph``.
        options: How to draw it.
        widget: Whether its picture is interactive where the front end can show that.
    """

    def __init__(
        self,
        title: str,
        source: GraphSource,
        *,
        graph: Graph | None = None,
        session: Session | None = None,
        options: DrawOptions | None = None,
        widget: bool = False,
    ) -> None:
        self.title = title
        self.options: DrawOptions = options if options is not None else {}
        self.widget = widget
        self._source = source
        self._graph = graph
        self._session = session
        self._imported: int | None = None
        self._contents: GraphContents | None = None
        # Nodes that the contents are of, -1 for those of the file.
        self._described: int | None = None
        self._drawn: DrawOptions = {}

    def holding(self, source: GraphSource, graph: Graph | None = None, session: Session | None = None) -> Self:
        """Give it other contents, as the constructor takes them; returns itself."""
        self._source, self._graph, self._session = source, graph, session
        self._imported = self._described = None
        return self

    @property
    def graph(self) -> Graph:
        """The graph's nodes.

        Raises:
            InvalidArgumentError: The file holds a graph that is not well formed.
        """
        if self._graph is None:
            graph = Graph()
            assert self._source.meta_graph is not None  # noqa: S101 - without one there is no NotebookGraph
            import_scoped_meta_graph(self._source.meta_graph, graph=graph, checked=False)
            self._graph, self._imported = graph, len(graph)
        return self._graph

    def holds(self, graph: Graph) -> bool:
        """Tell whether this is the graph whose nodes it has; a file's graph is not read for that."""
        return self._graph is graph

    @property
    def session(self) -> Session:
        """A session of the graph, which has the variables' values."""
        if self._session is None:
            self._session = Session(graph=self.graph)
        return self._session

    @property
    def signatures(self) -> Signatures:
        """Its signatures as functions: ``net.signatures["serving_default"](images=…)``.

        Raises:
            CheckpointError: The checkpoint beside it does not fit.
        """
        meta_graph = self._source.meta_graph
        return Signatures(MetaGraphDef() if meta_graph is None else meta_graph, self._started())

    def run(self, outputs: Any = None, inputs: Any = None) -> Any:  # noqa: ANN401 - any structure, as a session's
        """Return what the graph gives for some inputs.

        Where no values were restored, those of the checkpoint beside the graph are.

        Args:
            outputs: A tensor, an operation, or a name, of which an operation's stands for its first output; or any
                structure of these. Default: what its signatures say that it gives, or what is likely.
            inputs: Values by tensor or name, or the value of the only input that there is.

        Returns:
            The structure of ``outputs``. By default the value of the only output, or a dict by the tensors' names.

        Raises:
            CheckpointError: The graph cannot be run, or not with these values.
            InvalidArgumentError: Nothing looks like an output; or a value is for several inputs.
        """
        source = self._current_source()
        fetches = self._tensors(outputs)
        if outputs is None:
            likely = likely_outputs(source)
            fetches = likely[0] if len(likely) == 1 else {name: name for name in likely}
        if inputs is not None and not isinstance(inputs, Mapping):
            inputs = {self._only_input(): inputs}
        feeds = {self._tensors(key): value for key, value in (inputs or {}).items()}
        return self._started().run(fetches, feeds)

    def _tensors(self, item: Any) -> Any:  # noqa: ANN401 - a name, or any structure
        """Return names with the index of an operation's first output where they have none, variables for theirs."""
        if isinstance(item, list | tuple):
            return [self._tensors(part) for part in item]
        if not isinstance(item, str) or ":" in item:
            return item
        op = self.graph.find_operation(item)
        variables = self.graph.get_collection(GraphKeys.GLOBAL_VARIABLES)
        variable = next((one for one in variables if one.op is op), None)
        if variable is not None:
            return variable
        return f"{item}:0" if op is not None and op.outputs else item

    def _only_input(self) -> str:
        names = [end.name for end in self.contents.picture.model.ends.inputs]
        if len(names) != 1:
            raise InvalidArgumentError(
                f"{visible(self.title)} takes {names_text(names, MAX_NAMED) or 'nothing'}",
                hint="Give values by name: run(inputs={NAME: value}).",
            )
        return names[0]

    def _started(self) -> Session:
        """Return the session, with the values of the checkpoint beside the graph where it has none."""
        meta_graph = self._source.meta_graph
        if self._session is None and meta_graph is not None:
            session = Session(graph=self.graph)
            start_model(session, meta_graph, self.checkpoint)
            self._session = session
        return self.session

    @property
    def saver_def(self) -> SaverDef | None:
        """The saver that came with the graph, if it names nodes."""
        meta_graph = self._source.meta_graph
        if meta_graph is None or not meta_graph.saver_def.restore_op_name:
            return None
        return meta_graph.saver_def

    @property
    def checkpoint(self) -> str | None:
        """Prefix of the checkpoint beside the graph's file."""
        return self._source.prefix

    def saved_variables(self) -> GraphVariables:
        """Return what a saver of this graph saves, by name, with the values of now."""
        return GraphVariables(self.session, self.saver_def)

    @property
    def contents(self) -> GraphContents:
        """Summary, variables and picture, of the graph as it is now."""
        size = -1 if self._graph is None or len(self._graph) == self._imported else len(self._graph)
        if self._contents is None or self._described != size:
            self._contents = describe_graph(self._current_source(), self.options)
        elif self._drawn != self.options:
            self._contents = self._contents.redrawn(self.options)
        self._described, self._drawn = size, self.options
        note = " ".join(filter(None, (self._source.note, self._advice())))
        return replace(self._contents, source=replace(self._contents.source, note=note))

    def _current_source(self) -> GraphSource:
        if self._source.meta_graph is None:
            return replace(self._source, meta_graph=export_scoped_meta_graph(graph=self.graph)[0])
        if self._imported is not None and len(self.graph) != self._imported:
            # Nodes were added to what came from the file.
            now = export_scoped_meta_graph(graph=self.graph, saver_def=self.saver_def)[0]
            return replace(self._source, meta_graph=now)
        return self._source

    def _advice(self) -> str:
        if self.checkpoint is None or self._session is not None:
            return ""
        return f"Its variables have no values yet: %ckpt_restore {visible(self.checkpoint)} restores them."

    @property
    def picture(self) -> GraphPicture:
        """The picture: ``.svg``, ``.dot``, ``.html``, ``.text``, ``.save(path)``."""
        return self.contents.picture

    @property
    def variables(self) -> pd.DataFrame:
        """A row per variable; ``initialized`` tells which have a value in the session."""
        now = {} if self._session is None else self._session.variable_values()
        frame = self.contents.variables
        return frame.assign(initialized=[name in now for name in frame["name"]])

    def freeze(self, target: AnyPath, outputs: Sequence[str] = ()) -> FrozenGraph:
        """Write the graph with the values of its session, or of the checkpoint beside it, as constants.

        Args:
            target: The ``.pb`` or ``.pbtxt`` file.
            outputs: What it is to give; by default what its signatures say or is likely.

        Raises:
            CheckpointError: As `freeze_graph`.
        """
        source = self._current_source()
        if self.checkpoint is not None and (self._session is None or not self._session.variable_values()):
            return freeze_source_to(source, target, outputs)
        path = graph_path(target)
        chosen = tuple(outputs) or likely_outputs(source)
        return write_frozen(path, freeze_session(self.session, chosen), chosen, len(self.graph))

    def write(self, target: AnyPath) -> None:
        """Write the graph as it is to a ``.pb`` or ``.pbtxt`` file."""
        write_source(self._current_source(), target)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        variables = self.saved_variables()
        if name not in variables:
            constants = self._constants()
            if name in constants:
                return constants[name]
            known = ", ".join([*variables, *constants]) or "none"
            raise KeyError(f"the graph has no variable {name!r}; it has: {known}")
        try:
            return variables[name].numpy()
        except FailedPreconditionError as error:
            raise KeyError(error.message) from error

    def __iter__(self) -> Iterator[str]:
        variables = self.saved_variables()
        # What was built here becomes a message first: not for a graph with variables, which is not frozen.
        return iter(variables.arrays() if variables else self._constants())

    def _constants(self) -> Constants:
        meta_graph = self._current_source().meta_graph
        return Constants(GraphDef() if meta_graph is None else meta_graph.graph_def)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        return str(self.contents)

    def __repr__(self) -> str:
        return str(self)

    def _ipython_display_(self) -> None:
        from IPython import get_ipython
        from IPython.display import display

        contents = self.contents
        if not self.widget:
            # A terminal takes text alone, for which nothing is laid out.
            shell = get_ipython()
            include = None if shell is None else shell.display_formatter.active_types
            display(contents, include=include)  # type: ignore[no-untyped-call]
            return
        facts = {"text/html": contents.facts_html(), "text/plain": contents.facts_text()}
        display(facts, raw=True)  # type: ignore[no-untyped-call]
        display(self.view())  # type: ignore[no-untyped-call]

    def view(self) -> Any:  # noqa: ANN401 - a widget; the library that it is of loads on use
        """Return the interactive view of the graph: its top level, or open as far as the options ask."""
        from ckpt_magics.files.directory.open_tensors import open_on_demand
        from ckpt_magics.notebook.widgets.graph.graph_state import GraphState
        from ckpt_magics.notebook.widgets.graph.graph_view import GraphView

        contents = self.contents
        tensors = None
        if self.checkpoint is not None:
            with suppress(CheckpointError):  # a graph without values is worth looking at
                tensors = open_on_demand(self.checkpoint)
        view = GraphView(
            contents.picture.model,
            title=self.title,
            reader=tensors,
            values=None if self._session is None else self._session.variable_values,
        )
        asked = self.options.get("depth") is not None or bool(self.options.get("open"))
        clusters = contents.picture.view.clusters if asked else ()
        state = GraphState(
            open=tuple(dict.fromkeys(cluster.name for cluster in clusters)),
            groups=tuple(sorted(set(self.options.get("show", ())) & set(GROUPS))),
            direction=self.options.get("direction", "TB"),
        )
        view.view_state = state.to_json()
        return view
