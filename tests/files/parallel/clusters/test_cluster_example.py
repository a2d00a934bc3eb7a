"""The example of a cluster says what it is expected to say."""

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[4] / "examples" / "cluster" / "save_from_a_cluster.py"


def test_script_prints_what_is_beside_it(tmp_path):
    done = subprocess.run(
        [sys.executable, EXAMPLE], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert EXAMPLE.with_suffix(".out").read_text("utf-8") == done.stdout, done.stderr
