"""Files are data: nothing that they say is run, imported, started, fetched or opened elsewhere."""

import ast
import subprocess
import sys
from pathlib import Path

import ckpt_magics
from tests.safety.scale import scaled
from tests.safety.test_hostile_files import CHOSEN

ROOT = Path(__file__).parents[2]
PACKAGE = Path(ckpt_magics.__file__).parent

# What would turn data into code, or data into any object at all.
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "ctypes", "cffi", "yaml"}
# One call of the system that Python has no name for: the exchange of two names.
ALLOWED_MODULES = {("ckpt_magics/files/storage/disk.py", "ctypes")}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
# The user's own expressions in a line of a notebook.
ALLOWED = {
    ("ckpt_magics/notebook/magics", "eval"),
    ("ckpt_magics/notebook/magics", "exec"),
    ("ckpt_magics/notebook/magics", "compile"),
}


def sources():
    return sorted(PACKAGE.rglob("*.py"))


def test_no_module_that_makes_objects_of_bytes_is_imported():
    found = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [
                (path.relative_to(ROOT).as_posix(), name)
                for name in names
                if name.partition(".")[0] in FORBIDDEN_MODULES
            ]
    assert set(found) == ALLOWED_MODULES


def test_no_text_is_run_but_the_users_own():
    found = []
    for path in sources():
        folder = path.parent.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if name in FORBIDDEN_CALLS and (folder, name) not in ALLOWED:
                found.append((path.name, node.lineno, name))
    assert found == []


def test_numpy_never_loads_objects():
    assert not [path for path in sources() if "allow_pickle=True" in path.read_text("utf-8")]


def test_no_shell_is_started():
    assert not [path for path in sources() if "shell=True" in path.read_text("utf-8")]
    assert not [path for path in sources() if "os.system" in path.read_text("utf-8")]


def test_reading_imports_runs_and_opens_nothing_else():
    names = [name for name in CHOSEN if "device" not in name][:: scaled(3, 1)]
    command = [sys.executable, "-X", "frozen_modules=off", "-m", "tests.safety.watched", *names]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=3000)
    assert found.returncode == 0, found.stderr[-2000:]
    assert found.stdout == ""
