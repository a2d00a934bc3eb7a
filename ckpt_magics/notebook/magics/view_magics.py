"""%ckpt_diff, and the interactive forms of what the other magics return."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_magic, magics_class

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.notebook.commands.arguments import STORAGE
from ckpt_magics.notebook.commands.bytes_command import BYTES_ARGUMENTS
from ckpt_magics.notebook.commands.diff_command import DIFF_ARGUMENTS
from ckpt_magics.notebook.commands.words import expanded
from ckpt_magics.notebook.magics.active_graph import active_graph
from ckpt_magics.notebook.magics.command import Scope, command
from ckpt_magics.notebook.magics.namespace import source_of_word, user_values
from ckpt_magics.notebook.magics.shown_progress import shown_progress
from ckpt_magics.phrasing import names_text

if TYPE_CHECKING:
    from ckpt_magics.files.jobs.comparison import Tensors
    from ckpt_magics.notebook.widgets.graph.graph_view import GraphView
    from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView

__all__ = ["ViewMagics", "has_front_end", "variables_view"]


def has_front_end(shell: InteractiveShell) -> bool:
    """Whether there is a notebook that can show widgets; a terminal has no kernel."""
    return getattr(shell, "kernel", None) is not None


def variables_view(shell: InteractiveShell, source: str) -> VariablesView:
    """Return a view whose Restore button brings variables into this notebook."""
    from ckpt_magics.notebook.reader import opened_on_demand
    from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView

    reader = opened_on_demand(source)
    return VariablesView(reader, restore=lambda names: _restore(shell, reader.prefix, names))


def _restore(shell: InteractiveShell, prefix: str, names: Sequence[str]) -> str:
    from ckpt_magics.files.restore.restore_options import RestoreOptions
    from ckpt_magics.notebook.commands.restore_line import RestoreLine
    from ckpt_magics.notebook.magics.restoring import restore_into_notebook

    line = RestoreLine(prefix, RestoreOptions(include=names))
    try:
        return restore_into_notebook(shell, line, quiet=True).summary
    except UsageError as error:
        raise InvalidArgumentError(str(error)) from error


def _live_tensors(stored: Tensors, values: Mapping[str, Any]) -> Tensors:
    """The notebook's variables under the names that a restore would bring them back from."""
    from ckpt_magics.files.object_graph.named_tensors import NamedTensors
    from ckpt_magics.files.objects.collected import collect_tensors
    from ckpt_magics.files.objects.containers import container_kind
    from ckpt_magics.files.objects.leaves import leaf_kind
    from ckpt_magics.files.restore.restore_options import RestoreOptions
    from ckpt_magics.files.restore.stored import StoredTensors
    from ckpt_magics.files.tensors.array_source import ArraySource
    from ckpt_magics.notebook.magics.notebook_names import notebook_matching

    names = StoredTensors(stored, damaged=True)
    origins = notebook_matching(names, RestoreOptions()).origins
    heads = dict.fromkeys(new.partition("/")[0] for new in origins)
    live = {
        origins.get(name, name): array
        for head in heads
        # Functions, classes and modules may bear the name of a tensor without having to do with it.
        if head in values and (leaf_kind(values[head]) is not None or container_kind(values[head]) is not None)
        for name, array in collect_tensors(values[head], head).items()
    }
    if not live:
        wanted = names_text(heads)
        raise UsageError(f"the notebook has none of the checkpoint's variables ({wanted}); name a checkpoint B")
    return NamedTensors(ArraySource(live))


def _second_side(shell: InteractiveShell, word: str) -> tuple[Tensors, str]:
    from ckpt_magics.files.directory.open_tensors import open_on_demand
    from ckpt_magics.files.objects.tensors_of import tensors_of

    source = source_of_word(word, user_values(shell))
    if not isinstance(source, str):
        return tensors_of(source), word
    tensors = open_on_demand(source)
    return tensors, tensors.origin


@magics_class
class ViewMagics(Magics):
    """Compare checkpoints."""

    shell: InteractiveShell

    @line_magic
    @command(*DIFF_ARGUMENTS, STORAGE)
    def ckpt_diff(self, arguments: argparse.Namespace, local_ns: Scope) -> object:  # noqa: ARG002 - of the caller
        """Compare two checkpoints, or a checkpoint and the notebook's variables: added, removed, reshaped, changed.

        Without B, after %%graph or %graph, the variables are the active graph's, with the values of its session.

        The value has .variables, a DataFrame with a row per tensor and the norms of the differences; with --static it
        is that DataFrame. --graph adds the graph, coloured by how much each variable has changed: its .table is the
        comparison, its .graph the picture. In Python: compare_checkpoints(a, b).

        Examples::

            %ckpt_diff run/model.ckpt-100 run/model.ckpt-200
            %ckpt_diff model.ckpt
            %ckpt_diff model.ckpt params --static
            %ckpt_diff old.ckpt new.ckpt --map head/=logits/
            %ckpt_diff run/model.ckpt-100 run/model.ckpt-200 --graph
        """
        from ckpt_magics.files.directory.open_tensors import open_on_demand
        from ckpt_magics.files.jobs.comparison import compare, under_new_names
        from ckpt_magics.files.parallel.dask_executor import dask_executor
        from ckpt_magics.files.steps.mapping import parse_map
        from ckpt_magics.notebook.frames.differences import difference_frame

        before = under_new_names(open_on_demand(expanded(arguments.before)), parse_map(arguments.map))
        if arguments.after is None:
            after, title = self._present_tensors(before, quiet=arguments.quiet)
        else:
            after, title = _second_side(self.shell, arguments.after)
        showing = shown_progress("Comparing", self.shell, quiet=arguments.quiet)
        with showing as progress, dask_executor(arguments.dask) as executor:
            found = compare(before, after, progress, executor=executor)
        if arguments.static or not has_front_end(self.shell):
            return difference_frame(found)
        from ckpt_magics.notebook.widgets.tensors.difference_view import DifferenceView

        table = DifferenceView(before, after, (before.origin, title), found)
        if not arguments.graph:
            return table
        from ckpt_magics.notebook.widgets.linked_view import LinkedView

        graph = self._graph_of(arguments, before, after)
        changes = {tensor.name: tensor.distance.norm for tensor in found if tensor.distance is not None}
        if changes:
            graph.paint(changes, "\N{DOUBLE VERTICAL LINE}\N{GREEK CAPITAL LETTER DELTA}\N{DOUBLE VERTICAL LINE}")
        return LinkedView(graph, table)

    def _graph_of(self, arguments: argparse.Namespace, before: Tensors, after: Tensors) -> GraphView:
        """The active graph where that is compared, else the graph beside either checkpoint."""
        from ckpt_magics.notebook.widgets.linked_view import graph_beside

        active = active_graph(self.shell)
        if arguments.after is None and active is not None:
            view: GraphView = active.view()
            return view
        found = graph_beside(after) or graph_beside(before)
        if found is None:
            raise UsageError("--graph: there is no graph (.meta) beside either checkpoint")
        return found

    @line_magic
    @command(*BYTES_ARGUMENTS, STORAGE)
    def ckpt_bytes(self, arguments: argparse.Namespace, local_ns: Scope) -> object:  # noqa: ARG002 - of the caller
        """Show what each byte of a checkpoint's files is: blocks, entries, messages, checksums, values, gaps.

        In a notebook the view is interactive: unfold ranges, look at their bytes, find a tensor. What cannot be read is
        shown as that. In Python: show_bytes(source), and describe_bytes(source), which has .files, .tensor(name) and
        .hex(offset, size, file); the view has it as .found.

        Examples::

            %ckpt_bytes model.ckpt
            %ckpt_bytes model.safetensors --static
            %ckpt_bytes model.ckpt --tensor layer/kernel
        """
        from ckpt_magics.notebook.reports.byte_report import describe_bytes

        found = describe_bytes(expanded(arguments.source), tensor=arguments.tensor, depth=arguments.depth)
        if arguments.static or not has_front_end(self.shell):
            return found
        from ckpt_magics.notebook.widgets.bytes.bytes_view import BytesView

        return BytesView(found)

    def _present_tensors(self, stored: Tensors, *, quiet: bool) -> tuple[Tensors, str]:
        """The variables of the active graph, or else the notebook's, and what to call them."""
        graph = active_graph(self.shell)
        if graph is None:
            return _live_tensors(stored, user_values(self.shell)), "notebook"
        from ckpt_magics.files.object_graph.named_tensors import NamedTensors
        from ckpt_magics.files.tensors.array_source import ArraySource
        from ckpt_magics.notebook.magics.graph_values import stored_under

        if not quiet:
            print(f"Comparing with the variables of {visible(graph.title)}, the active graph")  # noqa: T201 - has to be known
        return NamedTensors(ArraySource(stored_under(stored, graph))), graph.title
