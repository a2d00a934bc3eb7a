"""Graphs written to files: frozen, with the values of their variables in them, or as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf import text_format

from ckpt_magics.errors import FailedPreconditionError, InvalidArgumentError, visible
from ckpt_magics.files.storage.place import AnyPath, name_of, place_of
from ckpt_magics.graphs.meta_graph.graph_sources import GraphSource
from ckpt_magics.graphs.saver.frozen_session import freeze_source
from ckpt_magics.notebook.reports.graph_contents import describe_graph, open_graph
from ckpt_magics.phrasing import amount, names_text
from ckpt_magics.proto.messages import GraphDef
from ckpt_magics.report import Report

__all__ = [
    "FrozenGraph",
    "freeze_graph",
    "freeze_source_to",
    "graph_path",
    "likely_outputs",
    "write_frozen",
    "write_source",
]

GRAPH_ENDINGS = (".pb", ".pbtxt")
"""What the name of a file ends with that holds a graph: binary, or in text form."""


@dataclass(frozen=True, slots=True)
class FrozenGraph:
    """A graph that was frozen; shows itself in a notebook.

    Attributes:
        path: Where it was written to.
        outputs: What it gives, as a session takes them.
        nodes: How many nodes it has.
        nodes_before: How many the graph had.
        bytes: Size of the file.
    """

    path: str
    outputs: tuple[str, ...]
    nodes: int
    nodes_before: int
    bytes: int

    @property
    def report(self) -> Report:
        """What is shown of it."""
        counts = f"{self.nodes:,} of {amount(self.nodes_before, 'node')}, {self.bytes:,} bytes"
        return Report(f"Frozen to {self.path}: {counts}", [f"It gives {names_text(self.outputs)}."])

    def __str__(self) -> str:
        return self.report.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.report.html()


def freeze_graph(source: AnyPath, target: AnyPath, outputs: Sequence[str] = ()) -> FrozenGraph:
    """Write a graph with the values of its variables as constants, and without what its outputs do not need.

    Args:
        source: A ``.meta`` file or a checkpoint, beside which the other one is, or a SavedModel.
        target: The ``.pb`` file, or ``.pbtxt`` for the text form.
        outputs: What it is to give, such as ``prob`` or ``prob:0``; by default what its signatures say, or what is
            likely by its nodes.

    Raises:
        InvalidArgumentError: The target's name ends in something else, or no output is likely.
        NotFoundError: There is no such graph, or no such node in it.
        FailedPreconditionError: A variable that an output needs has no value.
        UnimplementedError: What an output needs changes a variable.
        CheckpointError: A file cannot be read or written.
    """
    return freeze_source_to(open_graph(source), target, outputs)


def freeze_source_to(source: GraphSource, target: AnyPath, outputs: Sequence[str] = ()) -> FrozenGraph:
    """Do the same with a graph that was read already."""
    path = graph_path(target)
    chosen = tuple(outputs) or likely_outputs(source)
    before = 0 if source.meta_graph is None else len(source.meta_graph.graph_def.node)
    return write_frozen(path, freeze_source(source, chosen), chosen, before)


def write_source(source: GraphSource, target: AnyPath) -> None:
    """Write a graph as it is, binary or as text.

    Raises:
        InvalidArgumentError: The target's name ends in something else.
        FailedPreconditionError: There is no graph.
        CheckpointError: The disk refuses.
    """
    path = graph_path(target)
    if source.meta_graph is None:
        raise FailedPreconditionError(f"{visible(source.path)} has no graph to write")
    write_graph(path, source.meta_graph.graph_def)


def graph_path(target: AnyPath) -> str:
    """Return the path of a file that is to hold a graph.

    Raises:
        InvalidArgumentError: Its name ends in nothing that says how.
    """
    path = name_of(target)
    if not path.lower().endswith(GRAPH_ENDINGS):
        raise InvalidArgumentError(f"{visible(path)}: the name of a graph's file ends in {' or '.join(GRAPH_ENDINGS)}")
    return path


def likely_outputs(source: GraphSource) -> tuple[str, ...]:
    """Return the names of what a graph gives, as its signatures say or as is likely.

    Raises:
        InvalidArgumentError: Nothing is.
    """
    outputs = tuple(end.name for end in describe_graph(source, {}).picture.model.ends.outputs)
    if not outputs:
        raise InvalidArgumentError(
            f"nothing in {visible(source.path)} looks like an output", hint="Name what it is to give: --outputs NAME."
        )
    return outputs


def write_frozen(path: str, frozen: GraphDef, outputs: Sequence[str], nodes_before: int) -> FrozenGraph:
    """Write a graph that was frozen; else as `freeze_graph`."""
    return FrozenGraph(path, tuple(outputs), len(frozen.node), nodes_before, write_graph(path, frozen))


def write_graph(path: str, graph: GraphDef) -> int:
    """Write a graph, as text if the name ends so, in one step; return the bytes.

    Raises:
        CheckpointError: The disk refuses.
    """
    is_text = path.lower().endswith(GRAPH_ENDINGS[1])
    data = text_format.MessageToString(graph).encode() if is_text else graph.SerializeToString(deterministic=True)
    place_of(path).put(data)
    return len(data)
