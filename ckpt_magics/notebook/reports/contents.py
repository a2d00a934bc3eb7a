"""What a checkpoint holds, for people: each of its files in a sentence, and its variables with totals."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ckpt_magics.errors import CheckpointError, visible
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.jobs.checkpoint_statistics import DescribedTensor, checkpoint_statistics
from ckpt_magics.files.kinds.open_checkpoint import OpenCheckpoint
from ckpt_magics.files.kinds.prefix_source import FoundCheckpoint
from ckpt_magics.files.object_graph.listed_tensors import ListedTensor, listed_tensors, totals_text
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.object_graph.shown_names import TensorListing
from ckpt_magics.files.recipes.recipe import fitting_recipes
from ckpt_magics.files.storage import naming
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.tensor_names import key_to_name
from ckpt_magics.notebook.frames.statistics_frame import statistics_frame
from ckpt_magics.notebook.frames.variable_frame import variables_frame
from ckpt_magics.notebook.reports.saved_listing import file_sentence, file_table
from ckpt_magics.notebook.reports.variable_table import variable_table
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


@dataclass(frozen=True, eq=False)
class CheckpointContents:
    """What a checkpoint holds; shows itself in a notebook.

    Attributes:
        prefix: The checkpoint.
        version: 1 or 2; 0 of another kind of file.
        note: What was used in place of what was given, or "".
        files: Its files.
        listing: What it says about its tensors.
        format: V1, V2, or the kind of file.
        recipes: Names of the recipes that seem to be for it.
        described: What the values of each tensor are like; empty if they were not read.
        damage: What was found broken while listing the tensors.
    """

    prefix: str
    version: int
    note: str
    files: tuple[FileContents, ...]
    listing: TensorListing = field(repr=False)
    format: str
    recipes: tuple[str, ...] = ()
    described: Sequence[DescribedTensor] = field(default=(), repr=False)
    damage: Sequence[CheckpointError] = ()

    @property
    def lines(self) -> list[str]:
        """What is to be known besides: the note, and what a conversion can make of it."""
        recipes = " or ".join(f"--recipe {name}" for name in self.recipes)
        converts = f"%ckpt_convert {visible(self.prefix)} TARGET {recipes} writes it under another program's names."
        return [*([self.note] if self.note else []), *([converts] if recipes else [])]

    @cached_property
    def variables(self) -> pd.DataFrame:
        """A row per tensor."""
        return variables_frame(self.listing)

    @cached_property
    def statistics(self) -> pd.DataFrame:
        """The same with what the values are like, if they were read; see `statistics_frame`."""
        return statistics_frame(self.described)

    @cached_property
    def tensors(self) -> list[ListedTensor]:
        """The same as plain values, a few columns of it."""
        return listed_tensors(self.listing)

    @property
    def summary(self) -> str:
        """Number of tensors, their elements and bytes, in one line."""
        return totals_text(self.tensors)

    def __str__(self) -> str:
        return contents_report(self).text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return contents_report(self).html()


def contents_report(contents: CheckpointContents, at_most: int | None = MAX_ROWS) -> Report:
    """Return what is shown of a checkpoint: its files and its first variables.

    Args:
        contents: What it holds.
        at_most: How many variables; None for all.
    """
    return Report(
        f"Checkpoint {contents.prefix}, format {contents.format}",
        contents.lines,
        [
            file_table((file.path, file.holds, file.bytes) for file in contents.files),
            variable_table(contents.tensors, contents.summary, at_most, statistics=contents.described),
        ],
    )


def describe_checkpoint(
    source: AnyPath,
    *,
    statistics: bool = False,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> CheckpointContents:
    """Return what a checkpoint holds, for showing.

    Args:
        source: A prefix, any file of the checkpoint, a directory, a SavedModel directory.
        statistics: Read every tensor, and say what its values are like.
        progress: Called with the bytes read and in all.
        executor: Who reads them, many at a time: threads, processes, or ``client.get_executor()`` of a dask cluster.

    Raises:
        CheckpointNotFoundError: There is no checkpoint.
        DataLossError: Its index is damaged.
    """
    with open_tensors(source) as tensors:
        found = checkpoint_statistics(tensors, progress, executor=executor) if statistics else ()
        return describe_tensors(tensors, found)


def describe_tensors(
    tensors: NamedTensors[OpenCheckpoint], described: Sequence[DescribedTensor] = ()
) -> CheckpointContents:
    """Return the same about a checkpoint that is open, with statistics that are known."""
    found = tensors.source.found.here()
    held = tuple(_files(tensors.source))
    listing = tensors.listing()
    # Models of the families that recipes are for have hundreds of tensors, rarely thousands.
    names = map(key_to_name, listing.columns.keys) if len(listing.names) <= MAX_NAMES else ()
    recipes = tuple(recipe.name for recipe in fitting_recipes(list(names)))
    return CheckpointContents(
        found.prefix,
        found.version,
        found.note,
        held,
        listing,
        found.format,
        recipes,
        described,
        tuple(tensors.source.damage),
    )


def _files(checkpoint: OpenCheckpoint) -> list[FileContents]:
    found = checkpoint.found.here()
    prefix = found.place
    roles = {prefix.at(path): _role(path, found) for path in checkpoint.files}
    beside = {
        prefix.at(naming.meta_graph_filename(prefix.name)): "meta graph",
        prefix.beside(naming.STATE_FILENAME): "state",
    }
    roles |= {place: role for place, role in beside.items() if place.is_file}
    return [_file(place, role) for place, role in roles.items()]


def _role(path: str, found: FoundCheckpoint) -> str:
    if found.version != 2:
        return found.format
    return "index" if path.endswith(".index") else "data"


def _file(place: Place, role: str) -> FileContents:
    info = place.info()
    size = info.size if info is not None and info.is_file else None
    return FileContents(place.name, size, file_sentence(role, size))
