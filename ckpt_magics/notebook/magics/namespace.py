"""The notebook's variables as a source of tensors and as a place for them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from ckpt_magics.errors import CheckpointNotFoundError, visible
from ckpt_magics.files.objects.collected import tensors_and_gaps
from ckpt_magics.files.objects.containers import container_kind
from ckpt_magics.files.objects.leaves import leaf_kind
from ckpt_magics.files.steps.patterns import Pattern
from ckpt_magics.notebook.commands.words import expanded
from ckpt_magics.phrasing import names_text

__all__ = ["array_names", "at_root", "chosen_values", "source_of_word", "user_values"]

_ARRAY_WORDS = {"NumPy array", "NumPy scalar", "PyTorch tensor", "pandas Series", "pandas array", "variable", "array"}
_ASSIGNMENT = re.compile(r"""([^=\s"'()]+)=(?!=)(.*)""", re.DOTALL)


def user_values(shell: InteractiveShell) -> dict[str, Any]:
    """Return what the user has named in the notebook."""
    hidden = shell.user_ns_hidden
    return {
        name: value
        for name, value in shell.user_ns.items()
        if not name.startswith("_") and (name not in hidden or hidden[name] is not value)
    }


def source_of_word(word: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a path, or a value
    """Return what a word of a line means as a source: a checkpoint's path, or else what a variable holds.

    Raises:
        CheckpointNotFoundError: It is neither.
    """
    # Loading the extension stays quick when what reads checkpoints loads on first use.
    from ckpt_magics.files.directory.finding import find_checkpoint

    path = expanded(word)
    try:
        find_checkpoint(path)
    except CheckpointNotFoundError:
        if word not in values or isinstance(values[word], str | os.PathLike):
            raise
        return values[word]
    return path


def array_names(values: Mapping[str, Any]) -> list[str]:
    """Return the names that hold an array, a tensor or a variable, in the order in which they were made."""
    kinds = {name: leaf_kind(value) for name, value in values.items()}
    return [name for name, kind in kinds.items() if kind is not None and kind.word in _ARRAY_WORDS]


def chosen_values(words: Iterable[str], values: Mapping[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that words of the line name.

    Args:
        words: Names, patterns of names of arrays, or ``NAME=EXPRESSION``.
        values: What the notebook has.
        scope: Where names and expressions are looked up: the notebook, and the caller's own variables.

    Raises:
        UsageError: A name is unknown or given twice, a pattern matches nothing, or an expression fails.
    """
    chosen: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for word in words:
        found = _named(word, values, scope)
        for name, value in found.items():
            # A pattern may take in what is given anyway, as long as that is the same.
            is_pattern = origins.get(name, "").partition("=")[0] != name or word.partition("=")[0] != name
            if name in chosen and not (is_pattern and chosen[name] is value):
                raise UsageError(
                    f"{visible(name)} is given twice, as {visible(origins[name])} and as {visible(word)}; "
                    "give one of them another name, as NAME=EXPRESSION"
                )
        chosen |= found
        origins |= dict.fromkeys(found, word)
    return chosen


def at_root(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return what chosen values hold under its own names; a value that holds none keeps its name.

    Raises:
        UsageError: None of them holds names, or two have the same.
    """
    held: dict[str, Any] = {}
    owners: dict[str, str] = {}
    holders = [name for name, value in chosen.items() if leaf_kind(value) is None and container_kind(value) is not None]
    if not holders:
        raise UsageError(f"--as-root is about what holds names, a dict or a module; {names_text([*chosen])} holds none")
    for name, value in chosen.items():
        tensors, gaps = tensors_and_gaps(value) if name in holders else ({name: value}, [])
        for inner, tensor in {**tensors, **dict.fromkeys(gaps)}.items():
            if inner in held:
                both = f"{visible(owners[inner])} and {visible(name)}"
                raise UsageError(f"--as-root would give {visible(inner)} twice, from {both}")
            held[inner], owners[inner] = tensor, name
    return held


def _named(word: str, values: Mapping[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    """What one word of the line names."""
    assignment = _ASSIGNMENT.fullmatch(word)
    if assignment:
        return {assignment[1]: _evaluated(assignment[2], word, scope)}
    if word in scope:
        return {word: scope[word]}
    matching = Pattern(word).among(dict.fromkeys(array_names(values)))
    if not matching:
        raise UsageError(_unknown(word, values))
    return {name: values[name] for name in matching}


def _evaluated(expression: str, word: str, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the user's own value
    try:
        # The line is the user's own code, as any other line of the notebook.
        return eval(expression, dict(scope))  # noqa: S307
    except Exception as error:
        raise UsageError(f"{word}: {type(error).__name__}: {error}") from error


def _unknown(word: str, values: Mapping[str, Any]) -> str:
    known = names_text(array_names(values), 20) or "none"
    if word.isidentifier():
        return f"nothing in the notebook is called {word}. Arrays here: {known}"
    return (
        f"{visible(word)} is neither a name nor NAME=EXPRESSION; blanks in an expression need quotes around all of "
        f"'NAME=EXPRESSION'. Arrays here: {known}"
    )
