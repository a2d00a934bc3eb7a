"""Loading SavedModels into a session: the graph of some tags, its variables, and what it runs at the start.

Format: tensorflow/python/saved_model/loader_impl.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ckpt_magics.files.directory.nearby import SAVED_MODEL_NAMES
from ckpt_magics.files.storage.place import AnyPath, place_of
from ckpt_magics.graphs.meta_graph.saved_model import find_meta_graph, read_saved_model
from ckpt_magics.graphs.saved_models.model_layout import VARIABLES_DIRECTORY, VARIABLES_FILENAME
from ckpt_magics.graphs.saver.meta_graphs import import_meta_graph
from ckpt_magics.graphs.saver.model_start import run_initializers
from ckpt_magics.graphs.session import Session
from ckpt_magics.proto.messages import MetaGraphDef

__all__ = ["load_saved_model", "maybe_saved_model_directory"]


def load_saved_model(
    sess: Session,
    tags: Iterable[str],
    export_dir: AnyPath,
    import_scope: str | None = None,
    **saver_kwargs: Any,  # noqa: ANN401 -- handed on
) -> MetaGraphDef:
    """Add a SavedModel's graph to a session's, and give the session its values.

    Args:
        sess: Where to.
        tags: The tags of the graph, all of them.
        export_dir: Directory of the SavedModel.
        import_scope: Scope for the names.
        **saver_kwargs: As `import_meta_graph` takes them.

    Returns:
        The graph as the SavedModel has it, with its signatures.

    Raises:
        CheckpointNotFoundError: There is no SavedModel.
        GraphFileError: Its file is damaged.
        MissingTagsError: It has no graph of these tags.
        CheckpointError: The variables do not fit, or an asset cannot be read.
    """
    place = place_of(export_dir)
    meta_graph = find_meta_graph(read_saved_model(export_dir), tags)
    variables = (place / VARIABLES_DIRECTORY / VARIABLES_FILENAME).name
    with sess.graph.as_default():
        saver = import_meta_graph(meta_graph, import_scope=import_scope, **saver_kwargs)
        if saver is not None:
            saver.restore(sess, variables)
        run_initializers(sess, meta_graph, variables, import_scope)
    return meta_graph


def maybe_saved_model_directory(export_dir: AnyPath) -> bool:
    """Tell whether a directory has the file of a SavedModel."""
    place = place_of(export_dir)
    return any((place / name).exists for name in SAVED_MODEL_NAMES)
