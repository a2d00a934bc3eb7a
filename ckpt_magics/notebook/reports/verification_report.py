"""The report of a verification: what is damaged in a checkpoint, what is good, and what was saved of it."""

from __future__ import annotations

import os
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ckpt_magics.errors import CheckpointError, visible
from ckpt_magics.files.directory.source import find_checkpoint
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
from ckpt_magics.files.kinds.prefix_source import CheckpointSource
from ckpt_magics.files.storage.place import AnyPath, local_path
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.tensor_names import key_to_name
from ckpt_magics.notebook.reports.saved_listing import saved_html, saved_text
from ckpt_magics.tables import amount, html_lines, html_table, text_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VerificationReport", "salvage_checkpoint", "verify_checkpoint", "verify_source"]

MAX_LISTED = 40
"""Findings in a table; all of them are in the attributes."""

_FILES = ("file", "holds", "blocks", "bytes")
_FINDINGS = ("", "file", "tensor", "byte", "what")


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What a verification found; shows itself in a notebook.

    Attributes:
        prefix: The checkpoint.
        version: 1 or 2.
        note: What was used in place of what was given, and that a salvage was not needed, or "".
        files: Every file, with the blocks that were checked.
        tensors: Every tensor that is listed, with the error if it is damaged.
        findings: What is damaged, and what is odd and harms nobody.
        seconds: How long it took.
        salvaged: The checkpoint that the good tensors were written to, or None.
        lost_meta_graph: Path of the ``.meta`` file if that is damaged, or None; no tensor is lost with it.
        lost_names: Between which names tensors may be lost that nothing is known of any more, as a sentence; or "".
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

    @property
    def is_whole(self) -> bool:
        """Whether nothing is damaged."""
        return not any(finding.is_damage for finding in self.findings)

    @property
    def good(self) -> list[str]:
        """Names of the tensors that are good, sorted."""
        return [key_to_name(tensor.entry.name) for tensor in self.tensors if tensor.error is None]

    @property
    def damaged(self) -> list[str]:
        """Names of the tensors that are listed and cannot be read, sorted."""
        return [key_to_name(tensor.entry.name) for tensor in self.tensors if tensor.error is not None]

    @property
    def table(self) -> pd.DataFrame:
        """A row per tensor: name, dtype, shape, bytes, whether it is good, and what is wrong."""
        import pandas as pd

        rows = [
            {
                "name": visible(tensor.entry.name),
                "dtype": tensor.entry.dtype.name,
                "shape": tensor.entry.shape,
                "bytes": tensor.entry.size,
                "good": tensor.error is None,
                "problem": "" if tensor.error is None else visible(str(tensor.error)),
            }
            for tensor in self.tensors
        ]
        return pd.DataFrame(rows, columns=["name", "dtype", "shape", "bytes", "good", "problem"])

    @property
    def summary(self) -> str:
        """The outcome in one line."""
        good, damage = len(self.good), sum(finding.is_damage for finding in self.findings)
        size = sum(file.bytes or 0 for file in self.files)
        blocks = sum(file.blocks for file in self.files)
        checked = f"{amount(blocks, 'block')} and {amount(len(self.tensors), 'tensor')} checked"
        checked += f", {size:,} bytes in {self.seconds:.2f} s"
        if not damage:
            return f"{visible(self.prefix)}, format V{self.version}: everything is good ({checked})"
        if self.lost_meta_graph and damage == 1:
            graph = visible(os.path.basename(self.lost_meta_graph))
            return (
                f"{visible(self.prefix)}, format V{self.version}: every tensor is good, {graph} is damaged ({checked})"
            )
        lost = f"{good} of {amount(len(self.tensors), 'tensor')} good" if self.tensors else "no tensor can be read"
        return f"{visible(self.prefix)}, format V{self.version}: damaged, {lost} ({checked})"

    def __str__(self) -> str:
        findings = self._finding_rows()
        return "\n".join(
            [
                self.summary,
                *([visible(self.note)] if self.note else []),
                *(f"  {line}" for line in text_table([_FILES, *self._file_rows()])),
                *(f"  {line}" for line in text_table([_FINDINGS, *findings] if findings else [])),
                *([saved_text(self.salvaged)] if self.salvaged is not None else []),
                *self._advice(),
            ]
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        findings = self._finding_rows()
        return (
            html_table(self.summary, _FILES, self._file_rows(), numeric={"blocks", "bytes"})
            + html_lines([self.note] if self.note else [])
            + (html_table("Found:", _FINDINGS, findings, numeric={"byte"}) if findings else "")
            + (saved_html(self.salvaged) if self.salvaged is not None else "")
            + html_lines(self._advice())
        )

    def _advice(self) -> list[str]:
        """Say what can be done about the damage, or what a salvage has left out beside the damaged tensors."""
        if self.is_whole:
            return []
        lost = [self.lost_names] if self.lost_names else []
        if self.salvaged is not None:
            return [*lost, _left_out_graph(self.lost_meta_graph)] if self.lost_meta_graph else lost
        if self.good:
            good = amount(len(self.good), "good tensor")
            return [*lost, f"A new checkpoint of the {good}: --salvage NEW_PREFIX, in Python salvage=NEW_PREFIX."]
        directory = os.path.dirname(self.prefix) or os.curdir
        return [f"Nothing of it can be saved; %ckpt_ls {visible(directory)} lists what else there is."]

    def _file_rows(self) -> list[tuple[str, ...]]:
        return [
            (
                visible(os.path.basename(file.path)),
                "nothing" if file.role == "data" and file.bytes == 0 else file.role,
                f"{file.blocks:,}" if file.blocks else "",
                _size_text(file),
            )
            for file in self.files
        ]

    def _finding_rows(self) -> list[tuple[str, ...]]:
        known = {tensor.entry.name: tensor.entry for tensor in self.tensors}
        rows: list[tuple[str, ...]] = []
        for finding in self.findings[:MAX_LISTED]:
            entry = None if finding.tensor is None else known.get(finding.tensor)
            shown = "" if finding.tensor is None else visible(finding.tensor)
            rows.append(
                (
                    "damaged" if finding.is_damage else "remark",
                    visible(os.path.basename(finding.file)),
                    shown if entry is None else f"{shown} {entry.dtype.name} {format_shape(entry.shape)}",
                    "" if finding.offset is None else f"{finding.offset:,}",
                    visible(finding.text),
                )
            )
        more = len(self.findings) - MAX_LISTED
        return [*rows, (f"… and {more:,} more", "", "", "", "")] if more > 0 else rows


def verify_checkpoint(
    source: AnyPath, *, salvage: AnyPath | None = None, progress: Progress | None = None
) -> VerificationReport:
    """Check every block and every tensor of a checkpoint against its checksums.

    Args:
        source: A prefix, any file of the checkpoint, a directory, a SavedModel directory.
        salvage: Prefix of a new checkpoint to which the good tensors are written if anything is damaged.
        progress: Called with bytes done and bytes in all.

    Returns:
        A report that names file, tensor and byte of everything damaged. Damage itself is no error.

    Raises:
        CheckpointNotFoundError: There is no checkpoint.
        DataLossError: What is there is no checkpoint; or nothing of it can be salvaged.
        InvalidArgumentError: ``salvage`` is the damaged checkpoint itself.
    """
    started = time.perf_counter()
    return _report(_check(source, progress), time.perf_counter() - started, salvage, progress)


def _check(path: AnyPath, progress: Progress | None) -> Verification:
    """Check what a path stands for; of a directory the one that is its latest when the check is over."""
    source = find_checkpoint(path)
    while True:
        try:
            found, error = check_checkpoint(source, progress=progress), None
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


def verify_source(
    source: CheckpointSource, *, salvage: AnyPath | None = None, progress: Progress | None = None
) -> VerificationReport:
    """Check a checkpoint that was found already, as :func:`verify_checkpoint` does."""
    started = time.perf_counter()
    found = check_checkpoint(source, progress=progress)
    return _report(found, time.perf_counter() - started, salvage, progress)


def _report(
    found: Verification, seconds: float, salvage: AnyPath | None, progress: Progress | None
) -> VerificationReport:
    source = found.source
    saved, note = None, source.note
    if salvage is not None and found.is_whole:
        note = f"{note} Nothing is damaged, so nothing was written to {visible(local_path(salvage))}.".lstrip()
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
    found = _check(source, progress)
    saved = write_good_tensors(found, new_prefix, progress=progress)
    if found.lost_meta_graph:
        warnings.warn(_left_out_graph(found.lost_meta_graph), UserWarning, stacklevel=2)
    return saved


def _size_text(file: CheckedFile) -> str:
    if file.bytes is not None:
        return f"{file.bytes:,}"
    # A meta graph is only looked at if there is something of its name.
    return "unreadable" if file.role == META_GRAPH else "missing"


def _left_out_graph(path: str) -> str:
    name = visible(os.path.basename(path))
    return f"Left out: the graph in {name}, which is damaged; saving from the program again writes a new one"
