"""The magics as commands of a shell: ``ckpt-magics show model.ckpt``, or ``python -m ckpt_magics show model.ckpt``."""

from __future__ import annotations

import argparse
import difflib
import os
import shlex
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, NotFoundError, visible
from ckpt_magics.notebook.commands.diff_command import DIFF
from ckpt_magics.notebook.commands.graph_command import GRAPH
from ckpt_magics.notebook.commands.hints import line_hint, parse_line, with_hint
from ckpt_magics.notebook.commands.line_form import LineForm
from ckpt_magics.notebook.commands.line_layout import lay_out
from ckpt_magics.notebook.commands.ls_command import LS
from ckpt_magics.notebook.commands.progress_line import terminal_progress
from ckpt_magics.notebook.commands.shell_command import Outcome, ShellCommand
from ckpt_magics.notebook.commands.show_command import SHOW
from ckpt_magics.notebook.commands.verify_command import VERIFY
from ckpt_magics.notebook.commands.words import expanded

__all__ = ["COMMANDS", "main", "program"]

COMMANDS: Mapping[str, ShellCommand] = {command.name: command for command in (SHOW, LS, VERIFY, DIFF, GRAPH)}

PROGRAM = "ckpt-magics"

GOOD, BAD, FAULT = 0, 1, 2
INTERRUPTED, PIPE_CLOSED = 130, 141
"""As a shell has them of a program that SIGINT or SIGPIPE has ended."""

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
    warnings.showwarning = _show_warning  # type: ignore[assignment]  # it takes more and needs one
    if sys.stdout is not None:
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
        return _fault(name, f"no command {visible(words[0])}{meant}; there are {', '.join(COMMANDS)}")
    return _run(command, words[1:], name)


def _run(command: ShellCommand, words: Sequence[str], name: str) -> int:
    parser = command.parser(name)
    if {"-h", "--help"} & set(words):
        sys.stdout.write(parser.format_help())
        return GOOD
    form = LineForm(parser.prog, f"{parser.prog} -h", shlex.quote)
    layout = lay_out(parser, words)
    try:
        arguments = parse_line(form, parser, layout)
        _check_output(command, arguments)
        with terminal_progress(command.verb, quiet=getattr(arguments, "quiet", False)) as progress:
            outcome = command.run(arguments, progress)
        _report(outcome, arguments)
    except CheckpointError as error:
        hint = line_hint(form, parser, layout) if isinstance(error, NotFoundError) else ""
        return _fault(parser.prog, with_hint(str(error), hint))
    return GOOD if outcome.is_good else BAD


def _report(outcome: Outcome, arguments: argparse.Namespace) -> None:
    """Write what the line asks for: a file first, which a closed pipe does not hinder."""
    if arguments.output is not None:
        from ckpt_magics.files.storage.files import system_errors

        path = expanded(arguments.output)
        text = outcome.form(_ending(path))
        with system_errors(path), open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    print(outcome.json() if arguments.json else outcome.text())  # noqa: T201 - what the command is for


def _check_output(command: ShellCommand, arguments: argparse.Namespace) -> None:
    """Refuse a file of another form, before hours of work."""
    if arguments.output is not None and _ending(arguments.output) not in command.endings:
        endings = ", ".join(command.endings)
        raise InvalidArgumentError(f"-o {visible(arguments.output)}: the name has to end in one of {endings}")


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _started_as() -> str:
    """What the program is called in a line that can be typed."""
    return "python -m ckpt_magics" if os.path.basename(sys.argv[0]) == "__main__.py" else PROGRAM


def _help(name: str) -> str:
    width = max(map(len, COMMANDS))
    commands = (f"  {command.name:{width}}  {command.summary}" for command in COMMANDS.values())
    return _HELP.format(program=name, commands="\n".join(commands))


def _fault(start: str, text: str) -> int:
    sys.stderr.write(f"{start}: {text}\n")
    return FAULT


def _show_warning(message: Warning | str, *_: object) -> None:
    sys.stderr.write(f"{_started_as()}: warning: {message}\n")
