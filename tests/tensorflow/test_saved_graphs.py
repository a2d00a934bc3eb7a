"""Graphs that TensorFlow 0.12 to 2.21 saved give, with their checkpoints' values, what they give in TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.graph_sources import find_graph
from ckpt_magics.graphs.meta_graph.import_graph import import_graph_def
from ckpt_magics.graphs.session import Session
from ckpt_magics.notebook.reports.frozen_report import likely_outputs
from tests.truth import CORPUS

pytestmark = pytest.mark.tensorflow

# Not the nets of layers: TensorFlow 2.21 refuses the shapes that 1.15 and 2.4 wrote for some of their gradients.
KINDS = ("graph_cond", "graph_lstm", "graph_conv_adam", "graph_conv_momentum_bn")
METAS = sorted(path for kind in KINDS for path in CORPUS.glob(f"tf*/{kind}/**/model.ckpt-2.meta"))


def made(rng, tensor):
    """Return values for a placeholder."""
    shape = [3 if size is None else size for size in tensor.shape]
    if tensor.dtype.name == "bool":
        return rng.random(shape) < 0.5
    if tensor.dtype.is_integer:
        return rng.integers(0, 2, shape)
    return rng.standard_normal(shape).astype(tensor.dtype.as_numpy_dtype)


@pytest.mark.parametrize("meta", METAS, ids=lambda path: "/".join(path.parts[-4:]))
def test_gives_what_it_does_in_tensorflow(tf, corpus, meta):
    tf1 = tf.compat.v1
    source = find_graph(meta)
    graph_def, saver = source.meta_graph.graph_def, source.meta_graph.saver_def
    theirs, ours = tf.Graph(), Graph()
    with theirs.as_default():
        tf1.import_graph_def(tf1.GraphDef.FromString(graph_def.SerializeToString()), name="")
    with ours.as_default():
        import_graph_def(graph_def, name="", checked=False)
    rng = np.random.default_rng(0)
    placeholders = [op.outputs[0] for op in theirs.get_operations() if op.type == "Placeholder"]
    feeds = {tensor.name: made(rng, tensor) for tensor in placeholders}
    sessions = [tf1.Session(graph=theirs), Session(graph=ours)]
    for session in sessions:
        session.run(saver.restore_op_name, {saver.filename_tensor_name: source.prefix})
    # What is left over of gradients may hold lists, which have no form outside of a graph.
    fetches = [name for name in likely_outputs(source) if theirs.get_tensor_by_name(name).dtype != tf.variant]
    expected, actual = (session.run(fetches, feeds) for session in sessions)
    for name, want, got in zip(fetches, expected, actual, strict=True):
        if np.asarray(want).dtype.kind in "SO":
            assert got == want, name
        else:
            np.testing.assert_allclose(got, want, 2e-5, 2e-5, err_msg=name)
