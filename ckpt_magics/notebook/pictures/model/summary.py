"""Lists a graph as text: its scopes as a tree, what its MetaGraph says about it, and the notes on a view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ckpt_magics.notebook.pictures.model.hierarchy import ROOT, Hierarchy
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.labels import ELLIPSIS, MAX_TOOLTIP_LINE, shorten, shown
from ckpt_magics.notebook.pictures.model.outputs import dtype_name, format_shape
from ckpt_magics.phrasing import names_text
from ckpt_magics.proto import messages

# A listing is the text form of one notebook cell, not the graph.
MAX_LINES: Final = 60
MAX_TREE_DEPTH: Final = 2
MAX_NAME: Final = 60
MAX_OPS: Final = 4
MAX_ENTRIES: Final = 20


def list_scopes(hierarchy: Hierarchy) -> list[str]:
    """Return the upper scopes of a graph, one per line with its ops; never more than ``MAX_LINES``."""
    rows = list(_rows(hierarchy))
    width = max((len(name) for name, *_ in rows), default=0)
    count_width = max((len(count) for _, count, _ in rows), default=0)
    lines = [f"{name:{width}}  {count:>{count_width}}  {ops}".rstrip() for name, count, ops in rows[:MAX_LINES]]
    if len(rows) > MAX_LINES:
        lines.append(f"{ELLIPSIS} and more")
    return lines


def _rows(hierarchy: Hierarchy) -> Iterator[tuple[str, str, str]]:
    """Name, count and ops of the upper scopes; stops soon after the limit."""
    items = hierarchy.items
    waiting = [(child, 0) for child in reversed(items[ROOT].children)]
    listed = 0
    while waiting and listed <= MAX_LINES:
        item_id, depth = waiting.pop()
        item = items[item_id]
        listed += 1
        label = shorten(shown(item.label), MAX_NAME) + ("/" if item.kind in {"scope", "library"} else "")
        ops = _common_ops(leaf.op or item.detail for leaf in hierarchy.leaves(item_id))
        yield f"{'  ' * depth}{label}", hierarchy.counted(item.op_count), shown(ops) if ops else ""
        if depth + 1 < MAX_TREE_DEPTH and _opens(item):
            waiting.extend((child, depth + 1) for child in reversed(item.children))


def _opens(item: Item) -> bool:
    """What is aside and what looks like one op stays one line."""
    return item.is_compound and not item.group and item.own is None and item.kind != "series"


def _common_ops(ops: Iterable[str]) -> str:
    counts = Counter(op for op in ops if op)
    listed = [op if count == 1 else f"{count:,} {op}" for op, count in counts.most_common(MAX_OPS)]
    return names_text(listed, MAX_OPS, count=len(counts))


def list_meta_graph(meta_graph: messages.MetaGraphDef) -> list[str]:
    """Return what a MetaGraph says besides its nodes: writer, tags, collections, saver and signatures."""
    lines = [*_list_info(meta_graph)]
    collections = [f"{shown(name)} {_length(value):,}" for name, value in sorted(meta_graph.collection_def.items())]
    if collections:
        lines.append(f"collections: {names_text(collections, MAX_ENTRIES)}")
    saver = meta_graph.saver_def
    if saver.filename_tensor_name or saver.restore_op_name:
        lines.append(
            f"saver: {shown(saver.filename_tensor_name)}, saved by {shown(saver.save_tensor_name)}, restored by "
            f"{shown(saver.restore_op_name)}, keeps {saver.max_to_keep}, "
            f"{messages.SaverDef.CheckpointFormatVersion.Name(saver.version) if saver.version in (0, 1, 2) else '?'}"
            + (", sharded" if saver.sharded else "")
        )
    for name in sorted(meta_graph.signature_def)[:MAX_ENTRIES]:
        signature = meta_graph.signature_def[name]
        lines.append(f"signature {shown(name)}: {_tensors(signature.inputs)} -> {_tensors(signature.outputs)}")
    return [shorten(line, MAX_TOOLTIP_LINE) for line in lines]


def _list_info(meta_graph: messages.MetaGraphDef) -> Iterator[str]:
    info = meta_graph.meta_info_def
    if info.tensorflow_version:
        yield f"as of TensorFlow {shown(info.tensorflow_version)}"
    if info.tags:
        yield f"tags: {names_text([shown(tag) for tag in info.tags], MAX_ENTRIES)}"
    devices = Counter(node.device for node in meta_graph.graph_def.node if node.device)
    if devices:
        listed = [f"{shown(device)} {count:,}" for device, count in devices.most_common()]
        yield f"devices: {names_text(listed, MAX_ENTRIES)}"


def _length(collection: messages.CollectionDef) -> int:
    kind = collection.WhichOneof("kind")
    return len(getattr(collection, kind).value) if kind else 0


def _tensors(tensors: Mapping[str, messages.TensorInfo]) -> str:
    listed = []
    for name, info in sorted(tensors.items()):
        parts = (shown(name), dtype_name(info.dtype), format_shape(info.tensor_shape))
        listed.append(" ".join(part for part in parts if part))
    return f"({names_text(listed, MAX_ENTRIES)})"
