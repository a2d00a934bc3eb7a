"""The magics do what their lines say, and their errors say what line would work."""

import copy
import os
import pickle

import numpy as np
import pandas as pd
import pytest
from IPython.core.error import UsageError

from ckpt_magics.graphs.meta_graph.graph_files import read_meta_graph
from ckpt_magics.notebook.commands.progress_line import ProgressLine
from ckpt_magics.notebook.reader import load_checkpoint

WEIGHT = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
BIASES = np.array([7, 8, 9], np.float32)


@pytest.fixture
def saved(notebook):
    """The tutorial's checkpoint, in a notebook that has nothing else."""
    notebook.push({"weight": WEIGHT.copy(), "biases": BIASES.copy()})
    notebook.run_line_magic("ckpt_save", "model.ckpt weight biases")
    notebook.drop_by_id({"weight": notebook.user_ns["weight"], "biases": notebook.user_ns["biases"]})
    return notebook


class TestSave:
    def test_saves_names_and_expressions(self, notebook):
        notebook.push({"np": np, "w": WEIGHT, "params": {"a": {"b": BIASES}, "step": 3}})
        words = """w params 'layer/w=params["a"]["b"] * 2' z=np.zeros((2, 3))"""
        saved = notebook.run_line_magic("ckpt_save", f"m.ckpt {words}")
        with load_checkpoint(saved) as reader:
            assert sorted(reader) == ["layer/w", "params/a/b", "params/step", "w", "z"]
            np.testing.assert_array_equal(reader["layer/w"], BIASES * 2)

    def test_returns_the_prefix_with_its_step(self, notebook):
        notebook.push({"w": WEIGHT, "epoch": np.int64(7)})
        assert notebook.run_line_magic("ckpt_save", "m.ckpt w --step epoch") == "m.ckpt-7"
        assert notebook.run_line_magic("ckpt_save", "m.ckpt w --step 8") == "m.ckpt-8"

    def test_saves_every_array_and_says_which(self, notebook, capsys):
        notebook.push({"w": WEIGHT, "n": 3, "text": "x", "b": BIASES, "_hidden": BIASES, "np": np, "cls": np.ndarray})
        notebook.run_line_magic("ckpt_save", "m.ckpt")
        assert capsys.readouterr().out == "Saving every array: w, b\n"
        notebook.run_line_magic("ckpt_save", "m.ckpt -q")
        assert capsys.readouterr().out == ""
        assert sorted(load_checkpoint("m.ckpt")) == ["b", "w"]

    def test_takes_globs_of_array_names(self, notebook):
        notebook.push({"w_1": WEIGHT, "w_2": WEIGHT, "b": BIASES})
        notebook.run_line_magic("ckpt_save", "m.ckpt w_*")
        assert sorted(load_checkpoint("m.ckpt")) == ["w_1", "w_2"]

    @pytest.mark.parametrize("end", [";", " ;  # quiet", "; # a 'quotation"])
    @pytest.mark.parametrize("words", [r"re:\w", "'w'"])
    def test_is_silenced_whatever_the_line_has_before(self, notebook, words, end):
        notebook.push({"w": WEIGHT})
        result = notebook.run_cell(f"%ckpt_save m.ckpt {words}{end}")
        assert (result.result, result.error_in_exec) == (None, None)
        assert list(load_checkpoint("m.ckpt")) == ["w"]

    def test_keeps_the_best_and_says_before_what_goes(self, notebook, capsys):
        notebook.push({"w": WEIGHT})
        for step, loss in enumerate([0.1, 0.5, 0.4], 1):
            notebook.push({"loss": loss})
            capsys.readouterr()
            notebook.run_line_magic("ckpt_save", f"m.ckpt w --step {step} --metric loss --keep-best 1 --max-to-keep 1")
        assert "go: m.ckpt-2" in capsys.readouterr().out
        found = notebook.run_line_magic("ckpt_ls", ". --pin m.ckpt-1")
        assert [(one.step, one.metrics, one.is_pinned) for one in found.checkpoints] == [
            (1, {"loss": 0.1}, True),
            (3, {"loss": 0.4}, False),
        ]

    def test_takes_regular_expressions_and_exact_names(self, notebook):
        notebook.push({"w_1": WEIGHT, "w_22": WEIGHT, "a[0]": BIASES, "a0": BIASES})
        notebook.run_line_magic("ckpt_save", r"m.ckpt re:w_\d a[0]")
        assert sorted(load_checkpoint("m.ckpt")) == ["a[0]", "w_1"]

    def test_saves_a_holder_under_its_own_names(self, notebook):
        notebook.run_line_magic("ckpt_save", "m.ckpt layer/w=1.0 b=2.0")
        notebook.run_line_magic("ckpt_restore", "m.ckpt --into q")
        notebook.push({"w": WEIGHT, "none": {"x": None, "y": 1.0}})
        for line, names in (
            ("new q", ["q/b", "q/layer/w"]),
            ("new q --as-root", ["b", "layer/w"]),
            ("new q w --as-root", ["b", "layer/w", "w"]),
            ("new net=q none --as-root", ["b", "layer/w", "y"]),
        ):
            saved = notebook.run_line_magic("ckpt_save", f"{line} --no-meta")
            assert sorted(load_checkpoint(saved)) == names
        assert saved.left_out == ("x",)

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ("new --as-root", "--as-root needs a NAME: %ckpt_save PREFIX NAME --as-root"),
            ("new w --as-root", "--as-root is about what holds names, a dict or a module; w holds none"),
            ("new q p --as-root", "--as-root would give w twice, from q and p"),
            ("new q w --as-root", "--as-root would give w twice, from q and w"),
        ],
    )
    def test_refuses_a_root_that_is_none(self, notebook, line, text):
        notebook.push({"w": WEIGHT, "q": {"w": WEIGHT}, "p": {"w": BIASES}})
        with pytest.raises(UsageError, match=text):
            notebook.run_line_magic("ckpt_save", line)
        assert os.listdir() == []

    def test_saves_objects(self, notebook):
        notebook.push({"net": {"w": WEIGHT, "more": [BIASES]}, "w": WEIGHT})
        saved = notebook.run_line_magic("ckpt_save", "m net --objects --step 3")
        graph = load_checkpoint(saved).object_graph
        assert set(graph.short_names) == {"net/w", "net/more/0", "save_counter"}
        assert not os.path.exists("m-3.meta")
        with pytest.raises(UsageError, match="version 1 has none"):
            notebook.run_line_magic("ckpt_save", "m net --objects --v1")

    def test_takes_a_pattern_beside_what_it_matches(self, notebook):
        notebook.push({"w_1": WEIGHT, "w_2": WEIGHT})
        notebook.run_line_magic("ckpt_save", "m.ckpt w_1 w_* w_2")
        assert sorted(load_checkpoint("m.ckpt")) == ["w_1", "w_2"]

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            ("w=1 w=2", "w is given twice, as w=1 and as w=2"),
            ("w=1 w=1", "w is given twice, as w=1 and as w=1"),
            ("w w", "w is given twice, as w and as w"),
            ("w w=2", "w is given twice, as w and as w=2"),
            ("w w=w", "w is given twice, as w and as w=w"),
            ("w=2 w*", r"w is given twice, as w=2 and as w\*"),
        ],
    )
    def test_refuses_a_name_given_twice(self, notebook, words, text):
        notebook.push({"w": WEIGHT})
        with pytest.raises(UsageError, match=text):
            notebook.run_line_magic("ckpt_save", f"m.ckpt {words}")
        assert os.listdir() == []

    def test_writes_both_formats_and_shards(self, notebook):
        notebook.push({"w": WEIGHT, "b": BIASES})
        notebook.run_line_magic("ckpt_save", "one.ckpt w b --v1")
        notebook.run_line_magic("ckpt_save", "two.ckpt w b --shards 2")
        assert load_checkpoint("one.ckpt").version == 1
        assert {name for name in os.listdir() if name.startswith("two")} >= {
            "two.ckpt.index",
            "two.ckpt.data-00000-of-00002",
            "two.ckpt.data-00001-of-00002",
        }

    @pytest.mark.parametrize("version", ["", "--v1"])
    def test_writes_a_meta_graph_unless_told_not_to(self, notebook, version):
        notebook.push({"w": WEIGHT, "b": BIASES})
        saved = notebook.run_line_magic("ckpt_save", f"m.ckpt w b {version}")
        assert [file.path for file in saved.files if file.role == "meta graph"] == ["m.ckpt.meta"]
        data, _ = notebook.display_formatter.format(saved)
        assert "the graph: its operations, its collections, and how to save and restore it" in data["text/html"]
        assert read_meta_graph("m.ckpt.meta").saver_def.version == (1 if version else 2)
        bare = notebook.run_line_magic("ckpt_save", f"bare.ckpt w b --no-meta {version}")
        assert not os.path.exists("bare.ckpt.meta")
        assert "meta graph" not in {file.role for file in bare.files}

    def test_keeps_as_many_as_it_is_told(self, notebook):
        notebook.push({"w": WEIGHT})
        for step in range(4):
            notebook.run_line_magic("ckpt_save", f"m.ckpt w --step {step} --max-to-keep 2")
        assert sorted(name for name in os.listdir() if name.endswith(".index")) == ["m.ckpt-2.index", "m.ckpt-3.index"]
        notebook.run_cell("%config CheckpointMagics.max_to_keep = 1")
        notebook.run_line_magic("ckpt_save", "m.ckpt w --step 9")
        assert [name for name in os.listdir() if name.endswith(".index")] == ["m.ckpt-9.index"]

    def test_says_what_it_deleted_and_deletes_nothing_without_a_step(self, notebook):
        notebook.push({"w": WEIGHT})
        for number in range(7):
            assert notebook.run_line_magic("ckpt_save", f"fold-{number} w -q").removed == ()
        assert len([name for name in os.listdir() if name.endswith(".index")]) == 7
        notebook.run_line_magic("ckpt_save", "m.ckpt w --step 1")
        saved = notebook.run_line_magic("ckpt_save", "m.ckpt w --step 2 --max-to-keep 1")
        data, _ = notebook.display_formatter.format(saved)
        for kind in ("text/plain", "text/html"):
            assert "Deleted, being older than those kept: m.ckpt-1" in data[kind]

    def test_says_what_it_left_out(self, notebook):
        notebook.push({"net": {"a": None, "b": 1.0, "c": [None] * 6}})
        saved = notebook.run_line_magic("ckpt_save", "m.ckpt net")
        assert saved.left_out == ("net/a", *(f"net/c/{number}" for number in range(6)))
        assert pickle.loads(pickle.dumps(saved)).left_out == copy.copy(saved).left_out == saved.left_out
        data, _ = notebook.display_formatter.format(saved)
        for kind in ("text/plain", "text/html"):
            assert "7 left out, for None holds nothing: net/a, net/c/0, net/c/1, net/c/2, net/c/3 and 2" in data[kind]

    def test_sees_the_variables_of_a_function(self, notebook):
        notebook.push({"shell": notebook, "WEIGHT": WEIGHT})
        notebook.run_cell(
            "def save():\n    local = WEIGHT\n    return shell.run_line_magic('ckpt_save', 'm.ckpt local')\nsave()"
        )
        assert list(load_checkpoint("m.ckpt")) == ["local"]

    def test_shows_each_file_with_what_it_holds(self, notebook):
        notebook.push({"w": WEIGHT})
        saved = notebook.run_line_magic("ckpt_save", "m.ckpt w")
        data, _ = notebook.display_formatter.format(saved)
        assert "m.ckpt.index" in data["text/plain"]
        assert "1 tensor" in data["text/plain"]
        assert "<table" in data["text/html"]
        assert "the values, one tensor after the other" in data["text/html"]

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ("", "required: prefix"),
            ("m.ckpt", "there is no array in the notebook"),
            ("m.ckpt x=1 * 2", "blanks in an expression need quotes"),
            ("m.ckpt missing", "nothing in the notebook is called missing"),
            ("m.ckpt x=1/0", "x=1/0: ZeroDivisionError: division by zero"),
            ("m.ckpt f=print", "'f' is a builtins.builtin_function_or_method"),
            ("m.ckpt x=1.0 --step 1.5", "whole number"),
            ("m.ckpt x=1.0 --step None", "--step None: it is None, and has to be one whole"),
            (". x=1.0", "names no file to save to.*as in ./model.ckpt"),
            ("m.ckpt x=None", "there is nothing to save: None holds nothing, and is what x has"),
            ("m.ckpt x=1.0 --max-to-keep -1", "max_to_keep is -1; it may be a whole number of checkpoints, or 0"),
            ("m.ckpt --nonsense", r"^unrecognized arguments: --nonsense; %ckpt_save\? shows its options$"),
            ("a/b/c/m.ckpt x=1", "^a/b/c; No such file or directory: a is missing.*create the ones above it first"),
        ],
    )
    def test_refuses_in_one_line(self, notebook, line, text):
        with pytest.raises(UsageError, match=text) as caught:
            notebook.run_line_magic("ckpt_save", line)
        assert type(caught.value) is UsageError
        assert os.listdir() == []


class TestRestore:
    def test_makes_new_variables(self, saved):
        report = saved.run_line_magic("ckpt_restore", "model.ckpt")
        np.testing.assert_array_equal(saved.user_ns["weight"], WEIGHT)
        np.testing.assert_array_equal(saved.user_ns["biases"], BIASES)
        assert report.summary.startswith("2 restored, 0 left alone, 0 unused")

    def test_changes_arrays_in_place_and_touches_nothing_else(self, saved):
        weight, other = np.zeros((2, 3), np.float32), np.ones(5)
        saved.push({"weight": weight, "other": other})
        before = set(saved.user_ns)
        for _ in range(2):
            saved.run_line_magic("ckpt_restore", "model.ckpt")
            assert saved.user_ns["weight"] is weight
            np.testing.assert_array_equal(weight, WEIGHT)
        assert saved.user_ns["other"] is other
        assert set(saved.user_ns) - before == {"biases"}

    def test_explains_the_tutorials_mistakes_with_the_line_that_works(self, saved):
        weights, biases = np.zeros((2, 3), np.float32), np.zeros((1, 3), np.float32)
        saved.push({"weights": weights, "biases": biases})
        with pytest.raises(UsageError) as caught:
            saved.run_line_magic("ckpt_restore", "model.ckpt weights biases")
        text = str(caught.value)
        assert "2 problems" in text
        assert not weights.any()
        assert not biases.any()
        line = text.splitlines()[-1].strip()
        assert line == "%ckpt_restore model.ckpt weights biases --map weights=weight --reshape"
        saved.run_cell(line)
        np.testing.assert_array_equal(weights, WEIGHT)
        np.testing.assert_array_equal(biases, BIASES.reshape(1, 3))

    def test_restores_nested_names_into_dicts(self, notebook):
        notebook.push({"net": {"layer": {"w": WEIGHT.copy()}}})
        notebook.run_line_magic("ckpt_save", "m.ckpt net")
        inner = notebook.user_ns["net"]["layer"]
        inner["w"][:] = 0
        notebook.run_line_magic("ckpt_restore", "m.ckpt")
        assert notebook.user_ns["net"]["layer"] is inner
        np.testing.assert_array_equal(inner["w"], WEIGHT)
        del notebook.user_ns["net"]
        notebook.run_line_magic("ckpt_restore", "m.ckpt net/layer/*")
        np.testing.assert_array_equal(notebook.user_ns["net"]["layer"]["w"], WEIGHT)

    def test_restores_into_a_holder(self, saved):
        saved.run_line_magic("ckpt_restore", "model.ckpt --into params")
        assert sorted(saved.user_ns["params"]) == ["biases", "weight"]
        held = saved.user_ns["params"]
        saved.run_line_magic("ckpt_restore", "model.ckpt weight --into params")
        assert saved.user_ns["params"] is held

    def test_gives_variables_names_that_python_has(self, notebook):
        names = "conv-1/w=1.0 weight=2.0 weight/Adam=3.0 print=4.0 lambda/x=5.0 1st=6.0"
        notebook.run_line_magic("ckpt_save", f"m.ckpt {names}")
        report = notebook.run_line_magic("ckpt_restore", "m.ckpt")
        assert {tensor.stored: tensor.name for tensor in report.restored} == {
            "1st": "t_1st",
            "conv-1/w": "conv_1/w",
            "lambda/x": "lambda_/x",
            "print": "print_",
            "weight": "weight",
            "weight/Adam": "weight_Adam",
        }
        assert notebook.user_ns["conv_1"]["w"] == 1
        assert notebook.user_ns["weight_Adam"] == 3

    def test_selects_excludes_and_maps(self, notebook):
        notebook.run_line_magic("ckpt_save", "m.ckpt old/a=1 old/b=2 head/w=3 head/w/Adam=4")
        notebook.run_line_magic("ckpt_restore", "m.ckpt --exclude head/w --map new/=old/")
        assert notebook.user_ns["new"] == {"a": 1, "b": 2}
        assert "head" not in notebook.user_ns
        notebook.run_line_magic("ckpt_restore", "m.ckpt x --map x=old/b")
        assert notebook.user_ns["x"] == 2

    def test_transposes(self, notebook):
        notebook.push({"w": np.zeros((3, 2), np.float32), "weight": WEIGHT})
        notebook.run_line_magic("ckpt_save", "m.ckpt w=weight")
        notebook.run_line_magic("ckpt_restore", "m.ckpt --transpose 'w*=1,0' --map w=w")
        np.testing.assert_array_equal(notebook.user_ns["w"], WEIGHT.T)
        with pytest.raises(UsageError, match="one is PATTERN=AXES"):
            notebook.run_line_magic("ckpt_restore", "m.ckpt --transpose w")

    def test_reports_only_when_it_is_a_dry_run(self, saved):
        report = saved.run_line_magic("ckpt_restore", "model.ckpt --dry-run")
        assert report.dry_run
        assert "weight" not in saved.user_ns

    def test_finds_the_latest_and_a_step(self, notebook):
        for step in (1, 2):
            notebook.run_line_magic("ckpt_save", f"runs/m.ckpt x={step} --step {step}")
        notebook.run_line_magic("ckpt_restore", "runs")
        assert notebook.user_ns["x"] == 2
        notebook.run_line_magic("ckpt_restore", "runs --step 1")
        assert notebook.user_ns["x"] == 1

    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ("", "required: source; %ckpt_restore"),
            ("gone.ckpt", "gone.ckpt"),
            ("model.ckpt wieght", "nearest: weight"),
            ("model.ckpt --map a=weight a=biases", "the map gives a twice, as a=weight and as a=biases"),
            ("model.ckpt --map weight", "a map is NEW=OLD"),
            ("model.ckpt --into 1x", "--into takes the name of a variable"),
            ("model.ckpt --step x", "invalid int value"),
        ],
    )
    def test_refuses_in_a_sentence(self, saved, line, text):
        with pytest.raises(UsageError, match=text) as caught:
            saved.run_line_magic("ckpt_restore", line)
        assert type(caught.value) is UsageError

    def test_leaves_things_that_hold_no_tensors_in_place(self, saved):
        saved.push({"weight": len})
        with pytest.raises(UsageError, match=r"the notebook's 'weight' is a builtins.*--into NAME"):
            saved.run_line_magic("ckpt_restore", "model.ckpt")
        saved.run_line_magic("ckpt_restore", "model.ckpt biases")
        assert saved.user_ns["weight"] is len

    @pytest.mark.parametrize("options", ["", "weight", "--dry-run"])
    def test_leaves_modules_in_place(self, saved, options):
        saved.push({"weight": np})
        with pytest.raises(UsageError, match=r"the notebook's 'weight' is a builtins.module.*--exclude"):
            saved.run_line_magic("ckpt_restore", f"model.ckpt {options}")
        assert saved.user_ns["weight"] is np

    def test_names_the_column_that_a_frame_has_twice(self, saved):
        saved.push({"weight": pd.DataFrame([[1, 2]], columns=["a", "a"])})
        for line in ("model.ckpt", "model.ckpt --dry-run", "model.ckpt --into weight"):
            with pytest.raises(UsageError, match="pandas DataFrame, has 2 columns called 'a'"):
                saved.run_line_magic("ckpt_restore", line)

    def test_does_not_put_tensors_below_an_array(self, notebook):
        notebook.run_line_magic("ckpt_save", "m.ckpt net/w=1.0")
        notebook.push({"net": WEIGHT})
        with pytest.raises(UsageError, match="the notebook's net is a NumPy array, so net/w cannot go there"):
            notebook.run_line_magic("ckpt_restore", "m.ckpt")


class TestShow:
    def test_shows_files_and_variables(self, saved):
        shown = saved.run_line_magic("ckpt_show", "model.ckpt")
        data, _ = saved.display_formatter.format(shown)
        for text in ("model.ckpt.index", "model.ckpt.data-00000-of-00001", "checkpoint", "weight", "[2,3]", "float32"):
            assert text in data["text/plain"]
            assert text in data["text/html"]
        assert "2 tensors, 9 elements, 36 bytes" in str(shown)
        assert list(shown.variables["name"]) == ["biases", "weight"]

    def test_says_what_was_used_for_what_was_given(self, saved):
        assert "model.ckpt" in saved.run_line_magic("ckpt_show", "model.ckpt.index").note

    def test_escapes_names_from_the_file(self, notebook):
        notebook.push({"<script>alert(1)</script>": BIASES})
        notebook.run_line_magic("ckpt_save", "m.ckpt '<script>alert(1)</script>'")
        assert "<script" not in notebook.run_line_magic("ckpt_show", "m.ckpt")._repr_html_()

    @pytest.mark.parametrize("case", ["dtypes_v2", "names_v2", "partitioned_v1", "object_layers"])
    def test_shows_what_tensorflow_wrote(self, notebook, golden, case):
        for folder in sorted(golden.glob(f"tf*/{case}")):
            for index in folder.rglob("*.index"):
                html = notebook.run_line_magic("ckpt_show", f"'{index}'")._repr_html_()
                assert "<script" not in html


@pytest.mark.parametrize("magic", ["ckpt_save", "ckpt_restore", "ckpt_show"])
class TestEvery:
    def test_has_help_with_examples(self, notebook, capsys, magic):
        assert notebook.run_line_magic(magic, "-h") is None
        text = capsys.readouterr().out
        assert "Examples::" in text
        assert f"%{magic} " in text
        assert "In Python:" in text
        assert "Examples" in notebook.object_inspect(f"%{magic}")["docstring"]

    def test_is_silenced_by_a_semicolon(self, saved, magic):
        saved.push({"w": WEIGHT})
        result = saved.run_cell(f"%{magic} model.ckpt;")
        assert (result.result, result.error_in_exec) == (None, None)

    def test_gives_its_value_to_an_assignment(self, saved, magic):
        saved.push({"w": WEIGHT})
        saved.run_cell(f"value = %{magic} model.ckpt")
        assert saved.user_ns["value"] is not None

    def test_fills_in_expressions(self, saved, magic):
        saved.push({"w": WEIGHT, "stem": "model", "prefix": "model.ckpt"})
        assert saved.run_cell(f"%{magic} {{stem}}.ckpt").error_in_exec is None
        assert saved.run_cell(f"%{magic} $prefix").error_in_exec is None


def test_finds_the_home_directory(saved, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    saved.run_line_magic("ckpt_restore", "~/model.ckpt")
    assert "weight" in saved.user_ns


class TestProgress:
    def test_stays_silent_for_a_quick_save(self, saved, capsys):
        saved.run_line_magic("ckpt_restore", "model.ckpt")
        assert capsys.readouterr() == ("", "")

    def test_shows_bytes_and_rate_of_a_long_one(self, capsys, monkeypatch):
        clock = iter([0.0, 0.5, 2.0, 2.1, 4.0])
        monkeypatch.setattr("time.monotonic", lambda: next(clock))
        line = ProgressLine("Saving")
        for done in (10, 100, 105, 200):
            line(done * 10**6, 400 * 10**6)
        shown = capsys.readouterr().err
        assert [part.strip() for part in shown.split("\r") if part] == [
            "Saving 100.0 MB of 400.0 MB (25 %), 50.0 MB/s",
            "Saving 200.0 MB of 400.0 MB (50 %), 50.0 MB/s",
        ]
        line.close()
        assert capsys.readouterr().err.strip() == ""


def test_diff_compares_under_the_names_that_a_map_gives(saved):
    saved.push({"net": {"w": WEIGHT, "biases": BIASES}})
    table = saved.run_line_magic("ckpt_diff", "model.ckpt net --static --map w=weight")
    assert table.set_index("name")["status"].to_dict() == {"biases": "same", "w": "same"}
