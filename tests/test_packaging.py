"""What a wheel and a source distribution hold, and what building them needs."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.lowest_versions import lowest_versions

ROOT = Path(__file__).parent.parent
BUNDLES = {
    f"ckpt_magics/notebook/widgets/static/{name}"
    for name in (
        "loader.js",
        "variables_view.js",
        "variables_view.css",
        "graph_view.js",
        "bytes_view.js",
        "graphviz_worker.js",
    )
}


def build(source, target, *kinds, **options):
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(target), *kinds]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with both, built from this tree."""
    folder = tmp_path_factory.mktemp("dist")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def unpacked(built, tmp_path):
    """The source distribution, unpacked."""
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    return folder


@pytest.fixture
def without_node(tmp_path_factory):
    """An environment whose PATH has no npm and no node."""
    bin_ = tmp_path_factory.mktemp("bin")
    assert shutil.which("npm", path=str(bin_)) is None
    return {**os.environ, "PATH": str(bin_)}


def check_wheel(folder):
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert names >= BUNDLES
    assert "ckpt_magics/py.typed" in names
    assert all(name.startswith(("ckpt_magics/", "ckpt_magics-")) for name in names)
    assert wheel.stat().st_size < 2_700_000


def test_the_wheel_has_the_bundles_and_the_type_marker(built):
    check_wheel(built)


def test_the_source_distribution_has_no_environment_and_no_node_modules(built):
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= BUNDLES | {"hatch_build.py"}
    assert not any(name.startswith(("js/node_modules", ".venv")) for name in names)


def test_a_wheel_is_made_from_the_source_distribution_without_node(unpacked, without_node, tmp_path):
    done = build(unpacked, tmp_path / "dist", "--target", "wheel", env=without_node)
    assert done.returncode == 0, done.stderr
    check_wheel(tmp_path / "dist")


def test_without_bundles_and_without_node_the_error_says_what_to_install(unpacked, without_node, tmp_path):
    shutil.rmtree(unpacked / "ckpt_magics" / "notebook" / "widgets" / "static")
    done = build(unpacked, tmp_path / "dist", "--target", "wheel", env=without_node)
    assert done.returncode != 0
    assert "Install Node 20 or newer" in done.stderr


def test_lowest_versions_pins_every_requirement():
    assert lowest_versions(["numpy>=1.26", "anywidget>=0.9,<0.12"]) == ["numpy==1.26", "anywidget==0.9"]
    with pytest.raises(ValueError, match="no lower bound: numpy"):
        lowest_versions(["numpy", "pandas>=2.2"])
