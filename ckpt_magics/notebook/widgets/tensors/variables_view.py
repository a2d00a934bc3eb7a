"""The variables view: every tensor of a checkpoint as a table to search, sort, look into and restore from."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace

from ckpt_magics.files.kinds.open_checkpoint import OpenCheckpoint
from ckpt_magics.files.object_graph.named_tensors import TensorReader
from ckpt_magics.notebook.reports.contents import CheckpointContents, FileContents, contents_report, describe_tensors
from ckpt_magics.notebook.widgets.fallback import MAX_ROWS
from ckpt_magics.notebook.widgets.tensors.table_view import TableView
from ckpt_magics.notebook.widgets.tensors.variable_messages import VariableMessages, ViewHead

__all__ = ["VariablesView"]


class VariablesView(TableView):
    """A table of every tensor of a checkpoint.

    Args:
        reader: The checkpoint; the view reads this version of it, also when the reader is closed.
        restore: Brings variables into the notebook, by name, and says in a sentence what it did.
        lines: Sentences to show above the table.
        status: Name of a variable to what became of it, in a few different words; rows are grouped by that.

    Attributes:
        contents: What the checkpoint holds, files and variables.
        source: Where values come from: of the same kind as the reader, with files that are open only while it reads.
    """

    def __init__(
        self,
        reader: TensorReader[OpenCheckpoint],
        *,
        restore: Callable[[Sequence[str]], str] | None = None,
        lines: Sequence[str] = (),
        status: Callable[[str], str] | None = None,
    ) -> None:
        self.source = reader.on_demand()
        # Nobody's files are kept open by a view: of the reader it has what is there while somebody else has it.
        self._given = weakref.ref(reader)
        tensors = self.source.named_tensors
        self.contents: CheckpointContents = describe_tensors(tensors)
        self._restore_names = restore
        variables = self.contents.variables
        if status is not None:
            variables = variables.assign(status=[status(name) for name in variables["name"]])
        head = ViewHead(
            title=tensors.origin,
            note=f"{self.contents.format} {'checkpoint' if self.contents.version else 'file'}",
            lines=[*self.contents.lines, *lines],
            files=[(os.path.basename(file.path), file.holds, file.bytes) for file in self.contents.files],
            group_title="Group" if status is None else "Restored",
            can_restore=restore is not None,
        )
        answers = VariableMessages(tensors, variables, head, group="group" if status is None else "status")
        report = contents_report(self.contents, MAX_ROWS)
        super().__init__(answers, replace(report, lines=(), advice=head.lines))

    @property
    def reader(self) -> TensorReader[OpenCheckpoint]:
        """The reader that was given, for as long as somebody has it; then :attr:`source`."""
        return self._given() or self.source

    @property
    def files(self) -> tuple[FileContents, ...]:
        """The checkpoint's files: path, bytes and what each holds."""
        return self.contents.files

    def _code_lines(self, names: Sequence[str]) -> list[str]:
        opened = [
            "import ckpt_magics",
            "",
            f"reader = ckpt_magics.load_checkpoint({json.dumps(self.source.named_tensors.origin, ensure_ascii=False)})",
        ]
        if len(names) == 1:
            return [*opened, f"value = reader[{names[0]!r}]"]
        return [*opened, "values = {", *(f"    {name!r}: reader[{name!r}]," for name in names), "}"]

    def _restore(self, names: Sequence[str]) -> str:
        return super()._restore(names) if self._restore_names is None else self._restore_names(names)
