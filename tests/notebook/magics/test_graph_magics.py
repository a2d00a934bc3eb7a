"""%%graph builds, %graph opens, and the graph becomes what %ckpt_save and %ckpt_restore are about."""

import os

import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.utils.capture import capture_output

from ckpt_magics.graphs.graph.default import get_default_graph, set_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.graph_files import read_meta_graph
from ckpt_magics.graphs.session import Session
from ckpt_magics.notebook.magics.active_graph import active_graph
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.reports.graph_contents import GraphContents
from tests.cpu_time import cpu_seconds
from tests.graphs.meta_graph import frozen_graphs

CELL = """
W = tf.Variable([[1, 2, 3], [3, 4, 5]], dtype=tf.float32, name="weight")
b = tf.Variable([1, 2, 3], dtype=tf.float32, name="biases")
"""
WEIGHT = np.array([[1, 2, 3], [3, 4, 5]], np.float32)
BIASES = np.array([1, 2, 3], np.float32)


@pytest.fixture
def notebook(notebook):
    """The shell, whose default graph is its own again afterwards."""
    before = set_default_graph(None)
    yield notebook
    set_default_graph(before)


@pytest.fixture
def saved(notebook):
    """The tutorial's graph, saved with its meta graph; nothing is active any more."""
    notebook.run_cell_magic("graph", "", CELL)
    notebook.run_line_magic("ckpt_save", "model.ckpt -q")
    notebook.run_line_magic("graph", "--off")
    for name in ("W", "b"):
        del notebook.user_ns[name]
    return notebook


def shown(notebook, code):
    """Everything that a cell displays or prints, as text, and its result."""
    with capture_output() as captured:
        result = notebook.run_cell(code)
    displayed = "\n".join(str(output.data.get("text/plain", "")) for output in captured.outputs)
    return f"{captured.stdout}{captured.stderr}\n{displayed}", result


class TestCell:
    def test_starts_empty_each_time(self, notebook):
        for _ in range(2):
            graph = notebook.run_cell_magic("graph", "net", CELL)
            assert sorted(graph.variables["name"]) == ["biases", "weight"]
            assert "weight_1" not in graph.graph

    def test_runs_in_the_notebooks_namespace(self, notebook):
        notebook.push({"rows": 4})
        notebook.run_cell_magic("graph", "net", "w = tf.get_variable('w', [rows, 2])\nwidth = rows * 2")
        assert notebook.user_ns["width"] == 8
        assert notebook.user_ns["w"].graph is notebook.user_ns["net"].graph
        assert notebook.user_ns["tf"].__name__ == "ckpt_magics.compat.v1"

    def test_keeps_two_graphs_apart(self, notebook):
        notebook.run_cell_magic("graph", "first", CELL)
        notebook.run_cell_magic("graph", "second", "w = tf.Variable(7.0, name='other')")
        first, second = notebook.user_ns["first"], notebook.user_ns["second"]
        assert sorted(first) == ["biases", "weight"]
        assert list(second) == ["other"]
        assert active_graph(notebook) is second

    def test_shows_summary_variables_and_picture(self, notebook):
        text, _ = shown(notebook, f"%%graph net{CELL}")
        for part in ("Graph net", "8 ops", "2 variables, 9 elements, 36 bytes", "float32  [2,3]", "collections:"):
            assert part in text
        html = notebook.user_ns["net"].contents._repr_mimebundle_()["text/html"]
        assert "<svg" in html
        assert "<table" in html

    def test_has_values_to_look_at(self, notebook):
        net = notebook.run_cell_magic("graph", "net", CELL)
        np.testing.assert_array_equal(net["weight"], WEIGHT)
        assert dict(net).keys() == {"biases", "weight"}
        assert net.variables["initialized"].all()
        assert net.variables["trainable"].all()
        with pytest.raises(KeyError, match="no variable 'x'; it has: biases, weight"):
            net["x"]

    def test_runs_its_own_session_by_default(self, notebook):
        code = f"{CELL}\nupdate = W.assign(W * 2)\ntf.global_variables_initializer().run()\nseen = update.eval()"
        net = notebook.run_cell_magic("graph", "net", code)
        np.testing.assert_array_equal(notebook.user_ns["seen"], WEIGHT * 2)
        np.testing.assert_array_equal(net["weight"], WEIGHT * 2)

    def test_keeps_the_values_of_a_session_that_the_cell_left_open(self, notebook):
        code = f"{CELL}\nsess = tf.Session()\nsess.run(tf.global_variables_initializer())\nsess.run(W.assign(W + 1))"
        net = notebook.run_cell_magic("graph", "net", code)
        np.testing.assert_array_equal(net["weight"], WEIGHT + 1)

    def test_says_that_a_closed_sessions_values_are_gone(self, notebook):
        code = f"{CELL}\nwith tf.Session() as sess:\n    sess.run(tf.global_variables_initializer())"
        net = notebook.run_cell_magic("graph", "net", code)
        assert "closed its session" in str(net)
        with pytest.raises(UsageError, match="biases, weight have no value yet; restore a checkpoint"):
            notebook.run_line_magic("ckpt_save", "m.ckpt")
        assert os.listdir() == []

    def test_leaves_values_out_when_initializers_need_a_feed(self, notebook):
        net = notebook.run_cell_magic(
            "graph", "net", "x = tf.placeholder(tf.float32, [2])\nw = tf.Variable(x, name='w')"
        )
        assert "their initializers fail" in str(net)
        assert list(net) == []

    def test_displays_an_ordinary_last_value_too(self, notebook):
        text, _ = shown(notebook, f"%%graph net{CELL}\nW.shape")
        assert "TensorShape([Dimension(2), Dimension(3)])" in text.split("Graph net")[0]

    def test_hides_everything_after_a_semicolon(self, notebook):
        text, result = shown(notebook, f"%%graph net{CELL}\nW.shape;")
        assert text.strip() == ""
        assert result.result is None
        assert "weight" in notebook.user_ns["net"]

    def test_accepts_resetting_the_default_graph(self, notebook):
        net = notebook.run_cell_magic("graph", "net", f"tf.Variable(1.0)\ntf.reset_default_graph(){CELL}")
        assert sorted(net) == ["biases", "weight"]

    def test_is_the_default_graph_of_the_cells_that_follow(self, notebook):
        before = get_default_graph()
        notebook.run_cell_magic("graph", "net", CELL)
        notebook.run_cell("with tf.Session() as sess:\n    seen = sess.run(b.initialized_value())")
        np.testing.assert_array_equal(notebook.user_ns["seen"], BIASES)
        notebook.run_line_magic("graph", "--off")
        assert get_default_graph() is before

    def test_runs_magics_inside_on_its_own_graph(self, notebook):
        notebook.run_cell_magic("graph", "", f"{CELL}\ntf.global_variables_initializer().run()\n%ckpt_save m.ckpt -q")
        assert sorted(load_checkpoint("m.ckpt")) == ["biases", "weight"]


class TestErrorInTheCell:
    @pytest.mark.parametrize("before", [True, False])
    def test_leaves_everything_as_it_was(self, notebook, before):
        if before:
            notebook.run_cell_magic("graph", "net", CELL)
        was, default = active_graph(notebook), get_default_graph()
        with pytest.raises(ZeroDivisionError):
            notebook.run_cell_magic("graph", "net", "tf.Variable(1.0)\n1 / 0")
        assert active_graph(notebook) is was
        assert notebook.user_ns.get("net") is was
        assert get_default_graph() is default

    def test_shows_the_users_own_lines_and_no_others(self, notebook):
        text, result = shown(notebook, "def fail():\n    return {}['key']\n")
        text, result = shown(notebook, "%%graph\nw = tf.Variable(1.0)\nfail()")
        assert isinstance(result.error_in_exec, KeyError)
        assert "----> 3 fail()" in plain(text)
        assert "----> 2     return {}['key']" in plain(text)
        assert "ckpt_magics" not in text
        assert "run_cell_magic" not in text

    def test_ends_the_traceback_of_a_checkpoints_error_in_the_cell(self, saved):
        code = "%%graph\nw = tf.Variable([0.0], name='weights')\nwith tf.Session() as s:\n    "
        text, _ = shown(saved, f"{code}tf.train.Saver().restore(s, 'model.ckpt')")
        assert "----> 4     tf.train.Saver().restore(s, 'model.ckpt')" in plain(text)
        assert "Key weights not found in checkpoint" in text
        assert "saver.py" not in text

    def test_shows_a_syntax_error(self, notebook):
        text, result = shown(notebook, "%%graph\nw = = 1")
        assert isinstance(result.error_in_exec, SyntaxError)
        assert "w = = 1" in text
        assert active_graph(notebook) is None

    @pytest.mark.parametrize(
        ("line", "cell", "text"),
        [
            ("a-b", CELL, "takes the name of a variable, not a-b"),
            ("net --open nowhere", CELL, "nowhere"),
            ("net --depth x", CELL, r"invalid int value.*; %%graph\? shows its options$"),
            ("net --direction UP", CELL, "invalid choice"),
            ("net --budget 0", CELL, "node_budget"),
            ("net -o net.png", CELL, r"should end in \.svg"),
            ("net", "'gone.meta'", "no graph file and no checkpoint at gone.meta"),
        ],
    )
    def test_refuses_in_one_line(self, notebook, line, cell, text):
        with pytest.raises(UsageError, match=text) as caught:
            notebook.run_cell_magic("graph", line, cell)
        assert type(caught.value) is UsageError
        assert "\n" not in str(caught.value).strip()
        assert active_graph(notebook) is None
        assert "net" not in notebook.user_ns


def plain(text):
    """The text without colours."""
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


class TestEndOfTheCell:
    @pytest.mark.parametrize(
        "ending",
        [
            "graph_def",
            "meta_graph",
            "'model.ckpt.meta'",
            "'model.ckpt'",
            "pathlib.Path('model.ckpt.meta')",
            "net",
            "net.graph",
        ],
    )
    def test_shows_the_graph_that_it_is(self, saved, ending):
        import pathlib

        meta_graph = read_meta_graph("model.ckpt.meta")
        net = saved.run_line_magic("graph", "model.ckpt")
        saved.push({"graph_def": meta_graph.graph_def, "meta_graph": meta_graph, "net": net, "pathlib": pathlib})
        shown = saved.run_cell_magic("graph", "other", ending)
        assert sorted(shown.variables["name"]) == ["biases", "weight"]
        assert saved.user_ns["other"] is shown
        assert active_graph(saved) is shown

    def test_takes_a_prefix_for_a_value_when_the_cell_built_something(self, saved):
        code = "w = tf.Variable(1.0, name='only')\ntf.global_variables_initializer().run()\n'model.ckpt'"
        net = saved.run_cell_magic("graph", "net", code)
        assert list(net) == ["only"]

    def test_shows_an_empty_graph(self, notebook):
        assert "The graph is empty" in str(notebook.run_cell_magic("graph", "", "x = 1"))


class TestLine:
    @pytest.mark.parametrize("source", ["model.ckpt", "model.ckpt.meta", "model.ckpt.index", "checkpoint", "."])
    def test_opens_a_checkpoints_graph(self, saved, source):
        graph = saved.run_line_magic("graph", source)
        assert sorted(graph.variables["name"]) == ["biases", "weight"]
        assert not graph.variables["initialized"].any()
        assert "%ckpt_restore model.ckpt restores them" in str(graph).replace("./", "")
        assert active_graph(saved) is graph

    def test_shows_scopes_when_there_is_no_meta_graph(self, saved):
        os.remove("model.ckpt.meta")
        contents = saved.run_line_magic("graph", "model.ckpt")
        assert isinstance(contents, GraphContents)
        assert "There is no meta graph model.ckpt.meta beside it" in str(contents)
        assert list(contents.variables["name"]) == ["biases", "weight"]
        assert active_graph(saved) is None

    def test_opens_graphs_of_the_notebook(self, saved):
        net = saved.run_line_magic("graph", "model.ckpt")
        saved.push({"net": net, "plain": Graph(), "path": "model.ckpt.meta", "number": 3})
        assert saved.run_line_magic("graph", "net") is net
        assert "The graph is empty" in str(saved.run_line_magic("graph", "plain"))
        assert sorted(saved.run_line_magic("graph", "path").variables["name"]) == ["biases", "weight"]
        with pytest.raises(UsageError, match="a int is no graph, and no path of one"):
            saved.run_line_magic("graph", "number")

    def test_shows_the_active_graph_again(self, saved):
        with pytest.raises(UsageError, match="there is no graph yet"):
            saved.run_line_magic("graph", "")
        graph = saved.run_line_magic("graph", "model.ckpt")
        assert saved.run_line_magic("graph", "--depth 0") is graph

    def test_opens_a_text_graph_whatever_its_name(self, saved):
        from google.protobuf import text_format

        meta_graph = read_meta_graph("model.ckpt.meta")
        for name, message in (("meta.txt", meta_graph), ("graph.pbtxt", meta_graph.graph_def)):
            with open(name, "w", encoding="utf-8") as file:
                file.write(f"# a comment\n{text_format.MessageToString(message)}")
            assert len(saved.run_line_magic("graph", name).variables) == 2

    def test_opens_a_saved_model_by_tags(self, notebook, corpus):
        from ckpt_magics.graphs.meta_graph.graph_files import read_saved_model

        model = read_saved_model(corpus / "damaged" / "sm_two_graphs")
        model.meta_graphs[0].meta_info_def.tags[:] = ["train", "gpu"]
        os.mkdir("model")
        with open("model/saved_model.pb", "wb") as file:
            file.write(model.SerializeToString())
        graph = notebook.run_line_magic("graph", "model")
        assert graph.contents.source.meta_graph == model.meta_graphs[1]
        assert "others are tagged: train gpu" in str(graph)
        other = notebook.run_line_magic("graph", "model/saved_model.pb --tags gpu train")
        assert other.contents.source.meta_graph == model.meta_graphs[0]
        with pytest.raises(UsageError, match="Available tags"):
            notebook.run_line_magic("graph", "model --tags none")

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ("gone.ckpt", "there is no graph file and no checkpoint at gone.ckpt"),
            ("mode", "model.ckpt"),
            ("empty.meta", "no graph but an empty file"),
            ("page.pb", "no graph but a web page"),
            ("cut.meta", "is no MetaGraphDef, SavedModel or GraphDef. It is damaged"),
            ("text.pbtxt", "text.pbtxt"),
            ("model.ckpt --open nowhere", "nowhere"),
            ("model.ckpt --hide nothing", "nothing"),
            ("model.ckpt --tags serve", "is no SavedModel"),
            ("model.ckpt --nonsense", "unrecognized arguments"),
            ("model.ckpt -o no/such/folder/x.svg", "no/such/folder/x.svg"),
        ],
    )
    def test_refuses_in_one_line(self, saved, line, text):
        with open("model.ckpt.meta", "rb") as file:
            whole = file.read()
        contents = {
            "empty.meta": b"",
            "page.pb": b"<html><body>Not found</body></html>",
            "cut.meta": whole[: len(whole) // 2],
            "text.pbtxt": b'node { name: "a" op: "NoOp" nonsense: 3 }',
        }
        for name, data in contents.items():
            with open(name, "wb") as file:
                file.write(data)
        with pytest.raises(UsageError, match=text) as caught:
            saved.run_line_magic("graph", line)
        assert type(caught.value) is UsageError
        assert "\n" not in str(caught.value).strip()
        assert active_graph(saved) is None

    @pytest.mark.parametrize("line", ["-h", "model.ckpt --help"])
    def test_helps(self, saved, capsys, line):
        assert saved.run_line_magic("graph", line) is None
        out = capsys.readouterr().out
        assert "%graph model.ckpt --depth 1 --hide save" in out
        assert "--direction" in out

    def test_fills_in_expressions_quotes_and_home(self, saved, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path))
        os.rename("model.ckpt.meta", "my model.ckpt.meta")
        saved.push({"stem": "my model"})
        for line in ("'my model.ckpt'", '"{stem}.ckpt"', "'~/my model.ckpt.meta'"):
            _, result = shown(saved, f"%graph {line}")
            assert result.success
            assert len(active_graph(saved).variables) == 2


class TestOptions:
    CELL = """
for layer in range(3):
    with tf.name_scope(f"block{layer}/inner"):
        tf.identity(tf.placeholder(tf.float32, [None, 2], name="x"), name="y")
"""

    def test_open_depth_and_direction(self, notebook):
        closed = notebook.run_cell_magic("graph", "--depth 0", self.CELL).picture
        opened = notebook.run_cell_magic("graph", "--depth 0 --open block1/inner --direction LR", self.CELL).picture
        assert not closed.view.clusters
        assert [cluster.name for cluster in opened.view.clusters] == ["block1", "block1/inner"]
        assert opened.view.direction == "LR"

    def test_show_and_hide(self, notebook):
        code = f"{CELL}\nsaver = tf.train.Saver()"
        for option, found in (("", True), ("--hide save", False)):
            picture = notebook.run_cell_magic("graph", option, code).picture
            assert ("save" in {node.name for node in picture.view.aside}) == found
        picture = notebook.run_cell_magic("graph", "--show save --depth 0", code).picture
        assert "save" in {node.name for node in picture.view.nodes}

    def test_budget_and_palette(self, notebook):
        graph = notebook.run_cell_magic("graph", "net --budget 4 --palette dark", self.CELL)
        assert len(graph.picture.view.nodes) <= 4
        light = notebook.run_line_magic("graph", "net --palette light").picture.svg
        assert light != notebook.run_line_magic("graph", "net --palette dark").picture.svg

    @pytest.mark.parametrize("name", ["net.svg", "net.dot", "net.html", "net.txt"])
    def test_writes_a_file(self, notebook, name):
        graph = notebook.run_cell_magic("graph", f"-o {name}", self.CELL)
        with open(name, encoding="utf-8") as file:
            content = file.read()
        assert "block" in content
        assert graph is active_graph(notebook)

    def test_prints_the_text_form(self, notebook, capsys):
        assert notebook.run_cell_magic("graph", "--text", self.CELL) is None
        assert "6 ops: 3 Placeholder, 3 Identity" in capsys.readouterr().out


class TestCheckpoints:
    def test_restores_what_it_saved(self, saved):
        net = saved.run_cell_magic("graph", "net", CELL.replace("1, 2, 3", "0, 0, 0"))
        assert not net["biases"].any()
        report = saved.run_line_magic("ckpt_restore", "model.ckpt")
        assert report.summary.startswith("2 restored, 0 left alone, 0 unused")
        np.testing.assert_array_equal(net["weight"], WEIGHT)
        np.testing.assert_array_equal(net["biases"], BIASES)
        assert not {"weight", "biases"} & set(saved.user_ns)

    def test_explains_the_tutorials_mistakes_with_the_line_that_works(self, saved):
        cell = """
W = tf.Variable([[0, 0, 0], [0, 0, 0]], dtype=tf.float32, name="weights")
b = tf.Variable([[0, 0, 0]], dtype=tf.float32, name="biases")
"""
        net = saved.run_cell_magic("graph", "net", cell)
        with pytest.raises(UsageError, match="2 problems") as caught:
            saved.run_line_magic("ckpt_restore", "model.ckpt")
        assert not net["weights"].any()
        line = str(caught.value).splitlines()[-1].strip()
        assert line == "%ckpt_restore model.ckpt --map weights=weight --reshape"
        saved.run_cell(line)
        np.testing.assert_array_equal(net["weights"], WEIGHT)
        np.testing.assert_array_equal(net["biases"], BIASES.reshape(1, 3))

    def test_restores_into_a_graph_from_its_file_and_saves_it_again(self, saved):
        graph = saved.run_line_magic("graph", "model.ckpt")
        with pytest.raises(UsageError, match="biases, weight have no value yet"):
            saved.run_line_magic("ckpt_save", "model.ckpt")
        saved.run_line_magic("ckpt_restore", "model.ckpt")
        np.testing.assert_array_equal(graph["weight"], WEIGHT)
        again = saved.run_line_magic("ckpt_save", "again.ckpt --step 3")
        assert [file.role for file in again.files].count("meta graph") == 1
        assert again == "again.ckpt-3"
        np.testing.assert_array_equal(load_checkpoint(again)["weight"], WEIGHT)
        old, new = read_meta_graph("model.ckpt.meta"), read_meta_graph("again.ckpt-3.meta")
        assert new.graph_def == old.graph_def
        assert new.saver_def == old.saver_def

    def test_says_which_graph_it_is_about(self, saved, capsys):
        saved.run_cell_magic("graph", "net", CELL)
        saved.run_line_magic("ckpt_save", "m.ckpt")
        assert capsys.readouterr().out == "Saving the variables of net, the active graph\n"
        assert "Into the variables of the graph net" in str(saved.run_line_magic("ckpt_restore", "m.ckpt"))

    def test_names_on_the_line_are_the_notebooks(self, saved):
        saved.run_cell_magic("graph", "net", CELL)
        saved.push({"x": BIASES})
        saved.run_line_magic("ckpt_save", "m.ckpt x -q")
        assert list(load_checkpoint("m.ckpt")) == ["x"]

    @pytest.mark.parametrize(("line", "name"), [("W", "W"), ("w=W", "w"), ('w=net["weight"]', "w")])
    def test_saves_variables_of_the_graph_by_name_with_their_values(self, saved, line, name):
        saved.run_cell_magic("graph", "net", CELL)
        saved.run_line_magic("ckpt_save", f"m.ckpt {line} -q")
        np.testing.assert_array_equal(load_checkpoint("m.ckpt")[name], WEIGHT)

    def test_saves_a_variable_in_parts_as_one(self, notebook):
        notebook.run_cell_magic(
            "graph", "", 'p = tf.get_variable("p", [2, 3], partitioner=tf.fixed_size_partitioner(3, 1))'
        )
        notebook.run_line_magic("ckpt_save", "m.ckpt p -q")
        np.testing.assert_array_equal(load_checkpoint("m.ckpt")["p"], active_graph(notebook)["p"])

    def test_names_what_saves_a_tensor_that_only_a_run_gives_a_value(self, saved):
        saved.run_cell_magic("graph", "net", f"{CELL}\ntwice = W + W")
        with pytest.raises(UsageError, match=r"twice is a symbolic tensor, add:0, .*this saves it: ") as caught:
            saved.run_line_magic("ckpt_save", "m.ckpt twice -q")
        saved.run_line_magic("ckpt_save", f"m.ckpt {str(caught.value).rpartition(': ')[2]} -q")
        np.testing.assert_array_equal(load_checkpoint("m.ckpt")["twice"], 2 * WEIGHT)
        saved.run_line_magic("graph", "--off")
        with pytest.raises(UsageError, match=r'W is a variable, weight:0, .*this saves it: W=net\["weight"\]'):
            saved.run_line_magic("ckpt_save", "m.ckpt W -q")
        del saved.user_ns["net"]
        with pytest.raises(UsageError, match=r"save what a run of it gives: 'W=SESSION.run\(...\)'"):
            saved.run_line_magic("ckpt_save", "m.ckpt W -q")

    def test_says_that_a_variable_to_save_has_no_value(self, saved):
        saved.run_line_magic("graph", "model.ckpt")
        saved.run_cell('import ckpt_magics.compat.v1 as tf; W = tf.get_collection("variables", "weight")[0]')
        with pytest.raises(UsageError, match="variable weight has no value yet"):
            saved.run_line_magic("ckpt_save", "m.ckpt W -q")

    def test_compares_with_the_active_graph(self, saved, capsys):
        saved.run_cell_magic("graph", "net", CELL.replace("[1, 2, 3],", "[1, 2, 4],", 1))
        frame = saved.run_line_magic("ckpt_diff", "model.ckpt").set_index("name")
        assert capsys.readouterr().out == "Comparing with the variables of net, the active graph\n"
        assert frame["status"].to_dict() == {"biases": "same", "weight": "changed"}

    def test_colours_the_graph_by_what_has_changed(self, saved, monkeypatch):
        monkeypatch.setattr(saved, "kernel", object(), raising=False)
        saved.run_cell_magic("graph", "net", CELL.replace("[1, 2, 3],", "[1, 2, 5],", 1))
        view = saved.run_line_magic("ckpt_diff", "model.ckpt --graph -q")
        assert view.graph.state.color == "numbers"
        assert dict(zip(view.table.variables["name"], view.table.variables["norm"], strict=True))["weight"] == 2
        saved.run_line_magic("graph", "--off")
        assert saved.run_line_magic("ckpt_diff", "model.ckpt model.ckpt --graph -q").graph.state.color == "numbers"
        saved.run_line_magic("ckpt_save", "bare value=1.0 --no-meta -q")
        with pytest.raises(UsageError, match="no graph"):
            saved.run_line_magic("ckpt_diff", "bare bare --graph -q")

    def test_compares_with_values_only(self, saved):
        saved.run_line_magic("graph", "model.ckpt")
        with pytest.raises(UsageError, match=r"no variable of model\.ckpt\.meta, the active graph, has a value yet"):
            saved.run_line_magic("ckpt_diff", "model.ckpt")
        saved.run_line_magic("ckpt_restore", "model.ckpt weight --partial")
        frame = saved.run_line_magic("ckpt_diff", "model.ckpt -q").set_index("name")
        assert frame["status"].to_dict() == {"biases": "removed", "weight": "same"}

    @pytest.mark.parametrize("other", [len, int, os])
    def test_compares_with_the_notebook_past_names_that_mean_something_else(self, saved, other):
        saved.push({"weight": WEIGHT, "biases": other})
        frame = saved.run_line_magic("ckpt_diff", "model.ckpt").set_index("name")
        assert frame["status"].to_dict() == {"biases": "removed", "weight": "same"}

    def test_selects_excludes_and_only_tries(self, saved):
        net = saved.run_cell_magic("graph", "net", CELL.replace("1, 2, 3", "0, 0, 0"))
        assert saved.run_line_magic("ckpt_restore", "model.ckpt --dry-run").dry_run
        assert not net["biases"].any()
        saved.run_line_magic("ckpt_restore", "model.ckpt --exclude weight")
        np.testing.assert_array_equal(net["biases"], BIASES)
        assert not net["weight"][0].any()

    def test_restores_into_a_named_graph_or_holder(self, saved):
        first = saved.run_cell_magic("graph", "first", CELL.replace("1, 2, 3", "0, 0, 0"))
        saved.run_cell_magic("graph", "second", CELL.replace("1, 2, 3", "0, 0, 0"))
        saved.run_line_magic("ckpt_restore", "model.ckpt --into first")
        np.testing.assert_array_equal(first["biases"], BIASES)
        assert not saved.user_ns["second"]["biases"].any()
        saved.run_line_magic("ckpt_restore", "model.ckpt --into arrays")
        np.testing.assert_array_equal(saved.user_ns["arrays"]["biases"], BIASES)

    def test_saves_in_both_formats_and_shards_that_a_saver_restores(self, saved):
        saved.run_cell_magic("graph", "net", CELL)
        for line in ("one.ckpt --v1", "two.ckpt --shards 2"):
            prefix = saved.run_line_magic("ckpt_save", f"{line} -q")
            code = "with tf.Session() as s:\n    tf.train.import_meta_graph(m).restore(s, p)\n    w = s.run('weight:0')"
            saved.push({"m": f"{prefix}.meta", "p": str(prefix)})
            saved.run_cell_magic("graph", "", code)
            np.testing.assert_array_equal(saved.user_ns["w"], WEIGHT)
            saved.run_line_magic("graph", "net")

    def test_takes_the_savers_nodes_of_the_cell(self, saved):
        saved.run_cell_magic("graph", "net", f"{CELL}\nsaver = tf.train.Saver()")
        saved.run_line_magic("ckpt_save", "m.ckpt -q")
        meta_graph = read_meta_graph("m.ckpt.meta")
        assert meta_graph.saver_def.restore_op_name == "save/restore_all"
        assert len(meta_graph.graph_def.node) == len(saved.user_ns["net"].graph)

    def test_saves_partitioned_variables_as_slices(self, notebook):
        code = "w = tf.get_variable('w', [5, 2], partitioner=tf.fixed_size_partitioner(2))"
        net = notebook.run_cell_magic("graph", "net", code)
        whole = net["w"]
        assert whole.shape == (5, 2)
        notebook.run_line_magic("ckpt_save", "m.ckpt -q")
        reader = load_checkpoint("m.ckpt")
        np.testing.assert_array_equal(reader["w"], whole)
        assert reader.variables["slices"].tolist() == [2]
        net.session.assign_variables(
            {f"w/part_{part}": np.zeros((rows, 2), np.float32) for part, rows in ((0, 3), (1, 2))}
        )
        notebook.run_line_magic("ckpt_restore", "m.ckpt")
        np.testing.assert_array_equal(net["w"], whole)

    @pytest.mark.parametrize("version", ["tf0.12.1", "tf1.15.5", "tf2.21.0"])
    @pytest.mark.parametrize("case", ["graph_v1_renamed", "partitioned_v1", "partitioned_v2", "sharded_v2", "seed_v2"])
    def test_restores_by_the_names_of_the_graphs_own_saver(self, notebook, corpus, version, case):
        paths = sorted((corpus / version / case).rglob("*.meta"))
        if not paths:
            assert case.startswith("sharded") or not (corpus / version / case).is_dir()
            return
        graph = notebook.run_line_magic("graph", str(paths[-1]))
        prefix = str(paths[-1]).removesuffix(".meta")
        notebook.run_line_magic("ckpt_restore", f"{prefix} -q")
        reader = load_checkpoint(prefix)
        assert sorted(graph) == sorted(reader)
        session = Session(graph=graph.graph)
        saver_def = graph.saver_def
        session.run(saver_def.restore_op_name, {saver_def.filename_tensor_name: prefix})
        for name, value in session.variable_values().items():
            np.testing.assert_array_equal(graph.session.variable_values()[name], value)

    def test_restores_a_saved_model_by_its_own_function(self, notebook, corpus):
        model = corpus / "tf2.21.0" / "saved_model" / "model"
        graph = notebook.run_line_magic("graph", str(model))
        notebook.run_line_magic("ckpt_restore", str(model))
        reader = load_checkpoint(model)
        assert sorted(graph) == ["blocks/0/b", "blocks/0/w", "unused", "w"]
        for name, value in graph.items():
            np.testing.assert_array_equal(value, reader[reader.object_graph.short_names[name]])


def test_draws_ten_thousand_nodes_at_once(notebook):
    from ckpt_magics.graphs.meta_graph.meta_graph_export import export_scoped_meta_graph
    from ckpt_magics.graphs.nodes import build

    graph = Graph()
    with graph.as_default():
        value = build.placeholder("float32", [None, 4], name="x")
        for block in range(20):
            for layer in range(10):
                with graph.name_scope(f"block{block}/layer{layer}"):
                    for _ in range(50):
                        value = build.identity(value)
    export_scoped_meta_graph(filename="big.meta", graph=graph)
    start = cpu_seconds()
    shown = notebook.run_line_magic("graph", "big.meta")
    seconds = cpu_seconds() - start
    assert len(shown.picture.view.nodes) <= 150
    assert seconds < 15  # 0.4 s when measured; this bounds the order of growth


def test_a_frozen_graph_has_values(notebook):
    with open("frozen.pb", "wb") as file:
        file.write(frozen_graphs.frozen_graph().SerializeToString())
    net = notebook.run_line_magic("graph", "frozen.pb")
    np.testing.assert_array_equal(net["conv/weights"], frozen_graphs.WEIGHTS)
    assert sorted(net) == ["conv/weights", "folded", "steps"]
    assert net["axis"].tolist() == [0, 1]
    assert "3 frozen variables" in str(net)
    with pytest.raises(KeyError, match=r"conv/weight.*it has: conv/weights, folded, steps"):
        net["conv/weight"]


def test_inputs_and_outputs_are_printed(notebook, golden, capsys):
    path = golden / "tf2.21.0" / "graph_conv_adam" / "g" / "model.ckpt-2.meta"
    assert notebook.run_line_magic("graph", f"{path} --inputs-outputs") is None
    shown = capsys.readouterr().out
    assert "  input   images:0  float32  [?, 12, 12, 1]\n" in shown
    assert "  output  prob:0    float32  [?, 10]\n" in shown
