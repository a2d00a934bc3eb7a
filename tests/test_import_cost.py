"""Importing the package is cheap: heavy libraries load when they are used."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "IPython",
    "anywidget",
    "cramjam",
    "google.protobuf",
    "graphviz",
    "ipywidgets",
    "jax",
    "ml_dtypes",
    "numpy",
    "pandas",
    "tensorflow",
    "torch",
}

# An audit hook sees every way to start a process that Python has.
PROGRAM = """
import json, sys
started = []
sys.addaudithook(lambda event, _: started.append(event) if event in {events} else None)
{statement}
print(json.dumps([sorted(sys.modules), started]))
"""
PROCESS_EVENTS = {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn"}


def run_fresh(statement):
    """Run a statement in a new interpreter; return the modules loaded after it and the processes started in it."""
    program = PROGRAM.format(events=PROCESS_EVENTS, statement=statement)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    modules, started = json.loads(done.stdout)
    return set(modules), started


def run_command(words):
    """Run a command that finds all good in a new interpreter; returns the same."""
    start = "import io; from ckpt_magics.notebook.commands.command_line import main"
    return run_fresh(
        f"{start}; sys.stdout, out = io.StringIO(), sys.stdout; assert main({words!r}) == 0; sys.stdout = out"
    )


def test_import_loads_nothing_heavy_and_starts_no_process():
    modules, started = run_fresh("import ckpt_magics")
    assert not modules & HEAVY
    assert started == []


@pytest.mark.parametrize("statement", ["dir(ckpt_magics)", "ckpt_magics.CheckpointError"])
def test_looking_around_loads_nothing_heavy(statement):
    modules, _ = run_fresh(f"import ckpt_magics\n{statement}")
    assert not modules & HEAVY


def test_saving_and_restoring_arrays_loads_no_framework(tmp_path):
    values = "values = {'w': np.ones(2), 'n': 3, 'deep': {'list': [1, 2]}}"
    calls = f"c.save_checkpoint({str(tmp_path / 'm')!r}, values); c.restore_checkpoint({str(tmp_path / 'm')!r}, values)"
    modules, _ = run_fresh(f"import ckpt_magics as c, numpy as np\n{values}\n{calls}")
    assert not modules & {"jax", "pandas", "tensorflow", "torch"}


def test_what_a_line_takes_is_known_without_ipython():
    names = ["arguments", "hints", "notebook_lines", "restore_line", "words"]
    modules, _ = run_fresh("; ".join(f"import ckpt_magics.notebook.commands.{name}" for name in names))
    assert not modules & {"IPython", "anywidget", "ipywidgets", "pandas", "traitlets"}


@pytest.mark.parametrize("line", ["show M --stats", "show M --json", "ls .", "verify M", "diff M M", "graph M"])
def test_a_command_loads_nothing_of_a_notebook(golden, line):
    prefix = str(golden / "tf2.21.0" / "graph_conv_adam" / "g" / "model.ckpt-2")
    words = [prefix if word == "M" else word for word in line.split()]
    modules, started = run_command(words)
    assert not modules & {"IPython", "anywidget", "graphviz", "ipywidgets", "pandas", "tensorflow", "traitlets"}
    assert started == []


def test_help_of_the_commands_loads_nothing_heavy():
    modules, _ = run_command(["show", "-h"])
    assert not modules & HEAVY
