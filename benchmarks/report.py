"""The table, on the screen and as a file."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from pathlib import Path

from benchmarks.harness import OURS, Fact, Result

PACKAGES = ("ckpt_magics", "numpy", "fastcrc", "tensorflow-cpu", "tensorflow", "safetensors", "pandas")
HEAD = ("work", "ckpt_magics", "others", "target", "found", "")
NOTES = Path(__file__).with_name("NOTES.md")


def table(results: Sequence[Result | Fact]) -> str:
    """Return the rows as a Markdown table."""
    lines = [HEAD, ("---",) * len(HEAD)]
    for result in results:
        lines += _fact_lines(result) if isinstance(result, Fact) else _result_lines(result)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _fact_lines(fact: Fact) -> list[tuple[str, ...]]:
    return [(fact.name, "", "", fact.target, fact.found, _mark(fact.is_met))]


def _result_lines(result: Result) -> list[tuple[str, ...]]:
    others = ", ".join(
        f"{name} {_duration(result.median(name))} ({result.ratio(name):.2f} x)" for name in result.times if name != OURS
    )
    lines = [
        (str(target), _duration(found) if target.seconds else f"{found:.2f} x", _mark(is_met))
        for target, found, is_met in result.verdicts()
    ]
    names = [(result.work.name, _duration(result.median(OURS)), others)]
    return [(*left, *right) for left, right in zip_longest(names, lines or [("", "", "")], fillvalue=("", "", ""))]


def _mark(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def machine() -> str:
    """Return what the run was on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{_processor()}, {os.cpu_count()} cores, {memory} GiB, {platform.system()} {platform.release()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def file_system(directory: Path) -> str:
    """Return the kind of file system that a directory is on."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.system()
    kinds = {Path(line.split()[1]): line.split()[2] for line in lines}
    place = directory.resolve()
    return next((kinds[parent] for parent in (place, *place.parents) if parent in kinds), "unknown")


def versions() -> str:
    """Return the versions that were compared."""
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def write(path: Path, results: Sequence[Result | Fact], *, sizes: str, rounds: int, directory: Path) -> None:
    """Write the table with what it takes to judge it."""
    text = f"""# Results

Made by `python -m benchmarks --sizes {sizes} --rounds {rounds}` on {datetime.now(UTC):%Y-%m-%d}.

- Machine: {machine()}; load average over 5 minutes at the end of the run: {os.getloadavg()[1]:.1f}
- Versions: {versions()}
- Files: in the page cache, of `{directory}` ({file_system(directory)}); saves make new files but where they replace
- Each kind of work had a process of its own. Contenders took turns, each round beginning with another, the disk at rest
  before each; times are medians, ratios are medians over the rounds of our time by theirs in the same round.

{table(results)}"""
    notes = NOTES.read_text(encoding="utf-8") if NOTES.exists() else ""
    path.write_text(f"{text}\n{notes}" if notes else text, encoding="utf-8")
