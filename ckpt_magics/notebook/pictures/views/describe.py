"""Turns items into the boxes of a view: their second lines and the facts in their tooltips."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ckpt_magics.notebook.pictures.model.hierarchy import CONTROL_SLOT, Hierarchy
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.kinds import called_function
from ckpt_magics.notebook.pictures.model.labels import TIMES
from ckpt_magics.notebook.pictures.model.outputs import OpDefs, describe_node, describe_output, output_elements
from ckpt_magics.notebook.pictures.views.view import ViewCluster, ViewNode
from ckpt_magics.phrasing import names_text
from ckpt_magics.proto import messages

# Names in the tooltip of a box that stands for many, ops in that of a scope.
MAX_LISTED: Final = 12
# Tensors of a bundle that are looked at for their dtype and shape.
MAX_SAMPLED: Final = 32
_NUMBERED: Final = re.compile(r"_\d+\Z")


class Describer:
    """Makes boxes and edge labels out of one graph's items.

    Args:
        hierarchy: The graph.
        op_defs: Op definitions that came with it, by op; they settle output dtypes.
    """

    def __init__(self, hierarchy: Hierarchy, op_defs: OpDefs) -> None:
        self.hierarchy = hierarchy
        self.op_defs = op_defs

    def box(self, item_id: int, cluster: int | None, links: Sequence[str] = ()) -> ViewNode:
        """Return the box of one item.

        Args:
            item_id: The item.
            cluster: Open scope around it.
            links: What it is connected to outside the picture, as tooltip lines.
        """
        item = self.hierarchy.items[item_id]
        member = self.hierarchy.items[item.children[0]] if item.kind == "series" else item
        own = member if member.own is None else self.hierarchy.items[member.own]
        return ViewNode(
            id=item_id,
            label=item.label,
            name=item.name,
            kind=member.kind,
            series=item.kind == "series",
            detail=self._detail(item, own),
            facts=(*self._facts(item, own), *links),
            cluster=cluster,
        )

    def bundle_box(
        self, bundle_id: int, members: Sequence[int], cluster: int | None, label: str = "", group: str = ""
    ) -> ViewNode:
        """Return the box that stands for items that are drawn one by one nowhere."""
        items = [self.hierarchy.items[member] for member in members]
        ops = {item.op for item in items}
        common = ops.pop() if len(ops) == 1 else ""
        label = label or f"{len(items):,} {TIMES} {common}" if common else label or f"{len(items):,} more"
        names = [item.name for item in items[:MAX_LISTED]]
        if len(items) > MAX_LISTED:
            names.append(f"and {len(items) - MAX_LISTED:,} more")
        count = self.hierarchy.counted(sum(item.op_count for item in items))
        # Series among the members look like what they are series of.
        looks = self.hierarchy.items[items[0].children[0]] if items[0].kind == "series" else items[0]
        kind = looks.kind if common else "bundle"
        return ViewNode(
            bundle_id, label, label, kind, len(items) > 1, count, tuple(names), cluster, tuple(members), group
        )

    def cluster(self, item_id: int) -> ViewCluster:
        """Return the frame of one open scope."""
        item = self.hierarchy.items[item_id]
        # Transparent parents are open too, so the parent is a cluster unless it is the whole graph.
        return ViewCluster(item_id, item.label, item.name, item.kind, item.parent or None)

    def _detail(self, item: Item, own: Item) -> str:
        if item.kind == "series":
            each = own.op or self.hierarchy.counted(own.op_count)
            return f"{len(item.children)} {TIMES} {each}"
        if own.detail:
            return own.detail
        if own.node is None:
            return self.hierarchy.counted(item.op_count)
        if own.kind in {"variable", "placeholder", "constant"}:
            return describe_node(own.node, self.op_defs)
        if own.kind == "function":
            return called_function(own.node) or own.op
        return "" if own.op.lower() == _NUMBERED.sub("", item.label).lower() else own.op

    def _facts(self, item: Item, own: Item) -> list[str]:
        """Tooltip lines: op, output, device, what is inside."""
        facts = []
        if own.node is not None and item.kind != "series":
            facts.append(f"op: {own.op}")
            output = describe_node(own.node, self.op_defs)
            if output:
                facts.append(f"output: {output}")
            if own.node.device:
                facts.append(f"device: {own.node.device}")
        elif own.detail:
            facts.append(own.detail)
        if item.op_count > 1:
            facts.append(f"{self.hierarchy.counted(item.op_count)} inside: {self._inside(item.id)}")
        return facts

    def _inside(self, item_id: int) -> str:
        ops = self.hierarchy.ops_inside(item_id)
        if "" in ops:
            # Variables of which only the names are known.
            ops = Counter(leaf.op or leaf.name for leaf in self.hierarchy.leaves(item_id))
        listed = [op if count == 1 else f"{op} {TIMES} {count:,}" for op, count in ops.most_common(MAX_LISTED)]
        return names_text(listed, MAX_LISTED, count=len(ops))

    def edge_label(self, edges: npt.NDArray[np.int64]) -> str:
        """Return what a metaedge carries: how many different tensors, and what those that were looked at share.

        Args:
            edges: int64 [edges], positions of its edges in the hierarchy's arrays.
        """
        outputs = self._outputs(edges)
        tensors = outputs.shape[1]
        known = {self._output(source, slot) for source, slot in outputs[:, :MAX_SAMPLED].T.tolist()}
        label = known.pop() if len(known) == 1 else ""
        if tensors <= 1:
            return label
        return f"{tensors:,} {TIMES} {label}" if label else f"{tensors:,} tensors"

    def edge_elements(self, edges: npt.NDArray[np.int64]) -> int:
        """Return about how many elements a metaedge carries, 0 where no shape is known.

        Args:
            edges: int64 [edges], positions of its edges in the hierarchy's arrays.
        """
        outputs = self._outputs(edges)
        sampled = [(self.hierarchy.items[source].node, slot) for source, slot in outputs[:, :MAX_SAMPLED].T.tolist()]
        elements = sum(output_elements(node, slot) for node, slot in sampled if node is not None)
        return elements * int(outputs.shape[1]) // max(len(sampled), 1)

    def _outputs(self, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The different tensors of a metaedge: int64 [2, tensors], item and output index."""
        edges = edges[self.hierarchy.slots[edges] != CONTROL_SLOT]
        return np.unique(np.stack([self.hierarchy.sources[edges], self.hierarchy.slots[edges]]), axis=1)

    def _output(self, source: int, slot: int) -> str:
        node = self.hierarchy.items[source].node
        return "" if node is None else describe_output(node, slot, self.op_defs)


def op_definitions(ops: Iterable[messages.OpDef]) -> dict[str, messages.OpDef]:
    """Index op definitions by name."""
    return {op.name: op for op in ops}
