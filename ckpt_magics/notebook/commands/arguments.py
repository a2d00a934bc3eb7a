"""What a line takes, as data, and the parser of it: plain argparse, whose errors are errors of this package."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterable
from typing import Any, Never

from ckpt_magics.errors import InvalidArgumentError

__all__ = ["DASK", "STORAGE", "Argument", "LineParser", "argument", "line_parser", "many_values", "storage_of"]

Argument = tuple[tuple[str, ...], dict[str, Any]]


def argument(*names: str, **options: Any) -> Argument:  # noqa: ANN401 - argparse's own mixture
    """Declare an argument, as ``ArgumentParser.add_argument`` takes it."""
    return names, options


def many_values(flag: str, metavar: str, text: str) -> Argument:
    """Declare an option whose values run to the next option; given again, it has more of them."""
    return argument(flag, nargs="+", action="extend", default=[], metavar=metavar, help=text)


class LineParser(argparse.ArgumentParser):
    """A parser that neither prints nor exits, so that whoever has the line says what is wrong with it."""

    def error(self, message: str) -> Never:
        """Raise what is wrong with the words.

        Raises:
            InvalidArgumentError: Always.
        """
        raise InvalidArgumentError(message)


def line_parser(name: str, description: str | None, arguments: Iterable[Argument]) -> LineParser:
    """Return the parser of a line; ``-h`` sets ``help``.

    Args:
        name: What the line begins with, with its mark.
        description: What it does, in paragraphs whose line ends stay.
        arguments: What it takes.
    """
    parser = LineParser(
        prog=name,
        description=None if description is None else inspect.cleandoc(description),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        allow_abbrev=False,
    )
    for flags, options in arguments:
        parser.add_argument(*flags, **options)
    parser.add_argument("-h", "--help", action="store_true", help="Show this.")
    return parser


DASK = argument(
    "--dask",
    nargs="?",
    const="",
    metavar="=ADDRESS",
    help="Let the workers of a dask cluster do it: of the client that there is, or of the scheduler at ADDRESS.",
)

STORAGE = many_values("--storage", "KEY=VALUE", "Options for URLs, as fsspec calls them: anon=true.")


def storage_of(words: Iterable[str]) -> dict[str, str | bool]:
    """Return what ``--storage`` says.

    Raises:
        InvalidArgumentError: A word has no ``=``.

    >>> storage_of(["anon=true", "endpoint_url=http://127.0.0.1:9000"])
    {'anon': True, 'endpoint_url': 'http://127.0.0.1:9000'}
    """
    found: dict[str, str | bool] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise InvalidArgumentError("--storage takes words of the form KEY=VALUE")
        found[name] = {"true": True, "false": False}.get(value.lower(), value)
    return found
