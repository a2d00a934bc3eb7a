"""The graph in an event file, which a run writes for TensorBoard."""

from __future__ import annotations

from ckpt_magics.errors import DataLossError, NotFoundError, visible
from ckpt_magics.files.storage.place import Place
from ckpt_magics.graphs.meta_graph.event_file import read_events
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef
from ckpt_magics.proto.parsing import parse_message

__all__ = ["graph_of_events"]


def graph_of_events(place: Place) -> tuple[MetaGraphDef, str]:
    """Return the last graph that a run has noted, and a note where there are others or the file is damaged.

    A meta graph says more than a graph and is preferred. What lies behind a damaged record is lost, and the last
    record of a run that goes on may be half there: neither hides the graph before it.

    Raises:
        DataLossError: The graph is none, or a damaged record comes before any.
        NotFoundError: There is no graph.
    """
    meta_graphs, graphs, damage = _noted(place)
    if not meta_graphs and not graphs:
        if damage:
            raise damage
        raise NotFoundError(
            f"{visible(place.name)} is an event file without a graph",
            hint="tf.summary.FileWriter(directory, graph) notes one.",
        )
    count = len(meta_graphs or graphs)
    notes = [f"The last of {count} graphs."] if count > 1 else []
    notes += [f"Behind it the file is damaged: {damage}."] if damage else []
    if meta_graphs:
        return parse_message(meta_graphs[-1], MetaGraphDef, place.name), " ".join(notes)
    return MetaGraphDef(graph_def=parse_message(graphs[-1], GraphDef, place.name)), " ".join(notes)


def _noted(place: Place) -> tuple[list[bytes], list[bytes], DataLossError | None]:
    """Return the meta graphs and the graphs of the sound records, and what ends these before the file ends."""
    meta_graphs, graphs = [], []
    try:
        for event in read_events(place):
            if event.meta_graph_def:
                meta_graphs.append(event.meta_graph_def)
            if event.graph_def:
                graphs.append(event.graph_def)
    except DataLossError as error:
        return meta_graphs, graphs, error
    return meta_graphs, graphs, None
