"""Makes the view of a graph: cut it, keep the edges within their budget, and say what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ckpt_magics.notebook.pictures.choices import GROUPS
from ckpt_magics.notebook.pictures.model.aside import PULLED
from ckpt_magics.notebook.pictures.model.hierarchy import ROOT, Hierarchy
from ckpt_magics.notebook.pictures.model.outputs import OpDefs
from ckpt_magics.notebook.pictures.views.cut import HIGH_DEGREE, HIGH_DEGREE_NODES, Cut, Visible, group_of
from ckpt_magics.notebook.pictures.views.describe import Describer
from ckpt_magics.notebook.pictures.views.metaedges import Metaedges
from ckpt_magics.notebook.pictures.views.view import View, ViewEdge, ViewNode, ViewOptions
from ckpt_magics.phrasing import amount

# Up to here the members of an aside group stand in the strip by themselves, above it as one box.
MAX_SINGLE: Final = 3
MAX_UNCONNECTED: Final = 12


def compose_view(hierarchy: Hierarchy, options: ViewOptions, op_defs: OpDefs) -> View:
    """Return the view that the options ask for, within the budgets whatever the graph.

    Raises:
        NotFoundError: An option names a node or scope that the graph does not have.
    """
    composer = _Composer(hierarchy, options, op_defs)
    return composer.view()


class _Composer:
    def __init__(self, hierarchy: Hierarchy, options: ViewOptions, op_defs: OpDefs) -> None:
        self.hierarchy = hierarchy
        self.options = options
        self.describer = Describer(hierarchy, op_defs)
        cut = Cut(hierarchy, options)
        self.shown = cut.shown
        self.visible: Visible = cut.choose()
        edges = cut.edges_with_aside(self.visible)
        inner = (edges.sources >= 0) & (edges.targets >= 0)
        self.links = _links_aside(edges.keep(~inner))
        self.edges = edges.keep(inner)
        self.notes: list[str] = []
        self.busy: dict[int, int] = {}
        self.unconnected: list[int] = []

    def view(self) -> View:
        """Run the steps, each of which takes something out of the picture."""
        self._pull_busy_aside()
        self._fit_edges()
        self._pull_unconnected_aside()
        aside = self._aside()
        self._note_faults()
        used = self._used_clusters()
        boxes = tuple(self._box(item_id, cluster) for item_id, cluster in self.visible.nodes.items())
        return View(
            nodes=boxes,
            edges=self._edges(boxes),
            clusters=tuple(self.describer.cluster(item) for item in self.visible.clusters if item in used),
            aside=tuple(aside),
            notes=tuple(self.notes),
            direction=self.options.direction,
            op_count=sum(
                self.hierarchy.items[child].op_share
                for child in self.hierarchy.items[ROOT].children
                if self.hierarchy.items[child].kind != "library"
            ),
        )

    def _pull_busy_aside(self) -> None:
        """Pull aside single nodes that nearly everything is connected to, as a flag for training is."""
        degrees = self.edges.degrees()
        if len(self.visible.nodes) < HIGH_DEGREE_NODES:
            return
        for item_id, degree in sorted(degrees.items(), key=lambda pair: -pair[1]):
            if degree > HIGH_DEGREE and self._is_single(item_id) and item_id not in self.shown:
                self._pull(item_id, degree)

    def _is_single(self, item_id: int) -> bool:
        """Whether a box stands for one op; a scope with many neighbours is usually the model itself."""
        if item_id >= len(self.hierarchy.items):
            return False
        item = self.hierarchy.items[item_id]
        return not item.children or item.own is not None

    def _pull(self, item_id: int, degree: int) -> None:
        self.busy[item_id] = degree
        del self.visible.nodes[item_id]
        self.edges = self.edges.keep((self.edges.sources != item_id) & (self.edges.targets != item_id))

    def _fit_edges(self) -> None:
        """Leave out control edges, then the busiest boxes, until the edges fit."""
        budget = self.options.edge_budget
        is_control = self.edges.data_counts == 0
        if len(self.edges) > budget and is_control.any():
            self.notes.append(f"{int(is_control.sum()):,} control edges are not drawn.")
            self.edges = self.edges.keep(~is_control)
        while len(self.edges) > budget:
            self._pull(*max(self.edges.degrees().items(), key=lambda pair: (pair[1], -pair[0])))

    def _pull_unconnected_aside(self) -> None:
        """Pull top-level boxes without an edge aside when others have edges: a layout makes them one long row."""
        connected = {int(end) for ends in (self.edges.sources, self.edges.targets) for end in ends}
        if not connected:
            return
        for item_id, cluster in list(self.visible.nodes.items()):
            if cluster is None and item_id not in connected and item_id not in self.shown:
                self.unconnected.append(item_id)
                del self.visible.nodes[item_id]

    def _used_clusters(self) -> set[int]:
        """Open scopes in which a box is left."""
        used: set[int] = set()
        for innermost in self.visible.nodes.values():
            cluster = innermost
            while cluster is not None and cluster not in used:
                used.add(cluster)
                cluster = self.hierarchy.items[cluster].parent or None
        return used

    def _box(self, item_id: int, cluster: int | None) -> ViewNode:
        members = self.visible.bundles.get(item_id)
        if members is not None:
            return self.describer.bundle_box(item_id, members, cluster)
        return self.describer.box(item_id, cluster, self.links.get(item_id, ()))

    def _aside(self) -> list[ViewNode]:
        """Boxes of the strip: groups first, then busy and unconnected nodes."""
        boxes: list[ViewNode] = []
        next_id = max([len(self.hierarchy.items), *(bundle + 1 for bundle in self.visible.bundles)])
        boxes.extend(self.describer.box(member, None) for member in self.visible.aside.get(PULLED, ()))
        for group, title in GROUPS.items():
            members = self.visible.aside.get(group, [])
            if len(members) > MAX_SINGLE or (members and group == "constants"):
                boxes.append(self.describer.bundle_box(next_id, members, None, title, group))
                next_id += 1
            else:
                boxes.extend(self.describer.box(member, None) for member in members)
        for item_id, degree in self.busy.items():
            boxes.append(self._box(item_id, None))
            self.notes.append(f"{boxes[-1].label} is pulled aside: it is connected to {degree:,} others.")
        if len(self.unconnected) > MAX_UNCONNECTED:
            inside = [m for item_id in self.unconnected for m in self.visible.bundles.get(item_id, [item_id])]
            boxes.append(self.describer.bundle_box(next_id, inside, None, "unconnected"))
        else:
            boxes.extend(self._box(item_id, None) for item_id in self.unconnected)
        return boxes

    def _edges(self, boxes: Sequence[ViewNode]) -> tuple[ViewEdge, ...]:
        edges = []
        says = {box.id: box.detail for box in boxes}
        columns = (self.edges.sources, self.edges.targets, self.edges.counts, self.edges.data_counts, self.edges.first)
        for source, target, count, data_count, first in zip(*(c.tolist() for c in columns), strict=True):
            bundled = self.edges.order[first : first + count]
            label = self.describer.edge_label(bundled) if data_count else ""
            elements = self.describer.edge_elements(bundled) if data_count else 0
            if label == says.get(source):
                # The box itself says so: a variable's shape needs no second time on every line out of it.
                label = ""
            edges.append(ViewEdge(source, target, count, data_count == 0, label, elements))
        return tuple(edges)

    def _note_faults(self) -> None:
        if self.visible.bundles:
            count = sum(len(members) for members in self.visible.bundles.values())
            self.notes.append(f"{count:,} boxes are drawn as {len(self.visible.bundles):,}.")
        if self.hierarchy.missing_inputs:
            self.notes.append(f"{self.hierarchy.missing_inputs:,} inputs name a node that the graph does not have.")
        if self.hierarchy.duplicate_names:
            self.notes.append(f"{self.hierarchy.duplicate_names:,} nodes have the name of another node.")


def _links_aside(edges: Metaedges) -> Mapping[int, list[str]]:
    """Tooltip lines on connections to groups aside, by drawn item."""
    counts: dict[int, dict[str, int]] = {}
    for source, target, count in zip(
        edges.sources.tolist(), edges.targets.tolist(), edges.counts.tolist(), strict=True
    ):
        drawn, other = (source, target) if source >= 0 else (target, source)
        of_item = counts.setdefault(drawn, {})
        group = GROUPS.get(group_of(other), "what was pulled aside")
        of_item[group] = of_item.get(group, 0) + count
    return {
        drawn: [f"connected to {group}, aside ({amount(count, 'edge')})" for group, count in groups.items()]
        for drawn, groups in counts.items()
    }
