"""Registering the magics with IPython, and taking them away again, for which IPython has no call of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics

from ckpt_magics.magics.checkpoint_magics import CheckpointMagics
from ckpt_magics.magics.completion import CheckpointMatcher

if TYPE_CHECKING:
    from ckpt_magics.checkpoint.saving import SavedCheckpoint

__all__ = ["MAGICS", "register", "unregister"]

MAGICS: tuple[type[Magics], ...] = (CheckpointMagics,)

_MATCHER = "ckpt_magics"
# The looks of a saved checkpoint go by the name of its class, so that loading the extension does not import it.
_SAVED = ("ckpt_magics.checkpoint.saving", "SavedCheckpoint")


def register(shell: InteractiveShell) -> None:
    """Add the magics, the completion and the formatters to a shell."""
    unregister(shell)
    for magics in MAGICS:
        shell.register_magics(magics)
    shell.Completer.custom_matchers.append(CheckpointMatcher(shell).matcher)
    for mimetype, show in _LOOKS.items():
        _formatter(shell, mimetype).for_type_by_name(*_SAVED, show)


def unregister(shell: InteractiveShell) -> None:
    """Remove what `register` added."""
    for magics in MAGICS:
        # Before the first instance exists a Magics class has its tables by kind, as the manager has.
        for kind, names in magics.magics.items():
            for name in names:
                shell.magics_manager.magics[kind].pop(name, None)
        shell.magics_manager.registry.pop(magics.__name__, None)
        configurables: list[Any] = shell.configurables
        configurables[:] = [one for one in configurables if type(one) is not magics]
    matchers = shell.Completer.custom_matchers
    matchers[:] = [one for one in matchers if getattr(one, "matcher_identifier", None) != _MATCHER]
    for mimetype in _LOOKS:
        formatter = _formatter(shell, mimetype)
        formatter.deferred_printers.pop(_SAVED, None)
        for kind in [kind for kind in formatter.type_printers if (kind.__module__, kind.__name__) == _SAVED]:
            del formatter.type_printers[kind]


def _formatter(shell: InteractiveShell, mimetype: str) -> Any:  # noqa: ANN401 - IPython publishes no types for it
    formatters: Any = shell.display_formatter
    return formatters.formatters[mimetype]


def _saved_html(saved: SavedCheckpoint) -> str:
    from ckpt_magics.saver.saved_listing import saved_html

    return saved_html(saved)


def _print_saved(saved: SavedCheckpoint, printer: object, cycle: bool) -> None:  # noqa: ARG001 - IPython's signature
    from ckpt_magics.saver.saved_listing import saved_text

    write: Callable[[str], None] = printer.text  # type: ignore[attr-defined]
    write(saved_text(saved))


_LOOKS: dict[str, Callable[..., object]] = {"text/html": _saved_html, "text/plain": _print_saved}
