"""The magics as commands: reports, facts, files, exit codes, and what is said of a wrong line."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import ckpt_magics
from ckpt_magics.notebook.commands.command_line import COMMANDS, main
from ckpt_magics.notebook.commands.shell_command import ShellCommand
from tests.files.saved import write_checkpoint

REPORTING = [name for name, command in COMMANDS.items() if isinstance(command, ShellCommand)]

BEFORE = {"layer/w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(2), "words": np.array([b"x"], object)}
AFTER = {"layer/w": np.array([[0, 1, 2], [3, 4, np.nan]], np.float32), "b": np.ones(2), "step": np.int64(7)}


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A folder with two checkpoints, one of which a byte was changed of."""
    monkeypatch.chdir(tmp_path)
    write_checkpoint("m", BEFORE, global_step=1, durable=False)
    write_checkpoint("m", AFTER, global_step=2, durable=False)
    write_checkpoint("broken/m", BEFORE, durable=False)
    data = tmp_path / "broken" / "m.data-00000-of-00001"
    contents = bytearray(data.read_bytes())
    contents[0] ^= 1
    data.write_bytes(contents)
    return tmp_path


@pytest.fixture
def said(saved, capsys):
    """Runs a line and returns its exit code, standard output and standard error."""

    def run(*words):
        status = main(words)
        return (status, *capsys.readouterr())

    return run


def run_program(*words, **options):
    command = [sys.executable, "-m", "ckpt_magics", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


class TestReports:
    def test_show_lists_every_tensor(self, said):
        status, out, err = said("show", "m-1")
        assert (status, err) == (0, "")
        assert out.startswith("Checkpoint m-1, format V2\n")
        assert "  layer/w  float32  [2,3]  6         24     weights\n" in out

    def test_show_tells_what_the_values_are_like(self, said):
        status, out, _ = said("show", "m-2", "--stats")
        assert status == 0
        row = next(line.split() for line in out.splitlines() if line.startswith("  layer/w"))
        assert row[6:] == ["0", "4", "2", "1.41421", "1", "1", "0"]

    def test_show_has_no_row_too_many(self, said):
        write_checkpoint("many", {f"v{number}": np.zeros(1) for number in range(500)}, durable=False)
        assert said("show", "many")[1].count("\n  v") == 500

    def test_ls_lists_a_directory(self, said):
        status, out, _ = said("ls", ".")
        assert status == 0
        assert "m-2" in out
        assert "listed, latest" in out

    def test_verify_says_that_all_is_good(self, said):
        status, out, _ = said("verify", "m-1")
        assert status == 0
        assert "everything is good" in out

    def test_diff_lists_what_is_not_the_same(self, said):
        status, out, _ = said("diff", "m-1", "m-2")
        assert status == 1
        assert out.startswith("m-1 → m-2: 1 added, 1 removed, 1 changed, 1 same\n")
        assert not [line for line in out.splitlines() if line.startswith("  b ")]

    def test_diff_of_the_same_has_no_table(self, said):
        assert said("diff", "m-1", "m-1") == (0, "m-1 → m-1: 3 same\n", "")

    def test_diff_compares_under_the_names_that_a_map_gives(self, said):
        status, out, _ = said("diff", "m-1", "m-2", "--map", "net/=layer/")
        assert status == 1
        assert "net/w" in out

    def test_graph_describes_names_where_there_is_no_graph(self, said):
        status, out, _ = said("graph", "m-1", "--depth", "0")
        assert status == 0
        assert "layer" in out

    def test_graph_tells_what_it_takes_and_gives(self, said, golden):
        _, out, _ = said("graph", str(golden / "tf2.21.0" / "graph_conv_adam" / "g"), "--inputs-outputs")
        assert "  output  loss:0    float32  []\n" in out
        assert (
            "likely outputs: prob:0 float32 [?, 10], loss:0 float32 []"
            in said("graph", str(golden / "tf2.21.0" / "graph_conv_adam" / "g"))[1]
        )


class TestConversions:
    def test_steps_are_done_in_order_and_the_facts_are_told(self, said):
        words = ["--exclude", "words", "--map", "*/kernel=*/w", "--transpose", "*/kernel=1,0", "--json"]
        status, out, _ = said("convert", "m-1", "x.npz", *words)
        facts = json.loads(out)
        assert status == 0
        assert facts["dropped"] == [{"name": "words", "reason": "--exclude"}]
        kernel = {"name": "layer/kernel", "dtype": "float32", "shape": [3, 2], "bytes": 24, "from": ["layer/w"]}
        assert {**kernel, "changed": ["transposed 1,0"]} in facts["tensors"]
        assert np.load("x.npz")["layer/kernel"].shape == (3, 2)

    def test_what_cannot_be_done_writes_nothing(self, said):
        status, out, err = said("convert", "m-1", "x.safetensors")
        assert (status, out) == (2, "")
        assert "safetensors cannot hold strings (words)" in err
        assert not os.path.exists("x.safetensors")
        assert said("convert", "m-1")[0] == 2

    def test_the_mean_of_the_last_ones(self, said):
        status, out, _ = said("average", ".", "mean.npz", "--last", "2", "--common")
        assert status == 0
        assert out.startswith("Averaged ./m-1, ./m-2 to mean.npz")
        assert np.load("mean.npz")["b"].tolist() == [1, 1]

    def test_lists_recipes(self, said):
        facts = json.loads(said("convert", "--recipes", "--json")[1])
        assert "bert" in [one["name"] for one in facts["recipes"]]


class TestDamage:
    @pytest.mark.parametrize("words", [["verify", "broken"], ["show", "broken", "--stats"]])
    def test_is_exit_code_1_with_the_report(self, said, words):
        status, out, err = said(*words)
        assert (status, err) == (1, "")
        assert "checksum" in out.lower()

    def test_that_a_comparison_meets_is_exit_code_2(self, said):
        status, out, err = said("diff", "m-1", "broken")
        assert (status, out) == (2, "")
        assert err.startswith("ckpt-magics diff: ")

    def test_of_a_directory_is_exit_code_1(self, said, saved):
        (saved / "broken" / "m.data-00000-of-00001").unlink()
        assert said("ls", "broken")[0] == 1

    def test_is_no_bar_to_a_salvage(self, said):
        assert said("verify", "broken", "--salvage", "good/m")[0] == 1
        assert said("show", "good", "--json")[0] == 0


class TestFacts:
    def facts(self, said, *words):
        return json.loads(said(*words, "--json")[1], parse_constant=pytest.fail)

    def test_of_show(self, said):
        facts = self.facts(said, "show", "m-1")
        assert (facts["checkpoint"], facts["format"], len(facts["files"])) == ("m-1", "V2", 3)
        assert facts["tensors"][:2] == [
            {"name": "b", "dtype": "float64", "shape": [2], "bytes": 16, "group": "weights"},
            {"name": "layer/w", "dtype": "float32", "shape": [2, 3], "bytes": 24, "group": "weights"},
        ]

    def test_of_show_with_statistics(self, said):
        b, w, step = self.facts(said, "show", "m-2", "--stats")["tensors"]
        assert (w["min"], w["max"], w["nans"], w["problem"]) == (0, 4, 1, "")
        assert (b["mean"], b["std"], step["max"]) == (1, 0, 7)

    def test_of_what_no_json_number_is(self, said):
        write_checkpoint("far", {"w": np.array([1e308, -1e308])}, durable=False)
        (tensor,) = self.facts(said, "show", "far", "--stats")["tensors"]
        assert tensor["std"] in {"inf", "nan"}

    def test_of_ls(self, said):
        facts = self.facts(said, "ls")
        assert [(one["name"], one["status"], one["step"]) for one in facts["checkpoints"]] == [
            ("m-1", "listed", 1),
            ("m-2", "listed", 2),
        ]
        assert facts["latest"].endswith("m-2")

    def test_of_verify(self, said):
        facts = self.facts(said, "verify", "broken")
        assert facts["whole"] is False
        assert [one["name"] for one in facts["tensors"] if not one["good"]] == ["b"]
        assert [(one["tensor"], one["damage"]) for one in facts["findings"]] == [("b", True)]

    def test_of_diff(self, said):
        facts = self.facts(said, "diff", "m-1", "m-2")
        assert facts["counts"] == {"added": 1, "removed": 1, "changed": 1, "same": 1}
        changed = next(one for one in facts["tensors"] if one["status"] == "changed")
        assert (changed["name"], changed["changed"], changed["norm"]) == ("layer/w", 1, 0)

    def test_of_graph(self, said, golden):
        facts = self.facts(said, "graph", str(golden / "tf2.21.0" / "graph_conv_adam" / "g"))
        assert facts["kind"]
        assert facts["ops"]["Const"] > 0
        assert facts["inputs"][1] == {"name": "labels:0", "dtype": "int64", "shape": "[?]"}
        assert [end["name"] for end in facts["outputs"]] == ["prob:0", "loss:0"]
        assert {"name", "dtype", "shape", "bytes", "group"} <= facts["variables"][0].keys()

    def test_keep_names_that_are_no_text(self, said):
        name = os.fsdecode(b"\xff\x1b")
        write_checkpoint("odd", {name: np.ones(1)}, durable=False)
        (tensor,) = self.facts(said, "show", "odd")["tensors"]
        assert tensor["name"] == name
        assert "\x1b" not in said("show", "odd")[1]

    @pytest.mark.parametrize("name", REPORTING)
    def test_are_told_in_the_help(self, said, saved, name):
        written = {"convert": ["m-1", "x.ckpt"], "average": ["m-1", "m-1", "x.ckpt"]}
        words = {"ls": ["."], "diff": ["m-1", "m-2"], **written}.get(name, ["m-1"])
        facts = self.facts(said, name, *words)
        text = said(name, "-h")[1]
        assert all(f'"{key}"' in text for key in facts)


class TestFiles:
    @pytest.mark.parametrize("words", [["show", "m-1"], ["diff", "m-1", "m-2"], ["verify", "m-1"], ["ls"]])
    def test_html_is_a_page_of_its_own(self, said, saved, words):
        _, out, err = said(*words, "-o", "report.html")
        page = (saved / "report.html").read_text("utf-8")
        assert out
        assert err == ""
        assert page.startswith("<!DOCTYPE html>")
        assert "default-src 'none'" in page
        assert 'src="' not in page

    def test_have_the_form_that_their_name_says(self, said, saved):
        for ending, start in [(".txt", "Checkpoint m-1"), (".json", '{"checkpoint": "m-1"')]:
            said("show", "m-1", "-o", f"r{ending}")
            assert (saved / f"r{ending}").read_text("utf-8").startswith(start)
        said("graph", "m-1", "-o", "g.dot")
        assert (saved / "g.dot").read_text("utf-8").startswith("digraph")

    def test_of_another_form_are_refused_before_any_work(self, said):
        status, _, err = said("verify", "m-1", "-o", "report.pdf")
        assert status == 2
        assert "has to end in one of .html, .txt, .json" in err

    def test_that_cannot_be_written_are_exit_code_2(self, said):
        status, out, err = said("show", "m-1", "-o", "nowhere/report.html")
        assert (status, out) == (2, "")
        assert "nowhere" in err


class TestWrongLines:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["shw"], "ckpt-magics: no command shw; nearest: show"),
            (["show"], "the following arguments are required: source; ckpt-magics show -h shows its options"),
            (["show", "m-1", "--stat"], "unrecognized arguments: --stat; nearest: --stats"),
            (["show", "nothing"], "ckpt-magics show: "),
            (["diff", "m-1"], "required: B"),
            (["verify", "--salvage", "x y", "m-1"], "before the options: ckpt-magics verify m-1 --salvage 'x y'"),
            (["graph", "m-1", "--direction", "up"], "invalid choice: 'up'"),
            (["run"], "ckpt-magics run: the following arguments are required: SCRIPT"),
            (["run", "--v3", "program.py"], "ckpt-magics run: unrecognized arguments: --v3"),
            (["run", "nothing.py", "-h"], "ckpt-magics run: there is no file nothing.py"),
        ],
    )
    def test_are_exit_code_2_with_one_line(self, said, words, message):
        status, out, err = said(*words)
        assert (status, out) == (2, "")
        assert message in err
        assert err.count("\n") == 1

    def test_a_path_with_blanks_is_answered_with_quotes(self, said, saved):
        (saved / "broken").rename(saved / "my $runs")
        status, _, err = said("show", "my", "$runs")
        assert status == 2
        assert "quotes hold a path with blanks together: ckpt-magics show 'my $runs'" in err


class TestHelp:
    def test_names_every_command(self, said):
        status, out, _ = said("-h")
        assert status == 0
        assert all(f"  {command.name}" in out and command.summary in out for command in COMMANDS.values())

    def test_is_what_no_words_are_answered_with(self, said):
        status, out, err = said()
        assert (status, out) == (2, "")
        assert err == said("--help")[1]

    @pytest.mark.parametrize("name", REPORTING)
    def test_of_a_command_has_its_options(self, said, name):
        status, out, _ = said(name, "--help")
        assert status == 0
        assert out.startswith(f"usage: ckpt-magics {name} ")
        assert "--json" in out

    def test_of_run_is_asked_for_before_the_script(self, said):
        assert said("run", "-h")[1].startswith("usage: ckpt-magics run [--v2] [-h] SCRIPT")


class TestStreams:
    @pytest.fixture
    def large(self, tmp_path):
        """A checkpoint whose list is longer than a pipe."""
        write_checkpoint(tmp_path / "m", {f"{'v' * 90}{at}": np.zeros(1) for at in range(4000)}, durable=False)
        return str(tmp_path / "m")

    def test_a_closed_pipe_ends_it_silently(self, large):
        with run_program("show", large) as process:
            process.stdout.read(1)
            process.stdout.close()
            assert process.stderr.read() == ""
        assert process.returncode == 141

    def test_an_interrupt_ends_it_silently(self, large):
        with run_program("show", large) as process:
            process.stdout.read(1)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
        assert (process.returncode, err) == (130, "")

    def test_a_program_has_these_exit_codes_and_streams(self, saved):
        environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
        for words, status in [(["diff", "m-1", "m-1"], 0), (["diff", "m-1", "m-2"], 1), (["diff", "m-1"], 2)]:
            process = run_program(*words, env=environment)
            out, err = process.communicate()
            assert process.returncode == status
            assert bool(out) == (status < 2)
            assert bool(err) == (status == 2)
            assert "Traceback" not in err

    def test_a_warning_is_a_line(self, saved):
        (saved / "checkpoint").write_bytes(b"garbage")
        process = run_program("show", ".")
        out, err = process.communicate()
        assert process.returncode == 0
        assert out
        assert err.startswith("python -m ckpt_magics: warning: ")
        assert err.count("\n") == 1

    def test_progress_is_for_terminals(self, saved, monkeypatch, capsys):
        monkeypatch.setattr("ckpt_magics.notebook.commands.progress_line.FIRST_AFTER", 0.0)
        monkeypatch.setattr("ckpt_magics.notebook.commands.progress_line.EVERY", 0.0)
        main(["verify", "m-1"])
        assert capsys.readouterr().err == ""
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        main(["verify", "m-1"])
        assert "\rVerifying 0.0 MB" in capsys.readouterr().err
        main(["verify", "m-1", "--quiet"])
        assert capsys.readouterr().err == ""


def test_statistics_are_a_table_of_a_reader_and_of_a_line(saved, magics):
    with ckpt_magics.load_checkpoint("m-2") as reader:
        table = reader.statistics().set_index("name")
    assert table.index[table["nans"] > 0].tolist() == ["layer/w"]
    assert table.loc["layer/w", ["min", "max", "mean", "zeros"]].tolist() == [0, 4, 2, 1]
    assert table["problem"].tolist() == ["", "", ""]
    shown = magics.run_line_magic("ckpt_show", "m-2 --stats")
    assert shown.statistics.set_index("name")["nans"].tolist() == table["nans"].tolist()


def test_statistics_tell_which_tensor_cannot_be_read(saved):
    with ckpt_magics.load_checkpoint("broken") as reader:
        table = reader.statistics().set_index("name")
    assert "checksum" in table.loc["b", "problem"].lower()
    assert table["min"].isna().tolist() == [True, False, True]
    assert table["zeros"].isna().tolist() == [True, False, False]
