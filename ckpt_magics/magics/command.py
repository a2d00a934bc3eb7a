"""What every magic has in common: its words, its help, its errors."""

from __future__ import annotations

import argparse
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from ckpt_magics.errors import CheckpointError
from ckpt_magics.magics.cell import is_users_own
from ckpt_magics.magics.words import split_words

__all__ = ["Magic", "Scope", "argument", "command"]

Scope = Mapping[str, Any] | None
Body = Callable[[Any, argparse.Namespace, Scope], object]
Argument = tuple[tuple[str, ...], dict[str, Any]]


class Magic(Protocol):
    """A magic function, with the parser of its line."""

    parser: argparse.ArgumentParser

    def __call__(self, shell: Any, line: str, cell: str | None = None, local_ns: Scope = None) -> object:  # noqa: ANN401 - the Magics object
        """Do what the line says, of a cell magic with the cell."""
        ...


def argument(*names: str, **options: Any) -> Argument:  # noqa: ANN401 - argparse's own mixture
    """Declare an argument, as ``ArgumentParser.add_argument`` takes it."""
    return names, options


def command(*arguments: Argument, name: str | None = None) -> Callable[[Body], Magic]:
    """Make a magic of a method that takes parsed arguments and the caller's local variables, or None.

    Of a cell magic, ``arguments.cell`` is the cell.

    ``?`` and ``-h`` show the docstring and every argument. This is the one place where an error of this package becomes
    a UsageError, which IPython shows without a traceback; exactly that class, for it does not do so with a subclass.
    An error of the cell itself stays what it is.
    """

    def decorate(body: Body) -> Magic:
        parser: argparse.ArgumentParser = MagicArgumentParser(  # type: ignore[no-untyped-call]
            name or body.__name__, description=inspect.getdoc(body)
        )
        for flags, options in arguments:
            parser.add_argument(*flags, **options)
        parser.add_argument("-h", "--help", action="store_true", help="Show this.")

        @functools.wraps(body)
        def magic(self: object, line: str, cell: str | None = None, local_ns: Scope = None) -> object:
            words = split_words(line)
            if {"-h", "--help"} & set(words):
                print(parser.format_help().removeprefix("::\n\n"))  # noqa: T201 - help asked for
                return None
            parsed = _parsed(parser, words, cell)
            try:
                return body(self, parsed, local_ns)
            except CheckpointError as error:
                if is_users_own(error):
                    raise
                raise UsageError(str(error)) from error

        magic.__doc__ = parser.format_help()
        magic.parser = parser  # type: ignore[attr-defined]
        return magic  # type: ignore[return-value]

    return decorate


def _parsed(parser: argparse.ArgumentParser, words: list[str], cell: str | None) -> argparse.Namespace:
    try:
        return parser.parse_intermixed_args(words, argparse.Namespace(cell=cell))
    except UsageError as error:
        mark = "%" if cell is None else "%%"
        raise UsageError(f"{error}; {mark}{parser.prog}? shows its options") from None
