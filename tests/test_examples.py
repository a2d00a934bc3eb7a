"""Every example runs, and says what it is expected to say."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def folder(tmp_path):
    """A copy of the examples, so that what they write stays out of the tree."""
    return Path(shutil.copytree(EXAMPLES, tmp_path / "examples"))


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.ipynb")))
@pytest.mark.filterwarnings("ignore")  # of the Jupyter libraries that run the notebook, not of the notebook
def test_notebook_runs(folder, name):
    """A cell that fails stops the notebook, unless it is tagged as one that shows an error."""
    notebook = nbformat.read(folder / name, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source)


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_script_prints_what_is_beside_it(folder, name):
    done = subprocess.run([sys.executable, name], cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr) == ((folder / name).with_suffix(".out").read_text("utf-8"), "")
