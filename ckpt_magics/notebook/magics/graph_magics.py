"""%%graph and %graph: a graph built in a cell, or read from a file, becomes the one that the notebook works on."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, output_can_be_silenced
from traitlets import Bool

from ckpt_magics.errors import CheckpointNotFoundError, visible
from ckpt_magics.files.storage.system_errors import system_errors
from ckpt_magics.notebook.commands.arguments import STORAGE
from ckpt_magics.notebook.commands.graph_command import GRAPH_ARGUMENTS, GRAPH_CELL_ARGUMENTS, draw_options
from ckpt_magics.notebook.commands.words import expanded
from ckpt_magics.notebook.magics.command import Scope, command
from ckpt_magics.notebook.magics.namespace import user_values
from ckpt_magics.notebook.magics.view_magics import has_front_end

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ckpt_magics.graphs.graph.graph import Graph
    from ckpt_magics.graphs.meta_graph.graph_sources import GraphSource
    from ckpt_magics.notebook.magics.notebook_graph import NotebookGraph
    from ckpt_magics.notebook.reports.graph_contents import GraphContents

__all__ = ["GraphMagics"]


@magics_class
class GraphMagics(Magics):
    """Build and show graphs. ``%config GraphMagics`` lists the settings.

    Attributes:
        active: The graph that %ckpt_save and %ckpt_restore are about, or None for the notebook's own variables.
    """

    shell: InteractiveShell
    active: NotebookGraph | None = None
    _own_default: Graph | Callable[[], Graph] | None = None

    static = Bool(False, help="Show pictures instead of interactive views, as if every line had --static.").tag(
        config=True
    )

    @cell_magic("graph")  # type: ignore[arg-type]  # its own type is for plain functions
    @output_can_be_silenced
    @command(*GRAPH_CELL_ARGUMENTS, name="%%graph")
    def graph_cell(self, arguments: argparse.Namespace, local_ns: Scope) -> object:  # noqa: ARG002 - of the caller
        """Run the cell with a fresh graph as the default one, and show what it built.

        In the cell, tf is ckpt_magics.compat.v1, unless the notebook has a tf of its own. TensorFlow's own graph is
        shown when the cell uses TensorFlow. A cell that ends in a graph (a GraphDef, MetaGraphDef, tf.Graph or concrete
        function) or in the path of one shows that.

        Running the cell again starts again: no weight_1. If it fails, the graph before stays. The graph becomes
        the active one: %ckpt_save PREFIX saves its variables, %ckpt_restore PREFIX restores them.

        NAME.graph has the nodes, NAME.session the values, NAME["weight"] is a variable's value as an array,
        NAME.variables a DataFrame, NAME.picture the picture. In Python: show_graph(graph).

        Examples::

            %%graph
            %%graph net --depth 2
            %%graph net --open layer_1 --show optimizer --direction LR
            %%graph net --static -o net.svg
        """
        from ckpt_magics.graphs.graph.graph import Graph
        from ckpt_magics.graphs.meta_graph.graph_sources import GraphSource
        from ckpt_magics.notebook.magics.graph_cell import run_graph_cell
        from ckpt_magics.notebook.magics.notebook_graph import NotebookGraph
        from ckpt_magics.notebook.reports.graph_contents import BUILT

        name = arguments.name
        if name is not None and not name.isidentifier():
            raise UsageError(f"%%graph takes the name of a variable, not {visible(name)}; %graph {name} opens a file")
        fresh = NotebookGraph(name or "graph", GraphSource(name or "", BUILT, None), graph=Graph())
        before = self.active
        self.activate(fresh)  # also for a %ckpt_save inside the cell
        try:
            result = run_graph_cell(self.shell, arguments.cell, fresh)
            shown = self._prepared(result.graph, arguments)
        except BaseException:
            self.activate(before)
            raise
        self.activate(result.graph)
        if name is not None:
            self.shell.user_ns[name] = result.graph
        if result.value is not None:
            from IPython.display import display

            display(result.value)  # type: ignore[no-untyped-call]
        return shown

    @line_magic("graph")  # type: ignore[arg-type]  # as above
    @command(*GRAPH_ARGUMENTS, STORAGE, name="%graph")
    def graph_line(self, arguments: argparse.Namespace, local_ns: Scope) -> object:
        """Show a graph from a file, of a checkpoint or of the notebook.

        It becomes the active graph: %ckpt_restore PREFIX restores its variables, %ckpt_save PREFIX saves them. A
        checkpoint's graph is its .meta file; without one, the scopes of its names are shown, and nothing becomes
        active. Ops that are not known are drawn like others.

        The value has .graph, .session, .variables and .picture, and value["weight"] is a variable's value as an array.
        In Python: show_graph(source), freeze_graph(source, target).

        Examples::

            %graph model.ckpt.meta
            %graph model.ckpt --depth 1 --hide save
            net = %graph export/saved_model.pb --tags serve
            %graph net --open encoder/layer_0 --direction LR
            %graph net --static -o net.html;
            %graph model.ckpt.meta --inputs-outputs
            %graph model.ckpt.meta --freeze model.pb --outputs prob
            %graph model.pb --write model.pbtxt
            %graph --off
        """
        if arguments.off:
            self.activate(None)
            return None
        from ckpt_magics.notebook.magics.notebook_graph import NotebookGraph
        from ckpt_magics.notebook.reports.graph_contents import describe_graph, ends_report

        graph = self._found(arguments, {**self.shell.user_ns, **(local_ns or {})})
        if arguments.inputs_outputs and isinstance(graph, NotebookGraph):
            self.activate(graph)
            print(ends_report(graph.contents).text())  # noqa: T201 - asked for
            return None
        if isinstance(graph, NotebookGraph) and arguments.write is not None:
            graph.write(expanded(arguments.write))
        if isinstance(graph, NotebookGraph) and arguments.freeze is not None:
            self.activate(graph)
            return graph.freeze(expanded(arguments.freeze), arguments.outputs)
        if not isinstance(graph, NotebookGraph):
            if arguments.freeze is not None or arguments.write is not None:
                raise UsageError(f"{visible(graph.path)} has no graph: no .meta file is beside it")
            contents = describe_graph(graph, draw_options(arguments))
            return _written(contents, contents, arguments)
        shown = self._prepared(graph, arguments)
        self.activate(graph)
        return shown

    def activate(self, graph: NotebookGraph | None) -> None:
        """Make a graph the active one; it is the default graph of the cells that follow, too."""
        from ckpt_magics.graphs.graph.default import set_default_graph

        if graph is None:
            if self.active is not None:
                set_default_graph(self._own_default)
        else:
            before = set_default_graph(lambda: graph.graph)
            if self.active is None:
                self._own_default = before
        self.active = graph

    def _found(self, arguments: argparse.Namespace, scope: Mapping[str, Any]) -> NotebookGraph | GraphSource:
        """The graph that a line names: the active one, one of the notebook, or one from a file."""
        from ckpt_magics.notebook.magics.notebook_graph import NotebookGraph
        from ckpt_magics.notebook.reports.graph_contents import open_graph

        word = arguments.source
        if word is None:
            if self.active is None:
                raise UsageError("there is no graph yet: give a file, or build one in a cell that begins with %%graph")
            return self.active
        named = scope.get(word)
        if isinstance(named, NotebookGraph):
            return named
        if named is not None and not isinstance(named, str | bytes | os.PathLike):
            return _held(word, named, arguments.tags)
        try:
            source = open_graph(expanded(word if named is None else os.fsdecode(named)), arguments.tags)
        except CheckpointNotFoundError as error:
            graphs = [name for name, value in user_values(self.shell).items() if isinstance(value, NotebookGraph)]
            error.hint = f"Graphs in the notebook: {', '.join(graphs)}" if graphs else error.hint
            raise
        return source if source.meta_graph is None else NotebookGraph(os.path.basename(source.path), source)

    def _prepared(self, graph: NotebookGraph, arguments: argparse.Namespace) -> object:
        """What to show of a graph; it is drawn here, where a wrong option is still an error of the line."""
        graph.options = draw_options(arguments)
        graph.widget = self._shows_widgets(arguments)
        return _written(graph, graph.contents, arguments)

    def _shows_widgets(self, arguments: argparse.Namespace) -> bool:
        return not (arguments.static or self.static) and has_front_end(self.shell)


def _held(word: str, value: object, tags: Sequence[str]) -> NotebookGraph:
    """The graph that a variable of the notebook is."""
    from ckpt_magics.graphs.graph.graph import Graph
    from ckpt_magics.graphs.meta_graph.graph_sources import GraphSource
    from ckpt_magics.notebook.magics.notebook_graph import NotebookGraph
    from ckpt_magics.notebook.reports.graph_contents import BUILT, open_graph

    if isinstance(value, Graph):
        return NotebookGraph(word, GraphSource(word, BUILT, None), graph=value)
    return NotebookGraph(word, replace(open_graph(value, tags), path=word))


def _written(shown: object, contents: GraphContents, arguments: argparse.Namespace) -> object:
    """Write and print what the line asks for, and return what is left to show."""
    if arguments.output is not None:
        path = expanded(arguments.output)
        with system_errors(path):
            contents.picture.save(path)
    if arguments.text:
        print(contents)  # noqa: T201 - asked for
        return None
    return shown
