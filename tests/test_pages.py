"""What the pages of the site show runs: their Python, their commands, and the links between them."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import ckpt_magics
from ckpt_magics.files.kinds import known
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.steps.stepped_tensors import stepped
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.notebook.commands.command_line import main

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
COMING_FROM = [page for page in PAGES if page.parent.name == "coming_from"]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def run(program):
    """Run a program; returns its names."""
    names = {"__name__": "page"}
    exec(compile(program, "page", "exec"), names)
    return names


@pytest.mark.parametrize("page", COMING_FROM, ids=lambda page: page.stem)
def test_what_a_page_shows_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (program,) = blocks(page, "python")
    with ckpt_magics.Graph().as_default():
        run(program)
    capsys.readouterr()
    for line in "".join(blocks(page, "console")).splitlines():
        words = shlex.split(line)
        assert words[0] == "ckpt-magics"
        assert main(words[1:]) == 0, line
    assert capsys.readouterr().err == ""


def test_the_example_of_a_step_is_one():
    (program,) = blocks(DOCS / "add_a_step.md", "python")
    step = run(program)["NEGATE"].given(["w"])
    tensors = stepped(NamedTensors(ArraySource({"w": np.array([1.0, -2.0]), "b": np.ones(2)})))
    result = step.kind.apply(tensors, step)
    assert result.read(b"w").tolist() == [-1, 2]
    assert result.read(b"b").tolist() == [1, 1]


def test_the_example_of_a_kind_of_file_is_one(tmp_path, monkeypatch):
    (program,) = blocks(DOCS / "add_a_kind_of_file.md", "python")
    monkeypatch.setattr(known, "KINDS", (*known.KINDS, run(program)["F32"]))
    values = np.arange(6, dtype=np.float32)
    (tmp_path / "x.f32").write_bytes(b"F32\n" + values.tobytes())
    reader = ckpt_magics.load_checkpoint(tmp_path / "x.f32")
    np.testing.assert_array_equal(reader["values"], values)
    np.testing.assert_array_equal(reader.get_slice("values", slice(2, 4)), values[2:4])
    assert [piece.tolist() for _, piece in reader.pieces("values", 16)] == [[0, 1, 2, 3], [4, 5]]
    assert reader.verify().is_whole


def test_the_example_of_a_magic_is_one(shell, tmp_path):
    (program,) = blocks(DOCS / "add_a_magic.md", "python")
    shell.register_magics(run(program)["CountMagics"])
    ckpt_magics.save_checkpoint(tmp_path / "m", {"a": 1, "b": 2}, durable=False)
    try:
        assert shell.run_line_magic("ckpt_count", str(tmp_path / "m")) == 2
    finally:
        del shell.magics_manager.magics["line"]["ckpt_count"]


def test_every_page_is_in_the_contents():
    listed = re.findall(r"<([\w/]+)>$", "\n".join(blocks(DOCS / "index.md", r"\{toctree\}")), re.MULTILINE)
    assert {page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES} == {"index", *listed}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page):
    text = page.read_text("utf-8")
    links = re.findall(r"\]\(([^)#:]+)", text) + re.findall(r"^```\{\w+\} (\S+)", text, re.MULTILINE)
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_example_is_shown():
    shown = re.findall(r"\.\./(examples/\w+\.py)", (DOCS / "examples.md").read_text("utf-8"))
    assert shown == [f"examples/{path.name}" for path in sorted((DOCS.parent / "examples").glob("*.py"))]
