"""Saving the variables of a session together with their graph, without adding a node to it."""

from __future__ import annotations

from ckpt_magics.errors import FailedPreconditionError, InvalidArgumentError
from ckpt_magics.files.jobs.saving import SavedCheckpoint, write_checkpoint
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.tensors.arrays_to_save import PartToSave, arrays_in_parts
from ckpt_magics.files.tensors.save_options import DEFAULT_KEEP_HOURS, SaveOptions
from ckpt_magics.files.tensors.tensor_names import encode_name
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.graph_variables import GraphVariables
from ckpt_magics.graphs.meta_graph.meta_graph import import_scoped_meta_graph
from ckpt_magics.graphs.meta_graph.meta_graph_export import export_scoped_meta_graph
from ckpt_magics.graphs.saver.saver import Saver, all_saveable_objects
from ckpt_magics.graphs.session.session import Session
from ckpt_magics.phrasing import names_text
from ckpt_magics.proto.messages import MetaGraphDef, SaverDef

__all__ = ["meta_graph_with_saver", "save_session"]


def save_session(
    prefix: AnyPath,
    session: Session,
    saver_def: SaverDef | None,
    options: SaveOptions,
) -> SavedCheckpoint:
    """Save what a Saver of the session's graph would save; the session's graph stays as it is.

    Args:
        prefix: Stem of the files.
        session: Whose variables.
        saver_def: The graph's own saver, which says what is saved under which name; None for all global variables.
        options: How to save.

    Raises:
        FailedPreconditionError: Variables have no value.
        InvalidArgumentError: The graph has no variables.
    """
    variables = GraphVariables(session, saver_def)
    if not variables:
        raise InvalidArgumentError("the graph has no variables to save")
    if variables.without_value:
        raise FailedPreconditionError(_without_value(variables.without_value))
    tensors = arrays_in_parts(
        PartToSave(encode_name(variable.name), variables.value(part), part.dtype, part.spec)
        for variable in variables.values()
        for part in variable.parts
    )
    meta_graph = None
    if options.write_meta_graph:
        message = meta_graph_with_saver(session.graph, saver_def, write_version=options.write_version)
        meta_graph = message.SerializeToString(deterministic=True)
    return write_checkpoint(prefix, tensors, options, meta_graph=meta_graph)


def meta_graph_with_saver(graph: Graph, saver_def: SaverDef | None, *, write_version: int = 2) -> MetaGraphDef:
    """Return a graph as a MetaGraphDef with a saver.

    That is the given one; or the one whose nodes the graph has already, if it saves all variables; or a new one in a
    copy of the graph.

    Args:
        graph: The graph, which is not changed.
        saver_def: Its own saver, if it came with one.
        write_version: Format that another saver writes.
    """
    found = saver_def or _saver_of_nodes(graph, write_version)
    meta_graph = export_scoped_meta_graph(graph=graph, saver_def=found)[0]
    if found is not None:
        return meta_graph
    with Graph().as_default():
        import_scoped_meta_graph(meta_graph, checked=False)
        if not all_saveable_objects():
            return meta_graph
        return Saver(write_version=write_version).export_meta_graph()


def _saver_of_nodes(graph: Graph, write_version: int) -> SaverDef | None:
    """The saver that a program made with ``Saver()``, known by the names of its nodes, if it saves all variables."""
    names = ("save/Const", "save/control_dependency", "save/restore_all", "save/SaveV2")
    if write_version != SaverDef.V2 or any(graph.find_operation(name) is None for name in names):
        return None
    saver_def = SaverDef(
        filename_tensor_name=f"{names[0]}:0",
        save_tensor_name=f"{names[1]}:0",
        restore_op_name=names[2],
        max_to_keep=5,
        keep_checkpoint_every_n_hours=DEFAULT_KEEP_HOURS,
        version=SaverDef.V2,
    )
    session = Session(graph=graph)
    saved, listed = (GraphVariables(session, one) for one in (saver_def, None))
    same = {name: set(one.parts) for name, one in saved.items()} == {
        name: set(one.parts) for name, one in listed.items()
    }
    return saver_def if same else None


def _without_value(names: list[str]) -> str:
    verb = "has" if len(names) == 1 else "have"
    return f"{names_text(names)} {verb} no value yet; restore a checkpoint or run their initializers first"
