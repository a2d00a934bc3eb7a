"""The graph view: a graph that opens scope by scope, linked with the checkpoint that has its variables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import traitlets

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, NotFoundError, visible
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.graphs.meta_graph.frozen import Constants
from ckpt_magics.notebook.frames.graph_frame import graph_variables_frame
from ckpt_magics.notebook.frames.variable_frame import variables_frame
from ckpt_magics.notebook.pictures.drawing.plain_layout import arrange
from ckpt_magics.notebook.pictures.graph_model import GraphModel, model_of_graph
from ckpt_magics.notebook.pictures.picture import GraphPicture
from ckpt_magics.notebook.pictures.views.view import NODE_BUDGET
from ckpt_magics.notebook.widgets.bundles import BundledWidget
from ckpt_magics.notebook.widgets.conversation import Handler, Reply, Request
from ckpt_magics.notebook.widgets.graph.graph_messages import GraphMessages
from ckpt_magics.notebook.widgets.graph.graph_state import GraphState, Trace, TraceKind, find_items
from ckpt_magics.notebook.widgets.graph.node_values import LiveValues
from ckpt_magics.notebook.widgets.graph.painted_numbers import Combined
from ckpt_magics.notebook.widgets.graph.saved_graph import saved_graph
from ckpt_magics.notebook.widgets.saved_output import MAX_DATA, SavedForm, pack_data
from ckpt_magics.notebook.widgets.tensors.variable_messages import VariableMessages, ViewHead
from ckpt_magics.proto import messages

if TYPE_CHECKING:
    import pandas as pd

    from ckpt_magics.files.object_graph.named_tensors import TensorReader
    from ckpt_magics.files.tensors.source import TensorSource

__all__ = ["GraphView"]


class GraphView(BundledWidget):
    """A graph to look around in.

    What is open, marked and selected is the same in the page and here: :attr:`view_state` and :attr:`selected` follow
    clicks, and the methods change what is seen.

    Args:
        graph: A GraphDef, a MetaGraphDef, which adds collections and op definitions, or one that was taken apart
            already.
        title: Headline.
        reader: The checkpoint with the variables' values; the view reads this version of it, also when the reader is
            closed.
            Without one, a frozen graph shows its own.
        values: Values in memory by name of the variable's node, or a function that returns them, as
            ``session.variable_values``.
        compare: An earlier checkpoint, for colours that say what has changed.
    """

    view_state = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        graph: messages.GraphDef | messages.MetaGraphDef | GraphModel,
        *,
        title: str = "Graph",
        reader: TensorReader[TensorSource] | None = None,
        values: LiveValues | None = None,
        compare: TensorReader[TensorSource] | None = None,
    ) -> None:
        super().__init__("graph_view", view_state=GraphState().to_json())
        self._model = graph if isinstance(graph, GraphModel) else model_of_graph(graph)
        # Files are open only while something is read, however long the view is there.
        tensors = None if reader is None else reader.named_tensors.on_demand()
        before = None if compare is None else compare.named_tensors.on_demand()
        variables = _variables_of(self._model.graph_def, tensors)
        self._answers = GraphMessages(
            self._model, title, tensors=tensors, variables=variables, live=values, compare=before
        )
        self._variables = variables
        self.converse(
            {
                **({} if variables is None else variables.handlers()),
                **self._answers.handlers(),
                "open_scope": Handler(self._on_open),
                "open_all": Handler(self._on_open_all),
                "close_scope": Handler(self._on_close),
                "reveal": Handler(self._on_reveal),
            }
        )

    @property
    def state(self) -> GraphState:
        """What is shown now."""
        return GraphState.from_json(self.view_state)

    def continue_from(self, former: object) -> None:
        """Take what is open and selected in a former view of the same graph, as far as it is there."""
        if not isinstance(former, GraphView) or former.title != self.title or self.state != GraphState():
            return
        with contextlib.suppress(CheckpointError):
            self._show(replace(former.state, trace=None))
            self.select(former.selected)

    @property
    def title(self) -> str:
        """The headline."""
        return self._answers.title

    def close(self) -> None:
        """Take the view from the page, and let go of the values that it keeps. Closing twice is fine."""
        super().close()
        if self._variables is not None:
            self._variables.forget()

    def open(self, scope: str | None = None) -> None:
        """Open a scope, a folded series or a library function in place, and everything around it.

        Args:
            scope: Its full name. Without one, the connection to the page is opened, as ipywidgets does at the start.

        Raises:
            NotFoundError: The graph has no such scope.
        """
        if scope is None:
            super().open()
        else:
            self._show(self.state.with_open(self._model.hierarchy, scope))

    def open_all(self, scope: str) -> None:
        """Open a scope and all that is in it, outer scopes first, up to what a picture can hold.

        Raises:
            NotFoundError: The graph has no such scope.
        """
        self._show(self.state.with_all_open(self._model.hierarchy, scope, NODE_BUDGET))

    def close_scope(self, scope: str | None = None) -> None:
        """Close a scope and what is open inside it; without a name, all of them.

        Raises:
            NotFoundError: The graph has no such scope.
        """
        state = self.state
        self._show(replace(state, open=()) if scope is None else state.with_closed(self._model.hierarchy, scope))

    def select(self, name: str) -> None:
        """Select a node or scope, open what is around it and bring it into sight; ``""`` selects nothing.

        Raises:
            NotFoundError: The graph has nothing of this name.
        """
        if name:
            self._show(self._state_with(name))
        self.selected = name

    def select_variable(self, tensor: str) -> bool:
        """Select the node whose value a tensor of the checkpoint is. Returns whether the graph has it."""
        node = None if self._answers.saved is None else self._answers.saved.node_of(tensor)
        if node is not None:
            self.select(node)
        return node is not None

    def variable_of(self, name: str) -> str:
        """Return the name of the tensor that the checkpoint has for a node, ``""`` for none."""
        saved = self._answers.saved
        found = self._model.hierarchy.find(name)
        if saved is None or not found:
            return ""
        node = self._model.node_item(found).node
        return "" if node is None or node.name not in saved.variables else saved.find(node).name

    def find(self, text: str, mode: str = "text") -> list[str]:
        """Return the full names that a search finds.

        Args:
            text: What to look for.
            mode: "text" in names, "op" in ops, "attr" in attributes (``padding=SAME``), "input" for what takes
                something of this name, "output" for what something of this name takes, "regex" as a regular expression
                in names.

        Raises:
            InvalidArgumentError: There is no such mode, or the expression is none.
        """
        return [item.name for item in self._answers.search.find(text, mode)]

    def trace(self, name: str, kind: TraceKind = "inputs", to: str = "") -> None:
        """Mark all that leads to a node ("inputs"), all that it leads to ("outputs"), or a "path" ``to`` another.

        An empty name takes the marks away.

        Raises:
            NotFoundError: The graph has no such node.
        """
        for each in filter(None, (name, to)):
            find_items(self._model.hierarchy, each)
        self._show(replace(self.state, trace=Trace(kind, name, to) if name else None))

    def hide_ops(self, *ops: str) -> None:
        """Leave these ops out of the picture, and only these; lines pass through what is left out.

        Raises:
            NotFoundError: The graph has no such op.
        """
        unknown = set(ops) - {op for op, _ in self._model.op_counts}
        if unknown:
            raise NotFoundError(f"the graph has no op {', '.join(map(visible, sorted(unknown)))}")
        self._show(replace(self.state, hide=tuple(ops)))

    def pull_aside(self, *names: str) -> None:
        """Draw nodes or scopes below the picture instead of in it."""
        self._move(names, aside=True)

    def put_back(self, *names: str) -> None:
        """Draw nodes or scopes in the picture, whatever they are."""
        self._move(names, aside=False)

    def color_by(self, what: str) -> None:
        """Choose what the colours say.

        Args:
            what: "kind", "op", "device", "size"; between two checkpoints "difference"; after `paint` "numbers".

        Raises:
            InvalidArgumentError: This view has no such colours.
        """
        if what not in self._answers.colors.offered:
            raise InvalidArgumentError(f"colours can say {', '.join(self._answers.colors.offered)}, not {what!r}")
        self._show(replace(self.state, color=what))

    def paint(self, numbers: Mapping[Any, Any], title: str = "", *, combine: Combined = "sum") -> pd.DataFrame:
        """Colour nodes by numbers: norms, gradients, what has changed between two steps.

        Args:
            numbers: A number by name, as a dict or a pandas Series: of ops, tensors (``x:0``), scopes, or tensors of
                the checkpoint. None is no number.
            title: What the numbers are; by default the name of the Series.
            combine: What a closed scope says of the numbers in it: their "sum", "mean", or "max", the one that is
                farthest from zero.

        Returns:
            A row for each node and scope with numbers: name, scope, count, sum, min, max.

        Raises:
            NotFoundError: The graph has none of the names.
            InvalidArgumentError: Something is no number.
        """
        title = title or str(getattr(numbers, "name", None) or "numbers")
        painted = self._answers.paint(numbers, title, combine)
        self._show(replace(self.state, color="numbers"))
        # The state may be the same as before, with other numbers.
        self.send({"event": "painted", "colors": self._answers.colors.offered, "painted": title})
        return painted.frame()

    def picture(self) -> GraphPicture:
        """Return what is seen as a static picture, with its SVG, DOT, HTML and text."""
        return GraphPicture(self._model, self._model.cut(self.state.options()).view)

    def save(self, path: AnyPath) -> None:
        """Write what is seen to a file: ``.svg``, ``.dot``, ``.html`` or ``.txt``.

        Raises:
            InvalidArgumentError: The name ends in none of these.
        """
        self.picture().save(path)

    def saved_forms(self, limit: int | None = MAX_DATA) -> Sequence[SavedForm]:
        """Return the picture, with the scopes laid out that can be opened in it."""
        picture = self._plain_picture()
        data = saved_graph(self._answers, self._model, self.state, limit)
        return [SavedForm(self.view_key, "graph", self._answers.title, picture.html, picture.text, pack_data(data))]

    @traitlets.validate("view_state")
    def _check_state(self, proposal: dict[str, object]) -> dict[str, Any]:
        return GraphState.from_json(proposal["value"]).to_json()

    def _show(self, state: GraphState) -> None:
        # A state that cannot be drawn is refused here, before the page sees it.
        self._model.cut(state.options())
        self.view_state = state.to_json()

    def _state_with(self, name: str) -> GraphState:
        """The state in which a name is drawn: scopes around it open, itself out of the groups aside."""
        hierarchy = self._model.hierarchy
        found = find_items(hierarchy, name)
        state = self.state
        if self._is_drawn(state, found):
            return state
        state = state.with_scopes_around(hierarchy, found[0])
        if not self._is_drawn(state, found):
            state = replace(state, aside={**state.aside, hierarchy.items[found[0]].name: False})
        return state

    def _is_drawn(self, state: GraphState, found: Iterable[int]) -> bool:
        view = self._model.cut(state.options()).view
        drawn = {box.id for box in (*view.nodes, *view.aside)} | {cluster.id for cluster in view.clusters}
        return not drawn.isdisjoint(found)

    def _move(self, names: Iterable[str], *, aside: bool) -> None:
        names = tuple(names)
        for name in names:
            find_items(self._model.hierarchy, name)
        self._show(replace(self.state, aside={**self.state.aside, **dict.fromkeys(names, aside)}))

    def _on_open(self, request: Request) -> Reply:
        self._take_state(request)
        self.open(str(request.payload.get("name", "")))
        return Reply()

    def _on_open_all(self, request: Request) -> Reply:
        self._take_state(request)
        self.open_all(str(request.payload.get("name", "")))
        return Reply()

    def _on_close(self, request: Request) -> Reply:
        self._take_state(request)
        self.close_scope(str(request.payload.get("name", "")))
        return Reply()

    def _on_reveal(self, request: Request) -> Reply:
        self._take_state(request)
        self.select(str(request.payload.get("name", "")))
        return Reply()

    def _take_state(self, request: Request) -> None:
        """Start from the page's state, which may be newer than the trait: a change of a trait can wait its turn."""
        state = request.payload.get("state")
        if state is not None:
            self.view_state = state

    def _repr_mimebundle_(self, **options: dict[str, object]) -> tuple[dict[str, Any], dict[str, Any]]:
        # anywidget gives (data, metadata); a front end without widgets, or without a kernel, takes the other forms.
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**data, **self._plain_picture()._repr_mimebundle_()}, metadata

    def _plain_picture(self) -> GraphPicture:
        view = self._model.cut(self.state.options()).view
        # Hardly anybody sees these, so our own layout has to do: no engine runs.
        return GraphPicture(self._model, view, given=arrange(view))


def _variables_of(graph: messages.GraphDef, tensors: NamedTensors[TensorSource] | None) -> VariableMessages | None:
    """Where the values of nodes come from: the checkpoint, or the constants of a frozen graph."""
    if tensors is not None:
        return VariableMessages(tensors, variables_frame(tensors.listing()), ViewHead(tensors.origin, ""))
    constants = Constants(graph)
    if not constants:
        return None
    tensors = NamedTensors(ArraySource(constants))
    return VariableMessages(tensors, graph_variables_frame(messages.MetaGraphDef(graph_def=graph)), ViewHead("", ""))
