"""Answers to what the page of a graph view asks: pictures, layouts, nodes, searches, the layout engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ckpt_magics.notebook.pictures.choices import GROUPS
from ckpt_magics.notebook.pictures.drawing.dot import DotOptions, format_dot
from ckpt_magics.notebook.pictures.drawing.engines import lay_out
from ckpt_magics.notebook.pictures.graph_model import GraphCut, GraphModel
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.reach import Reached
from ckpt_magics.notebook.pictures.views.drawn import drawn_pairs
from ckpt_magics.notebook.pictures.views.view import View
from ckpt_magics.notebook.widgets.conversation import Handler, Reply, Request
from ckpt_magics.notebook.widgets.graph.graph_colors import GraphColors
from ckpt_magics.notebook.widgets.graph.graph_scene import describe_layout, describe_paints, describe_view
from ckpt_magics.notebook.widgets.graph.graph_search import SEARCH_MODES, GraphSearch
from ckpt_magics.notebook.widgets.graph.graph_state import GraphState, Trace, find_items
from ckpt_magics.notebook.widgets.graph.node_details import describe_item
from ckpt_magics.notebook.widgets.graph.node_values import LiveValues, describe_value
from ckpt_magics.notebook.widgets.graph.painted_numbers import Combined, PaintedNumbers, Tally, number_text
from ckpt_magics.notebook.widgets.graph.saved_variables import SavedVariables
from ckpt_magics.notebook.widgets.static_files import read_static
from ckpt_magics.proto.messages import NodeDef

if TYPE_CHECKING:
    from ckpt_magics.files.object_graph.named_tensors import NamedTensors
    from ckpt_magics.files.tensors.source import TensorSource
    from ckpt_magics.notebook.widgets.tensors.variable_messages import VariableMessages

__all__ = ["GraphMessages"]

_MAX_HITS: Final = 100
_MAX_PAINTED: Final = 500
_TIME_LIMIT: Final = 10.0
"""Seconds for a layout here, after the browser has given up on its own."""


class GraphMessages:
    """What the page can ask about one graph.

    Args:
        model: The graph.
        title: Headline of the view.
        note: What stands beside it.
        tensors: A linked checkpoint.
        variables: Answers about its tensors.
        live: Values in memory.
        compare: An earlier checkpoint.

    Attributes:
        title: As given.
        saved: The graph's variables in the linked checkpoint.
        colors: What colours can say.
        search: Finds nodes.
    """

    def __init__(
        self,
        model: GraphModel,
        title: str,
        *,
        tensors: NamedTensors[TensorSource] | None = None,
        variables: VariableMessages | None = None,
        live: LiveValues | None = None,
        compare: NamedTensors[TensorSource] | None = None,
    ) -> None:
        self._model = model
        self.title = title
        self._tensors = tensors
        self._variables = variables
        self._live = live
        self.saved = None if tensors is None else SavedVariables(model.graph_def, tensors)
        self.search = GraphSearch(model)
        self.colors = GraphColors(model, self.saved, tensors, compare)

    def handlers(self) -> dict[str, Handler]:
        """Kinds of requests and their answers."""
        return {
            "open": Handler(lambda _: Reply(self.opening())),
            "view": Handler(self._view),
            "dot": Handler(self._dot),
            "layout": Handler(self._layout, background=True),
            "node": Handler(self._node),
            "search": Handler(self._search),
            "difference": Handler(self._difference, background=True),
            "painted": Handler(self._painted),
            "engine": Handler(_engine),
        }

    def opening(self) -> dict[str, Any]:
        """What does not change while the view is there."""
        counts = self._model.group_counts
        return {
            "title": self.title,
            "note": self._note(),
            "ops": [list(pair) for pair in self._model.op_counts],
            "groups": [[group, title, counts[group]] for group, title in GROUPS.items() if counts[group]],
            "colors": self.colors.offered,
            "painted": self.painted_title,
            "modes": list(SEARCH_MODES),
            "paints": describe_paints(),
        }

    @property
    def painted_title(self) -> str:
        """What the numbers are that the user gave; "" for none."""
        return "" if self.colors.painted is None else self.colors.painted.title

    def paint(self, numbers: Mapping[Any, Any], title: str, combine: Combined) -> PaintedNumbers:
        """Take the user's numbers, as `PaintedNumbers` does."""
        self.colors.painted = PaintedNumbers(self._model, self.saved, numbers, title, combine)
        return self.colors.painted

    def scene(self, state: GraphState, view: View) -> dict[str, Any]:
        """What is drawn of a view, without its places."""
        return describe_view(self._model.hierarchy, view, self.colors.color(view, state.color))

    def _note(self) -> str:
        hierarchy = self._model.hierarchy
        total = sum(count for _, count in self._model.op_counts)
        if self.saved is None or self._tensors is None:
            return hierarchy.counted(total)
        nodes = {node.name: node for node in self._model.graph_def.node}
        found = [self.saved.find(nodes[name]).fits for name in self.saved.variables]
        return f"{hierarchy.counted(total)}; {sum(found):,} of {len(found):,} variables are in {self._tensors.origin}"

    def _cut(self, request: Request) -> tuple[GraphState, GraphCut]:
        state = GraphState.from_json(request.payload.get("state"))
        return state, self._model.cut(state.options())

    def _view(self, request: Request) -> Reply:
        state, cut = self._cut(request)
        scene = self.scene(state, cut.view)
        traced = None if state.trace is None else self._traced(state.trace, cut)
        return Reply({**scene, "dot": _layout_dot(cut, tight=False), "traced": traced})

    def _traced(self, trace: Trace, cut: GraphCut) -> dict[str, Any]:
        hierarchy = self._model.hierarchy
        reached, text = self._reached(trace)
        boxes = sorted({int(cut.boxes[leaf]) for leaf in reached.leaves} - {-1})
        pairs = drawn_pairs(hierarchy, cut.boxes, reached.edges)
        return {"boxes": boxes, "edges": pairs, "text": text}

    def _reached(self, trace: Trace) -> tuple[Reached, str]:
        hierarchy, reach = self._model.hierarchy, self._model.reach
        start = find_items(hierarchy, trace.name)
        if trace.kind != "path":
            reached = reach.trace(start, trace.kind)
            what = "lead to it" if trace.kind == "inputs" else "depend on it"
            inside = sum(hierarchy.items[item_id].op_count for item_id in start[:1])
            others = max(len(reached.leaves) - inside, 0)
            return reached, f"{trace.name}: {hierarchy.counted(others)} {what.replace('lead', _plural(others, 'lead'))}"
        end = find_items(hierarchy, trace.to)
        first, last = trace.name, trace.to
        path = reach.path(start, end)
        if path is None:
            path = reach.path(end, start)
            if path is None:
                return Reached([], []), f"No path leads from {first} to {last}, or back."
            first, last = last, first
        return path, f"The shortest path from {first} to {last} has {len(path.edges):,} edges."

    def _dot(self, request: Request) -> Reply:
        _, cut = self._cut(request)
        return Reply({"dot": _layout_dot(cut, tight=True), "complete": format_dot(cut.view, DotOptions())})

    def _layout(self, request: Request) -> Reply:
        _, cut = self._cut(request)
        layout, notes = lay_out(cut.view, DotOptions(), time_limit=_TIME_LIMIT)
        return Reply({**describe_layout(cut.view, layout), "notes": notes})

    def _node(self, request: Request) -> Reply:
        content = self.details(str(request.payload.get("name", "")))
        items = find_items(self._model.hierarchy, content["name"])
        content["scope"] = any(self._model.hierarchy.items[each].is_compound for each in items)
        item = self._model.node_item(items)
        if item.node is not None:
            value = describe_value(item.node, self.saved, self._tensors, self._live)
            content["sections"][:0] = [value] if value["facts"] else []
            content["variable"] = self._heading(item)
        number = None if self.colors.painted is None else self.colors.painted.number_of([item.id])
        if number is not None:
            facts = [{"label": self.painted_title, "text": number_text(number), "link": None}]
            content["sections"].insert(0, {"title": "Number", "facts": facts})
        return Reply(content)

    def details(self, name: str) -> dict[str, Any]:
        """What the graph says of a node or scope.

        Raises:
            NotFoundError: It has none of this name.
        """
        item = self._model.node_item(find_items(self._model.hierarchy, name))
        sections = describe_item(self._model, item)
        return {"name": name, "title": item.op or item.kind, "variable": None, "sections": sections}

    def _heading(self, item: Item) -> dict[str, Any] | None:
        """The saved tensor of a variable, or a constant that was one, as the pane of values wants it."""
        if self._variables is None or item.node is None:
            return None
        row = self._variables.row_of(self._tensor_of(item, item.node))
        if row is None:
            return None
        entry = self._variables.variables.iloc[row]
        size = entry["bytes"]
        return {
            "row": row,
            "name": str(entry["name"]),
            "dtype": str(entry["dtype"]),
            "shape": list(entry["shape"]),
            "bytes": int(size) if size == size else -1,  # noqa: PLR0124 - a missing size equals nothing
        }

    def _tensor_of(self, item: Item, node: NodeDef) -> str:
        if self.saved is None:
            return node.name
        return self.saved.find(node).name if item.kind == "variable" else ""

    def _search(self, request: Request) -> Reply:
        text, mode = str(request.payload.get("text", "")), str(request.payload.get("mode", "text"))
        found = self.search.find(text, mode)
        hits = [{"name": item.name, "what": item.op or item.kind} for item in found[:_MAX_HITS]]
        boxes = {}
        if request.payload.get("state") is not None:
            boxes = self.search.boxes(found, self._cut(request)[1])
        return Reply({"hits": hits, "total": len(found), "boxes": [*boxes.items()]})

    def _painted(self, _request: Request) -> Reply:
        painted = self.colors.painted
        if painted is None:
            return Reply({"rows": [], "total": 0, "note": ""})
        rows = sorted(painted.rows(), key=lambda row: _prominence(row[2].total))
        shown = [
            {"name": name, "what": what, "count": each.count, "texts": [*map(number_text, _facts(each))]}
            for name, what, each in rows[:_MAX_PAINTED]
        ]
        return Reply({"rows": shown, "total": len(rows), "note": painted.note})

    def _difference(self, request: Request) -> Reply:
        def progress(done: int, total: int) -> None:
            request.check_cancelled()
            request.progress(done / total)

        self.colors.find_differences(progress)
        return Reply()


def _layout_dot(cut: GraphCut, *, tight: bool) -> str:
    return format_dot(cut.view, DotOptions(tight=tight, complete=False))


def _prominence(number: float) -> float:
    """Sorts what is no number first, then what is far from zero."""
    return -abs(number) if math.isfinite(number) else -math.inf


def _facts(tally: Tally) -> tuple[float, float, float]:
    return tally.total, tally.least, tally.most


def _plural(count: int, verb: str) -> str:
    return f"{verb}s" if count == 1 else verb


def _engine(_request: Request) -> Reply:
    return Reply({}, [read_static("graphviz_worker.js")])
