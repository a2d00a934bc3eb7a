"""Tab offers flags, checkpoints, names of the notebook and names inside the checkpoint."""

import numpy as np
import pytest
from IPython.core.completer import provisionalcompleter

from ckpt_magics.magics.completion import CheckpointMatcher


@pytest.fixture
def completer(notebook):
    notebook.push({"weight": np.zeros(3), "biases": np.zeros(2), "number": 3})
    notebook.run_line_magic("ckpt_save", "runs/model.ckpt weight layer/kernel=weight layer/bias=biases -q")
    return CheckpointMatcher(notebook)


@pytest.mark.parametrize(
    ("magic", "line", "words"),
    [
        ("ckpt_restore", "--re", ["--reshape"]),
        ("ckpt_restore", "", ["runs/"]),
        ("ckpt_restore", "ru", ["runs/"]),
        ("ckpt_restore", "runs/", ["runs/model.ckpt"]),
        ("ckpt_show", "runs/mo", ["runs/model.ckpt"]),
        ("ckpt_restore", "runs/model.ckpt ", ["layer/bias", "layer/kernel", "weight"]),
        ("ckpt_restore", "runs la", ["layer/bias", "layer/kernel"]),
        ("ckpt_restore", "runs --exclude layer/k", ["layer/kernel"]),
        ("ckpt_restore", "runs --map new=we", ["new=weight"]),
        ("ckpt_restore", "runs --into bi", ["biases"]),
        ("ckpt_restore", "runs --step ", []),
        ("ckpt_restore", "nowhere ", []),
        ("ckpt_save", "runs/model.ckpt ", ["weight", "biases"]),
        ("ckpt_save", "runs/model.ckpt --max", ["--max-to-keep"]),
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
        ("%ckpt_restore runs/mod", "%ckpt_restore runs/model.ckpt"),
        ("%ckpt_restore runs layer/k", "%ckpt_restore runs layer/kernel"),
        ("%ckpt_restore runs --map a/b=layer/k", "%ckpt_restore runs --map a/b=layer/kernel"),
        ("%ckpt_restore runs --dry", "%ckpt_restore runs --dry-run"),
    ],
)
def test_completes_words_that_python_would_divide(completer, notebook, line, completed):
    assert offered(notebook, line) == [completed]


def test_leaves_other_lines_alone(completer, notebook):
    assert offered(notebook, "x = wei") == ["x = weight"]
