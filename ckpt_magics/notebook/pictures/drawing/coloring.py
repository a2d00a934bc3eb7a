"""Ways to colour the boxes of a view: by kind, op, device, or a size or state that the caller knows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ckpt_magics.notebook.pictures.drawing.dot import legend_entries
from ckpt_magics.notebook.pictures.drawing.palette import HUES, PALETTES, SCALE, Paint
from ckpt_magics.notebook.pictures.model.hierarchy import Hierarchy
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.labels import shown
from ckpt_magics.notebook.pictures.views.view import View, ViewNode

# Paints by what they stand for: a kind of box, "hue0" …, "scale0" …
OTHER_HUE: Final = f"hue{len(HUES['light']) - 1}"
PLAIN: Final = "bundle"


@dataclass(frozen=True, slots=True)
class Coloring:
    """Colours of one view.

    Attributes:
        paints: Name of a paint by id of a ViewNode.
        legend: Name of a paint and what it means, in order.
    """

    paints: Mapping[int, str]
    legend: Sequence[tuple[str, str]]


def paint_table(theme: str) -> dict[str, Paint]:
    """Return every paint by its name, for ``light`` or ``dark``."""
    return {
        **{str(kind): paint for kind, paint in PALETTES[theme].boxes.items()},
        **{f"hue{number}": paint for number, paint in enumerate(HUES[theme])},
        **{f"scale{number}": paint for number, paint in enumerate(SCALE[theme])},
    }


def color_by_kind(view: View) -> Coloring:
    """What the boxes are: the colours of a static picture."""
    return Coloring(
        {node.id: node.kind for node in _nodes(view)}, [(str(k), label) for k, label in legend_entries(view)]
    )


def color_by_word(hierarchy: Hierarchy, view: View, word_of: Callable[[Item], str], none: str) -> Coloring:
    """Give every word a hue, the most frequent ones their own.

    Args:
        hierarchy: The graph.
        view: Its boxes.
        word_of: The word of a leaf, ``""`` for none; a box has the word that all its leaves share.
        none: What boxes without a word are called.
    """
    words = {node.id: _common_word(hierarchy, node, word_of) for node in _nodes(view)}
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


def color_by_size(
    hierarchy: Hierarchy, view: View, size_of: Callable[[Item], int], show: Callable[[int], str]
) -> Coloring:
    """Darken what is large, in steps of equal ratio between the smallest and the largest box."""
    sizes = {node.id: sum(size_of(leaf) for leaf in _leaves(hierarchy, node)) for node in _nodes(view)}
    known = sorted(size for size in sizes.values() if size > 0)
    if not known:
        return Coloring(dict.fromkeys(sizes, PLAIN), [(PLAIN, "no size known")])
    low, high = math.log(known[0]), math.log(known[-1])
    steps = len(SCALE["light"])

    def step(size: int) -> int:
        return min(int((math.log(size) - low) / (high - low) * steps), steps - 1) if high > low else steps - 1

    legend = []
    for number in range(steps):
        inside = [size for size in known if step(size) == number]
        if inside:
            text = show(inside[0]) if inside[0] == inside[-1] else f"{show(inside[0])} to {show(inside[-1])}"
            legend.append((f"scale{number}", text))
    paints = {node_id: f"scale{step(size)}" if size > 0 else PLAIN for node_id, size in sizes.items()}
    return Coloring(paints, [*legend, *([(PLAIN, "nothing saved")] if PLAIN in paints.values() else [])])


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
    for node in _nodes(view):
        found = {state_of(leaf) for leaf in _leaves(hierarchy, node)} & states.keys()
        state = min(found, key=order.__getitem__, default="")
        seen.add(state)
        paints[node.id] = states.get(state, PLAIN)
    legend = [(paint, state) for state, paint in states.items() if state in seen]
    return Coloring(paints, [*legend, *([(PLAIN, "no variable")] if "" in seen else [])])


def _nodes(view: View) -> tuple[ViewNode, ...]:
    return (*view.nodes, *view.aside)


def _leaves(hierarchy: Hierarchy, node: ViewNode) -> list[Item]:
    return [leaf for item_id in node.members or (node.id,) for leaf in hierarchy.leaves(item_id)]


def _common_word(hierarchy: Hierarchy, node: ViewNode, word_of: Callable[[Item], str]) -> str:
    """The word of the op that a box looks like, or the one that all leaves in it share."""
    own = hierarchy.items[node.id].own if not node.members else None
    if own is not None:
        return word_of(hierarchy.items[own])
    words = {word_of(leaf) for leaf in _leaves(hierarchy, node)}
    return words.pop() if len(words) == 1 else ""
