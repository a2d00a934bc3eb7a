"""The variables view: every tensor of a checkpoint as a table to search, sort, look into and restore from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import anywidget
import traitlets

from ckpt_magics.errors import InvalidArgumentError, TensorNotFoundError
from ckpt_magics.frames.filtering import VariableFilter, filter_variables
from ckpt_magics.widgets.messages import Conversation, Handler, Reply, Request
from ckpt_magics.widgets.variable_messages import VariableMessages

if TYPE_CHECKING:
    import pandas as pd

    from ckpt_magics.checkpoint.reader import CheckpointReader

__all__ = ["VariablesView"]

_STATIC = Path(__file__).parent / "static"


class Listing(Protocol):
    """What is shown where widgets do not run: GitHub, a reopened notebook, an export."""

    def _repr_html_(self) -> str: ...


class VariablesView(anywidget.AnyWidget):
    """A table of every tensor of a checkpoint.

    The selection and the filter are the same in the page and here: what is clicked is in :attr:`selected` and
    :attr:`filtered`, and :meth:`select` and :meth:`filter` change what is seen.

    Args:
        reader: The checkpoint; the view reads from it as long as it lives.
        listing: Shown in place of the view where there is no kernel; its text is the view's text.
        restore: Brings variables into the notebook, by name, and says in a sentence what it did.
    """

    _esm = _STATIC / "variables_view.js"
    _css = _STATIC / "variables_view.css"

    filter_state = traitlets.Dict().tag(sync=True)
    sort = traitlets.List(["name", False]).tag(sync=True)
    selected_rows = traitlets.List(traitlets.Int()).tag(sync=True)
    active_row = traitlets.Int(-1).tag(sync=True)

    def __init__(
        self,
        reader: CheckpointReader,
        *,
        listing: Listing,
        restore: Callable[[Sequence[str]], str] | None = None,
    ) -> None:
        super().__init__(filter_state=VariableFilter().to_state())
        self._reader = reader
        self._listing = listing
        self._restore = restore
        self._answers = VariableMessages(reader, reader.prefix)
        handlers = {
            **self._answers.handlers(),
            "code": Handler(self._code),
            "restore": Handler(self._restore_selection),
        }
        self._conversation = Conversation(self, handlers)

    @property
    def variables(self) -> pd.DataFrame:
        """All rows: name, dtype, shape, elements, bytes, shard, offset, slices, group."""
        return self._answers.variables

    @property
    def filtered(self) -> pd.DataFrame:
        """The rows that the filter keeps, in the order of the index."""
        wanted = VariableFilter.from_state(self.filter_state)
        return filter_variables(self.variables, wanted, self._answers.nan_names.__contains__)

    @property
    def selected(self) -> pd.DataFrame:
        """The selected rows."""
        return self.variables.iloc[list(self.selected_rows)]

    def filter(self, text: str | None = None, **parts: object) -> pd.DataFrame:
        """Show only some variables; parts that are not named stay as they are, and no argument at all lifts the filter.

        Args:
            text: What to look for in the names.
            **parts: As in :class:`~ckpt_magics.frames.filtering.VariableFilter`: mode, scope, dtypes, ranks, groups,
                min_bytes, max_bytes, has_nan.

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
            TensorNotFoundError: The checkpoint has no variable of a name.
        """
        rows = []
        for name in [names] if isinstance(names, str) else names:
            row = self._answers.row_of(name)
            if row is None:
                raise TensorNotFoundError(f"no variable {name!r} in {self._reader.prefix}", name=name)
            rows.append(row)
        self.selected_rows = sorted(set(rows))
        return self.selected

    def _code(self, _request: Request) -> Reply:
        names = list(self.selected["name"]) or list(self.filtered["name"][:20])
        lines = [
            "import ckpt_magics",
            "",
            f"reader = ckpt_magics.load_checkpoint({json.dumps(self._reader.prefix, ensure_ascii=False)})",
            "values = {",
            *(f"    {name!r}: reader[{name!r}]," for name in names),
            "}",
        ]
        return Reply({"text": "\n".join(lines)})

    def _restore_selection(self, _request: Request) -> Reply:
        names = list(self.selected["name"])
        if not names:
            raise InvalidArgumentError("nothing is selected; click rows, with Shift or Ctrl for several")
        if self._restore is None:
            raise InvalidArgumentError("this view was opened outside a notebook, so there is nowhere to restore to")
        return Reply({"text": self._restore(names)})

    def _repr_mimebundle_(self, **options: dict[str, object]) -> tuple[dict[str, Any], dict[str, Any]]:
        # anywidget gives (data, metadata); a front end without widgets, or without a kernel, takes the other forms.
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**data, "text/html": self._listing._repr_html_(), "text/plain": str(self._listing)}, metadata
