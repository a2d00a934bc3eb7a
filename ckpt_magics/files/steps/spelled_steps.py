"""Steps as they are spelled in Python and in recipes: a word, and entries as texts, pairs or tables."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.steps.known_steps import STEP_KINDS
from ckpt_magics.files.steps.step import Sides, Step, StepKind

__all__ = ["kind_of_step", "spelled_step", "spelled_steps"]


def spelled_steps(steps: Mapping[str, Any] | Iterable[tuple[str, Any] | str | Step]) -> list[Step]:
    r"""Return steps in order.

    Args:
        steps: Words with their entries, in order; a word alone is a step without entries.

    Raises:
        InvalidArgumentError: There is no such step, or an entry is nothing for it.

    >>> [str(step) for step in spelled_steps([("map", {"b": "a"}), ("transpose", {"*/w": (1, 0)}), "weights-only"])]
    ['--map b=a', "--transpose '*/w=1,0'", '--weights-only']
    """
    pairs = steps.items() if isinstance(steps, Mapping) else steps
    return [_step(step) for step in pairs]


def _step(step: tuple[str, Any] | str | Step) -> Step:
    if isinstance(step, Step):
        return step
    word, entries = (step, ()) if isinstance(step, str) else step
    return spelled_step(word, entries)


def spelled_step(word: str, entries: Any, *, may_miss: bool = False) -> Step:  # noqa: ANN401 - see below
    """Return one step.

    Args:
        word: Its word.
        entries: A text, a list of texts, pairs or tables, a mapping of left sides to right ones; True or nothing of a
            step that takes none or needs none.
        may_miss: Whether an entry may match nothing.

    Raises:
        InvalidArgumentError: There is no such step, or an entry is nothing for it.
    """
    kind = kind_of_step(word)
    variables: dict[str, Any] = {}
    listed = [_entry(kind, entry, variables) for entry in _listed(entries)]
    if bool(listed) != bool(kind.fields) and (listed or not kind.may_be_bare):
        wanted = f"{kind.metavar} once or more" if kind.fields else "nothing"
        raise InvalidArgumentError(f"{word} takes {wanted}")
    return kind.given(listed, may_miss=may_miss, variables=variables)


def kind_of_step(word: str) -> StepKind:
    """Return the kind of step that a word means; ``_`` stands for ``-``.

    Raises:
        InvalidArgumentError: None.
    """
    known = word.replace("_", "-")
    if known not in STEP_KINDS:
        near = difflib.get_close_matches(known, STEP_KINDS, 2)
        raise InvalidArgumentError(
            f"there is no step {visible(word)}",
            hint=f"Nearest: {', '.join(near)}." if near else f"There are {', '.join(STEP_KINDS)}.",
        )
    return STEP_KINDS[known]


def _listed(entries: object) -> Iterator[object]:
    if entries is None or entries is True:
        return iter(())
    if isinstance(entries, Mapping):
        return iter(entries.items())
    return iter(entries if isinstance(entries, list | tuple) else (entries,))


def _entry(kind: StepKind, entry: object, variables: dict[str, Any]) -> str | Sides:
    """An entry as text or as its sides; values that are no text are put among the variables and named there."""
    if isinstance(entry, str):
        return entry
    if isinstance(entry, Mapping) and set(entry) == set(kind.fields):
        entry = tuple(entry[field] for field in kind.fields)
    if not isinstance(entry, Sequence) or not entry or not isinstance(entry[0], str):
        fields = " and ".join(kind.fields)
        raise InvalidArgumentError(f"{entry!r:.100} is nothing for {kind.word}: its tables have {fields}")
    return (entry[0], *(_side(value, variables) for value in entry[1:]))


def _side(value: object, variables: dict[str, Any]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list | tuple) and value and all(isinstance(number, int) for number in value):
        return ",".join(map(str, value))
    name = f"<value {len(variables) + 1}>"
    variables[name] = value
    return name
