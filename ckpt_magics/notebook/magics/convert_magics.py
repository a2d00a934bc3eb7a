"""%ckpt_convert and %ckpt_average: each parses its line and calls one function."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_magic, magics_class, needs_local_scope

from ckpt_magics.notebook.commands.arguments import STORAGE
from ckpt_magics.notebook.commands.convert_command import average_arguments, convert_arguments
from ckpt_magics.notebook.commands.convert_line import (
    convert_options,
    factors_of,
    paths_of_line,
    steps_of_line,
)
from ckpt_magics.notebook.magics.command import Scope, command
from ckpt_magics.notebook.magics.namespace import source_of_word, user_values
from ckpt_magics.notebook.magics.shown_progress import shown_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["ConvertMagics"]


@magics_class
class ConvertMagics(Magics):
    """Convert and average checkpoints."""

    shell: InteractiveShell

    @line_magic
    @needs_local_scope
    @command(*convert_arguments(), STORAGE)
    def ckpt_convert(self, arguments: argparse.Namespace, local_ns: Scope) -> object:
        """Write the tensors of a checkpoint to a file of any kind, changed by steps in the order given.

        Nothing is written if a step cannot be done or a tensor cannot be held, and what was written is read back. The
        value is the report: .table has every tensor with what it comes from, .dropped what was left out.

        In Python: convert_checkpoint(source, target, [("exclude", ["*/Adam"]), ("map", {"new": "old"})]).

        Examples::

            %ckpt_convert model.ckpt model.safetensors --weights-only
            %ckpt_convert bert.ckpt model.safetensors --recipe bert
            %ckpt_convert model.ckpt slim.ckpt --exclude 'head/*' --map encoder/=bert/ --dry-run
            %ckpt_convert gen:g.ckpt disc:d.ckpt both.npz --dtype '*=float16'
        """
        from ckpt_magics.files.parallel.dask_executor import dask_executor
        from ckpt_magics.notebook.reports.conversion_report import convert_checkpoint, list_recipes

        if arguments.recipes:
            return list_recipes()
        sources, scopes, target = self._paths(arguments.paths, arguments.under)
        steps = steps_of_line(arguments, self._variables(local_ns))
        showing = shown_progress("Converting", self.shell, quiet=arguments.quiet)
        with showing as progress, dask_executor(arguments.dask) as executor:
            options = convert_options(arguments, progress, executor)
            return convert_checkpoint(sources, target, steps, under=scopes, options=options)

    @line_magic
    @needs_local_scope
    @command(*average_arguments(), STORAGE)
    def ckpt_average(self, arguments: argparse.Namespace, local_ns: Scope) -> object:
        """Write the mean of several checkpoints, taken in float64; integers, strings and steps of the newest.

        The value is the report. In Python: average_checkpoints([source, …], target).

        Examples::

            %ckpt_average run/m.ckpt-100 run/m.ckpt-200 mean.ckpt
            %ckpt_average run mean.ckpt --last 5 --weights-only
        """
        from ckpt_magics.files.parallel.dask_executor import dask_executor
        from ckpt_magics.notebook.reports.conversion_report import average_checkpoints

        sources, _, target = self._paths(arguments.paths)
        steps = steps_of_line(arguments, self._variables(local_ns))
        showing = shown_progress("Averaging", self.shell, quiet=arguments.quiet)
        with showing as progress, dask_executor(arguments.dask) as executor:
            return average_checkpoints(
                sources,
                target,
                steps,
                last=arguments.last,
                factors=factors_of(arguments.factors),
                ema=arguments.ema,
                common=arguments.common,
                options=convert_options(arguments, progress, executor),
            )

    def _paths(self, paths: Sequence[str], under: Sequence[str] = ()) -> tuple[list[Any], list[str], str]:
        """What the words of a line stand for: sources, the scope of each, and the target."""
        words, scopes, target = paths_of_line(paths, under)
        values = user_values(self.shell)
        return [source_of_word(word, values) for word in words], scopes, target

    def _variables(self, local_ns: Scope) -> dict[str, Any]:
        return {**user_values(self.shell), **(local_ns or {})}
