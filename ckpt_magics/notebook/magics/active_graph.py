"""Which graph the magics for checkpoints are about, in place of the notebook's own variables."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ckpt_magics.notebook.magics.notebook_graph import NotebookGraph

__all__ = ["active_graph", "graph_to_restore"]


def active_graph(shell: InteractiveShell) -> NotebookGraph | None:
    """Return the graph that %ckpt_save, %ckpt_restore and %ckpt_diff are about, if there is one."""
    magics: Any = shell.magics_manager.registry.get("GraphMagics")
    active: NotebookGraph | None = None if magics is None else magics.active
    return active


def graph_to_restore(shell: InteractiveShell, into: str | None) -> NotebookGraph | None:
    """Return the graph that a restore goes to: the one called ``into``, or without a name the active one."""
    if into is None:
        return active_graph(shell)
    value = shell.user_ns.get(into)
    # A graph in the notebook means that its class is loaded; a line without one does not load it.
    module = sys.modules.get("ckpt_magics.notebook.magics.notebook_graph")
    return value if module is not None and isinstance(value, module.NotebookGraph) else None
