"""Which views each cell shows: a view that a cell has replaced by running again is closed.

Front ends say which cell they run by an id, as JupyterLab and VS Code do; where one says none, nothing is closed, for
two cells may have the same text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol
from weakref import WeakSet

from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

from ckpt_magics.notebook.magics.namespace import user_values

__all__ = ["ShownView", "ShownViews", "shown_views"]


class ShownView(Protocol):
    """What a cell shows until it runs again."""

    def close(self) -> None:
        """Answer the page no more."""
        ...

    def _ipython_display_(self) -> None:
        """Show itself."""
        ...

    def continue_from(self, former: Any) -> None:  # noqa: ANN401 - views of any kind stand in one cell
        """Look where a former view of the cell looked, if it was one of the same thing."""
        ...


class ShownViews:
    """The views that the cells of a notebook show.

    Args:
        shell: The notebook.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._shown: dict[str, WeakSet[ShownView]] = {}
        # A cell may run others; what these show stands below it.
        self._running: list[tuple[str, WeakSet[ShownView]]] = []

    def register(self) -> None:
        """Follow the cells that run from now on."""
        self._shell.events.register("pre_run_cell", self._begin)
        self._shell.events.register("post_run_cell", self._end)

    def unregister(self) -> None:
        """Follow them no longer."""
        self._shell.events.unregister("pre_run_cell", self._begin)
        self._shell.events.unregister("post_run_cell", self._end)

    def add(self, view: ShownView) -> None:
        """Note that a view is displayed by the cell that runs now; it goes on where the cell's former one was."""
        for cell, views in reversed(self._running):
            if cell:
                for former in self._shown.get(cell, ()):
                    if former is not view:
                        view.continue_from(former)
                views.add(view)
                return

    def _begin(self, info: ExecutionInfo) -> None:
        self._running.append((info.cell_id or "", WeakSet()))

    def _end(self, result: ExecutionResult) -> None:  # noqa: ARG002 - IPython's signature
        if not self._running:
            # The extension was loaded by the cell that ends now.
            return
        cell, views = self._running.pop()
        if cell:
            former = self._shown.pop(cell, WeakSet())
            self._shown[cell] = views
            self._close_unseen(former)

    def _close_unseen(self, views: Iterable[ShownView]) -> None:
        """Close those that no cell shows and no variable holds: they may be displayed again."""
        held = {id(value) for value in user_values(self._shell).values()}
        for view in list(views):
            if id(view) not in held and not any(view in shown for shown in self._shown.values()):
                view.close()


def shown_views(shell: InteractiveShell) -> ShownViews | None:
    """Return the views of a notebook that has loaded the extension."""
    owners = (getattr(callback, "__self__", None) for callback in shell.events.callbacks["pre_run_cell"])
    return next((owner for owner in owners if isinstance(owner, ShownViews)), None)
