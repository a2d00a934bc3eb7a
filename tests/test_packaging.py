"""What a wheel and a source distribution hold."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BUNDLES = {"loader.js", "variables_view.js", "variables_view.css", "graph_view.js", "graphviz_worker.js"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with both, built from this tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_wheel_has_the_bundles_and_the_type_marker(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"ckpt_magics/widgets/static/{bundle}" for bundle in BUNDLES} <= names
    assert "ckpt_magics/py.typed" in names
    assert all(name.startswith(("ckpt_magics/", "ckpt_magics-")) for name in names)
    assert wheel.stat().st_size < 2_000_000


def test_a_wheel_can_be_made_from_the_source_distribution_without_node(built):
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {f"ckpt_magics/widgets/static/{bundle}" for bundle in BUNDLES} <= names
    assert "hatch_build.py" in names
    assert not any(name.startswith(("js/node_modules", ".venv")) for name in names)
