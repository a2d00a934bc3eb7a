"""A restore whose places are the variables of a graph."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from ckpt_magics.checkpoint.reader import CheckpointReader, load_checkpoint
from ckpt_magics.errors import visible
from ckpt_magics.magics.notebook_graph import NotebookGraph
from ckpt_magics.magics.progress import shown_progress
from ckpt_magics.magics.restoring import source_path, working_line
from ckpt_magics.saver.interrupts import uninterrupted
from ckpt_magics.saver.mapping import parse_map
from ckpt_magics.saver.report import RestoreReport
from ckpt_magics.saver.restore import plan_restore
from ckpt_magics.saver.stored import StoredTensors

__all__ = ["restore_into_graph"]


def restore_into_graph(
    shell: InteractiveShell, graph: NotebookGraph, arguments: argparse.Namespace, *, quiet: bool
) -> RestoreReport:
    """Do what ``%ckpt_restore`` says with the variables of a graph, all of them or none.

    Raises:
        CheckpointError: The restore is refused, or the checkpoint cannot be read.
    """
    variables = graph.saved_variables()
    with load_checkpoint(source_path(arguments)) as reader:
        stored = StoredTensors(reader)
        plan = plan_restore(
            stored,
            dict(variables),
            include=arguments.pattern,
            exclude=arguments.exclude,
            mapping={**_full_names(reader, stored, variables), **parse_map(arguments.map)},
            reshape=arguments.reshape,
            cast=arguments.cast,
            partial=arguments.partial,
            add_new=False,
            write_call=lambda fix: working_line(arguments, fix),
        )
        if arguments.dry_run and not plan.report.problems:
            return _named(plan.report, graph)
        with shown_progress("Restoring", shell, quiet=quiet) as progress:
            report = plan.apply(progress)
        with uninterrupted():
            variables.commit()
    return _named(replace(report, values=graph), graph)


def _full_names(reader: CheckpointReader, stored: StoredTensors, variables: Any) -> dict[str, str]:  # noqa: ANN401 - a mapping by name
    """Where an object-based checkpoint has the variables, by the names that they have in graphs."""
    objects = reader.object_graph
    if objects is None:
        return {}
    return {name: objects.full_names[name] for name in variables if name not in stored and name in objects.full_names}


def _named(report: RestoreReport, graph: NotebookGraph) -> RestoreReport:
    """The report with a word on where the values are."""
    note = f"Into the variables of the graph {visible(graph.title)}; after %graph --off into the notebook's own."
    return replace(report, notes=(*report.notes, note))
