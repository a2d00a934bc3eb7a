"""Bundles the edges of a graph between what is visible of it, in array operations over all edges at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ckpt_magics.notebook.pictures.model.hierarchy import CONTROL_SLOT, Hierarchy

# In the array of representatives: not drawn at all. Numbers below stand for what is pulled aside.
NOT_DRAWN = -1
_UNSET = np.iinfo(np.int32).min


@dataclass(frozen=True, slots=True)
class Metaedges:
    """Bundled edges, as parallel arrays.

    Attributes:
        sources: int64 [metaedges], representative of what they come from.
        targets: int64 [metaedges], representative of where they go.
        counts: int64 [metaedges], edges in the bundle.
        data_counts: int64 [metaedges], those that carry a tensor.
        first: int64 [metaedges], where the bundle starts in ``order``.
        order: int64 [edges], positions in the hierarchy's edge arrays, bundle after bundle.
    """

    sources: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    data_counts: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.sources)

    def keep(self, mask: npt.NDArray[np.bool_]) -> Metaedges:
        """Return only the bundles that the mask chooses."""
        return Metaedges(
            self.sources[mask],
            self.targets[mask],
            self.counts[mask],
            self.data_counts[mask],
            self.first[mask],
            self.order,
        )

    def degrees(self) -> dict[int, int]:
        """Number of different neighbours by representative."""
        pairs = {(int(a), int(b)) for a, b in zip(self.sources, self.targets, strict=True)}
        pairs |= {(b, a) for a, b in pairs}
        degrees: dict[int, int] = {}
        for a, _ in pairs:
            degrees[a] = degrees.get(a, 0) + 1
        return degrees


def representatives(hierarchy: Hierarchy, marked: dict[int, int]) -> npt.NDArray[np.int32]:
    """Return what stands for each item: the mark of the nearest marked item around it, itself included.

    Args:
        hierarchy: The graph.
        marked: Representative by item id; the root counts as :data:`NOT_DRAWN` unless it is marked.
    """
    found = np.full(len(hierarchy.items), _UNSET, np.int32)
    found[0] = NOT_DRAWN
    found[np.fromiter(marked.keys(), np.int64, len(marked))] = np.fromiter(marked.values(), np.int32, len(marked))
    for level in hierarchy.levels[1:]:
        inherit = level[found[level] == _UNSET]
        found[inherit] = found[hierarchy.parents[inherit]]
    return found


def sources_past(hierarchy: Hierarchy, found: npt.NDArray[np.int32], ops: frozenset[str]) -> npt.NDArray[np.int32]:
    """Return int32 [edges], where each edge comes from when ops that are left out are passed through.

    An edge out of such an op starts where the first tensor comes from that the op takes, past any number of them.

    Args:
        hierarchy: The graph.
        found: What stands for each item; an op that something drawn stands for is not left out.
        ops: The ops left out.
    """
    if not ops:
        return hierarchy.sources
    left_out = [item.id for item in hierarchy.items if item.op in ops and found[item.id] == NOT_DRAWN]
    is_out = np.zeros(len(hierarchy.items), np.bool_)
    is_out[left_out] = True
    # Last to first, so that the first of several inputs is the one that stays.
    inputs = np.flatnonzero(is_out[hierarchy.targets] & (hierarchy.slots != CONTROL_SLOT))[::-1]
    before = np.arange(len(hierarchy.items), dtype=np.int32)
    before[hierarchy.targets[inputs]] = hierarchy.sources[inputs]
    # Every round doubles the length of the chains that are passed; a circle leads back into itself and is not drawn.
    for _ in range(len(left_out).bit_length()):
        before = before[before]
    return before[hierarchy.sources]


def bundle_edges(
    hierarchy: Hierarchy, found: npt.NDArray[np.int32], starts: npt.NDArray[np.int32] | None = None
) -> Metaedges:
    """Bundle the edges between different representatives of which at least one is drawn.

    Args:
        hierarchy: The graph.
        found: What stands for each item.
        starts: int32 [edges], where the edges come from, if not from their sources.
    """
    sources = found[hierarchy.sources if starts is None else starts].astype(np.int64)
    targets = found[hierarchy.targets].astype(np.int64)
    chosen = np.flatnonzero(
        (sources != targets) & ((sources >= 0) | (targets >= 0)) & (sources != NOT_DRAWN) & (targets != NOT_DRAWN)
    )
    # One number per pair; representatives may be negative, so they are shifted first.
    low = min(int(found.min(initial=0)), 0)
    span = max(int(found.max(initial=0)) - low + 1, 1)
    keys = (sources[chosen] - low) * span + (targets[chosen] - low)
    order = np.argsort(keys, kind="stable")
    pairs, first, counts = np.unique(keys[order], return_index=True, return_counts=True)
    order = chosen[order]
    has_data = (hierarchy.slots[order] != CONTROL_SLOT).astype(np.int64)
    data_counts = np.add.reduceat(has_data, first) if len(first) else np.zeros(0, np.int64)
    return Metaedges(pairs // span + low, pairs % span + low, counts, data_counts, first, order)
