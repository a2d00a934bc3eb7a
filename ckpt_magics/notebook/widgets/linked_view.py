"""A checkpoint as its graph and the table of its variables, one below the other: a row leads to its node and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets

from ckpt_magics.files.storage import naming
from ckpt_magics.files.storage.place import AnyPath, place_of
from ckpt_magics.graphs.meta_graph.graph_files import read_meta_graph
from ckpt_magics.notebook.widgets.graph.graph_view import GraphView
from ckpt_magics.notebook.widgets.saved_output import MAX_DATA, SavedForm, display_view, save_page
from ckpt_magics.notebook.widgets.tensors.table_view import TableView
from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView

if TYPE_CHECKING:
    from ckpt_magics.files.object_graph.named_tensors import TensorReader
    from ckpt_magics.files.tensors.source import TensorSource

__all__ = ["LinkedView", "graph_beside", "linked_view"]


class LinkedView(ipywidgets.VBox):  # type: ignore[misc] # ipywidgets has no types
    """A graph and a table that follow one another.

    Args:
        graph: The graph, linked with the checkpoint of the table.
        table: The variables.

    Attributes:
        graph: As given.
        table: As given.
    """

    def __init__(self, graph: GraphView, table: TableView) -> None:
        self.graph = graph
        self.table = table
        super().__init__([graph, table])
        table.observe(self._follow_row, "active_row")
        graph.observe(self._follow_node, "selected")

    def close(self) -> None:
        """Take both from the page."""
        # Also called for one that failed before it was complete.
        for part in self.children:
            part.close()
        super().close()

    def saved_forms(self, limit: int | None = MAX_DATA) -> Sequence[SavedForm]:
        """Return what is saved of both."""
        return [*self.graph.saved_forms(limit), *self.table.saved_forms(limit)]

    def save_html(self, path: AnyPath) -> None:
        """Write both as one HTML file that works without kernel and network.

        Raises:
            OSError: The file cannot be written.
        """
        save_page(path, self.saved_forms(limit=None))

    def continue_from(self, former: object) -> None:
        """Look where a former view of the same two looked."""
        if isinstance(former, LinkedView):
            self.graph.continue_from(former.graph)
            self.table.continue_from(former.table)

    def _follow_row(self, change: dict[str, Any]) -> None:
        """Select the node of the row that somebody looks at, unless it is selected already."""
        row = change["new"]
        if 0 <= row < len(self.table.variables):
            name = str(self.table.variables["name"].iloc[row])
            if self.graph.variable_of(self.graph.selected) != name:
                self.graph.select_variable(name)

    def _follow_node(self, change: dict[str, Any]) -> None:
        """Look at the row of the variable that was selected; another node leaves the table as it is."""
        row = self.table.row_of(self.graph.variable_of(change["new"]))
        if row is not None:
            self.table.active_row = row

    def _ipython_display_(self) -> None:
        display_view(self)

    def _repr_mimebundle_(self, **options: dict[str, object]) -> dict[str, Any] | tuple[dict[str, Any], dict[str, Any]]:
        shown = super()._repr_mimebundle_(**options)
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        parts = [view._repr_mimebundle_()[0] for view in (self.graph, self.table)]
        return {
            **data,
            "text/html": "".join(part["text/html"] for part in parts),
            "text/plain": "\n\n".join(part["text/plain"] for part in parts),
        }, metadata


def linked_view(table: VariablesView) -> LinkedView | None:
    """Return the table of a checkpoint below the graph that was saved beside it; None if none was.

    Raises:
        DataLossError: The file beside it holds no graph.
    """
    graph = graph_beside(table.source)
    return None if graph is None else LinkedView(graph, table)


def graph_beside(reader: TensorReader[TensorSource]) -> GraphView | None:
    """Return the graph that was saved beside a checkpoint, linked with it; None if none was.

    Raises:
        DataLossError: The file beside it holds no graph.
    """
    path = naming.meta_graph_filename(reader.named_tensors.origin)
    if not place_of(path).is_file:
        return None
    return GraphView(read_meta_graph(path), title=path, reader=reader)
