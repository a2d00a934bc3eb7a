"""The rules of the code base hold: floors, style and types."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent

CHECKS = {
    "imports go down only": ["lint-imports", "--no-cache"],
    "style": ["ruff", "check"],
    "layout": ["ruff", "format", "--check"],
    "types": ["mypy"],
}


@pytest.mark.tools
@pytest.mark.parametrize("check", CHECKS)
def test_rule_holds(check):
    tool, *arguments = CHECKS[check]
    found = subprocess.run(
        [TOOLS / tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert found.returncode == 0, found.stdout + found.stderr
