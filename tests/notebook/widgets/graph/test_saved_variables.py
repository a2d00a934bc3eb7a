"""Which tensor of a checkpoint belongs to a variable of the graph."""

import numpy as np
import pytest

from ckpt_magics.graphs.meta_graph.graph_files import read_meta_graph, read_saved_model
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.widgets.graph.saved_variables import SavedVariables
from ckpt_magics.proto import messages
from tests.files.saved import write_checkpoint


def variable(graph, name, shape, dtype=messages.DT_FLOAT, op="VariableV2"):
    node = graph.node.add(name=name, op=op)
    node.attr["dtype"].type = dtype
    for size in shape:
        node.attr["shape"].shape.dim.add(size=size)
    return node


@pytest.fixture
def reader(tmp_path):
    arrays = {"w": np.zeros((2, 3), np.float32), "b": np.zeros(3, np.float32)}
    with load_checkpoint(write_checkpoint(tmp_path / "model.ckpt", arrays)) as reader:
        yield reader


def test_a_variable_is_found_under_its_own_name(reader):
    graph = messages.GraphDef()
    found = SavedVariables(graph, reader.named_tensors).find(variable(graph, "w", [2, 3]))
    assert (found.name, found.fits) == ("w", True)


def test_a_dimension_that_the_graph_leaves_open_fits(reader):
    graph = messages.GraphDef()
    assert SavedVariables(graph, reader.named_tensors).find(variable(graph, "w", [-1, 3])).fits


def test_what_does_not_fit_says_how(reader):
    graph = messages.GraphDef()
    saved = SavedVariables(graph, reader.named_tensors)
    assert saved.find(variable(graph, "w", [3, 2])).status == "w has shape [2, 3], but the graph has [3, 2]"
    assert "float32, but the graph has float64" in saved.find(variable(graph, "b", [3], messages.DT_DOUBLE)).status
    assert saved.find(variable(graph, "gone", [3])).status == "not in the checkpoint"


def test_a_reference_dtype_is_the_dtype_it_refers_to(reader):
    graph = messages.GraphDef()
    assert SavedVariables(graph, reader.named_tensors).find(variable(graph, "b", [3], messages.DT_FLOAT + 100)).fits


@pytest.mark.parametrize("release", ["tf0.12.1", "tf1.0.1", "tf1.15.5", "tf2.4.4", "tf2.21.0"])
@pytest.mark.parametrize("graph", ["graph_conv_adam", "graph_lstm", "graph_v1_renamed"])
def test_every_variable_of_the_real_graphs_is_found(corpus, release, graph):
    meta = next((corpus / release / graph / "g").glob("model*.meta"))
    with load_checkpoint(meta.with_suffix("")) as reader:
        saved = SavedVariables(read_meta_graph(meta).graph_def, reader.named_tensors)
        nodes = {node.name: node for node in read_meta_graph(meta).graph_def.node}
        found = [saved.find(nodes[name]) for name in saved.variables]
        assert found
        assert all(each.fits for each in found)
        assert {saved.node_of(each.name) for each in found} == set(saved.variables)


def test_a_saved_model_tells_variables_of_one_name_apart(corpus):
    """Two of its variables were called ``w``; the function that saves them knows which is which."""
    with load_checkpoint(corpus / "tf2.21.0" / "saved_model" / "model") as reader:
        graph = read_saved_model(corpus / "tf2.21.0" / "saved_model" / "model").meta_graphs[0].graph_def
        saved = SavedVariables(graph, reader.named_tensors)
        nodes = {node.name: node for node in graph.node}
        assert saved.find(nodes["w"]).name == "blocks/0/w"
        assert saved.find(nodes["w_1"]).name == "w"
        assert saved.find(nodes["Variable"]).name == ""


def test_damaged_constants_of_a_save_op_do_no_harm(reader):
    graph = messages.GraphDef()
    names = graph.node.add(name="names", op="Const")
    names.attr["value"].tensor.dtype = messages.DT_STRING
    names.attr["value"].tensor.tensor_shape.dim.add(size=1 << 40)
    node = variable(graph, "w", [2, 3])
    graph.node.add(name="save", op="SaveV2", input=["prefix", "names", "names", "w"])
    graph.node.add(name="loop", op="Identity", input=["loop"])
    graph.node.add(name="save_2", op="SaveV2", input=["prefix", "names", "names", "loop"])
    assert SavedVariables(graph, reader.named_tensors).find(node).fits
