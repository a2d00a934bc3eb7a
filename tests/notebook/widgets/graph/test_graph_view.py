"""The Python half of the graph view, asked as its page asks it."""

import json

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointNotFoundError, InvalidArgumentError, NotFoundError
from ckpt_magics.graphs.meta_graph.graph_files import read_meta_graph, read_saved_model
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.show import show_checkpoint
from ckpt_magics.notebook.widgets.graph.graph_view import GraphView
from ckpt_magics.proto import messages
from tests.files.saved import write_checkpoint
from tests.graphs.meta_graph.frozen_graphs import WEIGHTS, frozen_graph
from tests.notebook.pictures.graphs import graph_of, training_graph
from tests.notebook.pictures.payloads import PAYLOADS
from tests.notebook.widgets.conversations import Page

CONV = "tf1.15.5/graph_conv_adam/g/model.ckpt-2"


@pytest.fixture
def view(corpus):
    with load_checkpoint(corpus / CONV) as reader:
        yield GraphView(read_meta_graph(corpus / f"{CONV}.meta"), reader=reader, title="conv")


def names(scene, part="nodes"):
    return {box["name"] for box in scene[part]}


def shown(view):
    return Page(view).ask("view", state=view.view_state)


def test_the_first_picture_is_the_collapsed_top_level(view):
    scene = shown(view)
    assert scene["clusters"] == []
    assert {"conv1", "conv2", "fc", "images", "loss"} <= names(scene)
    assert {"gradients", "Adam", "save"} <= names(scene, "aside")


def test_opening_and_closing_a_scope_in_place(view):
    view.open("conv1")
    assert [cluster["name"] for cluster in shown(view)["clusters"]] == ["conv1"]
    assert {"conv1/kernel", "conv1/Conv2D"} <= names(shown(view))
    view.close_scope("conv1")
    assert shown(view)["clusters"] == []
    view.open("conv1")
    view.close_scope()
    assert view.view_state["open"] == []


def test_what_the_graph_does_not_have_is_refused_and_changes_nothing(view):
    before = dict(view.view_state)
    for step in (view.open, view.close_scope, view.select, view.trace, view.pull_aside, view.put_back):
        with pytest.raises(NotFoundError):
            step("no/such/scope")
    with pytest.raises(NotFoundError):
        view.hide_ops("NoSuchOp")
    with pytest.raises(InvalidArgumentError):
        view.color_by("difference")
    with pytest.raises(InvalidArgumentError):
        view.view_state = {"direction": "sideways"}
    assert view.view_state == before


def test_selecting_opens_what_is_around_and_brings_it_out_of_its_group(view):
    view.select("conv1/kernel")
    assert view.view_state["open"] == ["conv1"]
    assert "conv1/kernel" in names(shown(view))
    view.select("gradients/conv1/Conv2D_grad/Conv2DBackpropFilter")
    assert view.selected in names(shown(view))
    view.select("conv1/kernel/Initializer/Const")
    assert view.selected in names(shown(view))


def test_nodes_all_over_a_real_graph_can_be_selected(view):
    for node in view._model.graph_def.node[::4]:
        view.close_scope()
        view.select(node.name)
        scene = shown(view)
        assert node.name in names(scene) | names(scene, "aside") | names(scene, "clusters")


def test_a_picture_can_be_laid_out_by_graphviz_and_by_the_kernel(view):
    scene = shown(view)
    assert scene["dot"].startswith("digraph")
    layout = Page(view).ask("layout", state=view.view_state)
    assert len(layout["nodes"]) == len(scene["nodes"])
    assert len(layout["routes"]) == len(scene["edges"])
    tight = Page(view).ask("dot", state=view.view_state)
    assert "nslimit=0.2" in tight["dot"]


def test_searching_by_name_op_and_expression(view):
    assert view.find("CONV1/KERNEL")[0] == "conv1/kernel"
    assert set(view.find("placeholder", "op")) == {"images", "labels", "save/filename", "save/Const"}
    assert view.find(r"^conv\d/bias$", "regex") == ["conv1/bias", "conv2/bias"]
    with pytest.raises(InvalidArgumentError):
        view.find("(", "regex")
    reply = Page(view).ask("search", text="a", mode="text")
    assert len(reply["hits"]) == 100
    assert reply["total"] > 100


def test_traces_and_paths_mark_boxes_and_edges(view):
    view.trace("conv2", "inputs")
    scene = shown(view)
    marked = {box["name"] for box in scene["nodes"] if box["id"] in scene["traced"]["boxes"]}
    assert marked == {"images", "conv1", "conv2"}
    assert len(scene["traced"]["edges"]) == 2
    view.trace("images", "path", "fc")
    scene = shown(view)
    marked = {box["name"] for box in scene["nodes"] if box["id"] in scene["traced"]["boxes"]}
    assert marked == {"images", "conv1", "conv2", "Reshape", "fc"}
    view.trace("fc", "path", "images")
    assert "images to fc" in shown(view)["traced"]["text"]
    view.trace("images", "path", "labels")
    assert shown(view)["traced"]["text"] == "No path leads from images to labels, or back."
    view.trace("")
    assert shown(view)["traced"] is None


def test_hidden_ops_leave_lines_that_pass_through():
    view = GraphView(graph_of(("a", "Placeholder", []), ("b", "Identity", ["a"]), ("c", "Identity", ["b"]),
                              ("d", "Relu", ["c"]), ("loop", "Identity", ["loop2"]), ("loop2", "Identity", ["loop"]),
                              ("e", "Relu", ["loop"])))  # fmt: skip
    view.hide_ops("Identity")
    scene = shown(view)
    assert names(scene) | names(scene, "aside") == {"a", "d", "e"}
    ids = {box["name"]: box["id"] for box in scene["nodes"]}
    assert [(edge["source"], edge["target"]) for edge in scene["edges"]] == [(ids["a"], ids["d"])]


def test_pulling_aside_and_putting_back(view):
    view.pull_aside("conv1")
    assert "conv1" in names(shown(view), "aside")
    assert "conv1" not in names(shown(view))
    view.put_back("conv1", "gradients")
    assert {"conv1", "gradients"} <= names(shown(view))
    view.view_state = {**view.view_state, "groups": ["save"]}
    assert "save" in names(shown(view))


@pytest.mark.parametrize("color", ["kind", "op", "device", "size"])
def test_every_box_has_a_colour_that_the_page_knows(view, color):
    view.color_by(color)
    paints = Page(view).ask("open")["paints"]
    scene = shown(view)
    for box in (*scene["nodes"], *scene["aside"], *scene["legend"]):
        assert box["paint"] in paints["light"].keys() & paints["dark"].keys()
    assert scene["legend"]


def test_colours_tell_what_differs_between_two_checkpoints(tmp_path):
    graph = messages.GraphDef()
    for name in ("same", "little", "much", "reshaped", "new"):
        node = graph.node.add(name=name, op="VariableV2")
        node.attr["dtype"].type = messages.DT_FLOAT
    ones = np.ones(4, np.float32)
    old = {"same": ones, "little": ones, "much": ones, "reshaped": ones}
    new = {"same": ones, "little": ones * 1.01, "much": ones * 2, "reshaped": ones[:2], "new": ones}
    before = load_checkpoint(write_checkpoint(tmp_path / "old", old))
    after = load_checkpoint(write_checkpoint(tmp_path / "new", new))
    view = GraphView(graph, reader=after, compare=before)
    assert "difference" in Page(view).ask("open")["colors"]
    Page(view).ask("difference")
    view.color_by("difference")
    scene = shown(view)
    meaning = {entry["paint"]: entry["label"] for entry in scene["legend"]}
    assert {box["name"]: meaning[box["paint"]] for box in scene["nodes"]} == {
        "same": "same",
        "little": "changed by less",
        "much": "changed by 10 % or more",
        "reshaped": "another shape",
        "new": "only in this checkpoint",
    }


def test_the_panel_of_a_variable_has_its_saved_value_in_place(view):
    page = Page(view)
    details = page.ask("node", name="conv1/kernel")
    assert details["variable"]["name"] == "conv1/kernel"
    assert details["variable"]["shape"] == [3, 3, 1, 4]
    sections = {section["title"]: section["facts"] for section in details["sections"]}
    assert sections["Value"][0]["text"] == "conv1/kernel; shape and dtype fit"
    assert {fact["text"] for fact in sections["Node"] if fact["label"] == "collection"} == {
        "trainable_variables",
        "variables",
    }
    row = details["variable"]["row"]
    reply = page.reply("values", row=row, region=[[0, 3, 1], [0, 3, 1], [0, 1, 1], [0, 4, 1]])
    assert len(reply.buffers[0]) == 3 * 3 * 4 * 4
    page.ask("statistics", rows=[row])
    assert page.events[0]["event"] == "statistics"


def test_the_panel_of_a_node_leads_to_its_neighbours(view):
    details = Page(view).ask("node", name="conv1/Conv2D")
    sections = {section["title"]: section["facts"] for section in details["sections"]}
    assert [fact["link"] for fact in sections["Inputs (2)"]] == ["images", "conv1/kernel/read"]
    assert sections["Inputs (2)"][0]["text"] == "images  float32 [?, 12, 12, 1]"
    assert sections["Outputs"][0]["text"] == "float32 [?, 12, 12, 4]"
    assert any(fact["link"] == "conv1/BiasAdd" for fact in sections["Consumers (1)"])
    attributes = {fact["label"]: fact["text"] for fact in sections["Attributes"]}
    assert attributes["padding"] == "'SAME'"
    assert attributes["strides"] == "[1, 1, 1, 1]"


def test_without_definitions_a_node_has_the_outputs_that_somebody_takes():
    view = GraphView(graph_of(("a", "Mystery", []), ("b", "Relu", ["a:2"])))
    sections = {section["title"]: section["facts"] for section in Page(view).ask("node", name="a")["sections"]}
    assert [fact["label"] for fact in sections["Outputs"]] == ["0", "1", "2"]


def test_values_in_memory_are_set_against_the_saved_ones(corpus):
    reader = load_checkpoint(corpus / CONV)
    value = np.array(reader["conv1/bias"])
    values = {"conv1/bias": value, "conv1/kernel": np.array(reader["conv1/kernel"])}
    value[0] += 1
    view = GraphView(read_meta_graph(corpus / f"{CONV}.meta"), reader=reader, values=lambda: values)
    facts = Page(view).ask("node", name="conv1/bias")["sections"][0]["facts"]
    assert facts[-1]["text"] == "1 of 4 elements differ, by up to 1"
    assert Page(view).ask("node", name="conv1/kernel")["sections"][0]["facts"][-1]["text"] == "the same"
    assert Page(view).ask("node", name="fc/bias")["sections"][0]["facts"][-1]["text"] == "not initialized"


def test_every_node_of_the_real_graphs_has_a_panel(corpus):
    for path in ("tf1.15.5/graph_functions", "tf1.15.5/graph_lstm", "tf0.12.1/graph_cond"):
        meta = next((corpus / path / "g").glob("*.meta"))
        view = GraphView(read_meta_graph(meta))
        for item in view._model.hierarchy.items[1:]:
            if item.name:
                assert Page(view).ask("node", name=item.name)["sections"]


def test_a_call_leads_to_the_body_of_its_function(corpus):
    model = read_saved_model(corpus / "tf2.21.0" / "saved_model" / "model")
    view = GraphView(model.meta_graphs[0])
    facts = Page(view).ask("node", name="StatefulPartitionedCall")["sections"][0]["facts"]
    body = next(fact["link"] for fact in facts if fact["label"] == "calls")
    view.open(body)
    assert body in names(shown(view), "clusters")


def test_hostile_names_stay_data(view):
    graph = graph_of(*((f"{payload}{number}", "Relu", []) for number, payload in enumerate(PAYLOADS)))
    view = GraphView(graph, title=PAYLOADS[0])
    scene = shown(view)
    assert json.loads(json.dumps(scene)) == scene
    html = view._repr_mimebundle_()[0]["text/html"]
    assert "<script" not in html
    assert "<img" not in html
    for item in view._model.hierarchy.items[1:]:
        Page(view).ask("node", name=item.name)


def test_large_graphs_keep_to_the_budget():
    view = GraphView(training_graph(4, 40, 60))
    for scope in ("model", "model/stage0", "gradients"):
        view.open(scope)
    scene = shown(view)
    assert len(scene["nodes"]) <= 150
    assert len(scene["edges"]) <= 300
    assert len(json.dumps(scene)) < 400_000


def test_the_bundle_has_something_for_pages_without_a_kernel(view):
    data, _ = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "<svg" in data["text/html"]
    assert "conv1" in data["text/plain"]
    assert len(json.dumps(data)) < 150_000


def test_what_stands_in_for_the_view_shows_what_it_shows(view):
    assert "conv1/BiasAdd" not in view._repr_mimebundle_()[0]["text/html"]
    view.open("conv1")
    assert "conv1/BiasAdd" in view._repr_mimebundle_()[0]["text/html"]


def test_what_is_seen_can_be_saved_from_python(view, tmp_path):
    view.open("conv1")
    view.save(tmp_path / "graph.svg")
    assert "Conv2D" in (tmp_path / "graph.svg").read_text()
    with pytest.raises(InvalidArgumentError):
        view.save(tmp_path / "graph.docx")


def test_row_and_node_follow_one_another(corpus):
    both = show_checkpoint(corpus / CONV, graph=True)
    row = both.table.row_of("conv2/bias")
    both.table.active_row = row
    assert both.graph.selected == "conv2/bias"
    both.graph.select("fc/kernel")
    assert both.table.active_row == both.table.row_of("fc/kernel")
    both.graph.select("loss")
    assert both.table.active_row == both.table.row_of("fc/kernel")
    data, _ = both._repr_mimebundle_()
    assert "<svg" in data["text/html"]
    assert "conv1/kernel" in data["text/html"]


def test_without_a_graph_beside_it_a_checkpoint_has_no_linked_view(tmp_path):
    with pytest.raises(CheckpointNotFoundError, match="no meta graph"):
        show_checkpoint(write_checkpoint(tmp_path / "model", {"w": np.zeros(2)}), graph=True)


def test_a_frozen_graph_shows_the_values_of_its_constants():
    page = Page(GraphView(frozen_graph()))
    variable = page.ask("node", name="conv/weights")["variable"]
    assert (variable["name"], variable["shape"]) == ("conv/weights", [3, 2])
    reply = page.reply("values", row=variable["row"], region=[[0, 3, 1], [0, 2, 1]])
    np.testing.assert_array_equal(np.frombuffer(reply.buffers[0], "<f4").reshape(3, 2), WEIGHTS)
    assert page.ask("node", name="axis")["variable"] is None


def test_a_view_goes_on_where_a_former_one_of_the_same_graph_was(view):
    view.open("conv1")
    view.select("conv1/Conv2D")
    again = GraphView(view._model, title="conv")
    again.continue_from(view)
    assert again.state.open == ("conv1",)
    assert again.selected == "conv1/Conv2D"
    other = GraphView(view._model, title="another")
    other.continue_from(view)
    assert other.state.open == ()


def paints(view):
    return {box["name"]: box["paint"] for box in shown(view)["nodes"]}


def test_numbers_colour_nodes_and_add_up_in_scopes(view):
    frame = view.paint({"conv1/kernel": 3.0, "conv1/bias:0": 1, "fc/kernel": -2.0, "images": 0.5}, "norm")
    found = frame.set_index("name")
    assert found.loc["conv1", ["count", "sum", "min", "max"]].tolist() == [2, 4.0, 1.0, 3.0]
    assert found.loc["fc/kernel", "sum"] == -2
    colors = paints(view)
    assert (colors["conv1"], colors["images"], colors["conv2"]) == ("scale4", "scale0", "bundle")
    assert colors["fc"].startswith("fall")
    assert ["bundle", "no number"] in [[entry["paint"], entry["label"]] for entry in shown(view)["legend"]]
    assert "4" in next(box["hint"] for box in shown(view)["nodes"] if box["name"] == "conv1").split("\n")
    page = Page(view)
    assert "numbers" in page.ask("open")["colors"]
    assert page.ask("node", name="fc/kernel")["sections"][0]["facts"][0]["text"] == "-2"
    assert page.ask("painted")["rows"][0]["name"] == "conv1"


def test_what_is_not_in_the_graph_is_named_and_a_scope_tells_the_farthest_from_zero(view):
    view.paint({"conv1/kernel": -3.0, "conv1/bias": 1, "gone": 1, "fc": float("nan")}, combine="max")
    assert Page(view).ask("painted")["note"] == "1 name is not in the graph: gone"
    assert paints(view)["conv1"] == "fall4"
    assert paints(view)["fc"] == "hue3"
    for wrong in ({"gone": 1.0}, {"conv1/kernel": "much"}, {}):
        with pytest.raises((NotFoundError, InvalidArgumentError)):
            view.paint(wrong)
    with pytest.raises(InvalidArgumentError):
        view.paint({"conv1": 1}, combine="median")


def test_everything_in_a_scope_opens_at_once(view):
    view.open_all("conv1")
    assert {"conv1", "conv1/kernel"} <= {cluster["name"] for cluster in shown(view)["clusters"]}
    view.close_scope()
    Page(view).ask("open_all", name="fc")
    assert "fc/kernel" in view.view_state["open"]
    assert Page(view).ask("node", name="fc")["scope"]
    few = view.state.with_all_open(view._model.hierarchy, "conv1", 3)
    assert few.open[0] == "fc"
    assert "conv1" in few.open
    assert "conv1/kernel" not in few.open


def test_lines_are_as_wide_as_tensors_are_large(view):
    widths = {edge["hint"].split("\n")[0]: edge["width"] for edge in shown(view)["edges"]}
    assert widths["conv1 → conv2"] > widths["fc → prob"] > 1
