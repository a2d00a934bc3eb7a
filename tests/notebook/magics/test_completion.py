"""Tab offers flags, checkpoints, names of the notebook and names inside the checkpoint."""

import numpy as np
import pytest
from IPython.core.completer import provisionalcompleter

from ckpt_magics.notebook.magics.completion import CheckpointMatcher


@pytest.fixture
def completer(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".hidden").mkdir()
    notebook.push({"weight": np.zeros(3), "biases": np.zeros(2), "number": 3})
    notebook.run_line_magic("ckpt_save", "'my runs/a b' x=weight -q")
    for step in (7, 12):
        notebook.run_line_magic("ckpt_save", f"runs/model.ckpt weight --step {step} -q")
    notebook.run_line_magic("ckpt_save", "runs/model.ckpt weight layer/kernel=weight layer/bias=biases -q")
    notebook.push({"params": {"w": np.zeros(2)}})
    return CheckpointMatcher(notebook)


@pytest.mark.parametrize(
    ("magic", "line", "words"),
    [
        ("ckpt_restore", "--re", ["--reshape"]),
        ("ckpt_restore", "", ["'my runs/'", "runs/"]),
        ("ckpt_restore", "ru", ["runs/"]),
        ("ckpt_restore", "runs/", ["runs/model.ckpt", "runs/model.ckpt-12", "runs/model.ckpt-7"]),
        ("ckpt_show", "runs/model.ckpt-", ["runs/model.ckpt-12", "runs/model.ckpt-7"]),
        ("ckpt_restore", "runs/model.ckpt ", ["layer/bias", "layer/kernel", "weight"]),
        ("ckpt_restore", "runs la", ["layer/bias", "layer/kernel"]),
        ("ckpt_restore", "runs --exclude layer/k", ["layer/kernel"]),
        ("ckpt_restore", "runs --map new=we", ["new=weight"]),
        ("ckpt_restore", "runs --into bi", ["biases"]),
        ("ckpt_restore", "--step ", []),
        ("ckpt_restore", "nowhere ", []),
        ("ckpt_restore", "runs/model.ckpt --step ", ["7", "12"]),
        ("ckpt_restore", "runs --step 1", ["12"]),
        ("ckpt_save", "runs/model.ckpt --step ", []),
        ("ckpt_diff", "runs ru", ["runs/"]),
        ("ckpt_diff", "runs 'my runs/", ["'my runs/a b'"]),
        ("ckpt_diff", "runs we", ["weight"]),
        ("ckpt_diff", "runs param", ["params"]),
        ("ckpt_diff", "runs weight ", []),
        ("ckpt_show", "~/", ["'~/my runs/'", "~/runs/"]),
        ("ckpt_show", "'~/my runs/'", ["'~/my runs/a b'"]),
        ("ckpt_show", '"runs/mo', ['"runs/model.ckpt"', '"runs/model.ckpt-12"', '"runs/model.ckpt-7"']),
        ("ckpt_show", "'my ru", ["'my runs/"]),
        ("ckpt_show", "my", ["'my runs/'"]),
        ("ckpt_show", ".h", [".hidden/"]),
        ("ckpt_restore", "'my runs/a b' ", ["x"]),
        ("ckpt_restore", "runs 'layer/k", ["'layer/kernel'"]),
        ("ckpt_save", "runs/model.ckpt ", ["weight", "biases"]),
        ("ckpt_save", "runs/model.ckpt --max", ["--max-to-keep"]),
        ("ckpt_convert", "ru", ["runs/"]),
        ("ckpt_convert", "para", ["params"]),
        ("ckpt_convert", "runs/model.ckpt-7 runs/model.ckpt-1", ["runs/model.ckpt-12"]),
        ("ckpt_convert", "runs x.npz --wei", ["--weights-only"]),
        ("ckpt_convert", "runs x.npz --exclude la", ["layer/bias", "layer/kernel"]),
        ("ckpt_convert", "runs x.npz --transpose we", ["weight"]),
        ("ckpt_convert", "runs x.npz --transpose weight=", []),
        ("ckpt_convert", "a:runs x.npz --map new=layer/k", ["new=layer/kernel"]),
        ("ckpt_convert", "runs x.npz --split q,k=we", ["q,k=weight"]),
        ("ckpt_convert", "runs x.npz --to safe", ["safetensors"]),
        ("ckpt_convert", "runs x.npz --recipe bert-", ["bert-to-tensorflow"]),
        ("ckpt_convert", "runs x.npz --under ", []),
        ("ckpt_convert", "nowhere x.npz --exclude ", []),
        ("ckpt_average", "runs x.npz --la", ["--last", "--layout", "--layers"]),
    ],
)
def test_completes_the_last_word(completer, magic, line, words):
    assert completer.complete(magic, line) == words


def offered(notebook, line):
    """What Tab turns the line into."""
    with provisionalcompleter():
        found = list(notebook.Completer.completions(line, len(line)))
    return [line[: one.start] + one.text + line[one.end :] for one in found]


@pytest.mark.parametrize("start", ["%ckpt_restore", "report = %ckpt_restore"])
def test_offers_the_names_and_nothing_else(completer, notebook, start):
    line = f"{start} runs/model.ckpt "
    assert offered(notebook, line) == [f"{line}{name}" for name in ("layer/bias", "layer/kernel", "weight")]


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("%ckpt_restore my", "%ckpt_restore 'my runs/'"),
        ("%ckpt_show 'my runs/", "%ckpt_show 'my runs/a b'"),
        ("%ckpt_show 'my ru", "%ckpt_show 'my runs/"),
        ('%ckpt_show "runs/model.ckpt-1', '%ckpt_show "runs/model.ckpt-12"'),
        ("%ckpt_show ~/ru", "%ckpt_show ~/runs/"),
        ("%ckpt_diff runs ru", "%ckpt_diff runs runs/"),
        ("%ckpt_restore runs --step 1", "%ckpt_restore runs --step 12"),
        ("%ckpt_restore runs/model.ckpt-1", "%ckpt_restore runs/model.ckpt-12"),
        ("%ckpt_restore runs layer/k", "%ckpt_restore runs layer/kernel"),
        ("%ckpt_restore runs --map a/b=layer/k", "%ckpt_restore runs --map a/b=layer/kernel"),
        ("%ckpt_restore runs --dry", "%ckpt_restore runs --dry-run"),
    ],
)
def test_completes_words_that_python_would_divide(completer, notebook, line, completed):
    assert offered(notebook, line) == [completed]


def test_leaves_other_lines_alone(completer, notebook):
    assert offered(notebook, "x = wei") == ["x = weight"]


def test_leaves_the_closing_quote_to_the_editor(completer, notebook):
    line = "%ckpt_show 'my runs/a'"
    with provisionalcompleter():
        (found,) = notebook.Completer.completions(line, len(line) - 1)
    assert line[: found.start] + found.text + line[found.end :] == "%ckpt_show 'my runs/a b'"
