"""What the views with a table have in common: filter and selection both ways, fallback, export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from ckpt_magics.errors import InvalidArgumentError, TensorNotFoundError, visible
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.notebook.frames.filtering import VariableFilter, filter_variables
from ckpt_magics.notebook.widgets.bundles import BundledWidget
from ckpt_magics.notebook.widgets.conversation import Handler, Reply, Request
from ckpt_magics.notebook.widgets.fallback import shortened
from ckpt_magics.notebook.widgets.saved_output import MAX_DATA, SavedForm, saved_page
from ckpt_magics.notebook.widgets.tensors.saved_table import saved_table
from ckpt_magics.notebook.widgets.tensors.variable_messages import VariableMessages
from ckpt_magics.report import Report

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableView"]


class TableView(BundledWidget):
    """A table of variables.

    The selection and the filter are the same in the page and here: what is clicked is in :attr:`selected` and
    :attr:`filtered`, and :meth:`select` and :meth:`filter` change what is seen.

    Args:
        answers: What the page can ask about the variables.
        report: Shown in place of the view where there is no kernel.
    """

    filter_state = traitlets.Dict().tag(sync=True)
    sort = traitlets.List(["name", False]).tag(sync=True)
    selected_rows = traitlets.List(traitlets.Int()).tag(sync=True)
    active_row = traitlets.Int(-1).tag(sync=True)

    def __init__(self, answers: VariableMessages, report: Report) -> None:
        # Before anything can fail: a view that is given up is closed all the same.
        self._answers = answers
        super().__init__("variables_view", filter_state=VariableFilter().to_state())
        self._fallback = shortened(report)
        self.converse({**answers.handlers(), "code": Handler(self._code), "restore": Handler(self._restore_rows)})

    def continue_from(self, former: object) -> None:
        """Take search, order, selection and the open tensor of a former view of the same checkpoint."""
        # Not by type: a widget has a class of its own.
        if not isinstance(former, TableView) or former.subject != self.subject:
            return
        if self.filter_state == VariableFilter().to_state():
            self.filter_state, self.sort = former.filter_state, former.sort
        if not self.selected_rows:
            rows = map(self.row_of, former.selected["name"])
            self.selected_rows = sorted(row for row in rows if row is not None)
        if self.active_row < 0 <= former.active_row:
            row = self.row_of(str(former.variables["name"].iloc[former.active_row]))
            self.active_row = -1 if row is None else row

    @property
    def subject(self) -> tuple[str, str]:
        """What it is about: headline, and what rows are grouped by."""
        return self._answers.head.title, self._answers.group

    @property
    def variables(self) -> pd.DataFrame:
        """All rows."""
        return self._answers.variables

    @property
    def filtered(self) -> pd.DataFrame:
        """The rows that the filter keeps, in the order of the index."""
        wanted = VariableFilter.from_state(self.filter_state)
        return filter_variables(self.variables, wanted, self._answers.measured, group=self._answers.group)

    @property
    def selected(self) -> pd.DataFrame:
        """The selected rows."""
        return self.variables.iloc[list(self.selected_rows)]

    def filter(self, text: str | None = None, **parts: object) -> pd.DataFrame:
        """Show only some variables; parts that are not named stay as they are, and no argument at all lifts the filter.

        Args:
            text: What to look for in the names.
            **parts: As in `VariableFilter`: mode, scope, dtypes, ranks, groups, min_bytes, max_bytes, has_nan,
                query, ranges.

        Returns:
            :attr:`filtered`, with the new filter.

        Raises:
            InvalidArgumentError: A part is unknown, or the search text cannot be searched for.
        """
        known = VariableFilter().to_state()
        unknown = sorted(parts.keys() - known.keys())
        if unknown:
            raise InvalidArgumentError(f"a filter has no {', '.join(unknown)}; it has {', '.join(known)}")
        if text is not None:
            parts["text"] = text
        state = {**self.filter_state, **parts} if parts else known
        self.filter_state = VariableFilter.from_state(state).to_state()
        return self.filtered

    def select(self, names: str | Iterable[str]) -> pd.DataFrame:
        """Select these variables, and only these.

        Raises:
            TensorNotFoundError: There is no variable of a name.
        """
        rows = []
        for name in [names] if isinstance(names, str) else names:
            row = self._answers.row_of(name)
            if row is None:
                raise TensorNotFoundError(f"no variable {visible(name)!r} in this view", name=name)
            rows.append(row)
        self.selected_rows = sorted(set(rows))
        return self.selected

    def save_html(self, path: AnyPath, *, statistics: bool = True) -> None:
        """Write the view as one HTML file that works without kernel and network: search, filters, totals, statistics.

        Args:
            path: Of the file.
            statistics: Whether to read every tensor for its statistics; else only those known by now are there.

        Raises:
            CheckpointError: The view's scripts are missing.
            OSError: The file cannot be written.
        """
        if statistics:
            self._answers.compute_statistics()
        super().save_html(path)

    def saved_html(self, *, statistics: bool = True) -> str:
        """Return what :meth:`save_html` writes."""
        if statistics:
            self._answers.compute_statistics()
        return saved_page(self.saved_forms(limit=None))

    def saved_forms(self, limit: int | None = MAX_DATA) -> Sequence[SavedForm]:
        """Return the table; where it is larger than the limit allows, its first rows."""
        state = {"filter_state": dict(self.filter_state), "sort": list(self.sort)}
        data = saved_table(self._answers, {**state, "selected_rows": [], "active_row": -1}, limit)
        plain = self._fallback
        return [SavedForm(self.view_key, "variables", self._answers.head.title, plain.html(), plain.text(), data)]

    def close(self) -> None:
        """Take the view from the page, and let go of the values that it keeps. Closing twice is fine."""
        super().close()
        self._answers.forget()

    def row_of(self, name: str) -> int | None:
        """Return the row of a variable, or None."""
        return self._answers.row_of(name)

    def _code_lines(self, names: Sequence[str]) -> list[str]:
        """Python that does for these variables what somebody would look at them for."""
        raise NotImplementedError

    def _restore(self, names: Sequence[str]) -> str:  # noqa: ARG002 - for those that can
        """Bring variables into the notebook and say so."""
        raise InvalidArgumentError("this view has nowhere to restore to")

    def _code(self, request: Request) -> Reply:
        return Reply({"text": "\n".join(self._code_lines(self._named_rows(request)))})

    def _restore_rows(self, request: Request) -> Reply:
        names = self._named_rows(request)
        if not names:
            raise InvalidArgumentError("nothing is selected; click rows, with Shift or Ctrl for several")
        return Reply({"text": self._restore(names)})

    def _named_rows(self, request: Request) -> list[str]:
        # The request says which rows it is about: a change of a trait can wait its turn, and a message overtake it.
        return list(self.variables["name"].iloc[request.rows(len(self.variables))])

    def _repr_mimebundle_(self, **options: dict[str, object]) -> tuple[dict[str, Any], dict[str, Any]]:
        # anywidget gives (data, metadata); a front end without widgets, or without a kernel, takes the other forms.
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**data, "text/html": self._fallback.html(), "text/plain": self._fallback.text()}, metadata
