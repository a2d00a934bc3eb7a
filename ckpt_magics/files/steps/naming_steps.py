"""The steps that give tensors other names."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import partial

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY, SLOT_MARK
from ckpt_magics.files.object_graph.stored_values import is_save_counter
from ckpt_magics.files.steps.mapping import NameMap, map_of_sides, sides_of_map
from ckpt_magics.files.steps.step import Step, StepKind, at_first, at_last, whole_numbers
from ckpt_magics.files.steps.stepped_tensors import SteppedTensors
from ckpt_magics.phrasing import names_text

__all__ = ["COPY", "MAP", "NUMBER_SHIFT", "NUMBER_WIDTH", "REPLACE", "REROOT", "SORT"]

_MOST_DIGITS = 20
_ROOT = "/"


def _map(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    names = _name_map(tensors, step)
    # A tensor whose name is given to another one keeps it, which makes two of that name: an error.
    return tensors.renamed(lambda name: names.new_names(name) or [name])


def _copy(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    names = _name_map(tensors, step)
    copies = {new: one for name, one in tensors.items() for new in names.new_names(name) if new != name}
    return tensors.joined_by(copies)


def _name_map(tensors: SteppedTensors, step: Step) -> NameMap:
    names = NameMap(map_of_sides(step.pairs), tensors, tensors.stored_keys)
    idle = names.taking_nothing(set(tensors))
    if idle and not step.may_miss:
        raise tensors.no_match([entry.old for entry in idle])
    return names


def _reroot(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    for name in step.patterns:
        # What a checkpoint notes for itself stays with the root, whatever that is.
        names = {one for one in tensors if one != OBJECT_GRAPH_KEY and not is_save_counter(one)}
        new = partial(_taken_from, _only_scope(names)) if name == _ROOT else partial(_put_below, name.strip("/"))
        renamed = {one: new(one) for one in names}
        tensors = tensors.renamed(partial(_renamed_by, renamed))
    return tensors


def _renamed_by(names: Mapping[str, str], name: str) -> list[str]:
    return [names.get(name, name)]


def _put_below(scope: str, name: str) -> str:
    return f"{scope}/{name.lstrip('/')}".replace(SLOT_MARK, f"{SLOT_MARK}{scope}/")


def _taken_from(scope: str, name: str) -> str:
    return name.removeprefix(f"{scope}/").replace(f"{SLOT_MARK}{scope}/", SLOT_MARK)


def _only_scope(names: Collection[str]) -> str:
    scopes = sorted({name.partition("/")[0] for name in names})
    if len(scopes) != 1 or scopes[0] in names:
        raise InvalidArgumentError(
            f"the tensors lie below {names_text(scopes)} and not below one name",
            hint="Leave out the others in a step before, or say what goes where by --map.",
        )
    return scopes[0]


def _replace(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    pairs = step.pairs
    idle = [old for _, old in pairs if not any(old in name for name in tensors)]
    if idle and not step.may_miss:
        raise tensors.no_match(idle)

    def new_name(name: str) -> list[str]:
        for new, old in pairs:
            name = name.replace(old, new)
        return [name]

    return tensors.renamed(new_name)


def _number_width(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    for pattern, text in step.pairs:
        width = whole_numbers(text, "width")
        if len(width) != 1 or not 1 <= width[0] <= _MOST_DIGITS:
            raise InvalidArgumentError(f"{visible(text)} is no width, which is a number of digits from 1")
        tensors = _numbered(tensors, step, pattern, partial(_padded, width=width[0]))
    return tensors


def _padded(text: str, width: int) -> str:
    return str(int(text)).zfill(width)


def _number_shift(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    for pattern, text in step.pairs:
        shift = whole_numbers(text, "shift")
        if len(shift) != 1:
            raise InvalidArgumentError(f"{visible(text)} is no shift, which is one number such as 1 or -1")
        tensors = _numbered(tensors, step, pattern, partial(_shifted, shift=shift[0]))
    return tensors


def _shifted(text: str, shift: int) -> str:
    number = int(text) + shift
    if number < 0:
        raise InvalidArgumentError(f"{visible(text)} and {shift} would be {number}, which is no number of a name")
    return _padded(str(number), len(text))


def _numbered(tensors: SteppedTensors, step: Step, pattern: str, number: Callable[[str], str]) -> SteppedTensors:
    """Write the numbers at each ``#`` of a pattern anew."""
    written = _written(pattern, number)
    names = {name: written(name) for name in tensors}
    if not step.may_miss and all(new is None for new in names.values()):
        raise tensors.no_match([pattern])
    return tensors.renamed(_by_table(names))


def _sort(tensors: SteppedTensors, step: Step) -> SteppedTensors:  # noqa: ARG001 - as all steps
    return tensors.with_tensors(dict(sorted(tensors.items(), key=lambda item: _with_numbers(item[0]))))


def _with_numbers(name: str) -> list[tuple[int, str]]:
    """A key to sort by in which ``a_10`` follows ``a_9``; two names that differ have two keys."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), part) if at % 2 else (-1, part) for at, part in enumerate(parts)]


def _by_table(names: Mapping[str, str | None]) -> Callable[[str], list[str]]:
    return lambda name: [names[name] or name]


def _written(pattern: str, number: Callable[[str], str]) -> Callable[[str], str | None]:
    """Return what writes the numbers at each ``#`` of a pattern anew, and gives None where it does not match."""
    parts = (
        "([0-9]+)" if part == "#" else "(.*)" if part == "*" else f"({re.escape(part)})"
        for part in re.split(r"([#*])", pattern)
        if part
    )
    expression = re.compile("".join(parts), re.DOTALL)
    places = [at for at, part in enumerate(filter(None, re.split(r"([#*])", pattern))) if part == "#"]

    def written(name: str) -> str | None:
        found = expression.fullmatch(name)
        if found is None or not places:
            return None
        texts = list(found.groups())
        for place in places:
            texts[place] = number(texts[place])
        return "".join(texts)

    return written


MAP = StepKind(
    "map",
    ("to", "from"),
    "NEW=OLD",
    "Rename: a name, a scope (new/=old/, / for the root), a pattern ('*/kernel=*/weights') or re:EXPRESSION.",
    _map,
    sides_of_map,
)
REPLACE = StepKind(
    "replace", ("to", "from"), "NEW=OLD", "Write NEW for each OLD in all names, as in '.=/'.", _replace, at_first
)
REROOT = StepKind(
    "reroot",
    ("name",),
    "NAME",
    "Put all below a name, as Checkpoint(NAME=...) has what was saved alone; '' or / takes the one name away.",
    _reroot,
    lambda text: (text or _ROOT,),
)
NUMBER_WIDTH = StepKind(
    "number-width",
    ("pattern", "digits"),
    "PATTERN=DIGITS",
    "Write the number at each # of a pattern with so many digits: '*/block_#/*=1' makes block_003 block_3.",
    _number_width,
    at_last,
)
NUMBER_SHIFT = StepKind(
    "number-shift",
    ("pattern", "shift"),
    "PATTERN=SHIFT",
    "Add to the number at each # of a pattern: '*/unit_#/*=-1' counts from 0 what was counted from 1.",
    _number_shift,
    at_last,
)
SORT = StepKind(
    "sort", (), "", "Put the tensors into the order of their names, in which numbers count as numbers.", _sort
)
COPY = StepKind(
    "copy",
    ("to", "from"),
    "NEW=OLD",
    "Write a tensor under another name too, as for tied weights.",
    _copy,
    sides_of_map,
)
