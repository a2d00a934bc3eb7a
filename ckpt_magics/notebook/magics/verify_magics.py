"""%ckpt_verify and %ckpt_ls: each parses its line and calls one function."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from IPython.core.magic import Magics, line_magic, magics_class

from ckpt_magics.notebook.commands.arguments import STORAGE
from ckpt_magics.notebook.commands.ls_command import LS_ARGUMENTS
from ckpt_magics.notebook.commands.verify_command import VERIFY_ARGUMENTS
from ckpt_magics.notebook.commands.words import expanded
from ckpt_magics.notebook.magics.command import Scope, command
from ckpt_magics.notebook.magics.shown_progress import shown_progress

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["VerifyMagics"]


@magics_class
class VerifyMagics(Magics):
    """Verify checkpoints, save what is left of damaged ones, list and repair directories."""

    shell: InteractiveShell

    @line_magic
    @command(*VERIFY_ARGUMENTS, STORAGE)
    def ckpt_verify(self, arguments: argparse.Namespace, local_ns: Scope) -> object:  # noqa: ARG002 - of the caller
        """Check every block and every tensor of a checkpoint against its checksums.

        The value is the report: which file, tensor and byte is damaged, and what is still good. Bytes that belong to
        nothing are remarks. A .meta file has no checksum; it is parsed.

        In Python: verify_checkpoint(source), salvage_checkpoint(source, new_prefix), reader.verify().

        Examples::

            %ckpt_verify model.ckpt
            %ckpt_verify runs
            report = %ckpt_verify model.ckpt --salvage saved.ckpt
        """
        from ckpt_magics.files.parallel.dask_executor import dask_executor
        from ckpt_magics.notebook.reports.verification_report import verify_checkpoint

        salvage = None if arguments.salvage is None else expanded(arguments.salvage)
        showing = shown_progress("Verifying", self.shell, quiet=arguments.quiet)
        with showing as progress, dask_executor(arguments.dask) as executor:
            source = expanded(arguments.source)
            return verify_checkpoint(source, salvage=salvage, progress=progress, executor=executor)

    @line_magic
    @command(*LS_ARGUMENTS, STORAGE)
    def ckpt_ls(self, arguments: argparse.Namespace, local_ns: Scope) -> object:  # noqa: ARG002 - of the caller
        """List every checkpoint of a directory: listed, unlisted, half-written, missing; and leftovers of saves.

        The value has .checkpoints, .leftovers and .table. In Python: list_checkpoints(directory),
        repair_state(directory).

        Examples::

            %ckpt_ls runs
            %ckpt_ls runs --repair
            %ckpt_ls runs --pin model.ckpt-7
        """
        from ckpt_magics.notebook.reports.directory_listing import list_checkpoints

        directory = expanded(arguments.directory)
        return list_checkpoints(directory, repair=arguments.repair, pin=arguments.pin, unpin=arguments.unpin)
