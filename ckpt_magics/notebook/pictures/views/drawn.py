"""Which box of a view stands for each item of the graph, and what a set of edges is in that view."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ckpt_magics.notebook.pictures.model.hierarchy import Hierarchy
from ckpt_magics.notebook.pictures.views.metaedges import NOT_DRAWN, representatives
from ckpt_magics.notebook.pictures.views.view import View

ItemArray = npt.NDArray[np.int32]


def boxes_of_items(hierarchy: Hierarchy, view: View) -> ItemArray:
    """Return int32 [items], the id of the box of the picture or its strip that shows each item; -1 for none.

    An open scope is shown by the boxes inside it, so it has none of its own.
    """
    marked = {cluster.id: NOT_DRAWN for cluster in view.clusters}
    for box in (*view.nodes, *view.aside):
        marked.update(dict.fromkeys(box.members or (box.id,), box.id))
    return representatives(hierarchy, marked)


def drawn_pairs(hierarchy: Hierarchy, boxes: ItemArray, edges: Iterable[int]) -> list[tuple[int, int]]:
    """Return source and target boxes of some edges of the graph, each pair once; edges inside a box are none."""
    chosen = np.fromiter(edges, np.int64)
    sources, targets = boxes[hierarchy.sources[chosen]], boxes[hierarchy.targets[chosen]]
    seen = (sources != targets) & (sources != NOT_DRAWN) & (targets != NOT_DRAWN)
    pairs = np.unique(np.stack([sources[seen], targets[seen]], axis=1), axis=0)
    return [(int(source), int(target)) for source, target in pairs.tolist()]
