"""A line's words stand in one order, and a line in another is answered with the one that works."""

import numpy as np
import pytest
from IPython.core.error import UsageError

from ckpt_magics import load_checkpoint
from ckpt_magics.notebook.commands.line_layout import lay_out
from ckpt_magics.notebook.magics.command import parser_of


@pytest.fixture
def saved(notebook):
    names = "conv/w=np.ones(3) conv/w/Adam=np.ones(3) b=np.ones(2) global_step=np.int64(5)"
    notebook.push({"np": np})
    notebook.run_line_magic("ckpt_save", f"m.ckpt {names} -q")
    notebook.run_line_magic("ckpt_save", f"'my runs/m.ckpt' {names} -q")
    return notebook


def restored(notebook, line):
    notebook.user_ns.pop("kept", None)
    return [tensor.name for tensor in notebook.run_line_magic("ckpt_restore", line).restored]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("m.ckpt --into kept --exclude *Adam* global_step", ["b", "conv/w"]),
        ("m.ckpt --exclude *Adam* global_step --into kept", ["b", "conv/w"]),
        ("m.ckpt --exclude *Adam* --exclude global_step --into kept", ["b", "conv/w"]),
        ("m.ckpt b conv --exclude=*Adam* --into=kept", ["b", "conv/w"]),
        ("--exclude *Adam* global_step --into kept -- m.ckpt b conv", ["b", "conv/w"]),
        ("m.ckpt conv/w --into kept", ["conv/w"]),
        ("m.ckpt conv/w --slots --into kept", ["conv/w", "conv/w/Adam"]),
        ("m.ckpt --quiet b --into kept", ["b"]),
        (r"m.ckpt 're:(conv|b).*' --exclude 're:.*/Adam' --into kept", ["b", "conv/w"]),
        ("m.ckpt conv/kernel step --map */kernel=*/w step=global_step --into kept", ["conv/kernel", "step"]),
        (r"m.ckpt conv/kernel --map 're:(.*)/kernel=\1/w' --into kept", ["conv/kernel"]),
        (r"m.ckpt conv/kernel --map '\1/kernel=re:(.*)/w' --into kept", ["conv/kernel"]),
    ],
)
def test_values_of_an_option_run_to_the_next(saved, line, names):
    assert restored(saved, line) == names


@pytest.mark.parametrize(
    ("magic", "line", "right"),
    [
        ("ckpt_restore", "m.ckpt --into kept b", "%ckpt_restore m.ckpt b --into kept"),
        ("ckpt_restore", "--into kept m.ckpt b", "%ckpt_restore m.ckpt b --into kept"),
        ("ckpt_restore", "--exclude *Adam* m.ckpt --into kept", "%ckpt_restore m.ckpt --exclude *Adam* --into kept"),
        ("ckpt_restore", "--exclude b *Adam* m.ckpt", "%ckpt_restore m.ckpt --exclude b *Adam*"),
        ("ckpt_restore", "m.ckpt --exclude b --dry-run conv", "%ckpt_restore m.ckpt conv --exclude b --dry-run"),
        ("ckpt_save", "--step 3 n.ckpt 'w=[1.0, 2]'", "%ckpt_save n.ckpt 'w=[1.0, 2]' --step 3"),
        ("ckpt_verify", "--salvage good m.ckpt", "%ckpt_verify m.ckpt --salvage good"),
        ("graph", "--open save m.ckpt", "%graph m.ckpt --open save"),
    ],
)
def test_answers_another_order_with_the_line_that_works(saved, magic, line, right):
    with pytest.raises(UsageError) as caught:
        saved.run_line_magic(magic, line)
    assert f"the options: {right}" in str(caught.value)
    assert saved.run_cell(right).error_in_exec is None


@pytest.mark.parametrize(
    ("magic", "line", "near"),
    [
        ("ckpt_restore", "m.ckpt --excl b", "--exclude"),
        ("ckpt_restore", "m.ckpt --dry", "--dry-run"),
        ("ckpt_save", "m.ckpt --max-keep 3", "--max-to-keep"),
        ("ckpt_show", "m.ckpt --stat", "--stats, --static"),
    ],
)
def test_options_are_not_abbreviated(saved, magic, line, near):
    with pytest.raises(UsageError, match=f"unrecognized arguments: --.*; nearest: {near}; %{magic}"):
        saved.run_line_magic(magic, line)


@pytest.mark.parametrize(
    ("magic", "line", "right"),
    [
        ("ckpt_show", "my runs/m.ckpt", "%ckpt_show 'my runs/m.ckpt'"),
        ("ckpt_show", "my runs --static", "%ckpt_show 'my runs' --static"),
        ("ckpt_restore", "my runs/m.ckpt b --into kept", "%ckpt_restore 'my runs/m.ckpt' b --into kept"),
        ("ckpt_verify", "my runs/m.ckpt", "%ckpt_verify 'my runs/m.ckpt'"),
        ("ckpt_diff", "m.ckpt my runs/m.ckpt", "%ckpt_diff m.ckpt 'my runs/m.ckpt'"),
        ("ckpt_save", "my runs/n.ckpt b=1.0", "%ckpt_save 'my runs/n.ckpt' b=1.0"),
        ("ckpt_ls", "my runs", "%ckpt_ls 'my runs'"),
        ("graph", "my runs/m.ckpt", "%graph 'my runs/m.ckpt'"),
    ],
)
def test_a_path_with_blanks_is_answered_with_quotes(saved, magic, line, right):
    with pytest.raises(UsageError) as caught:
        saved.run_line_magic(magic, line)
    assert f"quotes hold a path with blanks together: {right}" in str(caught.value)
    assert saved.run_cell(right).error_in_exec is None


def test_a_value_with_blanks_is_answered_with_quotes(saved):
    with pytest.raises(UsageError, match="quotes hold a value with blanks together: --salvage 'my runs/good'"):
        saved.run_line_magic("ckpt_verify", "m.ckpt --salvage my runs/good")


@pytest.mark.parametrize(
    ("magic", "line", "right"),
    [
        ("ckpt_show", "p", "%ckpt_show {p}"),
        ("ckpt_show", "p --static", "%ckpt_show {p} --static"),
        ("ckpt_restore", "p b", "%ckpt_restore {p} b"),
        ("ckpt_diff", "m.ckpt p", "%ckpt_diff m.ckpt {p}"),
        ("ckpt_verify", "path", "%ckpt_verify {path}"),
        ("ckpt_show", "blanks", "%ckpt_show '{blanks}'"),
        ("ckpt_show", "reader", "%ckpt_show {reader.prefix}"),
        ("ckpt_ls", "folder", "%ckpt_ls '{folder}'"),
    ],
)
def test_a_variable_that_names_a_checkpoint_is_answered_with_its_value(saved, tmp_path, magic, line, right):
    blanks, folder = "my runs/m.ckpt", "my runs"
    with load_checkpoint("m.ckpt") as reader:
        saved.push({"p": "m.ckpt", "path": tmp_path / "m.ckpt", "blanks": blanks, "folder": folder, "reader": reader})
        with pytest.raises(UsageError) as caught:
            saved.run_line_magic(magic, line)
        assert f"is a variable of the notebook: {right} takes what it says" in str(caught.value)
        assert saved.run_cell(right).error_in_exec is None


def test_sorts_the_words_of_a_line(notebook):
    parser = parser_of(notebook.magics_manager.magics["line"]["ckpt_restore"])
    layout = lay_out(parser, ["m", "-q", "a", "--step", "-3", "b", "--map=x=y", "z=w", "--exclude", "--", "-c", "--d"])
    assert layout.positional == ["m", "a", "b", "-c", "--d"]
    assert layout.options == [["-q"], ["--step", "-3"], ["--map", "x=y", "z=w"], ["--exclude"]]
    assert layout.misplaced == ["b"]
    assert lay_out(parser, ["m", "--exclude", "a"]).pending.dest == "exclude"
    assert lay_out(parser, ["m", "--step", "3"]).pending is None
