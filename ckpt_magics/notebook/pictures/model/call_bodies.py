"""Opens calls in place: the nodes of a function lie in the call, and edges lead through its arguments and results."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.item_building import ROOT, ItemBuilder, Output, parse_input
from ckpt_magics.notebook.pictures.model.kinds import opened_function
from ckpt_magics.proto import messages

# A function lies in each of its calls, which may be exponentially many: so many nodes for each that the graph and its
# functions have are enough (Keras needs two), and so many for small ones.
COPIES: Final = 4
FREE_COPIES: Final = 10_000
# Names in calls begin with those of the calls; so many characters cost as much as a node.
NAME_LENGTH: Final = 256
MAX_CALLS: Final = 32


@dataclass(frozen=True, slots=True)
class _Call:
    """A call with a body inside.

    An edge to an argument, or from a result, passes a port: a number below zero, which is no item's.

    Attributes:
        item: The call.
        function: What it calls.
        arguments: Port of the first argument; the next one's is one less.
        results: Port of the first result.
        around: Names of the functions that the body lies in, its own among them.
    """

    item: Item
    function: messages.FunctionDef
    arguments: int
    results: int
    around: frozenset[str]

    def result(self, output: str, slot: int) -> int:
        """Return the port of a result, by its name or its place."""
        names = [result.name for result in self.function.signature.output_arg]
        return self.results - (names.index(output) if output in names else slot)


class CallBodies:
    """Adds a graph's nodes and those of the functions that it calls.

    Attributes:
        first_inside: Id of the first item in a call; those before it are the graph's and the library's.
        calling: Source and target of the edges of the graph that begin or end at a call with a body inside.

    Args:
        builder: Gets items and edges.
        functions: Those of the library, by name.
        node_count: Nodes that the graph and its functions have.
    """

    def __init__(self, builder: ItemBuilder, functions: Mapping[str, messages.FunctionDef], node_count: int) -> None:
        self.first_inside = 0
        self.calling: list[tuple[int, int]] = []
        self._builder = builder
        self._functions = functions
        self._room = COPIES * node_count + FREE_COPIES
        self._calls: dict[int, _Call] = {}
        self._waiting: deque[_Call] = deque()
        self._ports: dict[int, Output] = {}
        self._next_port = -1

    def add_graph(self, nodes: Sequence[messages.NodeDef]) -> None:
        """Add the graph's own nodes."""
        ids = self._add(nodes, {}, ROOT, "", frozenset())
        if self._calls:
            self.calling = [
                (ids[name], ids[node.name])
                for node in nodes
                for name, *_ in map(parse_input, node.input)
                if name in ids and (ids[name] in self._calls or ids[node.name] in self._calls)
            ]

    def fill(self) -> None:
        """Add the bodies, and let the edges that pass ports begin where they come from."""
        self.first_inside = len(self._builder.items)
        while self._waiting:
            call = self._waiting.popleft()
            signature = call.function.signature
            ports = {argument.name: call.arguments - place for place, argument in enumerate(signature.input_arg)}
            ids = self._add(call.function.node_def, ports, call.item.id, f"{call.item.name}/", call.around)
            for place, result in enumerate(signature.output_arg):
                self._connect(call.results - place, call.function.ret.get(result.name, ""), ids)
        self._join()

    def _add(
        self,
        nodes: Sequence[messages.NodeDef],
        ports: Mapping[str, int],
        root: int,
        prefix: str,
        around: frozenset[str],
    ) -> dict[str, int]:
        """Add nodes that lie in functions, and their edges. Returns ids and ports by name."""
        leaves = self._builder.add_nodes(nodes, self._functions, root, prefix)
        ids = {**self._builder.ids_of(nodes, leaves), **ports}
        for leaf in leaves:
            if leaf.kind == "function":
                self._open(leaf, around)
        for node, leaf in zip(nodes, leaves, strict=True):
            if leaf.id in self._calls:
                self._add_arguments(self._calls[leaf.id], node.input, ids)
            else:
                self._builder.add_inputs(leaf.id, node.input, lambda text: self._output(text, ids))
        return ids

    def _open(self, item: Item, around: frozenset[str]) -> None:
        """Let a call hold the body of its function, if it has one and there is room."""
        function = None if item.node is None else opened_function(item.node, self._functions)
        if function is None or function.signature.name in around or len(around) == MAX_CALLS:
            return
        cost = (1 + len(function.node_def)) * (1 + len(item.name) // NAME_LENGTH)
        if cost > self._room:
            return
        self._room -= cost
        item.children = []
        signature = function.signature
        results = self._next_port - len(signature.input_arg)
        call = _Call(item, function, self._next_port, results, around | {signature.name})
        self._next_port = results - len(signature.output_arg)
        self._calls[item.id] = call
        self._waiting.append(call)

    def _add_arguments(self, call: _Call, inputs: Sequence[str], ids: Mapping[str, int]) -> None:
        """What a call waits for leads to the call; what it takes, into the body."""
        self._builder.add_inputs(
            call.item.id, [text for text in inputs if text[:1] == "^"], lambda text: self._output(text, ids)
        )
        taken = [text for text in inputs if text[:1] != "^"]
        for place, text in enumerate(taken[: len(call.function.signature.input_arg)]):
            self._connect(call.arguments - place, text, ids)

    def _connect(self, port: int, text: str, ids: Mapping[str, int]) -> None:
        source = self._output(text, ids)
        if source is None:
            self._builder.missing_inputs += 1
        else:
            self._ports[port] = source

    def _output(self, text: str, ids: Mapping[str, int]) -> Output | None:
        """Where an input comes from."""
        name, output, slot = parse_input(text)
        source = ids.get(name)
        if source is None:
            return None
        call = self._calls.get(source)
        return (source, slot) if call is None or slot < 0 else (call.result(output, slot), slot)

    def _join(self) -> None:
        """Replace ports by what leads to them; an edge from a port that nothing leads to is left out."""
        builder = self._builder
        kept = []
        for edge, source in enumerate(builder.sources):
            if source < 0:
                found = self._behind(source)
                if found is None:
                    continue
                builder.sources[edge], builder.slots[edge] = found
            kept.append(edge)
        for edges in (builder.sources, builder.targets, builder.slots):
            edges[:] = [edges[edge] for edge in kept]

    def _behind(self, port: int) -> Output | None:
        """What leads to a port, past others."""
        passed = []
        source: Output | None = (port, 0)
        while source is not None and source[0] < 0:
            passed.append(source[0])
            # Taken out on the way, so that a circle ends.
            source = self._ports.pop(source[0], None)
        if source is not None:
            self._ports.update(dict.fromkeys(passed, source))
        return source
