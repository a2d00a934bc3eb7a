"""Parts of a graph: what some nodes need, and what is left without the nodes that only training needs.

Format: tensorflow/python/framework/graph_util_impl.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ckpt_magics.proto.messages import GraphDef, NodeDef

__all__ = ["extract_sub_graph", "remove_training_nodes"]

_CHECKS = frozenset({"CheckNumerics"})
"""Ops that are left out with the edges to them."""

_PASSING = frozenset({"Identity", "StopGradient"})
"""Ops that are left out by taking what they take."""


def extract_sub_graph(graph_def: GraphDef, dest_nodes: Iterable[str]) -> GraphDef:
    """Return the part of a graph that some nodes need, in the order of the whole.

    Raises:
        AssertionError: The graph has no such node.
        TypeError: ``graph_def`` is no graph, or ``dest_nodes`` is one name.
    """
    if not isinstance(graph_def, GraphDef):
        raise TypeError(f"graph_def must be a graph_pb2.GraphDef proto, but got type {type(graph_def)}.")
    if isinstance(dest_nodes, str):
        raise TypeError(f"dest_nodes must be an iterable of strings, but got type {type(dest_nodes)}.")
    nodes = {node.name: node for node in graph_def.node}
    waiting = list(dest_nodes)
    for name in waiting:
        if name not in nodes:
            raise AssertionError(f"{name} is not in graph")
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in needed:
            needed.add(name)
            waiting += [*map(_node_of, nodes[name].input), *_leaders(nodes[name])]
    kept = [node for node in graph_def.node if node.name in needed]
    return GraphDef(node=kept, library=graph_def.library, versions=graph_def.versions)


def _node_of(text: str) -> str:
    return text.removeprefix("^").partition(":")[0]


def _leaders(node: NodeDef) -> list[str]:
    """Return the names of the nodes that this one is to be on one device with."""
    groups = node.attr["_class"].list.s if "_class" in node.attr else ()
    return [group.decode("utf-8", "surrogateescape").removeprefix("loc:@") for group in groups]


def remove_training_nodes(input_graph: GraphDef, protected_nodes: Collection[str] | None = None) -> GraphDef:
    """Return a graph without checks of numbers and without nodes that pass a tensor on, where nothing waits for them.

    Args:
        input_graph: The graph.
        protected_nodes: Names of nodes that stay.
    """
    protected = frozenset(protected_nodes or ())
    checks = {node.name for node in input_graph.node if node.op in _CHECKS and node.name not in protected}
    kept = [_with_inputs(node, (text for text in node.input if _node_of(text) not in checks))
            for node in input_graph.node if node.name not in checks]  # fmt: skip
    spliced = _spliced(kept, protected)
    left = (node for node in kept if node.name not in spliced)
    return GraphDef(node=[_with_inputs(node, (_source(text, spliced) for text in node.input)) for node in left])


def _with_inputs(node: NodeDef, inputs: Iterable[str]) -> NodeDef:
    copy = NodeDef()
    copy.CopyFrom(node)
    copy.input[:] = list(inputs)
    return copy


def _spliced(nodes: list[NodeDef], protected: Collection[str]) -> dict[str, str]:
    """Return what the nodes take that can be left out, by their names."""
    awaited = {_node_of(text) for node in nodes for text in node.input if text.startswith("^")}
    leading = {leader for node in nodes for leader in _leaders(node)}
    staying = {*protected, *awaited, *leading}
    return {
        node.name: node.input[0]
        for node in nodes
        if node.op in _PASSING and node.name not in staying and not any(text.startswith("^") for text in node.input)
    }


def _source(text: str, spliced: Mapping[str, str]) -> str:
    while _node_of(text) in spliced:
        text = spliced[_node_of(text)]
    return text
