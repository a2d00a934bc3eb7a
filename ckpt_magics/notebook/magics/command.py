"""What every magic has in common: its words, its help, its errors."""

from __future__ import annotations

import argparse
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from IPython.core.error import UsageError
from IPython.core.magic import Magics
from IPython.core.magic_arguments import MagicArgumentParser

from ckpt_magics.errors import CheckpointError, NotFoundError
from ckpt_magics.notebook.commands.hints import layout_fault, line_hint, source_hint
from ckpt_magics.notebook.commands.line_layout import LineLayout, lay_out
from ckpt_magics.notebook.commands.words import split_words
from ckpt_magics.notebook.magics.cell import is_users_own

__all__ = ["Magic", "Scope", "argument", "command", "many_values", "parser_of"]

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


def many_values(flag: str, metavar: str, text: str) -> Argument:
    """Declare an option whose values run to the next option; given again, it has more of them."""
    return argument(flag, nargs="+", action="extend", default=[], metavar=metavar, help=text)


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
        parser.allow_abbrev = False
        for flags, options in arguments:
            parser.add_argument(*flags, **options)
        parser.add_argument("-h", "--help", action="store_true", help="Show this.")

        @functools.wraps(body)
        def magic(self: Magics, line: str, cell: str | None = None, local_ns: Scope = None) -> object:
            words = split_words(line)
            if {"-h", "--help"} & set(words):
                print(parser.format_help().removeprefix("::\n\n"))  # noqa: T201 - help asked for
                return None
            layout = lay_out(parser, words)
            shown = f"{'%' if cell is None else '%%'}{parser.prog}"
            parsed = _parsed(parser, layout, shown, cell)
            try:
                return body(self, parsed, local_ns)
            except UsageError as error:
                raise _with_hint(error, line_hint(shown, parser, layout)) from error.__cause__
            except CheckpointError as error:
                if is_users_own(error):
                    raise
                hint = source_hint(shown, layout, self.shell) or line_hint(shown, parser, layout)
                raise _with_hint(error, hint if isinstance(error, NotFoundError) else "") from error

        magic.__doc__ = parser.format_help()
        magic.parser = parser  # type: ignore[attr-defined]
        return magic  # type: ignore[return-value]

    return decorate


def parser_of(magic: object) -> argparse.ArgumentParser:
    """Return what parses the lines of a magic, as a method or as the shell has it."""
    parser: argparse.ArgumentParser = magic.parser  # type: ignore[attr-defined]
    return parser


def _parsed(parser: argparse.ArgumentParser, layout: LineLayout, shown: str, cell: str | None) -> argparse.Namespace:
    """What the words of a line say; ``shown`` is the magic with its mark."""
    fault = layout_fault(shown, parser, layout)
    if fault:
        raise UsageError(f"{fault}; {shown}? shows its options")
    words = [word for option in layout.options for word in option]
    words += ["--", *layout.positional] if layout.positional else []
    try:
        return parser.parse_args(words, argparse.Namespace(cell=cell))
    except UsageError as error:
        hint = line_hint(shown, parser, layout)
        raise UsageError(f"{error}{'; ' if hint else ''}{hint}; {shown}? shows its options") from None


def _with_hint(error: Exception, hint: str) -> UsageError:
    """The error as one of the line, with a sentence on what the line may have meant."""
    text = str(error)
    dot = " " if text.endswith((".", "?", "\n")) else ". "
    return UsageError(f"{text}{dot}{hint}" if hint else text)
