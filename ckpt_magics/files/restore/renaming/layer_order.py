"""Layers that are numbered on one side, as in checkpoints of Keras models, and have names on the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from ckpt_magics.files.restore.renaming.forms import Form, number_key
from ckpt_magics.files.restore.renaming.sides import SideVariable
from ckpt_magics.files.restore.renaming.situation import Pair, Proposal, Situation
from ckpt_magics.files.restore.renaming.vocabulary import KERNEL

__all__ = ["layer_orders"]

# What holds the variables of a layer, below the number that Keras gives it.
_INSIDE = {"cell", "lstmcell", "grucell", "simplernncell"}

# What a layer of two directions calls its layers, in order.
_DIRECTIONS = ("forward", "backward")


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer and its variables by what they are for."""

    path: Form
    variables: dict[str, SideVariable]

    @property
    def words(self) -> tuple[str, ...]:
        """Its path without numbers; two directions are one word."""
        return tuple(_without_direction(part.base) for part in self.path)

    @property
    def likeness(self) -> tuple[tuple[str, object], ...]:
        """What two layers of one kind have in common: what their variables are for, and the shapes."""
        return tuple(sorted((role, variable.shape) for role, variable in self.variables.items()))

    @property
    def kind(self) -> tuple[tuple[str, int], ...]:
        """The same without lengths."""
        return tuple(sorted((role, len(variable.shape or ())) for role, variable in self.variables.items()))


def layer_orders(situation: Situation) -> Iterator[Proposal]:
    """Propose that the layers of both sides are the same in order, if one side has nothing but numbers for names."""
    mine, theirs = _layers(situation.open), _layers(situation.free)
    if not mine or len(mine) != len(theirs):
        return
    if _is_numbered(theirs):
        order = _order_beside(mine, sorted(theirs, key=_numbers))
        pairs = _paired(order, sorted(theirs, key=_numbers))
    elif _is_numbered(mine):
        order = _order_beside(theirs, sorted(mine, key=_numbers))
        pairs = _paired(sorted(mine, key=_numbers), order)
    else:
        return
    if pairs:
        yield Proposal("order of layers", "the layers in order", pairs, is_order=True)


def _layers(variables: Sequence[SideVariable]) -> list[_Layer]:
    """Variables of the model by layer, in order; none if a layer has two for one purpose."""
    found: dict[Form, dict[str, SideVariable]] = {}
    for variable in filter(attrgetter("is_model"), variables):
        if variable.tensor is None or not variable.form:
            return []
        path = variable.layer[:-1] if variable.layer and variable.layer[-1].base in _INSIDE else variable.layer
        role = variable.role[-1]
        if role.number is not None or found.setdefault(path, {}).setdefault(role.base, variable) is not variable:
            return []
    return [_Layer(path, _with_one_kernel(variables)) for path, variables in found.items()]


def _with_one_kernel(variables: dict[str, SideVariable]) -> dict[str, SideVariable]:
    """The variables of a layer; the only kernel of one is that, which Keras 2 calls depthwise."""
    if "depthwise" not in variables or variables.keys() & {"pointwise", KERNEL}:
        return variables
    return {KERNEL if role == "depthwise" else role: variable for role, variable in variables.items()}


def _without_direction(base: str) -> str:
    return next((base.removeprefix(each) for each in _DIRECTIONS if base.startswith(each)), base)


def _is_numbered(layers: Sequence[_Layer]) -> bool:
    """Whether the paths of layers differ in their numbers only."""
    return (
        len({layer.words for layer in layers}) == 1
        and len(layers) > 0
        and any(part.number is not None for part in layers[0].path)
    )


def _numbers(layer: _Layer) -> tuple[int, ...]:
    """The numbers in a path, and after them which direction it is of."""
    directions = (any(part.base.startswith(_DIRECTIONS[1]) for part in layer.path),)
    return (*(number_key(part.number) for part in layer.path), *directions)


def _order_beside(named: Sequence[_Layer], numbered: Sequence[_Layer]) -> list[_Layer]:
    """The named layers in the order of the numbered ones, empty where it can't be told.

    Layers of one word follow their numbers. Of two words it is told by their kind and shapes, or else by the order in
    which the program gives them, unless that is only the order of the alphabet.
    """
    given = list(named)
    if _follows_numbers(given) and _are_alike(given, numbered) and not _is_sorted(given):
        return given
    queues: dict[object, list[_Layer]] = {}
    words: dict[object, set[tuple[str, ...]]] = {}
    for layer in sorted(given, key=_numbers):
        queues.setdefault(layer.likeness, []).append(layer)
        words.setdefault(layer.likeness, set()).add(layer.words)
    if any(len(paths) > 1 for paths in words.values()):
        return []
    if Counter(layer.likeness for layer in given) != Counter(layer.likeness for layer in numbered):
        return []
    order = [queues[layer.likeness].pop(0) for layer in numbered]
    return order if _follows_numbers(order) else []


def _follows_numbers(layers: Sequence[_Layer]) -> bool:
    """Whether layers of one word come in the order of their numbers."""
    last: dict[tuple[str, ...], tuple[int, ...]] = {}
    for layer in layers:
        if last.get(layer.words, ()) > _numbers(layer):
            return False
        last[layer.words] = _numbers(layer)
    return True


def _is_sorted(layers: Sequence[_Layer]) -> bool:
    """Whether several words stand in the order of the alphabet, which says nothing."""
    words = [layer.words for layer in layers]
    return len(set(words)) > 1 and words == sorted(words)


def _are_alike(some: Sequence[_Layer], others: Sequence[_Layer]) -> bool:
    """Whether layers agree one by one; of the last the lengths may differ, as classes do."""
    alike = [one.likeness == other.likeness for one, other in zip(some, others, strict=True)]
    return all(alike[:-1]) and (alike[-1] or (len(alike) > 2 and some[-1].kind == others[-1].kind))


def _paired(mine: Sequence[_Layer], theirs: Sequence[_Layer]) -> list[Pair]:
    layers = zip(mine, theirs, strict=False)
    return [(one.variables[role], other.variables[role]) for one, other in layers for role in one.variables]
