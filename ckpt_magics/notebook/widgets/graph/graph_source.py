"""The graph behind a view: its scopes, op definitions and collections, and the latest cuts through it."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from google.protobuf.message import DecodeError

from ckpt_magics.notebook.pictures.compose import compose_view
from ckpt_magics.notebook.pictures.describe import op_definitions
from ckpt_magics.notebook.pictures.drawn import ItemArray, boxes_of_items
from ckpt_magics.notebook.pictures.hierarchy import ROOT, build_hierarchy
from ckpt_magics.notebook.pictures.item import Item
from ckpt_magics.notebook.pictures.reach import Reach
from ckpt_magics.notebook.pictures.summary import list_meta_graph
from ckpt_magics.notebook.pictures.view import View, ViewOptions
from ckpt_magics.proto import messages

__all__ = ["GraphCut", "GraphSource"]

_KEPT_CUTS = 8


@dataclass(frozen=True, slots=True)
class GraphCut:
    """A view with what each item of the graph is drawn as.

    Attributes:
        view: What is drawn.
        boxes: int32 [items], id of a box of the view; -1 for none.
    """

    view: View
    boxes: ItemArray


class GraphSource:
    """One graph.

    Args:
        graph: A GraphDef, or a MetaGraphDef, which adds op definitions and collections.
    """

    def __init__(self, graph: messages.GraphDef | messages.MetaGraphDef) -> None:
        self.meta_graph = graph if isinstance(graph, messages.MetaGraphDef) else None
        self.graph_def = graph if isinstance(graph, messages.GraphDef) else graph.graph_def
        ops = () if self.meta_graph is None else self.meta_graph.meta_info_def.stripped_op_list.op
        self.op_defs = op_definitions(ops)
        self.hierarchy = build_hierarchy(self.graph_def)
        self._cuts: OrderedDict[ViewOptions, GraphCut] = OrderedDict()

    def cut(self, options: ViewOptions) -> GraphCut:
        """Return what the options ask for; the latest few are kept.

        Raises:
            NotFoundError: An option names what the graph does not have.
        """
        if options not in self._cuts:
            view = compose_view(self.hierarchy, options, self.op_defs)
            self._cuts[options] = GraphCut(view, boxes_of_items(self.hierarchy, view))
            if len(self._cuts) > _KEPT_CUTS:
                self._cuts.popitem(last=False)
        self._cuts.move_to_end(options)
        return self._cuts[options]

    @cached_property
    def reach(self) -> Reach:
        """Walks over its edges."""
        return Reach(self.hierarchy)

    @cached_property
    def lines(self) -> list[str]:
        """What its MetaGraph says besides, for text forms."""
        return [] if self.meta_graph is None else list_meta_graph(self.meta_graph)

    @cached_property
    def op_counts(self) -> list[tuple[str, int]]:
        """Ops with how many nodes have them, most frequent first."""
        counts = Counter(leaf.op for leaf in self.hierarchy.leaves(ROOT))
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

    @cached_property
    def group_counts(self) -> Counter[str]:
        """Ops in each aside group."""
        return Counter(leaf.group for leaf in self.hierarchy.leaves(ROOT) if leaf.group)

    @cached_property
    def consumers(self) -> dict[int, list[int]]:
        """Ids of the leaves that take an output or wait for it, by id of the leaf."""
        found: dict[int, dict[int, None]] = {}
        for source, target in zip(self.hierarchy.sources.tolist(), self.hierarchy.targets.tolist(), strict=True):
            found.setdefault(source, {})[target] = None
        return {source: list(targets) for source, targets in found.items()}

    @cached_property
    def collections(self) -> dict[str, list[str]]:
        """Names of the collections that a node is in, by its name."""
        found: dict[str, dict[str, None]] = {}
        if self.meta_graph is not None:
            for key in sorted(self.meta_graph.collection_def):
                for name in _members(self.meta_graph.collection_def[key]):
                    found.setdefault(name, {})[key] = None
        return {name: list(keys) for name, keys in found.items()}

    def node_item(self, items: list[int]) -> Item:
        """Of the items of one name, the node; a scope only where there is none."""
        found = [self.hierarchy.items[item_id] for item_id in items]
        return next((item for item in found if item.node is not None), found[0])


def _members(collection: messages.CollectionDef) -> Iterator[str]:
    """Names of the nodes in a collection: listed, or those of the variables in it."""
    for text in collection.node_list.value:
        yield text.partition(":")[0]
    for data in collection.bytes_list.value:
        try:
            name = messages.VariableDef.FromString(data).variable_name
        except DecodeError:
            continue
        if name:
            yield name.partition(":")[0]
