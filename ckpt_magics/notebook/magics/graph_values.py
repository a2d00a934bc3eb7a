"""The values of a graph's variables: as places of a restore, as what is saved by name, as a side of a comparison."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from ckpt_magics.errors import visible
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.restore.matching import NameMatching
from ckpt_magics.files.restore.restore import plan_matched
from ckpt_magics.files.restore.restore_report import RestoreReport
from ckpt_magics.files.restore.stored import StoredTensors
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.files.tensors.spec import Array
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.variables.partition import PartitionedVariable
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.notebook.commands.restore_line import RestoreLine
from ckpt_magics.notebook.magics.namespace import user_values
from ckpt_magics.notebook.magics.notebook_graph import NotebookGraph
from ckpt_magics.notebook.magics.shown_progress import shown_progress

__all__ = ["restore_into_graph", "stored_under", "with_session_values"]


def restore_into_graph(
    shell: InteractiveShell, graph: NotebookGraph, line: RestoreLine, *, quiet: bool
) -> RestoreReport:
    """Do what ``%ckpt_restore`` says with the variables of a graph, all of them or none.

    Raises:
        CheckpointError: The restore is refused, or the checkpoint cannot be read.
    """
    variables = graph.saved_variables()
    with open_tensors(line.path, damaged=line.options.damaged) as tensors:
        stored = StoredTensors(tensors, damaged=line.options.damaged)
        mapping = {**_full_names(stored, variables), **line.options.mapping}
        matching = NameMatching(stored, replace(line.options, mapping=mapping))
        plan = plan_matched(matching, dict(variables), write_call=line.working)
        if line.dry_run and not plan.report.problems:
            return _named(plan.report, graph)
        with shown_progress("Restoring", shell, quiet=quiet) as progress:
            report = plan.apply(progress, lambda _: variables.commit())
    return _named(replace(report, values=graph), graph)


def stored_under(tensors: NamedTensors[TensorSource], graph: NotebookGraph) -> dict[str, Array]:
    """Return the values that a graph's variables have, by the names that a checkpoint has for them.

    Raises:
        UsageError: None of them has a value.
    """
    variables = graph.saved_variables()
    without = set(variables.without_value)
    values = {}
    for short, variable in variables.items():
        if not any(part.op_name in without for part in variable.parts):
            known = tensors.name_or_none(variable.name) or tensors.name_or_none(short)
            values[known or variable.name] = variable.numpy()
    if not values:
        raise UsageError(
            f"no variable of {visible(graph.title)}, the active graph, has a value yet; %ckpt_restore gives them "
            "values, %graph --off makes this about the notebook's own"
        )
    return values


def with_session_values(
    shell: InteractiveShell, active: NotebookGraph | None, chosen: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a line chose, with the values that variables of the active graph have in its session.

    Args:
        shell: Whose notebook is looked through for the graph of a tensor that has no value.
        active: The active graph, if there is one.
        chosen: Values by name.

    Raises:
        UsageError: A variable has no value there, or something is a tensor that only a run gives a value.
    """
    return {
        name: _session_value(shell, active, name, value) if isinstance(value, Operators) else value
        for name, value in chosen.items()
    }


def _session_value(shell: InteractiveShell, active: NotebookGraph | None, name: str, tensor: Any) -> Array:  # noqa: ANN401 - a tensor or what stands for one
    is_variable = isinstance(tensor, Variable | PartitionedVariable)
    if is_variable and active is not None and active.holds(tensor.graph):
        values = active.session.variable_values()
        parts = list(tensor) if isinstance(tensor, PartitionedVariable) else [tensor]
        missing = next((part.op.name for part in parts if part.op.name not in values), None)
        if missing is not None:
            raise UsageError(f"{visible(name)}: variable {visible(missing)} has no value yet")
        arrays = [values[part.op.name] for part in parts]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, tensor.axis)
    what = f"{visible(name)} is a {'variable' if is_variable else 'symbolic tensor'}, {visible(tensor.name)}"
    holder = _name_of(shell, tensor.graph)
    if holder is None:
        raise UsageError(
            f"{what}, whose value only a session has; save what a run of it gives: '{name}=SESSION.run(...)'"
        )
    key = visible(tensor.name.removesuffix(":0"))
    expression = f'{holder}["{key}"]' if is_variable else f'{holder}.session.run("{visible(tensor.name)}")'
    raise UsageError(f"{what}, whose value only a session has; this saves it: {name}={expression}")


def _name_of(shell: InteractiveShell, graph: Graph) -> str | None:
    """What the notebook calls the holder of a graph and its session."""
    values = user_values(shell).items()
    return next((name for name, value in values if isinstance(value, NotebookGraph) and value.holds(graph)), None)


def _full_names(stored: StoredTensors, variables: Container[str]) -> dict[str, str]:
    """Where an object-based checkpoint has the variables, by the names that they have in graphs."""
    full_names = stored.full_names().items()
    return {full: name for name, full in full_names if full in variables and full not in stored}


def _named(report: RestoreReport, graph: NotebookGraph) -> RestoreReport:
    """The report with a word on where the values are."""
    note = f"Into the variables of the graph {visible(graph.title)}; after %graph --off into the notebook's own."
    return replace(report, notes=(*report.notes, note))
