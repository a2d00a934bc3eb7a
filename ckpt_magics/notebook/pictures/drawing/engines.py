"""Runs a Graphviz engine in a process that can be killed, and falls back until there is a layout."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from typing import Final

from ckpt_magics.errors import CheckpointError, InternalError
from ckpt_magics.notebook.pictures.drawing.dot import DotOptions, format_dot
from ckpt_magics.notebook.pictures.drawing.layout import Layout, read_layout
from ckpt_magics.notebook.pictures.drawing.plain_layout import arrange
from ckpt_magics.notebook.pictures.views.view import View

# Seconds for all attempts together; the first gets most of them.
TIME_LIMIT: Final = 20.0
_FIRST_SHARE: Final = 0.6
# Bytes; a layout of the largest view is a tenth of it.
_MAX_OUTPUT: Final = 64 << 20
WHEEL: Final = "graphviz-pure"


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that reads DOT and prints a layout as JSON."""

    name: str
    executable: str


def find_engines() -> list[Engine]:
    """Return the engines of this machine, best first: Graphviz itself, then the one that a wheel brings along."""
    import graphviz.backend

    engines = []
    dot = shutil.which(str(graphviz.backend.DOT_BINARY))
    if dot is not None:
        engines.append(Engine("Graphviz", dot))
    wheel = _find_wheel_executable()
    if wheel is not None:
        engines.append(Engine(WHEEL, wheel))
    return engines


def _find_wheel_executable() -> str | None:
    """Find the program of the graphviz-pure wheel, which a notebook's PATH need not include."""
    name = WHEEL + (".exe" if os.name == "nt" else "")
    try:
        files = importlib.metadata.files(WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    candidates = [str(file.locate()) for file in files if file.name == name]
    candidates.append(os.path.join(os.path.dirname(sys.executable), name))
    found = next((path for path in candidates if os.access(path, os.X_OK)), None)
    return found or shutil.which(WHEEL)


def lay_out(
    view: View, options: DotOptions, *, engines: list[Engine] | None = None, time_limit: float = TIME_LIMIT
) -> tuple[Layout, list[str]]:
    """Return a layout of a view, in about ``time_limit`` seconds at the latest, and notes on how it was made.

    Args:
        view: What to lay out; what is aside is not part of it.
        options: How to write it for the engine.
        engines: Engines to try; None looks for them.
        time_limit: Seconds for all attempts of all engines.
    """
    notes: list[str] = []
    if not view.edges:
        # Graphviz would put all boxes into one row.
        return arrange(view), notes
    engines = find_engines() if engines is None else engines
    if not engines:
        notes.append(
            "No Graphviz was found, so this is our own plain layout; `pip install graphviz-pure` gives a better one."
        )
    attempts = [(engine, tight) for tight in (False, True) for engine in engines]
    remaining = time_limit
    for engine, tight in attempts:
        limit = remaining * (_FIRST_SHARE if (engine, tight) != attempts[-1] else 1)
        dot = format_dot(view, replace(options, tight=tight, complete=False))
        try:
            return read_layout(run_engine(engine, dot, limit), view, engine.name), notes
        except subprocess.TimeoutExpired:
            notes.append(f"{engine.name} took longer than {limit:.0f} s and was stopped.")
            remaining -= limit
        except (CheckpointError, OSError) as error:
            notes.append(f"{engine.name} failed: {error}")
    return arrange(view), notes


def run_engine(engine: Engine, dot: str, time_limit: float) -> bytes:
    """Return what an engine prints for DOT text, as JSON. It runs in an empty directory and dies with its children.

    Raises:
        subprocess.TimeoutExpired: It took longer than ``time_limit`` seconds; it is gone by then.
        InternalError: It failed, or printed too much.
        OSError: It could not be started.
    """
    with (
        tempfile.TemporaryDirectory(prefix="ckpt_magics_") as empty,
        tempfile.TemporaryFile() as output,
        subprocess.Popen(  # noqa: S603 -- the program is Graphviz, the arguments are constants
            [engine.executable, "-Kdot", "-Tjson0"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL,
            cwd=empty,
            start_new_session=os.name == "posix",
        ) as process,
    ):
        try:
            process.communicate(dot.encode(), timeout=time_limit)
        finally:
            # Also on Ctrl-C: nothing of ours may go on computing.
            _kill(process)
        size = output.seek(0, os.SEEK_END)
        if process.returncode != 0 or size > _MAX_OUTPUT:
            raise InternalError(f"exit status {process.returncode} after {size:,} bytes")
        output.seek(0)
        return output.read()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children, if it still runs."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()
