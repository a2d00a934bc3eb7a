"""The report of a verification: what is damaged in a checkpoint, what is good, and what was saved of it."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ckpt_magics.errors import CheckpointError, visible
from ckpt_magics.files.directory.finding import find_checkpoint
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.jobs.salvage import write_good_tensors
from ckpt_magics.files.jobs.saving import SavedCheckpoint
from ckpt_magics.files.jobs.verification import (
    META_GRAPH,
    CheckedFile,
    CheckedTensor,
    Finding,
    Verification,
    check_checkpoint,
)
from ckpt_magics.files.kinds.prefix_source import FoundCheckpoint
from ckpt_magics.files.storage.place import AnyPath, name_of
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.notebook.reports.saved_listing import saved_report
from ckpt_magics.phrasing import amount
from ckpt_magics.report import Report, Strong, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "VerificationReport",
    "checked_table",
    "salvage_checkpoint",
    "verification_report",
    "verify_checkpoint",
    "verify_found",
]

MAX_LISTED = 40
"""Findings in a table; all of them are in the attributes."""


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What a verification found; shows itself in a notebook.

    Attributes:
        prefix: The checkpoint.
        version: 1 or 2; 0 of another kind of file.
        note: What was used in place of what was given, and that a salvage was not needed, or "".
        files: Every file, with the blocks that were checked.
        tensors: Every tensor that is listed, with the error if it is damaged.
        findings: What is damaged, and what is odd and harms nobody.
        seconds: How long it took.
        salvaged: The checkpoint that the good tensors were written to, or None.
        lost_meta_graph: Path of the ``.meta`` file if that is damaged, or None; no tensor is lost with it.
        lost_names: Between which names tensors may be lost that nothing is known of any more, as a sentence; or "".
        format: V1, V2, or the kind of file.
        names: What tensors are called, by their keys; only of those that are called otherwise.
    """

    prefix: str
    version: int
    note: str
    files: tuple[CheckedFile, ...]
    tensors: tuple[CheckedTensor, ...]
    findings: tuple[Finding, ...]
    seconds: float
    salvaged: SavedCheckpoint | None = None
    lost_meta_graph: str | None = None
    lost_names: str = ""
    format: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def name_of(self, tensor: CheckedTensor) -> str:
        """Return what a tensor is called."""
        return self.names.get(tensor.entry.name, tensor.entry.name)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is damaged."""
        return not any(finding.is_damage for finding in self.findings)

    @property
    def good(self) -> list[str]:
        """Names of the tensors that are good, sorted."""
        return sorted(self.name_of(tensor) for tensor in self.tensors if tensor.error is None)

    @property
    def damaged(self) -> list[str]:
        """Names of the tensors that are listed and cannot be read, sorted."""
        return sorted(self.name_of(tensor) for tensor in self.tensors if tensor.error is not None)

    @property
    def table(self) -> pd.DataFrame:
        """A row per tensor: name, dtype, shape, bytes, whether it is good, and what is wrong."""
        return checked_table(self).frame()

    @property
    def summary(self) -> str:
        """The outcome in one line."""
        good = sum(tensor.error is None for tensor in self.tensors)
        damage = sum(finding.is_damage for finding in self.findings)
        size = sum(file.bytes or 0 for file in self.files)
        blocks = sum(file.blocks for file in self.files)
        checked = f"{amount(blocks, 'block')} and " if self.version else ""
        checked += f"{amount(len(self.tensors), 'tensor')} checked"
        checked += f", {size:,} bytes in {self.seconds:.2f} s"
        if not damage:
            return f"{visible(self.prefix)}, format {self.format}: everything is good ({checked})"
        if self.lost_meta_graph and damage == 1:
            graph = visible(os.path.basename(self.lost_meta_graph))
            return f"{visible(self.prefix)}, format {self.format}: every tensor is good, {graph} is damaged ({checked})"
        lost = f"{good} of {amount(len(self.tensors), 'tensor')} good" if self.tensors else "no tensor can be read"
        return f"{visible(self.prefix)}, format {self.format}: damaged, {lost} ({checked})"

    def __str__(self) -> str:
        return verification_report(self).text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return verification_report(self).html()


def verification_report(found: VerificationReport, at_most: int | None = MAX_LISTED) -> Report:
    """Return what is shown of a verification: files, findings, what was salvaged, and what can be done.

    Args:
        found: What was found.
        at_most: How many findings; None for all.
    """
    tables = [_file_table(found.files)]
    if found.findings:
        tables.append(_finding_table(found, at_most))
    if found.salvaged is not None:
        salvaged = saved_report(found.salvaged)
        tables += [replace(table, caption=salvaged.title) for table in salvaged.tables]
    return Report(found.summary, [found.note] if found.note else [], tables, _advice(found))


def checked_table(found: VerificationReport) -> Table:
    """Return every tensor with what was found."""
    rows = [
        (
            visible(found.name_of(tensor)),
            tensor.entry.dtype.name,
            tensor.entry.shape,
            tensor.entry.size,
            tensor.error is None,
            "" if tensor.error is None else visible(str(tensor.error)),
        )
        for tensor in sorted(found.tensors, key=found.name_of)
    ]
    return Table(("name", "dtype", "shape", "bytes", "good", "problem"), rows)


def _file_table(files: Sequence[CheckedFile]) -> Table:
    rows = [
        (
            os.path.basename(file.path),
            "nothing" if file.role == "data" and file.bytes == 0 else file.role,
            file.blocks or None,
            _size(file),
        )
        for file in files
    ]
    return Table(("file", "holds", "blocks", "bytes"), rows, numeric={"blocks", "bytes"})


def _size(file: CheckedFile) -> str | int:
    # A meta graph is only looked at if there is something of its name.
    absent = "unreadable" if file.role == META_GRAPH else "missing"
    return Strong(absent) if file.bytes is None else file.bytes


def _finding_table(found: VerificationReport, at_most: int | None) -> Table:
    findings = found.findings[:at_most]
    described = _described(found, {finding.tensor for finding in findings})
    rows = [
        (
            Strong("damaged") if finding.is_damage else "remark",
            os.path.basename(finding.file),
            None if finding.tensor is None else described.get(finding.tensor, visible(finding.tensor)),
            finding.offset,
            finding.text,
        )
        for finding in findings
    ]
    more = len(found.findings) - len(rows)
    return Table(("", "file", "tensor", "byte", "what"), rows, "Found:", more=more, numeric={"byte"})


def _described(found: VerificationReport, names: Collection[bytes | None]) -> dict[bytes, str]:
    """Those of some tensors that are listed, with dtype and shape."""
    tensors = {tensor.entry: visible(found.name_of(tensor)) for tensor in found.tensors if tensor.entry.key in names}
    return {entry.key: f"{name} {entry.dtype.name} {format_shape(entry.shape)}" for entry, name in tensors.items()}


def _advice(found: VerificationReport) -> list[str]:
    """Say what can be done about the damage, or what a salvage has left out beside the damaged tensors."""
    if found.is_whole:
        return []
    lost = [found.lost_names] if found.lost_names else []
    if found.salvaged is not None:
        return [*lost, _left_out_graph(found.lost_meta_graph)] if found.lost_meta_graph else lost
    if found.good:
        good = amount(len(found.good), "good tensor")
        return [*lost, f"A new checkpoint of the {good}: --salvage NEW_PREFIX, in Python salvage=NEW_PREFIX."]
    directory = os.path.dirname(found.prefix) or os.curdir
    return [f"Nothing of it can be saved; %ckpt_ls {visible(directory)} lists what else there is."]


def verify_checkpoint(
    source: AnyPath,
    *,
    salvage: AnyPath | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> VerificationReport:
    """Check every block and every tensor of a checkpoint against its checksums.

    Args:
        source: A prefix, any file of the checkpoint, a directory, a SavedModel directory.
        salvage: Prefix of a new checkpoint to which the good tensors are written if anything is damaged.
        progress: Called with bytes done and bytes in all.
        executor: Who checks the tensors, many at a time: threads, processes, or ``client.get_executor()`` of a dask
            cluster.

    Returns:
        A report that names file, tensor and byte of everything damaged. Damage itself is no error.

    Raises:
        CheckpointNotFoundError: There is no checkpoint.
        DataLossError: What is there is no checkpoint; or nothing of it can be salvaged.
        InvalidArgumentError: ``salvage`` is the damaged checkpoint itself.
    """
    started = time.perf_counter()
    return _report(_check(source, progress, executor), time.perf_counter() - started, salvage, progress)


def _check(path: AnyPath, progress: Progress | None, executor: Executor | None) -> Verification:
    """Check what a path stands for; of a directory the one that is its latest when the check is over."""
    source = find_checkpoint(path)
    while True:
        try:
            found, error = check_checkpoint(source, progress=progress, executor=executor), None
        except CheckpointError as caught:
            found, error = None, caught
        if found is not None and found.is_whole:
            return found
        # What seems damaged may have been let go by a save meanwhile.
        former, source = source, find_checkpoint(path)
        if former.prefix == source.prefix:
            break
    if found is None:
        assert error is not None  # noqa: S101 - one of the two is there
        raise error
    return found


def verify_found(
    source: FoundCheckpoint,
    *,
    salvage: AnyPath | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> VerificationReport:
    """Check a checkpoint that was found already, as :func:`verify_checkpoint` does."""
    started = time.perf_counter()
    found = check_checkpoint(source, progress=progress, executor=executor)
    return _report(found, time.perf_counter() - started, salvage, progress)


def _report(
    found: Verification, seconds: float, salvage: AnyPath | None, progress: Progress | None
) -> VerificationReport:
    source = found.source
    saved, note = None, source.note
    if salvage is not None and found.is_whole:
        note = f"{note} Nothing is damaged, so nothing was written to {visible(name_of(salvage))}.".lstrip()
    elif salvage is not None:
        saved = write_good_tensors(found, salvage, progress=progress)
    return VerificationReport(
        source.prefix,
        source.version,
        note,
        found.files,
        found.tensors,
        found.findings,
        seconds,
        saved,
        found.lost_meta_graph,
        found.lost_names,
        source.format,
        found.names,
    )


def salvage_checkpoint(source: AnyPath, new_prefix: AnyPath, *, progress: Progress | None = None) -> SavedCheckpoint:
    """Verify a checkpoint and write every tensor that is good to a new one, whether or not others are damaged.

    A warning says so if its ``.meta`` file is damaged and left out.

    Args:
        source: A prefix, any file of the checkpoint, a directory, a SavedModel directory.
        new_prefix: Prefix of the new checkpoint.
        progress: Called with bytes done and bytes in all, for the verification and then for the save.

    Raises:
        CheckpointNotFoundError: There is no checkpoint.
        DataLossError: No tensor is good.
        InvalidArgumentError: ``new_prefix`` is the damaged checkpoint itself.
    """
    found = _check(source, progress, None)
    saved = write_good_tensors(found, new_prefix, progress=progress)
    if found.lost_meta_graph:
        warnings.warn(_left_out_graph(found.lost_meta_graph), UserWarning, stacklevel=2)
    return saved


def _left_out_graph(path: str) -> str:
    name = visible(os.path.basename(path))
    return f"Left out: the graph in {name}, which is damaged; saving from the program again writes a new one"
