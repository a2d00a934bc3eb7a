"""A program that imports TensorFlow, run with this package in its place."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ckpt_magics.errors import CheckpointError, NotFoundError, visible
from ckpt_magics.notebook.commands.arguments import argument, line_parser
from ckpt_magics.notebook.commands.shell_command import GOOD, say_fault

__all__ = ["RUN"]

_ARGUMENTS = (
    argument("--v2", action="store_true", help="Give it the names of TensorFlow 2."),
    argument(
        "script",
        metavar="SCRIPT ...",
        help="A file of Python, or a folder or archive with a __main__.py; what follows it is for the program.",
    ),
)

_DESCRIPTION = """Run a program of TensorFlow with this package in TensorFlow's place.

"import tensorflow as tf" gives the names of ckpt_magics.compat.v1, or with --v2 of
ckpt_magics.compat.v2. The exit code is that of the program.
"""


@dataclass(frozen=True, slots=True)
class _RunCommand:
    """The command."""

    name: str = "run"
    summary: str = _DESCRIPTION.partition("\n")[0]

    def main(self, words: Sequence[str], program: str) -> int:
        """Run the script that the words name; what ends it ends this."""
        from ckpt_magics.graphs.programs.standing_in import stand_in

        parser = line_parser(f"{program} {self.name}", _DESCRIPTION, _ARGUMENTS)
        at = next((at for at, word in enumerate(words) if not word.startswith("-")), len(words))
        if {"-h", "--help"} & set(words[:at]):
            sys.stdout.write(parser.format_help())
            return GOOD
        try:
            arguments = parser.parse_args(words[: at + 1])
            if not os.path.exists(arguments.script):
                raise NotFoundError(f"there is no file {visible(arguments.script)}")
            stand_in(2 if arguments.v2 else 1)
        except CheckpointError as error:
            return say_fault(parser.prog, str(error))
        _run_script(arguments.script, words[at + 1 :])
        return GOOD


def _run_script(script: str, arguments: Sequence[str]) -> None:
    """Run a script as Python does: it finds modules beside it, and its own name and arguments in ``sys.argv``."""
    sys.argv = [script, *arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    runpy.run_path(script, run_name="__main__")


RUN = _RunCommand()
