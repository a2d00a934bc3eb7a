"""Recipes: steps in a TOML file, shipped or the user's own.

A recipe is a table with ``title``, perhaps ``target`` (what takes the result), ``needs`` and ``lacks`` (patterns of
names of which a source of this family has all, and none) and ``notes`` (what no file can carry: sentences for whoever
builds the model), and an array of ``steps``. A step is a table of one word with its entries, and perhaps
``optional = true``, where a pattern may match nothing::

    title = "BERT to Hugging Face"
    needs = ["bert/embeddings/word_embeddings"]

    [[steps]]
    map = [{ to = "classifier.weight", from = "output_weights" }]
    optional = true

Nothing in a recipe is evaluated, and a recipe names no other file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files
from typing import Any

from ckpt_magics.errors import InvalidArgumentError, NotFoundError, visible
from ckpt_magics.files.steps.patterns import Names, Pattern
from ckpt_magics.files.steps.spelled_steps import spelled_step
from ckpt_magics.files.steps.step import Step
from ckpt_magics.files.storage.place import place_of

__all__ = ["Recipe", "fitting_recipes", "known_recipes", "load_recipe"]

SUFFIX = ".toml"
MAX_SIZE = 1 << 20
"""Bytes of a recipe; the longest shipped one has a hundredth of it."""

_KEYS = {"title", "target", "needs", "lacks", "notes", "steps"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Steps with what is to be known of them.

    Attributes:
        name: What it is asked for by.
        title: What it does, in a line.
        target: What takes the result, or "".
        needs: Patterns that each match a name of a source that it is for.
        lacks: Patterns that match no name of such a source.
        notes: What to set in the model that takes the result, which no file can carry.
        steps: What it does.
    """

    name: str
    title: str
    target: str
    needs: tuple[str, ...]
    lacks: tuple[str, ...]
    notes: tuple[str, ...]
    steps: tuple[Step, ...]

    def fits(self, names: Names) -> bool:
        """Whether a source with these names seems to be what it is for."""
        has = all(names.matching(Pattern(pattern)) for pattern in self.needs)
        return bool(self.needs) and has and not any(names.matching(Pattern(pattern)) for pattern in self.lacks)


def load_recipe(name_or_file: str) -> Recipe:
    """Return a recipe by its name, or by the path of a TOML file.

    Raises:
        NotFoundError: There is none of that name, and no such file.
        InvalidArgumentError: The file is no recipe; the message says what is wrong in it.
    """
    shipped = _shipped_names()
    if name_or_file in shipped:
        return _shipped(name_or_file)
    place = place_of(name_or_file)
    if not place.is_file:
        raise NotFoundError(
            f"{visible(name_or_file)} is no recipe and no file", hint=f"There are {', '.join(shipped)}; or give a file."
        )
    with place.open() as file:
        if file.size > MAX_SIZE:
            raise InvalidArgumentError(f"a recipe has {MAX_SIZE:,} bytes at most, not {file.size:,}", file=place.name)
        data = file.read_at(0, file.size, "recipe")
    return _parsed(place.stem.removesuffix(SUFFIX), data, place.name)


def known_recipes() -> list[Recipe]:
    """Return the recipes that are shipped, by name."""
    return list(map(_shipped, _shipped_names()))


def fitting_recipes(names: Collection[str]) -> list[Recipe]:
    """Return the shipped recipes that a source with these names seems to be for."""
    known = Names(names)
    return [recipe for recipe in known_recipes() if recipe.fits(known)]


@cache
def _shipped_names() -> tuple[str, ...]:
    folder = package_files(__package__)
    return tuple(sorted(one.name.removesuffix(SUFFIX) for one in folder.iterdir() if one.name.endswith(SUFFIX)))


@cache
def _shipped(name: str) -> Recipe:
    return _parsed(name, package_files(__package__).joinpath(f"{name}{SUFFIX}").read_bytes(), name)


def _parsed(name: str, data: bytes, where: str) -> Recipe:
    try:
        table = tomllib.loads(data.decode("utf-8"))
        return _recipe(name, table)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidArgumentError(f"it is no TOML file: {error}", file=where) from error
    except InvalidArgumentError as error:
        raise error.locate(file=where) from None


def _recipe(name: str, table: dict[str, Any]) -> Recipe:
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise InvalidArgumentError(f"a recipe has no {visible(unknown[0])}; it has {', '.join(sorted(_KEYS))}")
    steps = table.get("steps")
    if not isinstance(steps, list) or not steps:
        raise InvalidArgumentError("a recipe has [[steps]], one table or more")
    return Recipe(
        name,
        _text(table, "title"),
        _text(table, "target"),
        _texts(table, "needs"),
        _texts(table, "lacks"),
        _texts(table, "notes"),
        tuple(map(_step, steps)),
    )


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{key} is a text")
    return value


def _texts(table: dict[str, Any], key: str) -> tuple[str, ...]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidArgumentError(f"{key} is a list of texts")
    return tuple(values)


def _step(table: object) -> Step:
    words = [word for word in table if word != "optional"] if isinstance(table, dict) else []
    if not isinstance(table, dict) or len(words) != 1 or not isinstance(table.get("optional", False), bool):
        raise InvalidArgumentError(f"a step is a table of one word, and perhaps optional = true, not {table!r:.100}")
    return spelled_step(words[0], table[words[0]], may_miss=table.get("optional", False))
