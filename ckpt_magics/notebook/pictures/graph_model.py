"""One graph as all its pictures and views look at it: scopes, op definitions, collections, and the latest cuts."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from google.protobuf.message import DecodeError

from ckpt_magics.notebook.pictures.model.ends import GraphEnds, find_ends
from ckpt_magics.notebook.pictures.model.hierarchy import (
    Hierarchy,
    NamedTensor,
    build_hierarchy,
    build_scope_tree,
)
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.outputs import format_dims
from ckpt_magics.notebook.pictures.model.reach import Reach
from ckpt_magics.notebook.pictures.model.series import SERIES_MINIMUM
from ckpt_magics.notebook.pictures.model.summary import list_meta_graph
from ckpt_magics.notebook.pictures.views.compose import compose_view
from ckpt_magics.notebook.pictures.views.describe import op_definitions
from ckpt_magics.notebook.pictures.views.drawn import ItemArray, boxes_of_items
from ckpt_magics.notebook.pictures.views.view import View, ViewOptions
from ckpt_magics.proto import messages

__all__ = ["GraphCut", "GraphModel", "model_of_graph", "model_of_names"]

Shape = Sequence[int | None] | None

_KEPT_CUTS = 8


@dataclass(frozen=True)
class GraphCut:
    """A view with what each item of the graph is drawn as.

    Attributes:
        hierarchy: The scopes that are cut.
        view: What is drawn.
    """

    hierarchy: Hierarchy
    view: View

    @cached_property
    def boxes(self) -> ItemArray:
        """int32 [items], id of a box of the view; -1 for none."""
        return boxes_of_items(self.hierarchy, self.view)


class GraphModel:
    """One graph, taken apart once for all that shows it; see `model_of_graph` and `model_of_names`.

    Args:
        hierarchy: Its scopes.
        graph_def: Its nodes.
        meta_graph: What came with them, if there is more.
    """

    def __init__(
        self,
        hierarchy: Hierarchy,
        graph_def: messages.GraphDef,
        meta_graph: messages.MetaGraphDef | None = None,
    ) -> None:
        self.hierarchy = hierarchy
        self.graph_def = graph_def
        self.meta_graph = meta_graph
        ops = () if meta_graph is None else meta_graph.meta_info_def.stripped_op_list.op
        self.op_defs = op_definitions(ops)
        self._cuts: OrderedDict[ViewOptions, GraphCut] = OrderedDict()

    def cut(self, options: ViewOptions) -> GraphCut:
        """Return what the options ask for; the latest few are kept.

        Raises:
            NotFoundError: An option names what the graph does not have.
        """
        if options not in self._cuts:
            self._cuts[options] = GraphCut(self.hierarchy, compose_view(self.hierarchy, options, self.op_defs))
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
        counts = Counter(node.op for node in self.hierarchy.nodes())
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

    @cached_property
    def group_counts(self) -> Counter[str]:
        """Ops in each aside group."""
        return Counter(node.group for node in self.hierarchy.nodes() if node.group)

    @cached_property
    def consumers(self) -> dict[int, list[int]]:
        """Ids of the leaves that take an output or wait for it, by id of the leaf."""
        found: dict[int, dict[int, None]] = {}
        edges = zip(self.hierarchy.sources.tolist(), self.hierarchy.targets.tolist(), strict=True)
        for source, target in (*edges, *self.hierarchy.calling):
            found.setdefault(source, {})[target] = None
        return {source: list(targets) for source, targets in found.items()}

    @cached_property
    def ends(self) -> GraphEnds:
        """What it takes and gives."""
        return find_ends(self.hierarchy, self.consumers, self.op_defs, self.meta_graph)

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


def model_of_graph(
    graph: messages.GraphDef | messages.MetaGraphDef, series_minimum: int = SERIES_MINIMUM
) -> GraphModel:
    """Take a graph apart.

    Args:
        graph: A GraphDef, or a MetaGraphDef, which adds op definitions and collections.
        series_minimum: Numbered siblings from this many on become one box; 0 folds none.
    """
    meta_graph = graph if isinstance(graph, messages.MetaGraphDef) else None
    graph_def = graph if isinstance(graph, messages.GraphDef) else graph.graph_def
    return GraphModel(build_hierarchy(graph_def, series_minimum=series_minimum), graph_def, meta_graph)


def model_of_names(
    tensors: Mapping[str, Shape],
    dtypes: Mapping[str, object] | None = None,
    series_minimum: int = SERIES_MINIMUM,
) -> GraphModel:
    """Make the scopes of a checkpoint's names, where there is no graph.

    Args:
        tensors: Shape by name; None is an unknown shape.
        dtypes: Dtype by name, shown by its ``name`` or as text.
        series_minimum: As for `model_of_graph`.
    """
    named = []
    for name, shape in tensors.items():
        dtype = (dtypes or {}).get(name, "")
        parts = (str(getattr(dtype, "name", dtype)), "" if shape is None else format_dims(list(shape)))
        named.append(NamedTensor(name, " ".join(part for part in parts if part)))
    return GraphModel(build_scope_tree(named, series_minimum=series_minimum), messages.GraphDef())


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
