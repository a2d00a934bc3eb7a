"""What the README says is so: its Python, its magic lines, its commands, its pictures, its floors."""

import doctest
import re
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pytest

import ckpt_magics
from ckpt_magics.notebook.commands.command_line import COMMANDS, main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
MAGICS = re.findall(r"^\| `(%.*?)` \|", README, re.MULTILINE)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


@pytest.fixture
def anywhere(tmp_path, monkeypatch):
    """A current directory that nothing has been written to."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("anywhere")
def test_python_session_gives_what_is_printed():
    (session,) = blocks("pycon")
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", "README.md", 0)
    problems: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=problems.append)
    assert not problems, "".join(problems)
    assert len(test.examples) <= 8


@pytest.mark.usefixtures("anywhere")
def test_every_line_of_the_table_of_magics_runs(shell):
    arrays, _, program = blocks("python")
    shell.run_line_magic("load_ext", "ckpt_magics")
    try:
        shell.run_cell(arrays).raise_error()
        for line in MAGICS:
            cell = f"{line}\n{program}" if line.startswith("%%") else line
            result = shell.run_cell(cell)
            result.raise_error()
            assert result.result is not None, line
    finally:
        shell.run_line_magic("unload_ext", "ckpt_magics")


@pytest.mark.usefixtures("anywhere")
def test_every_command_of_the_shell_runs(capsys):
    ckpt_magics.save_checkpoint("runs/model.ckpt", {"weight": [1.0, 2.0]}, global_step=1, durable=False)
    (session,) = blocks("console")
    lines = [shlex.split(line, comments=True) for line in session.splitlines()]
    assert {words[0] for words in lines} == {"ckpt-magics"}
    assert {words[1] for words in lines} == set(COMMANDS)
    # A program is for an environment without TensorFlow.
    for words in [each for each in lines if each[1] != "run"]:
        assert main(words[1:]) == 0, words
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("anywhere")
def test_table_has_every_magic(shell):
    shell.run_line_magic("load_ext", "ckpt_magics")
    try:
        known = {
            (kind, name)
            for kind, magics in shell.magics_manager.magics.items()
            for name, magic in magics.items()
            if magic.__module__.startswith("ckpt_magics")
        }
    finally:
        shell.run_line_magic("unload_ext", "ckpt_magics")
    listed = {("cell" if line.startswith("%%") else "line", line.split()[0].lstrip("%")) for line in MAGICS}
    assert listed == known


@pytest.mark.usefixtures("anywhere")
def test_program_of_tensorflow_1_runs():
    program = blocks("python")[-1]
    with ckpt_magics.Graph().as_default():
        exec(compile(program, "README.md", "exec"), {})
    assert Path("runs/program.ckpt.index").is_file()


@pytest.mark.usefixtures("anywhere")
def test_objects_are_saved_and_restored():
    exec(compile(blocks("python")[1], "README.md", "exec"), {"ckpt_magics": ckpt_magics, "np": np})
    assert Path("runs/objects-1.index").is_file()


def test_every_make_target_is_named_and_exists():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"^\| `make (\w+)` \|", README, re.MULTILINE)) == targets
    assert set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE)) <= targets


def test_every_file_that_it_shows_or_names_is_there():
    paths = re.findall(r'(?:src|srcset)="([^"]+)"', README) + re.findall(r"\]\(([^)#:]+)\)", README)
    assert paths
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_floors_are_those_that_are_enforced():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    table = README.partition("| floor |")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == layers
