"""Ways to colour the boxes of a view: by kind, op, device, or a number or state that the caller knows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ckpt_magics.notebook.pictures.drawing.dot import legend_entries
from ckpt_magics.notebook.pictures.drawing.palette import FALL, HUES, PALETTES, SCALE, Paint
from ckpt_magics.notebook.pictures.model.hierarchy import Hierarchy
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.labels import shown
from ckpt_magics.notebook.pictures.views.view import View, ViewNode

# Paints by what they stand for: a kind of box, "hue0" …, "scale0" …
OTHER_HUE: Final = f"hue{len(HUES['light']) - 1}"
PLAIN: Final = "bundle"
_ODD: Final = "hue3"


@dataclass(frozen=True, slots=True)
class Coloring:
    """Colours of one view.

    Attributes:
        paints: Name of a paint by id of a ViewNode.
        legend: Name of a paint and what it means, in order.
        said: What a colour stands for, by id of a ViewNode, where it says more than the legend.
    """

    paints: Mapping[int, str]
    legend: Sequence[tuple[str, str]]
    said: Mapping[int, str] = field(default_factory=dict)


def paint_table(theme: str) -> dict[str, Paint]:
    """Return every paint by its name, for ``light`` or ``dark``."""
    return {
        **{str(kind): paint for kind, paint in PALETTES[theme].boxes.items()},
        **{f"hue{number}": paint for number, paint in enumerate(HUES[theme])},
        **{f"scale{number}": paint for number, paint in enumerate(SCALE[theme])},
        **{f"fall{number}": paint for number, paint in enumerate(FALL[theme])},
    }


def color_by_kind(view: View) -> Coloring:
    """What the boxes are: the colours of a static picture."""
    return Coloring(
        {node.id: node.kind for node in boxes_of(view)}, [(str(k), label) for k, label in legend_entries(view)]
    )


def color_by_word(hierarchy: Hierarchy, view: View, word_of: Callable[[Item], str], none: str) -> Coloring:
    """Give every word a hue, the most frequent ones their own.

    Args:
        hierarchy: The graph.
        view: Its boxes.
        word_of: The word of a leaf, ``""`` for none; a box has the word that all its leaves share.
        none: What boxes without a word are called.
    """
    words = {node.id: _common_word(hierarchy, node, word_of) for node in boxes_of(view)}
    counts = Counter(word for word in words.values() if word)
    own = [word for word, _ in counts.most_common(len(HUES["light"]) - 1)]
    paint_of = {word: f"hue{number}" for number, word in enumerate(own)}
    paints = {node_id: paint_of.get(word, OTHER_HUE if word else PLAIN) for node_id, word in words.items()}
    legend = [(paint_of[word], shown(word)) for word in own]
    if len(counts) > len(own):
        legend.append((OTHER_HUE, "other"))
    elif not all(words.values()):
        legend.append((PLAIN, none))
    return Coloring(paints, legend)


def color_by_number(numbers: Mapping[int, float | None], show: Callable[[float], str], none: str) -> Coloring:
    """Darken what is far from zero, in steps of equal ratio between the least and the most; below zero in another hue.

    Args:
        numbers: Number by id of a ViewNode; None for none.
        show: A number as text.
        none: What boxes without a number are called.
    """
    known = sorted(number for number in numbers.values() if number is not None and math.isfinite(number))
    step = _steps([abs(number) for number in known if number])
    paints = {node_id: PLAIN if number is None else _scaled(number, step) for node_id, number in numbers.items()}
    legend = []
    for paint in (*reversed(_family("fall")), *_family("scale")):
        inside = [number for number in known if _scaled(number, step) == paint]
        if inside:
            first, last = show(inside[0]), show(inside[-1])
            legend.append((paint, first if first == last else f"{first} to {last}"))
    used = set(paints.values())
    legend.extend((paint, text) for paint, text in ((_ODD, "NaN or Inf"), (PLAIN, none)) if paint in used)
    said = {node_id: show(number) for node_id, number in numbers.items() if number is not None}
    return Coloring(paints, legend, said)


def _family(name: str) -> list[str]:
    return [f"{name}{number}" for number in range(len(SCALE["light"]))]


def _steps(sizes: Sequence[float]) -> Callable[[float], int]:
    """Return what gives a size its step. Sizes below a millionth of the largest count as that."""
    last = len(SCALE["light"]) - 1
    high = math.log(max(sizes, default=1.0))
    low = max(math.log(min(sizes, default=1.0)), high - math.log(1e6))

    def step(size: float) -> int:
        if size == 0:
            return 0
        if high <= low:
            return last
        return min(max(int((math.log(size) - low) / (high - low) * (last + 1)), 0), last)

    return step


def _scaled(number: float, step: Callable[[float], int]) -> str:
    if not math.isfinite(number):
        return _ODD
    return f"{'fall' if number < 0 else 'scale'}{step(abs(number))}"


def color_by_state(
    hierarchy: Hierarchy, view: View, state_of: Callable[[Item], str], states: Mapping[str, str]
) -> Coloring:
    """Give every box the first of some states that a leaf in it has.

    Args:
        hierarchy: The graph.
        view: Its boxes.
        state_of: State of a leaf, ``""`` for none.
        states: Name of a paint by state, the most important first.
    """
    order = {state: place for place, state in enumerate(states)}
    paints, seen = {}, set()
    for node in boxes_of(view):
        found = {state_of(leaf) for leaf in leaves_of(hierarchy, node)} & states.keys()
        state = min(found, key=order.__getitem__, default="")
        seen.add(state)
        paints[node.id] = states.get(state, PLAIN)
    legend = [(paint, state) for state, paint in states.items() if state in seen]
    return Coloring(paints, [*legend, *([(PLAIN, "no variable")] if "" in seen else [])])


def boxes_of(view: View) -> tuple[ViewNode, ...]:
    """Return the boxes of the picture and those aside."""
    return (*view.nodes, *view.aside)


def leaves_of(hierarchy: Hierarchy, node: ViewNode) -> list[Item]:
    """Return every op that a box stands for."""
    return [leaf for item_id in node.members or (node.id,) for leaf in hierarchy.leaves(item_id)]


def _common_word(hierarchy: Hierarchy, node: ViewNode, word_of: Callable[[Item], str]) -> str:
    """The word of the op that a box looks like, or the one that all leaves in it share."""
    own = hierarchy.items[node.id].own if not node.members else None
    if own is not None:
        return word_of(hierarchy.items[own])
    words = {word_of(leaf) for leaf in leaves_of(hierarchy, node)}
    return words.pop() if len(words) == 1 else ""
