"""A command of the shell: a row, from which its parser, its help and the documentation follow."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.notebook.commands.arguments import Argument, LineParser, argument, line_parser

__all__ = ["Outcome", "ShellCommand"]

_ENDINGS = (".html", ".txt", ".json")


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
    """One command.

    Attributes:
        name: The word behind the program's name.
        description: What it does, first in one line; and the names of its facts.
        arguments: What it takes, besides what every command takes.
        run: Does it. It is told what the line says, and whom to tell how far it is.
        verb: What it is doing meanwhile, such as "Verifying".
        pictures: Endings of files that it can write besides those of every command.
    """

    name: str
    description: str
    arguments: tuple[Argument, ...]
    run: Callable[[argparse.Namespace, Progress | None], Outcome]
    verb: str = "Reading"
    pictures: tuple[str, ...] = ()

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
        )
        return line_parser(f"{program} {self.name}", self.description, (*self.arguments, *common))
