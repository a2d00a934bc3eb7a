"""The line of ``%ckpt_restore``: read from what was typed, and written out again with what makes it work."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from ckpt_magics.files.directory.checkpoint_step import checkpoint_at_step
from ckpt_magics.files.restore.restore_options import PERMISSIONS, RestoreOptions
from ckpt_magics.files.restore.restore_report import RestoreFix
from ckpt_magics.files.steps.mapping import parse_map
from ckpt_magics.files.steps.transposition import axes_text, parse_transposes
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.notebook.commands.words import expanded, quoted

__all__ = ["RestoreLine", "restore_line"]


@dataclass(frozen=True, slots=True)
class RestoreLine:
    """What a line says.

    Attributes:
        source: The checkpoint, as it was typed.
        options: How to restore.
        step: The global step of the checkpoint, or None.
        into: The variable to restore into, or None for those of the tensors' names.
        dry_run: Only say what would happen.
    """

    source: str
    options: RestoreOptions
    step: int | None = None
    into: str | None = None
    dry_run: bool = False

    @property
    def path(self) -> str:
        """The checkpoint that is named, with its step."""
        source = expanded(self.source)
        return source if self.step is None else checkpoint_at_step(place_of(source), self.step).name

    def working(self, fix: RestoreFix) -> str:
        """Return the line as it was given, with what makes it work."""
        options = self.options.with_fix(fix)
        words = ["%ckpt_restore", quoted(self.source), *map(quoted, options.include)]
        words += _listed("--exclude", list(options.exclude))
        words += _listed("--map", [f"{new}={old}" for new, old in options.mapping.items()])
        words += _listed("--transpose", [f"{one}={axes_text(tuple(axes))}" for one, axes in options.transpose.items()])
        words += [] if self.step is None else ["--step", str(self.step)]
        words += [] if self.into is None else ["--into", quoted(self.into)]
        words += [f"--{name.replace('_', '-')}" for name in PERMISSIONS if getattr(options, name)]
        words += ["--dry-run"] if self.dry_run else []
        return " ".join(words)


def restore_line(arguments: argparse.Namespace) -> RestoreLine:
    """Return what the words of a line say.

    Raises:
        InvalidArgumentError: A map or a permutation is malformed.
    """
    options = RestoreOptions(
        include=arguments.pattern,
        exclude=arguments.exclude,
        mapping=parse_map(arguments.map),
        transpose=parse_transposes(arguments.transpose),
        **{name: getattr(arguments, name) for name in PERMISSIONS},
    )
    return RestoreLine(arguments.source, options, arguments.step, arguments.into, arguments.dry_run)


def _listed(option: str, values: list[str]) -> list[str]:
    return [option, *map(quoted, values)] if values else []
