"""Chooses which scopes of a graph are open, and what is pulled aside, so that the view fits its budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ckpt_magics.errors import NotFoundError
from ckpt_magics.notebook.pictures.choices import GROUPS
from ckpt_magics.notebook.pictures.model.aside import PULLED, STRIP
from ckpt_magics.notebook.pictures.model.hierarchy import ROOT, Hierarchy
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.views.metaedges import Metaedges, bundle_edges, representatives, sources_past
from ckpt_magics.notebook.pictures.views.view import ViewOptions, split_choices

# A node with more neighbours than this hides the rest of the picture under its edges (measured: it also makes a
# layout a hundred times slower). In a picture of a dozen boxes it is no nuisance.
HIGH_DEGREE: Final = 12
HIGH_DEGREE_NODES: Final = 15
# A model as small as this is mostly calls, so the functions themselves are shown.
FEW_NODES: Final = 20
# A row of more boxes that all feed the same one is wider than a notebook.
COMFORTABLE_DEGREE: Final = 8
# Edges per box above which a scope is not opened unasked.
TANGLE: Final = 1.4
_FIRST_ASIDE: Final = -2


@dataclass(slots=True)
class Visible:
    """What a traversal through the open scopes meets.

    Attributes:
        nodes: Cluster (item id or None) by id of a drawn item, in graph order.
        clusters: Open items, outer before inner.
        aside: Items pulled aside, by group.
        bundles: Items bundled into one box, by the box's id; these ids lie above all items.
    """

    nodes: dict[int, int | None] = field(default_factory=dict)
    clusters: list[int] = field(default_factory=list)
    aside: dict[str, list[int]] = field(default_factory=dict)
    bundles: dict[int, list[int]] = field(default_factory=dict)


class Cut:
    """Scopes that are open and groups that are in the main graph, while they are being chosen.

    Raises:
        NotFoundError: An option names an item that the graph does not have.
    """

    def __init__(self, hierarchy: Hierarchy, options: ViewOptions) -> None:
        self.hierarchy = hierarchy
        self.options = options
        show_groups, show_names = split_choices(options.show)
        self.hidden_groups, hide_names = split_choices(options.hide)
        self.hidden = self._named(hide_names)
        self.closed = self._named(options.close)
        self.pulled = self._named(options.pull)
        self.asked_open: set[int] = set()
        self.asked = asked = self._named(options.open)
        self.named = self._named(show_names)
        self.shown = self.named | asked
        self.open = {ROOT} | asked
        self.asked_open |= asked
        for item_id in asked | self.named:
            self._open_around(item_id)
        self.main_groups = set(show_groups) | {hierarchy.items[item_id].group for item_id in asked} | {""}

    def _named(self, names: frozenset[str] | tuple[str, ...]) -> set[int]:
        found: set[int] = set()
        for name in names:
            ids = self.hierarchy.find(name)
            if not ids:
                known = [self.hierarchy.items[child].name for child in self.hierarchy.items[ROOT].children[:12]]
                raise NotFoundError(
                    f"the graph has no scope, node or group named {name!r}",
                    hint=f"At the top level are {', '.join(known)}; groups are {', '.join(GROUPS)}.",
                )
            found.update(ids)
        return found

    def _open_around(self, item_id: int) -> None:
        """Open what is around an item, and bring it out of its groups."""
        parent = self.hierarchy.items[item_id].parent
        while parent != ROOT:
            self.open.add(parent)
            self.shown.add(parent)
            self.asked_open.add(parent)
            parent = self.hierarchy.items[parent].parent

    def is_main(self, item: Item) -> bool:
        """Whether an item is drawn in the main graph when the scope around it is open."""
        return item.id not in self.pulled and (item.id in self.shown or item.group in self.main_groups)

    def is_hidden(self, item: Item) -> bool:
        """Whether an item is left out altogether."""
        if item.id in self.hidden or self._op_of(item) in self.options.hide_ops:
            return True
        return item.group in self.hidden_groups and item.id not in self.shown

    def _op_of(self, item: Item) -> str:
        """The op that an item looks like; a scope that looks like none has none."""
        return item.op if item.own is None else self.hierarchy.items[item.own].op

    def visible(self) -> Visible:
        """Walk through the open scopes."""
        visible = Visible()
        items = self.hierarchy.items
        waiting: list[tuple[int, int | None]] = [(child, None) for child in reversed(items[ROOT].children)]
        while waiting:
            item_id, cluster = waiting.pop()
            item = items[item_id]
            if self.is_hidden(item):
                continue
            if not self.is_main(item):
                visible.aside.setdefault(PULLED if item_id in self.pulled else item.group, []).append(item_id)
            elif item_id in self.open and item.children:
                visible.clusters.append(item_id)
                waiting.extend((child, item_id) for child in reversed(self._opened_children(item, visible)))
            else:
                visible.nodes[item_id] = cluster
        return visible

    def _opened_children(self, item: Item, visible: Visible) -> Sequence[int]:
        """Children of an open item; of a series opened for the sake of some members, the others stay together."""
        if item.kind != "series" or item.id in self.asked:
            return item.children
        members = [child for child in item.children if child in self.shown]
        others = [child for child in item.children if child not in self.shown]
        if len(others) < 2:
            return item.children
        # The series is a cluster now, so a number of its own above all items is free for the box of the others.
        _bundle(visible, len(self.hierarchy.items) + item.id, item.id, others)
        return members

    def choose(self) -> Visible:
        """Open scopes until the picture is full. Returns what is visible then, never above the node budget."""
        visible = self.visible()
        if not visible.nodes and visible.aside:
            # Nothing but constants, or nothing but save/: then that is the model.
            self.main_groups.update(visible.aside)
            visible = self.visible()
        items = self.hierarchy.items
        calls = any(
            items[item_id].kind == "function" and not items[item_id].is_call
            for item_id in visible.nodes
            if item_id < len(items)
        )
        if "functions" in visible.aside and calls and len(visible.nodes) <= FEW_NODES and self.options.depth is None:
            self.main_groups.add("functions")
            visible = self.visible()
        tried: set[int] = set(self.closed)
        if self.options.depth is None:
            # The model is in the calls; scopes beside them hold no more than its variables.
            visible = self._open_waves(visible, tried, calls=True)
        visible = self._open_waves(visible, tried)
        return _bundle_overflow(self.hierarchy, visible, self.options.max_nodes, self.named)

    def _open_waves(self, visible: Visible, tried: set[int], *, calls: bool = False) -> Visible:
        """Open what is visible, then what is visible in that, and so on. Returns what is visible in the end."""
        depth = 0
        while self.options.depth is None or depth < self.options.depth:
            depth += 1
            candidates = self._candidates(visible, tried)
            if calls:
                candidates = [item_id for item_id in candidates if self._is_of_call(item_id)]
            if not self._open_wave(visible, candidates, tried):
                break
            visible = self.visible()
        return visible

    def _is_of_call(self, item_id: int) -> bool:
        """Whether an item is a call with a body inside, or lies in no scope of such a body."""
        item = self.hierarchy.items[item_id]
        return item.is_call or self.hierarchy.items[item.parent].is_call

    def _open_wave(self, visible: Visible, candidates: list[int], tried: set[int]) -> list[int]:
        """Open as many of the candidates as fit, small ones first. Returns them."""
        automatic = self.options.depth is None
        limit = self.options.comfortable_nodes if automatic else self.options.max_nodes
        room = limit - len(visible.nodes)
        wave: list[int] = []
        for size, members in self._alike(candidates):
            tried.update(members)
            if (size - 1) * len(members) <= room:
                room -= (size - 1) * len(members)
                wave.extend(members)
        self.open.update(wave)
        while automatic and wave and not self._is_comfortable():
            kept = wave[: len(wave) // 2]
            self.open.difference_update(wave[len(kept) :])
            wave = kept
        return wave

    def _is_comfortable(self) -> bool:
        """Whether the edges still read as a graph; far more edges than boxes are a tangle."""
        visible = self.visible()
        edges = self.edges(visible)
        return len(edges) <= min(self.options.comfortable_edges, max(TANGLE * len(visible.nodes), FEW_NODES)) and (
            max(edges.degrees().values(), default=0) <= COMFORTABLE_DEGREE
        )

    def _candidates(self, visible: Visible, tried: set[int]) -> list[int]:
        """Closed scopes that say more when open; what looks like one op does not, and bodies of functions are many."""
        items = self.hierarchy.items
        automatic = self.options.depth is None
        return [
            item_id
            for item_id in visible.nodes
            if item_id not in visible.bundles
            if items[item_id].children and items[item_id].own is None and items[item_id].kind != "series"
            if not (automatic and items[item_id].kind == "function" and not items[item_id].is_call)
            # Who opens a scope by name goes on from there by name.
            if item_id not in tried and not (automatic and items[item_id].parent in self.asked_open)
        ]

    def _alike(self, candidates: list[int]) -> list[tuple[int, list[int]]]:
        """Group siblings of the same structure, small ones first: of twins, both are opened or neither."""
        alike: dict[tuple[int, int, int], list[int]] = {}
        for item_id in candidates:
            item = self.hierarchy.items[item_id]
            alike.setdefault((self._size(item_id), item.parent, item.structure), []).append(item_id)
        return sorted((size, members) for (size, *_), members in alike.items())

    def _size(self, item_id: int) -> int:
        """Boxes that opening an item adds to the main graph."""
        items = self.hierarchy.items
        return sum(
            1 for child in items[item_id].children if self.is_main(items[child]) and not self.is_hidden(items[child])
        )

    def edges(self, visible: Visible) -> Metaedges:
        """Bundle the edges between the drawn items."""
        edges = self.edges_with_aside(visible)
        return edges.keep((edges.sources >= 0) & (edges.targets >= 0))

    def edges_with_aside(self, visible: Visible) -> Metaedges:
        """Bundle the edges between drawn items, and between those and the groups aside (see :func:`group_of`)."""
        marked = {item_id: item_id for item_id in visible.nodes if item_id < len(self.hierarchy.items)}
        marked.update((item_id, -1) for item_id in visible.clusters)
        for group, members in visible.aside.items():
            marked.update(dict.fromkeys(members, _FIRST_ASIDE - STRIP.index(group)))
        for bundle, members in visible.bundles.items():
            marked.update(dict.fromkeys(members, bundle))
        found = representatives(self.hierarchy, marked)
        return bundle_edges(self.hierarchy, found, sources_past(self.hierarchy, found, self.options.hide_ops))


def group_of(representative: int) -> str:
    """Return the aside group that a negative representative stands for."""
    return STRIP[_FIRST_ASIDE - representative]


def _bundle_overflow(hierarchy: Hierarchy, visible: Visible, budget: int, kept: set[int]) -> Visible:
    """Bundle what exceeds the budget: first siblings with the same op, largest family first, then the tail.

    What is in ``kept`` was asked for by name, and is bundled only when nothing else is left.
    """
    items = hierarchy.items
    families: dict[tuple[int | None, str, str], list[int]] = {}
    for item_id, cluster in visible.nodes.items():
        if item_id not in visible.bundles and item_id not in kept:
            families.setdefault((cluster, items[item_id].kind, items[item_id].op), []).append(item_id)
    next_id = 2 * len(items)
    for (cluster, *_), members in sorted(families.items(), key=lambda family: -len(family[1])):
        if len(visible.nodes) <= budget or len(members) == 1:
            break
        next_id = _bundle(visible, next_id, cluster, members)
    while len(visible.nodes) > budget:
        by_cluster: dict[int | None, list[int]] = {}
        for item_id, cluster in visible.nodes.items():
            by_cluster.setdefault(cluster, []).append(item_id)
        cluster, members = max(by_cluster.items(), key=lambda pair: len(pair[1]))
        if len(members) == 1:
            break
        surplus = min(len(visible.nodes) - budget + 1, len(members))
        members.sort(key=lambda member: member not in kept)
        next_id = _bundle(visible, next_id, cluster, members[-surplus:])
    return visible


def _bundle(visible: Visible, bundle: int, cluster: int | None, members: list[int]) -> int:
    """Replace members by a bundle; a bundle among them gives up its own members. Returns the next free id."""
    inside: list[int] = []
    for member in members:
        visible.nodes.pop(member, None)
        inside.extend(visible.bundles.pop(member, [member]))
    visible.nodes[bundle] = cluster
    visible.bundles[bundle] = inside
    return bundle + 1
