"""The magics as commands of a shell: ``ckpt-magics show model.ckpt``, or ``python -m ckpt_magics show model.ckpt``."""

from __future__ import annotations

import difflib
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

from ckpt_magics.errors import visible
from ckpt_magics.notebook.commands.bytes_command import BYTES
from ckpt_magics.notebook.commands.convert_command import AVERAGE, CONVERT
from ckpt_magics.notebook.commands.diff_command import DIFF
from ckpt_magics.notebook.commands.graph_command import GRAPH
from ckpt_magics.notebook.commands.ls_command import LS
from ckpt_magics.notebook.commands.run_command import RUN
from ckpt_magics.notebook.commands.shell_command import FAULT, GOOD, Command, say_fault
from ckpt_magics.notebook.commands.show_command import SHOW
from ckpt_magics.notebook.commands.verify_command import VERIFY

__all__ = ["COMMANDS", "main", "program"]

COMMANDS: Mapping[str, Command] = {
    command.name: command for command in (SHOW, LS, BYTES, VERIFY, DIFF, CONVERT, AVERAGE, GRAPH, RUN)
}

PROGRAM = "ckpt-magics"

INTERRUPTED, PIPE_CLOSED = 130, 141
"""Exit codes as a shell has them of a program that SIGINT or SIGPIPE has ended."""

_HELP = """usage: {program} COMMAND ...

Look into TensorFlow's checkpoints and graphs, without TensorFlow.

commands:
{commands}

{program} COMMAND -h shows what a command takes.

exit codes:
  0  the same, or good
  1  different, or damaged
  2  a wrong line, or what it names cannot be read
"""


def program() -> NoReturn:
    """Run as a program: do what the words behind its name say, and exit."""
    # What a program that is run says is its own.
    if sys.argv[1:2] != [RUN.name]:
        warnings.showwarning = _show_warning  # type: ignore[assignment]  # it takes more and needs one
        # A name may have signs that a terminal has not.
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    status = main(sys.argv[1:], _started_as())
    if status == PIPE_CLOSED:
        # The interpreter flushes what is left, which would be an error again.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def main(words: Sequence[str], name: str = PROGRAM) -> int:
    """Do what words say, and return the exit code. What is wrong is said on standard error.

    Args:
        words: What follows the program's name.
        name: What the program is called in lines that are shown.
    """
    try:
        status = _do(words, name)
        sys.stdout.flush()
    except BrokenPipeError:
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _do(words: Sequence[str], name: str) -> int:
    if not words or words[0] in {"-h", "--help"}:
        (sys.stdout if words else sys.stderr).write(_help(name))
        return GOOD if words else FAULT
    command = COMMANDS.get(words[0])
    if command is None:
        near = difflib.get_close_matches(words[0], COMMANDS, 1)
        meant = f"; nearest: {near[0]}" if near else ""
        return say_fault(name, f"no command {visible(words[0])}{meant}; there are {', '.join(COMMANDS)}")
    return command.main(words[1:], name)


def _started_as() -> str:
    """What the program is called in a line that can be typed."""
    return "python -m ckpt_magics" if os.path.basename(sys.argv[0]) == "__main__.py" else PROGRAM


def _help(name: str) -> str:
    width = max(map(len, COMMANDS))
    commands = (f"  {command.name:{width}}  {command.summary}" for command in COMMANDS.values())
    return _HELP.format(program=name, commands="\n".join(commands))


def _show_warning(message: Warning | str, *_: object) -> None:
    sys.stderr.write(f"{_started_as()}: warning: {message}\n")
