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
