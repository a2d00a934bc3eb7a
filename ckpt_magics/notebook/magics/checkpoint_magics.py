"""%ckpt_save, %ckpt_restore and %ckpt_show: each parses its line and calls one function."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class, needs_local_scope
from traitlets import Bool, Int

from ckpt_magics.files.objects.library_values import is_symbolic
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.notebook.commands.arguments import STORAGE
from ckpt_magics.notebook.commands.notebook_lines import RESTORE_ARGUMENTS, SAVE_ARGUMENTS
from ckpt_magics.notebook.commands.show_command import SHOW_ARGUMENTS
from ckpt_magics.notebook.commands.words import expanded
from ckpt_magics.notebook.magics.active_graph import active_graph, graph_to_restore
from ckpt_magics.notebook.magics.command import Scope, command
from ckpt_magics.notebook.magics.namespace import array_names, at_root, chosen_values, user_values
from ckpt_magics.notebook.magics.shown_progress import shown_progress
from ckpt_magics.phrasing import names_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from ckpt_magics.files.storage.progress import Progress

__all__ = ["CheckpointMagics"]


@magics_class
class CheckpointMagics(Magics):
    """Save, restore and show checkpoints. ``%config CheckpointMagics`` lists the settings."""

    shell: InteractiveShell

    quiet = Bool(False, help="Print nothing and show no progress, as if every line had -q.").tag(config=True)
    max_to_keep = Int(
        5, help="Checkpoints with a step to keep of a prefix when the line does not say; 0 keeps all."
    ).tag(config=True)
    durable = Bool(True, help="Wait until the disk has a saved checkpoint.").tag(config=True)

    @line_magic
    @needs_local_scope
    @command(*SAVE_ARGUMENTS, STORAGE)
    def ckpt_save(self, arguments: argparse.Namespace, local_ns: Scope) -> object:
        """Save values as a TensorFlow checkpoint.

        Arrays, numbers, strings, tensors and variables of TensorFlow, PyTorch and JAX, modules and optimizers, pandas
        Series and DataFrames; dicts and lists of these get names joined with /. None holds nothing and is left out. A
        variable of the active graph (see %%graph) is saved with the value that it has there. Without names: all
        variables of that graph, or else every array. Arrays of dask are computed and written by its workers: those of
        the client that there is, with --dask=ADDRESS of the scheduler there.

        The value is the prefix, with its step; .files says what was written, .removed which older checkpoints went,
        .left_out what was None. Without --step no checkpoint goes. In Python: save_checkpoint(prefix, tensors).

        Examples::

            %ckpt_save model.ckpt weight biases
            %ckpt_save runs/model.ckpt params step=epoch --step epoch
            %ckpt_save model.ckpt params --as-root
            %ckpt_save runs/ckpt model optimizer --objects --step epoch
            %ckpt_save model.ckpt layer/kernel=model.weights[0] --v1
            %ckpt_save runs/model.ckpt params --step epoch --metric loss=loss --keep-best 3 --max-to-keep 1
            saved = %ckpt_save model.ckpt
            %ckpt_save "{directory}/model.ckpt" weight -q;
        """
        values = user_values(self.shell)
        scope = {**self.shell.user_ns, **(local_ns or {})}
        quiet = arguments.quiet or self.quiet
        active = active_graph(self.shell)
        graph = None if arguments.values else active
        names = arguments.values
        if arguments.as_root and not names:
            raise UsageError("--as-root needs a NAME: %ckpt_save PREFIX NAME --as-root")
        if graph is not None and arguments.objects:
            raise UsageError("--objects needs a NAME: %ckpt_save PREFIX NAME --objects; a graph holds no objects")
        if graph is not None:
            self._say(f"Saving the variables of {graph.title}, the active graph", quiet=quiet)
        elif not names:
            names = array_names(values)
            if not names:
                raise UsageError("there is no array in the notebook; name what to save: NAME or NAME=EXPRESSION")
            self._say(f"Saving every array: {', '.join(names)}", quiet=quiet)
        step = self._step(arguments.step, values, scope)
        with shown_progress("Saving", self.shell, quiet=quiet) as progress:
            from ckpt_magics.files.parallel.dask_executor import dask_executor
            from ckpt_magics.graphs.saver.array_saving import save_arrays

            metrics = chosen_values(arguments.metric, values, scope)
            options = self._save_options(arguments, step, metrics, progress)
            self._say_what_goes(expanded(arguments.prefix), options, quiet=quiet)
            if graph is not None:
                from ckpt_magics.graphs.saver.graph_saving import save_session

                return save_session(expanded(arguments.prefix), graph.session, graph.saver_def, options)
            chosen = chosen_values(names, values, scope)
            chosen = at_root(chosen) if arguments.as_root else chosen
            if any(is_symbolic(value) for value in chosen.values()):
                from ckpt_magics.notebook.magics.graph_values import with_session_values

                chosen = with_session_values(self.shell, active, chosen)
            with dask_executor(arguments.dask, set_default=True):
                return save_arrays(expanded(arguments.prefix), chosen, options)

    @staticmethod
    def _step(expression: str | None, values: Mapping[str, Any], scope: Mapping[str, Any]) -> object:
        """The value of ``--step``; None without one."""
        if expression is None:
            return None
        step = chosen_values([f"step={expression}"], values, scope)["step"]
        if step is None:
            raise UsageError(f"--step {expression}: it is None, and has to be one whole number")
        return step

    def _save_options(
        self, arguments: argparse.Namespace, step: object, metrics: Mapping[str, Any], progress: Progress | None
    ) -> SaveOptions:
        from ckpt_magics.graphs.saver.array_saving import as_step

        return SaveOptions(
            write_version=1 if arguments.v1 else 2,
            global_step=as_step(step),
            max_to_keep=self.max_to_keep if arguments.max_to_keep is None else arguments.max_to_keep,
            keep_checkpoint_every_n_hours=arguments.keep_every_hours,
            metrics=metrics,
            keep_best=arguments.keep_best,
            highest=arguments.highest,
            num_shards=arguments.shards,
            objects=arguments.objects,
            write_meta_graph=not arguments.no_meta,
            write_state=not arguments.no_state,
            absolute_paths=arguments.absolute_paths,
            durable=self.durable,
            progress=progress,
        )

    def _say_what_goes(self, prefix: str, options: SaveOptions, *, quiet: bool) -> None:
        """Say which checkpoints the save will delete."""
        if quiet or options.global_step is None:
            return
        from ckpt_magics.files.directory.recording import checkpoints_to_go

        stem = place_of(prefix)
        old = checkpoints_to_go(stem.at(options.with_step(prefix)), options, stem)
        if old:
            names = names_text([stem.at(path).stem for path in old])
            self._say(f"After the save, being older than those kept, go: {names}", quiet=quiet)

    def _say(self, text: str, *, quiet: bool) -> None:
        if not quiet:
            print(text)  # noqa: T201 - the user has to know

    @line_magic
    @command(*RESTORE_ARGUMENTS, STORAGE)
    def ckpt_restore(self, arguments: argparse.Namespace, local_ns: Scope) -> object:  # noqa: ARG002 - of the caller
        """Bring the values of a checkpoint back under the names they were saved under: all of them, or none.

        With an active graph (see %%graph and %graph) they go into its variables, without one into the notebook.

        Arrays of the same shape and dtype, torch modules, variables and dicts change in place. What has no place
        becomes a new variable, names with / become nested dicts. If anything does not fit, nothing is changed, and the
        error lists every reason and the line that works.

        The value is the report: restored, left alone, unused. In Python: restore_checkpoint(source, targets).

        Examples::

            %ckpt_restore model.ckpt
            %ckpt_restore runs weight 'layer/*' --exclude 'head/*' global_step
            %ckpt_restore model.ckpt weights biases --map weights=weight --reshape
            %ckpt_restore old.ckpt --map new_scope/=old_scope/ '*/kernel=*/weights' --dry-run
            %ckpt_restore model.ckpt --into params --step 500
        """
        from ckpt_magics.notebook.commands.restore_line import restore_line
        from ckpt_magics.notebook.magics.restoring import restore_into_notebook

        line, quiet = restore_line(arguments), arguments.quiet or self.quiet
        graph = graph_to_restore(self.shell, arguments.into)
        if graph is not None:
            from ckpt_magics.notebook.magics.graph_values import restore_into_graph

            return restore_into_graph(self.shell, graph, line, quiet=quiet)
        return restore_into_notebook(self.shell, line, quiet=quiet)

    @line_magic
    @command(*SHOW_ARGUMENTS, STORAGE)
    def ckpt_show(self, arguments: argparse.Namespace, local_ns: Scope) -> object:  # noqa: ARG002 - of the caller
        """Show what a checkpoint holds: its files, each in a sentence, and its variables.

        In a notebook the view is interactive: search, sort, look into values, restore. The value has .files and
        .variables, with --stats also .statistics: min, max, mean, std, zeros, nans and infs of every tensor. In Python:
        show_checkpoint(source), describe_checkpoint(source) for plain tables, and reader.statistics().

        Examples::

            %ckpt_show model.ckpt
            %ckpt_show runs
            %ckpt_show model.ckpt --graph
            %ckpt_show model.ckpt --stats
            shown = %ckpt_show model.ckpt.index
        """
        from ckpt_magics.notebook.magics.view_magics import has_front_end, variables_view
        from ckpt_magics.notebook.reports.contents import describe_checkpoint

        if arguments.stats:
            from ckpt_magics.files.parallel.dask_executor import dask_executor

            showing = shown_progress("Reading", self.shell, quiet=arguments.quiet or self.quiet)
            with showing as progress, dask_executor(arguments.dask) as executor:
                source = expanded(arguments.source)
                return describe_checkpoint(source, statistics=True, progress=progress, executor=executor)
        if arguments.static or not has_front_end(self.shell):
            return describe_checkpoint(expanded(arguments.source))
        table = variables_view(self.shell, expanded(arguments.source))
        if not arguments.graph:
            return table
        from ckpt_magics.notebook.show import with_graph

        return with_graph(table)
