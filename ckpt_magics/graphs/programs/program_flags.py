"""Flags of programs, and the function that runs their main: what scripts of TensorFlow 1 begin and end with.

Format: tensorflow/python/platform/flags.py and app.py. Arguments that no flag takes are left to the program, so that a
notebook's own do no harm, and a flag may be defined again, as when a cell runs twice.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn


class FlagValues:
    """The values of all flags, by attribute: what the command line says, else the default."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser(allow_abbrev=False, conflict_handler="resolve")
        vars(self).update(_parser=parser, _parsed=None, _own={}, _switches={})

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- of the flag's type
        if name in self._own:
            return self._own[name]
        if not name.startswith("__") and self._parsed is None:
            self.parse(sys.argv)
        if self._parsed is None or name not in self._parsed:
            raise AttributeError(f"Unknown command line flag '{name}'", name=name)
        return self._parsed[name]

    def __setattr__(self, name: str, value: object) -> None:
        self._own[name] = value

    def parse(self, argv: Sequence[str]) -> list[str]:
        """Take the values from a command line, the program's name first, and return the rest of the line."""
        parsed, rest = self._parser.parse_known_args([self._switches.get(word, word) for word in argv[1:]])
        vars(self)["_parsed"] = vars(parsed)
        return [*argv[:1], *rest]

    def define(self, name: str, default: object, text: str | None, **options: Any) -> None:  # noqa: ANN401 -- argparse's
        """Add a flag, or define one anew."""
        # Help texts are no templates.
        self._parser.add_argument(
            f"--{name}", dest=name, default=default, help=text and text.replace("%", "%%"), **options
        )
        vars(self)["_parsed"] = None
        self._own.pop(name, None)
        if options.get("type") is _truth:
            # Such a flag takes a value after "=" only, never the word that follows it.
            self._switches.update({f"--{name}": f"--{name}=true", f"--no{name}": f"--{name}=false"})


FLAGS = FlagValues()


def _definer(kind: Callable[[str], object], description: str) -> Callable[..., None]:
    def define(name: str, default: object, help: str | None = None) -> None:  # noqa: A002 -- TensorFlow's word
        FLAGS.define(name, default, help, type=kind)

    define.__doc__ = f"Define a flag whose value is {description}."
    return define


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")] if text else []


DEFINE_string = _definer(str, "a string")
DEFINE_integer = _definer(int, "a whole number")
DEFINE_float = _definer(float, "a number")
DEFINE_list = _definer(_items, "a list of strings, separated by commas")


def define_boolean(name: str, default: object, help: str | None = None) -> None:  # noqa: A002 -- TensorFlow's word
    """Define a flag that ``--name`` sets and ``--noname`` clears."""
    FLAGS.define(name, default, help, type=_truth)


def define_enum(name: str, default: object, enum_values: Iterable[str], help: str | None = None) -> None:  # noqa: A002 -- likewise
    """Define a flag whose value is one of several strings."""
    FLAGS.define(name, default, help, choices=list(enum_values))


def _truth(text: str) -> bool:
    if text.lower() in {"true", "t", "1"}:
        return True
    if text.lower() in {"false", "f", "0"}:
        return False
    raise ValueError(text)


def run(main: Callable[[list[str]], object] | None = None, argv: Sequence[str] | None = None) -> NoReturn:
    """Take the flags from the command line and run a program, which then ends.

    Args:
        main: The program, called with what the flags leave of the line. Default: ``main`` of the script.
        argv: The line. Default: the interpreter's.

    Raises:
        SystemExit: Always, with what the program returns.
    """
    rest = FLAGS.parse(sys.argv if argv is None else argv)
    program = main or vars(sys.modules["__main__"])["main"]
    raise SystemExit(program(rest))
