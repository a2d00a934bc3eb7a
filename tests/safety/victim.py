"""Open hostile files in a process of its own, and tell for each what came out: ``python -m tests.safety.victim``.

One line of JSON per attack on standard output: seconds, peak of memory, and the error that is none of ours, if any.
"""

import contextlib
import gc
import json
import resource
import sys
import tempfile
import time
import tracemalloc
import warnings
from pathlib import Path

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.state import get_checkpoint_state, latest_checkpoint
from ckpt_magics.graphs.meta_graph.graph_files import read_graph_def, read_meta_graph, read_saved_model
from ckpt_magics.notebook.pictures.picture import draw_graph
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.reports.contents import describe_checkpoint
from ckpt_magics.notebook.reports.directory_listing import list_checkpoints
from ckpt_magics.notebook.reports.verification_report import verify_checkpoint
from tests.safety.attacks import ATTACKS
from tests.safety.scale import STRESS

MEMORY = 4 << 30
"""Address space: what asks for more fails here and not the machine."""


def look_at_values(path):
    with load_checkpoint(path) as reader:
        for look in (reader.debug_string, reader.get_variable_to_shape_map, lambda: reader.object_graph):
            with contextlib.suppress(CheckpointError):
                look()
        names = list(reader)
        for name in names[:30]:
            for read in (reader.entry, reader.get_tensor, lambda name: reader.get_slice(name, slice(0, 1))):
                with contextlib.suppress(CheckpointError):
                    read(name)
        with contextlib.suppress(CheckpointError):
            reader.get_tensors()
        with contextlib.suppress(CheckpointError):
            sum(1 for _ in reader.items())


def load_all(path):
    with load_checkpoint(path) as reader:
        dict(reader)


def draw(path):
    picture = draw_graph(read_meta_graph(path))
    str(picture)
    picture._repr_html_()


STEPS = {
    "values": look_at_values,
    "all values": load_all,
    "verify": lambda path: (str(report := verify_checkpoint(path)), report._repr_html_()),
    "describe": lambda path: (str(shown := describe_checkpoint(path)), shown._repr_html_()),
    "list": lambda path: str(list_checkpoints(path if path.is_dir() else path.parent)),
    "state": lambda path: (latest_checkpoint(path.parent), get_checkpoint_state(path), latest_checkpoint(path)),
    "graph": draw,
    "graph def": read_graph_def,
    "saved model": read_saved_model,
}


def suffer(path, steps=STEPS):
    """Do everything with one path; returns the errors that are none of ours, and the slowest step."""
    wrong, slowest = [], (0.0, "")
    for name, step in steps.items():
        # The processor's time: others may be using the machine.
        started = time.process_time()
        try:
            step(path)
        except CheckpointError as error:
            if not str(error).isprintable() and "\x1b" in str(error):
                wrong.append(f"{name}: unprintable message {str(error)!r}")
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            wrong.append(f"{name}: {type(error).__name__}: {error}"[:300])
        slowest = max(slowest, (time.process_time() - started, name))
    return wrong, slowest


def measure(path):
    """Do it again, and return the most memory that one step had in use."""
    peak = 0
    for name, step in STEPS.items():
        # Errors and what they hold are garbage by then, and Python collects it when it likes.
        gc.collect()
        tracemalloc.start()
        suffer(path, {name: step})
        peak = max(peak, tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return peak


def warm_up():
    """Import what the steps need, so that it is not measured."""
    with tempfile.TemporaryDirectory() as folder:
        suffer(ATTACKS["graph_of_missing_inputs"](Path(folder)))
        suffer(ATTACKS["names_that_harm"](Path(folder)))


def main():
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warm_up()
    for name in sys.argv[1:] or ATTACKS:
        with tempfile.TemporaryDirectory() as folder:
            path = ATTACKS[name](Path(folder))
            wrong, (seconds, step) = suffer(path)
            peak = measure(path) if STRESS else 0
            size = sum(file.stat().st_size for file in Path(folder).glob("*") if file.is_file())
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        result = {
            "name": name,
            "wrong": wrong,
            "seconds": seconds,
            "step": step,
            "peak": peak,
            "rss": rss,
            "size": size,
        }
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
