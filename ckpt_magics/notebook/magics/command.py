"""What every magic has in common: its words, its help, its errors."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from IPython.core.error import UsageError
from IPython.core.magic import Magics

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, NotFoundError
from ckpt_magics.files.storage.remote.storage_options import use_storage_options
from ckpt_magics.notebook.commands.arguments import Argument, line_parser, storage_of
from ckpt_magics.notebook.commands.hints import line_hint, parse_line, source_hint, with_hint
from ckpt_magics.notebook.commands.line_form import LineForm
from ckpt_magics.notebook.commands.line_layout import lay_out
from ckpt_magics.notebook.commands.words import is_silenced, quoted, split_words
from ckpt_magics.notebook.magics.cell import is_users_own

__all__ = ["Magic", "Scope", "command", "parser_of"]

Scope = Mapping[str, Any] | None
Body = Callable[[Any, argparse.Namespace, Scope], object]


class Magic(Protocol):
    """A magic function, with the parser of its line."""

    parser: argparse.ArgumentParser

    def __call__(self, shell: Any, line: str, cell: str | None = None, local_ns: Scope = None) -> object:  # noqa: ANN401 - the Magics object
        """Do what the line says, of a cell magic with the cell."""
        ...


def command(*arguments: Argument, name: str | None = None) -> Callable[[Body], Magic]:
    """Make a magic of a method that takes parsed arguments and the caller's local variables, or None.

    Of a cell magic, ``arguments.cell`` is the cell.

    Args:
        *arguments: What the line takes.
        name: Of the magic with its mark; by default the method's, as that of a line.

    ``?`` and ``-h`` show the docstring and every argument. This is the one place where an error of this package becomes
    a UsageError, which IPython shows without a traceback; exactly that class, for it does not do so with a subclass.
    An error of the cell itself stays what it is. A ``;`` at the end of a line hides its value.
    """

    def decorate(body: Body) -> Magic:
        parser = line_parser(name or f"%{body.__name__}", body.__doc__, arguments)
        form = LineForm(parser.prog, f"{parser.prog}?", quoted)

        @functools.wraps(body)
        def magic(self: Magics, line: str, cell: str | None = None, local_ns: Scope = None) -> object:
            try:
                words = split_words(line)
                if {"-h", "--help"} & set(words):
                    print(parser.format_help())  # noqa: T201 - help asked for
                    return None
                layout = lay_out(parser, words)
                parsed = parse_line(form, parser, layout)
            except InvalidArgumentError as error:
                raise UsageError(str(error)) from None
            parsed.cell = cell
            try:
                with use_storage_options(storage_of(getattr(parsed, "storage", ()))):
                    result = body(self, parsed, local_ns)
                # IPython would read the line as Python, which it is not, and fails at a backslash.
                return None if cell is None and is_silenced(line) else result
            except UsageError as error:
                raise UsageError(with_hint(str(error), line_hint(form, parser, layout))) from error.__cause__
            except CheckpointError as error:
                if is_users_own(error):
                    raise
                values = {} if self.shell is None else self.shell.user_ns
                hint = source_hint(form, layout, values) or line_hint(form, parser, layout)
                raise UsageError(with_hint(str(error), hint if isinstance(error, NotFoundError) else "")) from error

        magic.__doc__ = parser.format_help()
        magic.parser = parser  # type: ignore[attr-defined]
        return magic  # type: ignore[return-value]

    return decorate


def parser_of(magic: object) -> argparse.ArgumentParser:
    """Return what parses the lines of a magic, as a method or as the shell has it."""
    parser: argparse.ArgumentParser = magic.parser  # type: ignore[attr-defined]
    return parser
