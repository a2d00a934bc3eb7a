"""A frozen graph has values: those of the constants that were variables."""

import numpy as np
import pytest

from ckpt_magics.errors import TensorNotFoundError
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.graphs.meta_graph.frozen import Constants, frozen_names
from ckpt_magics.notebook.frames.graph_frame import graph_variables_frame
from ckpt_magics.proto.messages import MetaGraphDef, NodeDef
from tests.graphs.meta_graph.frozen_graphs import WEIGHTS, frozen_graph


def test_finds_what_was_a_variable():
    assert frozen_names(frozen_graph()) == ["conv/weights", "folded", "steps"]


def test_a_graph_with_variables_is_not_frozen():
    assert frozen_names(frozen_graph(NodeDef(name="v", op="VarHandleOp"))) == []


def test_gives_the_value_of_any_constant():
    constants = Constants(frozen_graph())
    np.testing.assert_array_equal(constants["conv/weights"], WEIGHTS)
    assert constants["axis"].tolist() == [0, 1]
    assert constants["words"].tolist() == [b"a", b"b"]
    tensors = NamedTensors(ArraySource(constants))
    assert tensors.spec("conv/weights").shape == (3, 2)
    np.testing.assert_array_equal(tensors.read("conv/weights", slice(1, 2)), WEIGHTS[1:2])
    assert set(constants) == {"conv/weights", "folded", "steps"}
    with pytest.raises(TensorNotFoundError, match="no constant nothing"):
        constants["nothing"]


def test_the_table_of_variables_has_them():
    frame = graph_variables_frame(MetaGraphDef(graph_def=frozen_graph()))
    assert frame["name"].tolist() == ["conv/weights", "folded", "steps"]
    assert frame["shape"].tolist() == [(3, 2), (4,), ()]
    assert frame["bytes"].tolist() == [24, 8, 8]
    assert set(frame["op"]) == {"Const"}
