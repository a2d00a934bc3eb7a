"""What a checkpoint holds, for people: each of its files in a sentence, and its variables with totals."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ckpt_magics.errors import visible
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.kinds.open_checkpoint import OpenCheckpoint
from ckpt_magics.files.kinds.prefix_source import FoundCheckpoint
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.recipes.recipe import fitting_recipes
from ckpt_magics.files.storage import files, naming
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.tensors.tensor_names import key_to_name
from ckpt_magics.notebook.frames.variable_frame import variables_frame
from ckpt_magics.notebook.reports.saved_listing import file_sentence, file_table
from ckpt_magics.notebook.reports.variable_table import variable_table
from ckpt_magics.phrasing import amount
from ckpt_magics.report import Report

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CheckpointContents", "FileContents", "contents_report", "describe_checkpoint", "describe_tensors"]

MAX_NAMES = 20_000
"""Tensors up to which a checkpoint is compared with what recipes are for."""

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
        recipes: Names of the recipes that seem to be for it.
    """

    prefix: str
    version: int
    note: str
    files: tuple[FileContents, ...]
    variables: pd.DataFrame = field(repr=False)
    format: str
    recipes: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """What is to be known besides: the note, and what a conversion can make of it."""
        recipes = " or ".join(f"--recipe {name}" for name in self.recipes)
        converts = f"%ckpt_convert {visible(self.prefix)} TARGET {recipes} writes it under another program's names."
        return [*([self.note] if self.note else []), *([converts] if recipes else [])]

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
        contents.lines,
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
    columns = tensors.columns()
    # Models of the families that recipes are for have hundreds of tensors, rarely thousands.
    names = map(key_to_name, columns.keys) if len(columns.keys) <= MAX_NAMES else ()
    recipes = tuple(recipe.name for recipe in fitting_recipes(list(names)))
    variables = variables_frame(columns)
    return CheckpointContents(found.prefix, found.version, found.note, held, variables, found.format, recipes)


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
