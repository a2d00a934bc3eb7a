"""Tab on %graph and %%graph offers graphs, files, scopes, groups and choices."""

import os

import pytest

from ckpt_magics.graphs.graph.default import set_default_graph
from ckpt_magics.notebook.magics.completion import CheckpointMatcher

CELL = """
for name in ("encoder/first", "encoder/second", "head"):
    with tf.name_scope(name):
        tf.Variable([1.0], name="w")
"""


@pytest.fixture
def completer(notebook):
    before = set_default_graph(None)
    notebook.run_cell_magic("graph", "net", CELL)
    notebook.run_line_magic("ckpt_save", "runs/model.ckpt -q")
    for name in ("frozen.pb", "notes.md"):
        with open(name, "w", encoding="utf-8"):
            pass
    os.mkdir("net_export")
    yield CheckpointMatcher(notebook)
    set_default_graph(before)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", ["net", "frozen.pb", "net_export/", "runs/"]),
        ("ne", ["net", "net_export/"]),
        ("runs/", ["runs/model.ckpt", "runs/model.ckpt.meta"]),
        ("net --op", ["--open"]),
        ("net --open ", ["encoder", "head"]),
        ("net --open encoder/", ["encoder/first", "encoder/second"]),
        ("runs/model.ckpt --open h", ["head"]),
        ("--depth 1 --open h", ["head"]),
        ("frozen.pb --open ", []),
        ("gone.meta --open ", []),
        ("net --show s", ["save", "summaries"]),
        ("net --hide enc", ["encoder"]),
        ("net --direction ", ["TB", "BT", "LR", "RL"]),
        ("net --palette d", ["dark"]),
        ("net --depth ", []),
        ("net -o run", ["runs/"]),
        ("net --tags ", []),
        ("net ", []),
    ],
)
def test_completes_the_last_word(completer, line, words):
    assert completer.complete("graph", line) == words


def test_offers_a_saved_models_tags(completer, corpus):
    model = corpus / "tf2.21.0" / "saved_model" / "model"
    assert completer.complete("graph", f"{model} --tags s") == ["serve"]
