"""A restore whose places are the notebook's variables."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.objects.leaves import NEW_VALUE
from ckpt_magics.files.objects.tree import take_apart
from ckpt_magics.files.restore.matching import NameMatching
from ckpt_magics.files.restore.restore import plan_matched
from ckpt_magics.files.restore.restore_report import RestoreReport
from ckpt_magics.files.restore.stored import StoredTensors
from ckpt_magics.notebook.commands.restore_line import RestoreLine
from ckpt_magics.notebook.magics.namespace import user_values
from ckpt_magics.notebook.magics.notebook_names import notebook_matching
from ckpt_magics.notebook.magics.shown_progress import shown_progress
from ckpt_magics.phrasing import an

__all__ = ["restore_into_notebook"]


def restore_into_notebook(shell: InteractiveShell, line: RestoreLine, *, quiet: bool) -> RestoreReport:
    """Do what ``%ckpt_restore`` says, or nothing.

    Raises:
        CheckpointError: The restore is refused, or the checkpoint cannot be read.
        UsageError: A name of the notebook stands in the way.
    """
    options = replace(line.options, add_new=not line.options.by_order)
    if options.by_order and line.into is None:
        raise UsageError("--by-order needs to know the model: --into NAME")
    with open_tensors(line.path, damaged=options.damaged) as tensors:
        stored = StoredTensors(tensors, damaged=options.damaged)
        if line.into is None:
            matching = notebook_matching(stored, options)
            targets = _concerned(matching, user_values(shell))
        else:
            matching = NameMatching(stored, options)
            targets = _holder(shell, line.into)
        plan = plan_matched(matching, targets, write_call=line.working)
        if line.dry_run and not plan.report.problems:
            return plan.report

        def bind(values: Any) -> None:  # noqa: ANN401 - whatever the restore was into
            shell.user_ns.update(values if line.into is None else {line.into: values})

        with shown_progress("Restoring", shell, quiet=quiet) as progress:
            return plan.apply(progress, bind)


def _holder(shell: InteractiveShell, name: str) -> Any:  # noqa: ANN401 - whatever the user has under that name
    """The object to restore into as a whole; a new dict when there is none of that name."""
    if not name.isidentifier():
        raise UsageError(f"--into takes the name of a variable, not {visible(name)}")
    return shell.user_ns.get(name, {})


def _concerned(matching: NameMatching, values: Mapping[str, Any]) -> MutableMapping[str, Any]:
    """The notebook's variables that the restore is about: those that share a first name with what is chosen."""
    origins = matching.origins
    chosen = matching.selection.choose(matching.named(origins)).names
    # A pattern that is a plain name asks for it, in the checkpoint or not.
    heads = dict.fromkeys(name.partition("/")[0] for name in [*chosen, *matching.options.include])
    concerned = {head: values[head] for head in heads if head in values}
    for head, value in concerned.items():
        _check_place(head, value, [name for name in chosen if name.startswith(f"{head}/")], head in origins)
    return concerned


def _check_place(name: str, value: object, below: list[str], is_tensor: bool) -> None:
    """Refuse a variable that can hold no tensor, or that is one where the checkpoint has tensors below its name."""
    advice = "give the restored values another place with --into NAME, or leave it out with --exclude"
    try:
        node = take_apart(value, name)
    except InvalidArgumentError as error:
        raise UsageError(f"the notebook's {error.message}; {advice}") from error
    if node.leaf is not None and node.leaf is not NEW_VALUE and below and not is_tensor:
        raise UsageError(
            f"the notebook's {name} is {an(node.leaf.word)}, so {visible(below[0])} cannot go there; {advice}"
        )
