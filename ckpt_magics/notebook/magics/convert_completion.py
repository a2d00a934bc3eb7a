"""Tab completion of the lines of ``%ckpt_convert`` and ``%ckpt_average``."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ckpt_magics.notebook.commands.convert_line import divided_source
from ckpt_magics.notebook.commands.line_layout import LineLayout
from ckpt_magics.notebook.magics.path_completion import complete_path

__all__ = ["complete_convert_line"]


def complete_convert_line(
    layout: LineLayout, word: str, names_in: Callable[[str], Collection[str]], variables: Collection[str]
) -> list[str]:
    """Return the words that may stand at the end of a line.

    Args:
        layout: The words before.
        word: What is typed of the last one.
        names_in: Returns the names of the tensors of a source.
        variables: Names of the notebook's variables that hold tensors.
    """
    option = "" if layout.pending is None else layout.pending.option_strings[-1].removeprefix("--")
    if option:
        sources = [divided_source(text)[1] for text in layout.positional[:1]]
        names = [name for source in sources for name in names_in(source)] if _is_about_names(option) else []
        return _values(option, word, names)
    if layout.closed:
        return []
    return complete_path(word, _endings()) + [name for name in variables if name.startswith(word)]


def _values(option: str, word: str, names: Collection[str]) -> list[str]:
    """What may follow an option: names of tensors, on the side of the ``=`` where they stand; kinds; recipes."""
    from ckpt_magics.files.kinds.known import WRITTEN_KINDS
    from ckpt_magics.files.recipes.recipe import known_recipes

    if option == "to":
        return [kind.name for kind in WRITTEN_KINDS if kind.name.startswith(word)]
    if option == "recipe":
        found = [recipe.name for recipe in known_recipes() if recipe.name.startswith(word)]
        return found + complete_path(word, ".toml")
    start = f"{word.partition('=')[0]}=" if "=" in word else ""
    if start and option in _pattern_words():
        # What follows are axes, a dtype and the like.
        return []
    return [start + name for name in names if name.startswith(word[len(start) :])]


def _is_about_names(option: str) -> bool:
    from ckpt_magics.files.steps.known_steps import STEP_KINDS

    return option in STEP_KINDS


def _pattern_words() -> set[str]:
    """The steps that have their pattern before the ``=``."""
    from ckpt_magics.files.steps.known_steps import STEP_KINDS

    return {word for word, kind in STEP_KINDS.items() if kind.fields[:1] == ("pattern",)}


def _endings() -> tuple[str, ...]:
    from ckpt_magics.files.kinds.known import WRITTEN_KINDS

    suffixes = (suffix for kind in WRITTEN_KINDS for suffix in kind.suffixes)
    return (".index", ".pb", *(suffix for suffix in suffixes if suffix.startswith(".")))
