"""Graphs that TensorFlow saved restore their checkpoints, and save them again, through their own nodes."""

from pathlib import Path

import numpy as np
import pytest

from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.meta_graph import import_scoped_meta_graph, read_meta_graph
from ckpt_magics.graphs.session import Session
from ckpt_magics.notebook.reader import load_checkpoint
from tests.truth import CORPUS

METAS = sorted(path for path in CORPUS.glob("tf*/**/*.meta") if read_meta_graph(str(path)).HasField("saver_def"))


def checkpoint_beside(meta: Path) -> str:
    """Return the prefix of the checkpoint, or the pattern of a sharded one of V1."""
    prefix = meta.with_suffix("")
    shards = sorted(prefix.parent.glob(f"{prefix.name}-?????-of-?????"))
    return f"{prefix}-?????-of-{shards[0].name[-5:]}" if shards else str(prefix)


@pytest.mark.parametrize("meta", METAS, ids=lambda path: "/".join(path.parts[-4:]))
def test_restores_and_saves_what_its_checkpoint_holds(corpus, meta, tmp_path):
    meta_graph = read_meta_graph(str(meta))
    names = meta_graph.saver_def
    graph = Graph()
    with graph.as_default():
        import_scoped_meta_graph(meta_graph)
    session = Session(graph=graph)
    prefix = checkpoint_beside(meta)
    session.run(names.restore_op_name, {names.filename_tensor_name: prefix})
    saved = session.run(names.save_tensor_name, {names.filename_tensor_name: str(tmp_path / "again")})
    with load_checkpoint(prefix) as expected, load_checkpoint(saved.decode()) as found:
        assert list(found) == list(expected)
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name])
        assert found.get_variable_to_dtype_map() == expected.get_variable_to_dtype_map()
