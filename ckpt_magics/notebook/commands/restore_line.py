"""The line of ``%ckpt_restore``: its options, read from what was typed and written out again."""

from __future__ import annotations

import argparse

from ckpt_magics.files.restore.restore_options import PERMISSIONS, RestoreOptions
from ckpt_magics.files.restore.restore_report import RestoreFix
from ckpt_magics.files.steps.mapping import parse_map
from ckpt_magics.files.steps.transposition import axes_text, parse_transposes
from ckpt_magics.notebook.commands.words import quoted

__all__ = ["options_of_line", "working_line"]


def options_of_line(arguments: argparse.Namespace) -> RestoreOptions:
    """Return what a line says of how to restore.

    Raises:
        InvalidArgumentError: A map or a permutation is malformed.
    """
    return RestoreOptions(
        include=arguments.pattern,
        exclude=arguments.exclude,
        mapping=parse_map(arguments.map),
        transpose=parse_transposes(arguments.transpose),
        **{name: getattr(arguments, name) for name in PERMISSIONS},
    )


def working_line(arguments: argparse.Namespace, fix: RestoreFix) -> str:
    """Return the line as it was given, with what makes it work."""
    options = options_of_line(arguments).with_fix(fix)
    words = ["%ckpt_restore", quoted(arguments.source), *map(quoted, options.include)]
    words += _listed("--exclude", list(options.exclude))
    words += _listed("--map", [f"{new}={old}" for new, old in options.mapping.items()])
    words += _listed("--transpose", [f"{name}={axes_text(tuple(axes))}" for name, axes in options.transpose.items()])
    for option in ("step", "into"):
        value = getattr(arguments, option)
        words += [] if value is None else [f"--{option}", quoted(str(value))]
    words += [f"--{name}" for name in PERMISSIONS if getattr(options, name)]
    words += ["--dry-run"] if arguments.dry_run else []
    return " ".join(words)


def _listed(option: str, values: list[str]) -> list[str]:
    return [option, *map(quoted, values)] if values else []
