"""What a checkpoint holds, for people: each of its files in a sentence, and its variables with totals."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.kinds.open_checkpoint import OpenCheckpoint
from ckpt_magics.files.kinds.prefix_source import FoundCheckpoint
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.storage import files, naming
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.notebook.frames.variable_frame import variables_frame
from ckpt_magics.notebook.reports.saved_listing import file_sentence, file_table
from ckpt_magics.notebook.reports.variable_table import variable_table
from ckpt_magics.phrasing import amount
from ckpt_magics.report import Report

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CheckpointContents", "FileContents", "contents_report", "describe_checkpoint", "describe_tensors"]

MAX_ROWS = 60
"""Variables in the table; more belong in a view that scrolls, or in the DataFrame."""


@dataclass(frozen=True, slots=True)
class FileContents:
    """One file of a checkpoint.

    Attributes:
        path: Where it is.
        bytes: Its size, or None when it is not there.
        holds: What is in it, as a sentence.
    """

    path: str
    bytes: int | None
    holds: str


@dataclass(frozen=True, slots=True)
class CheckpointContents:
    """What a checkpoint holds; shows itself in a notebook.

    Attributes:
        prefix: The checkpoint.
        version: 1 or 2; 0 of another kind of file.
        note: What was used in place of what was given, or "".
        files: Its files.
        variables: A DataFrame, a row per tensor.
        format: V1, V2, or the kind of file.
    """

    prefix: str
    version: int
    note: str
    files: tuple[FileContents, ...]
    variables: pd.DataFrame = field(repr=False)
    format: str

    @property
    def summary(self) -> str:
        """Number of tensors, their elements and bytes, in one line."""
        table = self.variables
        count, size = int(table["elements"].sum()), int(table["bytes"].sum())
        groups = table.groupby("group", observed=True)["bytes"].agg(["count", "sum"])
        shares = ", ".join(
            f"{group}: {amount(int(row['count']), 'tensor')}, {int(row['sum']):,} bytes"
            for group, row in groups.iterrows()
        )
        text = f"{amount(len(table), 'tensor')}, {amount(count, 'element')}, {size:,} bytes"
        return text if len(groups) < 2 else f"{text} ({shares})"

    def __str__(self) -> str:
        return contents_report(self).text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return contents_report(self).html()


def contents_report(contents: CheckpointContents, at_most: int = MAX_ROWS) -> Report:
    """Return what is shown of a checkpoint: its files and its first variables.

    Args:
        contents: What it holds.
        at_most: How many variables.
    """
    return Report(
        f"Checkpoint {contents.prefix}, format {contents.format}",
        [contents.note] if contents.note else [],
        [
            file_table((file.path, file.holds, file.bytes) for file in contents.files),
            variable_table(contents.variables, contents.summary, at_most),
        ],
    )


def describe_checkpoint(source: AnyPath) -> CheckpointContents:
    """Return what a checkpoint holds, for showing.

    Args:
        source: A prefix, any file of the checkpoint, a directory, a SavedModel directory.

    Raises:
        CheckpointNotFoundError: There is no checkpoint.
        DataLossError: Its index is damaged.
    """
    with open_tensors(source) as tensors:
        return describe_tensors(tensors)


def describe_tensors(tensors: NamedTensors[OpenCheckpoint]) -> CheckpointContents:
    """Return the same about a checkpoint that is open."""
    found = tensors.source.found.here()
    held = tuple(_files(tensors.source))
    variables = variables_frame(tensors.columns())
    return CheckpointContents(found.prefix, found.version, found.note, held, variables, found.format)


def _files(checkpoint: OpenCheckpoint) -> list[FileContents]:
    prefix, found = checkpoint.origin, checkpoint.found
    roles = {path: _role(path, found) for path in checkpoint.files}
    beside = {
        naming.meta_graph_filename(prefix): "meta graph",
        os.path.join(os.path.dirname(prefix), naming.STATE_FILENAME): "state",
    }
    roles |= {path: role for path, role in beside.items() if files.is_file(path)}
    return [_file(path, role) for path, role in roles.items()]


def _role(path: str, found: FoundCheckpoint) -> str:
    if found.version != 2:
        return found.format
    return "index" if path.endswith(".index") else "data"


def _file(path: str, role: str) -> FileContents:
    size = os.path.getsize(path) if files.is_file(path) else None
    return FileContents(path, size, file_sentence(role, size))
