"""A command of the shell: a row, from which its parser, its help and the documentation follow."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, NotFoundError, visible
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.storage.remote.storage_options import use_storage_options
from ckpt_magics.notebook.commands.arguments import STORAGE, Argument, LineParser, argument, line_parser, storage_of
from ckpt_magics.notebook.commands.hints import line_hint, parse_line, with_hint
from ckpt_magics.notebook.commands.line_form import LineForm
from ckpt_magics.notebook.commands.line_layout import lay_out
from ckpt_magics.notebook.commands.progress_line import terminal_progress
from ckpt_magics.notebook.commands.words import expanded

__all__ = ["BAD", "FAULT", "GOOD", "Command", "Outcome", "ShellCommand", "say_fault"]

GOOD, BAD, FAULT = 0, 1, 2
"""Exit codes."""

_ENDINGS = (".html", ".txt", ".json")


class Command(Protocol):
    """Something that a word behind the program's name does."""

    @property
    def name(self) -> str:
        """The word."""
        ...

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        ...

    def main(self, words: Sequence[str], program: str) -> int:
        """Do it and return the exit code, given the words behind that word and what the program is called."""
        ...


def say_fault(start: str, text: str) -> int:
    """Say on standard error what is wrong, and return the exit code."""
    sys.stderr.write(f"{start}: {text}\n")
    return FAULT


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command found; each form is made when it is asked for.

    Attributes:
        text: The report as lines.
        page: The report as an HTML file.
        facts: The same as plain values under stable names, for programs.
        is_good: Whether all is the same, or nothing damaged.
        pictures: Further forms of files by their ending.
    """

    text: Callable[[], str]
    page: Callable[[], str]
    facts: Callable[[], Mapping[str, object]]
    is_good: bool = True
    pictures: Mapping[str, Callable[[], str]] = field(default_factory=dict)

    def json(self) -> str:
        """Return the facts as one line of JSON; bytes of names that are no text are lone surrogates."""
        return json.dumps(self.facts(), allow_nan=False)

    def form(self, ending: str) -> str:
        """Return what a file of that ending holds."""
        forms = {".html": self.page, ".txt": lambda: f"{self.text()}\n", ".json": lambda: f"{self.json()}\n"}
        return {**forms, **self.pictures}[ending]()


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """A command that reports what it found.

    Attributes:
        name: The word behind the program's name.
        description: What it does, first in one line; and the names of its facts.
        arguments: What it takes, besides what every command takes.
        run: Does it. It is told what the line says, and whom to tell how far it is.
        verb: What it is doing meanwhile, such as "Verifying".
        pictures: Endings of files that it can write besides those of every command.
        further: Returns what else it takes, where that is known only by modules that take long to load.
    """

    name: str
    description: str
    arguments: tuple[Argument, ...]
    run: Callable[[argparse.Namespace, Progress | None], Outcome]
    verb: str = "Reading"
    pictures: tuple[str, ...] = ()
    further: Callable[[], tuple[Argument, ...]] = tuple

    @property
    def summary(self) -> str:
        """The first line of the description."""
        return self.description.partition("\n")[0]

    @property
    def endings(self) -> tuple[str, ...]:
        """What the name of a file may end in that it writes."""
        return (*_ENDINGS, *self.pictures)

    def parser(self, program: str) -> LineParser:
        """Return what parses its words, given what the program is called."""
        output = f"Write the report to this file too, as its name ends: {', '.join(self.endings)}."
        common = (
            argument("-o", "--output", metavar="FILE", help=output),
            argument("--json", action="store_true", help="Print the facts as JSON in place of the report."),
            STORAGE,
        )
        return line_parser(f"{program} {self.name}", self.description, (*self.arguments, *self.further(), *common))

    def main(self, words: Sequence[str], program: str) -> int:
        """Do what words say: report on standard output, say what is wrong on standard error; returns the exit code."""
        parser = self.parser(program)
        if {"-h", "--help"} & set(words):
            sys.stdout.write(parser.format_help())
            return GOOD
        form = LineForm(parser.prog, f"{parser.prog} -h", shlex.quote)
        layout = lay_out(parser, words)
        try:
            arguments = parse_line(form, parser, layout)
            self._check_output(arguments)
            with use_storage_options(storage_of(arguments.storage)):
                with terminal_progress(self.verb, quiet=getattr(arguments, "quiet", False)) as progress:
                    outcome = self.run(arguments, progress)
                _report(outcome, arguments)
        except CheckpointError as error:
            hint = line_hint(form, parser, layout) if isinstance(error, NotFoundError) else ""
            return say_fault(parser.prog, with_hint(str(error), hint))
        return GOOD if outcome.is_good else BAD

    def _check_output(self, arguments: argparse.Namespace) -> None:
        """Refuse a file of another form, before hours of work."""
        if arguments.output is not None and _ending(arguments.output) not in self.endings:
            endings = ", ".join(self.endings)
            raise InvalidArgumentError(f"-o {visible(arguments.output)}: the name has to end in one of {endings}")


def _report(outcome: Outcome, arguments: argparse.Namespace) -> None:
    """Write what the line asks for: a file first, which a closed pipe does not hinder."""
    if arguments.output is not None:
        from ckpt_magics.files.storage.system_errors import system_errors

        path = expanded(arguments.output)
        text = outcome.form(_ending(path))
        with system_errors(path), open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    print(outcome.json() if arguments.json else outcome.text())  # noqa: T201 - what the command is for


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()
