"""What is saved of a graph's view: what it shows, and the scopes that can be opened in it, laid out beforehand.

The page's half is js/src/graph/saved_graph.ts. Each level shows one scope open with those around it, so their number
grows with the graph and not with the ways to combine them.
"""

from __future__ import annotations

import json
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ckpt_magics.notebook.pictures.drawing.plain_layout import arrange
from ckpt_magics.notebook.pictures.graph_model import GraphModel
from ckpt_magics.notebook.pictures.views.view import View
from ckpt_magics.notebook.widgets.graph.graph_messages import GraphMessages
from ckpt_magics.notebook.widgets.graph.graph_scene import describe_layout
from ckpt_magics.notebook.widgets.graph.graph_state import GraphState

__all__ = ["saved_graph"]

_MAX_BOXES: Final = 300
"""Boxes of all levels in a notebook: the cell waits while they are laid out, and a hundred take 0.1 s."""

_MAX_BOXES_IN_FILE: Final = 20_000
"""Boxes of all levels in a file that somebody has asked for."""

_NAMES_SHARE: Final = 0.25
"""Share of the data that the names to search in may take."""


@dataclass(slots=True)
class _Budget:
    """What may still be saved; ``size`` counts compressed bytes in Base64."""

    size: float
    boxes: int
    _stream: Any = field(default_factory=zlib.compressobj)

    def take(self, part: object, boxes: int = 0) -> bool:
        """Count a part and say whether it still fits, beside those that came before: parts are much alike."""
        self.boxes -= boxes
        text = json.dumps(part, separators=(",", ":")).encode()
        self.size -= (len(self._stream.compress(text)) + len(self._stream.flush(zlib.Z_SYNC_FLUSH))) * 4 / 3
        return self.size >= 0 and self.boxes >= 0


def saved_graph(answers: GraphMessages, model: GraphModel, state: GraphState, limit: int | None) -> dict[str, Any]:
    """Return the page's data.

    Args:
        answers: What the page would ask.
        model: The graph.
        state: What is shown now; marks of a trace are not saved.
        limit: About how many characters it may have once it is packed; None is for a file of its own.
    """
    state = replace(state, trace=None)
    opening = answers.opening()
    names = _names(answers)
    budget = _Budget(float("inf"), _MAX_BOXES_IN_FILE) if limit is None else _Budget(float(limit), _MAX_BOXES)
    budget.take(opening)
    if limit is not None and not _Budget(limit * _NAMES_SHARE, 0).take(names):
        names = []
    budget.take(names)
    details: dict[str, Any] = {}
    levels = list(_levels(answers, model, state, budget, details))
    traits = {"view_state": state.to_json(), "selected": ""}
    return {"opening": opening, "levels": levels, "details": details, "names": names, "state": traits}


def _levels(
    answers: GraphMessages, model: GraphModel, state: GraphState, budget: _Budget, details: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The view as it is; then the closed one, and with each scope open that the views before show, outer ones first.

    Args:
        answers: What the page would ask.
        model: The graph.
        state: What is shown now.
        budget: Once it is used up there are no more.
        details: Where what is said of the boxes goes, by name.
    """
    folded = replace(state, open=())
    waiting = deque([("", state), ("", folded)])
    seen = set()
    while waiting:
        scope, wanted = waiting.popleft()
        if frozenset(wanted.open) in seen:
            continue
        seen.add(frozenset(wanted.open))
        view = model.cut(wanted.options()).view
        level = _level(answers, view, wanted, scope)
        told = {name: answers.details(name) for name in _named(level) if name not in details}
        if not budget.take([level, told], len(view.nodes)) and wanted is not state:
            return
        details |= told
        yield level
        waiting.extend((name, folded.with_open(model.hierarchy, name)) for name in _named(level, openable=True))


def _level(answers: GraphMessages, view: View, state: GraphState, scope: str) -> dict[str, Any]:
    scene = {**answers.scene(state, view), "layout": describe_layout(view, arrange(view))}
    return {"scope": scope, "open": list(state.open), "scene": scene}


def _named(level: dict[str, Any], *, openable: bool = False) -> list[str]:
    """Names of the boxes that stand for one node or scope; only of those with something inside, if so asked."""
    boxes = (*level["scene"]["nodes"], *level["scene"]["aside"])
    single = [box for box in boxes if not box["group"] and not box["bundle"]]
    return [box["name"] for box in single if box["openable"] or not openable]


def _names(answers: GraphMessages) -> list[list[str]]:
    """All that one can search for: name, kind, and the op of what has one."""
    return [[item.name, item.kind, *([item.op] if item.op else [])] for item in answers.search.named]
