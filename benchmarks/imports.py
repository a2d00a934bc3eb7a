"""What starting costs: imports in a fresh interpreter, the extension in a warm kernel."""

import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

from benchmarks.harness import OURS, Contender, Target, Work
from benchmarks.sizes import Sizes

LOADING_PROGRAM = """
import time
from IPython.core.interactiveshell import InteractiveShell
import numpy, pandas
shell = InteractiveShell.instance()
start = time.perf_counter()
shell.run_line_magic("load_ext", "ckpt_magics")
print(time.perf_counter() - start)
"""


def rows(sizes: Sizes) -> Iterator[Work]:
    """Yield the rows."""
    yield Work(
        "import in a fresh interpreter",
        (
            Contender(OURS, partial(_run, "import ckpt_magics")),
            Contender("numpy", partial(_run, "import numpy")),
            Contender("TensorFlow", partial(_run, "import tensorflow")),
        ),
        (Target(1.3, "numpy"),),
        min(sizes.rounds, 5),
    )
    yield Work("%load_ext in a warm kernel", (Contender(OURS, _load),), (Target(seconds=0.3),), min(sizes.rounds, 5))


def _run(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, capture_output=True)
    return time.perf_counter() - start


def _load() -> float:
    done = subprocess.run([sys.executable, "-c", LOADING_PROGRAM], check=True, capture_output=True, text=True)
    return float(done.stdout)
