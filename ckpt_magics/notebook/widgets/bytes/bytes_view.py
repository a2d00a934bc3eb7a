"""The view of bytes: each file as a tree of ranges, and the bytes of the one that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import traitlets

from ckpt_magics.files.directory.byte_maps import range_at
from ckpt_magics.files.formats.maps.byte_range import ByteRange
from ckpt_magics.notebook.reports.byte_report import CheckpointBytes, bytes_report
from ckpt_magics.notebook.widgets.bundles import BundledWidget
from ckpt_magics.notebook.widgets.bytes.byte_messages import ByteMessages
from ckpt_magics.notebook.widgets.bytes.saved_bytes import saved_bytes
from ckpt_magics.notebook.widgets.fallback import MAX_ROWS
from ckpt_magics.notebook.widgets.saved_output import MAX_DATA, SavedForm

__all__ = ["BytesView"]


class BytesView(BundledWidget):
    """What each byte of a checkpoint's files is.

    Args:
        found: The maps.

    Attributes:
        found: As given: .files, .tensor(name), .hex(offset, size, file).
        selected: The range that is looked at: the number of its file, then its position on each level; empty of none.
    """

    selected = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, found: CheckpointBytes) -> None:
        self.found = found
        self._answers = ByteMessages(found)
        self._report = bytes_report(replace(found, only=None), MAX_ROWS)
        super().__init__("bytes_view")
        if found.only is not None:
            self.select_tensor(found.only)
        self.converse(self._answers.handlers())

    @property
    def selected_range(self) -> ByteRange | None:
        """The range that is looked at; None of no range."""
        return range_at(self.found.files, self.selected)[1] if len(self.selected) > 1 else None

    def select_tensor(self, name: str) -> None:
        """Look at the bytes of a tensor: its values, or its record where that holds them.

        Raises:
            TensorNotFoundError: No bytes are those of such a tensor.
        """
        self.selected = list(self._answers.places(name)[0])

    def saved_forms(self, limit: int | None = MAX_DATA) -> Sequence[SavedForm]:
        """Return the outer ranges, and the first bytes."""
        data = saved_bytes(self._answers, self.selected, limit)
        plain = self._report
        return [SavedForm(self.view_key, "bytes", self.found.source, plain.html(), plain.text(), data)]

    def continue_from(self, former: object) -> None:
        """Look at the range that a former view of the same files looked at."""
        if isinstance(former, BytesView) and former.found.source == self.found.source and not self.selected:
            self.selected = list(former.selected)

    def _repr_mimebundle_(self, **options: dict[str, object]) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**data, "text/html": self._report.html(), "text/plain": self._report.text()}, metadata
