"""Registering the magics with IPython, and taking them away again, for which IPython has no call of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics

from ckpt_magics.notebook.magics.active_graph import active_graph
from ckpt_magics.notebook.magics.checkpoint_magics import CheckpointMagics
from ckpt_magics.notebook.magics.completion import CheckpointMatcher
from ckpt_magics.notebook.magics.convert_magics import ConvertMagics
from ckpt_magics.notebook.magics.graph_magics import GraphMagics
from ckpt_magics.notebook.magics.shown_views import ShownView, ShownViews, shown_views
from ckpt_magics.notebook.magics.verify_magics import VerifyMagics
from ckpt_magics.notebook.magics.view_magics import ViewMagics, has_front_end

if TYPE_CHECKING:
    from ckpt_magics.files.jobs.saving import SavedCheckpoint
    from ckpt_magics.files.restore.restore_report import RestoreReport

__all__ = ["MAGICS", "register", "unregister"]

MAGICS: tuple[type[Magics], ...] = (CheckpointMagics, ConvertMagics, GraphMagics, VerifyMagics, ViewMagics)

_MATCHER = "ckpt_magics"
# What has looks of its own goes by the name of its class, so that loading the extension does not import it.
_SAVED = ("ckpt_magics.files.jobs.saving", "SavedCheckpoint")
_REPORT = ("ckpt_magics.files.restore.restore_report", "RestoreReport")
_VIEWS = (
    ("ckpt_magics.notebook.widgets.bundles", "BundledWidget"),
    ("ckpt_magics.notebook.widgets.linked_view", "LinkedView"),
)
_DISPLAY = "outputs of its own"


def register(shell: InteractiveShell) -> None:
    """Add the magics, the completion and the formatters to a shell."""
    unregister(shell)
    for magics in MAGICS:
        shell.register_magics(magics)
    shell.Completer.custom_matchers.append(CheckpointMatcher(shell).matcher)
    ShownViews(shell).register()
    for mimetype, shown, show in _looks(shell):
        _formatter(shell, mimetype).for_type_by_name(*shown, show)


def unregister(shell: InteractiveShell) -> None:
    """Remove what `register` added."""
    if active_graph(shell) is not None:
        # The default graph of the process is the notebook's again.
        shell.magics_manager.registry[GraphMagics.__name__].activate(None)
    for magics in MAGICS:
        # Before the first instance exists a Magics class has its tables by kind, as the manager has.
        for kind, names in magics.magics.items():
            for name in names:
                shell.magics_manager.magics[kind].pop(name, None)
        shell.magics_manager.registry.pop(magics.__name__, None)
        configurables: list[Any] = shell.configurables
        configurables[:] = [one for one in configurables if type(one) is not magics]
    views = shown_views(shell)
    if views is not None:
        views.unregister()
    matchers = shell.Completer.custom_matchers
    matchers[:] = [one for one in matchers if getattr(one, "matcher_identifier", None) != _MATCHER]
    for mimetype, shown, _ in _looks(shell):
        formatter = _formatter(shell, mimetype)
        formatter.deferred_printers.pop(shown, None)
        for kind in [kind for kind in formatter.type_printers if (kind.__module__, kind.__name__) == shown]:
            del formatter.type_printers[kind]


def _formatter(shell: InteractiveShell, mimetype: str) -> Any:  # noqa: ANN401 - IPython publishes no types for it
    formatters: Any = shell.display_formatter
    return formatters.ipython_display_formatter if mimetype == _DISPLAY else formatters.formatters[mimetype]


def _saved_html(saved: SavedCheckpoint) -> str:
    from ckpt_magics.notebook.reports.saved_listing import saved_report

    return saved_report(saved).html()


def _print_saved(saved: SavedCheckpoint, printer: object, cycle: bool) -> None:  # noqa: ARG001 - IPython's signature
    from ckpt_magics.notebook.reports.saved_listing import saved_report

    write: Callable[[str], None] = printer.text  # type: ignore[attr-defined]
    write(saved_report(saved).text())


def _show_view(shell: InteractiveShell, view: ShownView) -> None:
    """Show a view, which is the cell's from now on."""
    views = shown_views(shell)
    if views is not None:
        views.add(view)
    view._ipython_display_()


def _show_restored(shell: InteractiveShell, report: RestoreReport) -> None:
    from IPython.display import display

    from ckpt_magics.notebook.widgets.tensors.restored_view import view_of_report

    view = view_of_report(report)
    if view is not None:
        _show_view(shell, view)
    else:
        display({"text/plain": repr(report), "text/html": report._repr_html_()}, raw=True)  # type: ignore[no-untyped-call]


def _looks(shell: InteractiveShell) -> list[tuple[str, tuple[str, str], Callable[..., object]]]:
    """MIME type, module and class, and how objects of that class look in it."""
    looks: list[tuple[str, tuple[str, str], Callable[..., object]]] = [
        ("text/html", _SAVED, _saved_html),
        ("text/plain", _SAVED, _print_saved),
    ]
    if not has_front_end(shell):
        return looks
    show_view = partial(_show_view, shell)
    return [
        *looks,
        (_DISPLAY, _REPORT, partial(_show_restored, shell)),
        *((_DISPLAY, view, show_view) for view in _VIEWS),
    ]
