"""Freezing a graph with the values that its variables have in a session, or in the checkpoint beside its file."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ckpt_magics.errors import FailedPreconditionError, visible
from ckpt_magics.files.directory.state import checkpoint_exists
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.freezing import freeze_graph_def
from ckpt_magics.graphs.meta_graph.graph_sources import GraphSource
from ckpt_magics.graphs.ops.variable_kinds import KNOWN_VARIABLE_OPS
from ckpt_magics.graphs.saver.meta_graphs import import_meta_graph
from ckpt_magics.graphs.session.session import Session
from ckpt_magics.proto.messages import GraphDef

__all__ = ["convert_variables_to_constants", "freeze_session", "freeze_source"]


def freeze_session(session: Session, outputs: Sequence[str]) -> GraphDef:
    """Return the part of a session's graph that gives some outputs, with the variables' values of now as constants.

    Raises:
        NotFoundError: The graph has no such node.
        FailedPreconditionError: A variable that an output needs has no value.
        UnimplementedError: What an output needs changes a variable.
    """
    return freeze_graph_def(session.graph.as_graph_def(), session.variable_values(), outputs)


def convert_variables_to_constants(
    sess: Session,
    input_graph_def: GraphDef,
    output_node_names: Sequence[str],
    variable_names_whitelist: Collection[str] | None = None,
    variable_names_blacklist: Collection[str] | None = None,
) -> GraphDef:
    """Return the part of a graph that gives some outputs, with the values that variables have in a session.

    Args:
        sess: Where the variables have their values.
        input_graph_def: The graph.
        output_node_names: Names of the outputs' nodes.
        variable_names_whitelist: The only variables to make constants of. Default: all.
        variable_names_blacklist: Variables to leave as they are.

    Raises:
        NotFoundError: The graph has no such node.
        FailedPreconditionError: A variable that an output needs has no value.
        UnimplementedError: What an output needs changes a variable.
    """
    variables = {node.name for node in input_graph_def.node if node.op in KNOWN_VARIABLE_OPS}
    wanted = variables if variable_names_whitelist is None else variables & set(variable_names_whitelist)
    left = variables - wanted | set(variable_names_blacklist or ())
    return freeze_graph_def(input_graph_def, sess.variable_values(), output_node_names, left)


def freeze_source(source: GraphSource, outputs: Sequence[str]) -> GraphDef:
    """Return the same of a graph from a file, with the values in the checkpoint beside it.

    Raises:
        FailedPreconditionError: It has no nodes; or it has variables and no checkpoint is beside it.
        CheckpointError: As `freeze_session`; or the checkpoint cannot be read.
    """
    if source.meta_graph is None:
        raise FailedPreconditionError(f"{visible(source.path)} has no graph to freeze")
    with Graph().as_default() as graph, Session(graph=graph) as session:
        saver = import_meta_graph(source.meta_graph)
        if saver is not None and source.prefix is not None and checkpoint_exists(source.prefix):
            saver.restore(session, source.prefix)
        return freeze_session(session, outputs)
