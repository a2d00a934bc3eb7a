"""Read hostile and good files while every event that Python can tell is watched: ``python -m tests.safety.watched``.

After a warm-up that imports what is needed, nothing may be imported, compiled, run, started or sent, and nothing may be
opened but the files in the folder given, and the one elsewhere that a state file names. What happens in spite of it is
printed, one line each.
"""

import contextlib
import io
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from ckpt_magics.graphs.meta_graph.graph_files import read_meta_graph
from tests.safety.attacks import ATTACKS, OUTSIDE
from tests.safety.scale import scaled
from tests.safety.victim import STEPS, suffer
from tests.truth import GOLDEN

# Drawing may start Graphviz, if there is one, in a folder of its own; everything else is reading.
READING = {**STEPS, "graph": read_meta_graph}

FORBIDDEN = (
    "compile", "exec", "import", "pickle.", "marshal.", "subprocess.", "os.system", "os.exec", "os.posix_spawn",
    "os.fork", "os.startfile", "socket.", "urllib.", "http.", "ctypes.", "webbrowser.", "shutil.", "tempfile.",
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.chown", "os.truncate",
)  # fmt: skip


class Watch:
    """An audit hook, which cannot be taken away again but does nothing while it is off."""

    def __init__(self):
        self.folder = None
        self.seen = set()

    def __call__(self, event, arguments):
        if self.folder is None:
            return
        if event == "open":
            path = arguments[0]
            inside = isinstance(path, int) or os.path.abspath(os.fsdecode(path)).startswith((self.folder, OUTSIDE))
            writing = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if not inside or writing:
                self.seen.add(f"open {path!r} {arguments[1:]}")
        elif event.startswith(FORBIDDEN):
            self.seen.add(f"{event} {arguments!r:.200}")

    @contextlib.contextmanager
    def on(self, folder):
        self.folder = os.path.abspath(folder)
        try:
            yield
        finally:
            self.folder = None


def paths_of_golden():
    for path in sorted(GOLDEN.rglob("*")):
        if path.is_file() and (path.suffix in {".index", ".meta", ".pb"} or path.name == "checkpoint"):
            yield path


def main():
    warnings.simplefilter("ignore")
    names = sys.argv[1:]
    watch = Watch()
    folder = Path(tempfile.mkdtemp())
    try:
        golden = folder / "golden"
        shutil.copytree(GOLDEN, golden)
        warm = ATTACKS["block_snappy_short"](make_folder(folder / "warm"))
        made = [ATTACKS[name](make_folder(folder / str(number))) for number, name in enumerate(names)]
        paths = [golden / path.relative_to(GOLDEN) for path in list(paths_of_golden())[:: scaled(3, 1)]]
        # All kinds of files once, so that everything that reading them needs is imported.
        for path in [warm, *paths[:: max(len(paths) // 12, 1)], *made[::10]]:
            suffer(path, READING)
        sys.addaudithook(watch)
        with watch.on(folder), contextlib.redirect_stdout(io.StringIO()):
            for path in [*paths, *made]:
                suffer(path, READING)
    finally:
        shutil.rmtree(folder)
    for line in sorted(watch.seen):
        print(line)


def make_folder(path):
    path.mkdir()
    return path


if __name__ == "__main__":
    main()
