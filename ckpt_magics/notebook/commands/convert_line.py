"""The line of ``%ckpt_convert``: sources, a target, and steps in the order in which they stand."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.jobs.converting import ConvertOptions
from ckpt_magics.files.recipes.recipe import Recipe, load_recipe
from ckpt_magics.files.steps.known_steps import STEP_KINDS
from ckpt_magics.files.steps.step import Step, StepKind
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.notebook.commands.arguments import DASK, Argument, argument
from ckpt_magics.notebook.commands.words import expanded
from ckpt_magics.phrasing import amount

__all__ = [
    "WRITING_ARGUMENTS",
    "StepAction",
    "byte_count",
    "convert_options",
    "divided_source",
    "factors_of",
    "paths_of_line",
    "source_scopes",
    "step_arguments",
    "steps_of_line",
]

RECIPE = "recipe"

_SCOPED = re.compile(r"([\w.-]+):(?!//)(.+)", re.DOTALL)
"""A word before a colon that is no URL's scheme."""


_UNITS = {
    "": 1,
    **{letter: 1000**power for power, letter in enumerate("KMGT", 1)},
    **{f"{letter}I": 1024**power for power, letter in enumerate("KMGT", 1)},
}
"""Bytes of the units of a size, without the B at their ends."""


class StepAction(argparse.Action):
    """Notes a step in ``steps``, whose order is that of the line."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - what argparse calls it with
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Note the word and its entries."""
        word = (option_string or "").lstrip("-")
        namespace.steps = [*(getattr(namespace, "steps", None) or ()), (word, values or [])]


def step_arguments() -> tuple[Argument, ...]:
    """Return the options of all steps."""
    text = "Take the steps of a recipe."
    recipe = argument(f"--{RECIPE}", nargs=1, action=StepAction, dest="steps", metavar="NAME_OR_FILE", help=text)
    return recipe, *map(_argument, STEP_KINDS.values())


def _argument(kind: StepKind) -> Argument:
    count = "*" if kind.may_be_bare else "+"
    takes: dict[str, Any] = {"nargs": count, "metavar": kind.metavar} if kind.fields else {"nargs": 0}
    return argument(f"--{kind.word}", action=StepAction, dest="steps", help=kind.text.replace("%", "%%"), **takes)


def byte_count(text: str) -> int:
    """Return the bytes that a size means.

    Raises:
        ArgumentTypeError: It is no number with or without a unit.

    >>> byte_count("5GB"), byte_count("1.5 KiB"), byte_count("200")
    (5000000000, 1536, 200)
    """
    found = re.fullmatch(r"(\d{1,20}(?:\.\d{1,9})?)\s*([A-Za-z]*)", text, re.ASCII)
    unit = None if found is None else _UNITS.get(found[2].upper().removesuffix("B"))
    if found is None or unit is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; one is 5GB, 200MB or 1GiB")
    return int(float(found[1]) * unit)


WRITING_ARGUMENTS: tuple[Argument, ...] = (
    argument("--to", metavar="KIND", help="Write this kind of file, whatever the target's name ends in."),
    argument("--shards", type=int, default=1, metavar="N", help="Spread the tensors over so many files."),
    argument(
        "--max-shard-size", type=byte_count, metavar="SIZE", help="Spread them over files of a size, as 5GB or 200MB."
    ),
    argument("--objects", action="store_true", help="Make a checkpoint of objects of what has only names."),
    argument("--in-place", action="store_true", help="Replace the source, in one step at the end."),
    argument("--dry-run", action="store_true", help="Only report what would be written."),
    argument("--no-verify", action="store_true", help="Do not read back what was written."),
    DASK,
    argument("-q", "--quiet", action="store_true", help="Show no progress."),
)
"""How a result is written."""


def convert_options(
    arguments: argparse.Namespace, progress: Progress | None, executor: Executor | None
) -> ConvertOptions:
    """Return how a line wants its result to be written."""
    return ConvertOptions(
        to=arguments.to,
        dry_run=arguments.dry_run,
        verify=not arguments.no_verify,
        in_place=arguments.in_place,
        objects=arguments.objects,
        executor=executor,
        save=SaveOptions(num_shards=arguments.shards, max_shard_size=arguments.max_shard_size, progress=progress),
    )


def divided_source(word: str) -> tuple[str, str]:
    """Return the scope and the source of ``NAME:SOURCE``; a word that is a path or a URL has no scope.

    >>> divided_source("a:/m/model.ckpt"), divided_source("gs://b/model.ckpt"), divided_source("model.ckpt")
    (('a/', '/m/model.ckpt'), ('', 'gs://b/model.ckpt'), ('', 'model.ckpt'))
    """
    found = _SCOPED.fullmatch(word)
    if found is None or os.path.lexists(word) or os.path.splitdrive(word)[0]:
        return "", word
    return f"{found[1]}/", found[2]


def source_scopes(prefixes: Sequence[str], under: Sequence[str]) -> list[str]:
    """Return the scope of each source.

    Args:
        prefixes: That each word has, or "".
        under: What ``--under`` says: nothing, one for all, or one for each.

    Raises:
        InvalidArgumentError: There are neither as many, nor one.
    """
    if len(under) not in {0, 1, len(prefixes)}:
        raise InvalidArgumentError(f"--under has {amount(len(under), 'scope')} for {amount(len(prefixes), 'source')}")
    outer = list(under) * (len(prefixes) if len(under) == 1 else 1) or [""] * len(prefixes)
    ended = (scope if not scope or scope.endswith("/") else f"{scope}/" for scope in outer)
    return [f"{scope}{prefix}" for scope, prefix in zip(ended, prefixes, strict=True)]


def paths_of_line(paths: Sequence[str], under: Sequence[str] = ()) -> tuple[list[str], list[str], str]:
    """Return the sources of a line, the scope of each, and the target.

    Raises:
        InvalidArgumentError: There are fewer than two words, or the scopes are not as many.
    """
    if len(paths) < 2:
        raise InvalidArgumentError("a SOURCE or more and a TARGET are needed")
    *words, target = paths
    divided = [divided_source(word) for word in words]
    scopes = source_scopes([scope for scope, _ in divided], under)
    return [word for _, word in divided], scopes, expanded(target)


def factors_of(text: str | None) -> list[float] | None:
    """Return the numbers of ``1,2,3``, None for nothing.

    Raises:
        InvalidArgumentError: It is something else.
    """
    if text is None:
        return None
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise InvalidArgumentError(f"{visible(text)!r} are no factors, which are numbers such as 1,2,3") from None


def steps_of_line(arguments: argparse.Namespace, variables: Mapping[str, Any]) -> list[Step | Recipe]:
    """Return the steps and recipes that a line asks for, in order.

    Args:
        arguments: What was parsed.
        variables: What ``--set`` may name besides tensors.

    Raises:
        InvalidArgumentError: An entry is nothing for its step.
        NotFoundError: There is no such recipe.
    """
    return [
        load_recipe(entries[0]) if word == RECIPE else STEP_KINDS[word].given(entries, variables=variables)
        for word, entries in arguments.steps or ()
    ]
