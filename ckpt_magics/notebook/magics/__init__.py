"""The IPython magics: ``%load_ext ckpt_magics`` registers them, ``%unload_ext ckpt_magics`` takes them away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics, their completion and the look of their results. Loading twice changes nothing."""
    from ckpt_magics.notebook.magics.extension import register

    register(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take everything away that loading registered."""
    from ckpt_magics.notebook.magics.extension import unregister

    unregister(shell)
