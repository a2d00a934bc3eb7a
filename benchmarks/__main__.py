"""Run the benchmarks: ``python -m benchmarks --sizes full``."""

import argparse
import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import checkpoints, imports, listing, pictures, report, values
from benchmarks.harness import Fact, Result, Work, measure
from benchmarks.sizes import SIZES, Sizes

RESULTS = Path(__file__).with_name("RESULTS.md")
KINDS: dict[str, Callable[[Sizes, Path, Path], Iterator[Work | Fact]]] = {
    "imports": lambda sizes, memory, disk: imports.rows(sizes),  # noqa: ARG005
    "checkpoints": checkpoints.rows,
    "listing": lambda sizes, memory, disk: listing.rows(sizes, memory),  # noqa: ARG005
    "values": lambda sizes, memory, disk: values.rows(sizes, memory),  # noqa: ARG005
    "pictures": lambda sizes, memory, disk: pictures.rows(sizes, memory),  # noqa: ARG005
}


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the table and write it."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--sizes", choices=SIZES, default="full")
    parser.add_argument("--only", choices=KINDS, action="append", help="kinds of work to measure; all by default")
    parser.add_argument("--rounds", type=int, help="turns that are counted, in place of the sizes' own number")
    parser.add_argument("--memory", default="/dev/shm" if Path("/dev/shm").is_dir() else None, help="fast directory")
    parser.add_argument("--disk", help="directory on a disk, for what waits for it")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file to write")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sizes = SIZES[options.sizes]
    if options.rounds:
        sizes = replace(sizes, rounds=options.rounds)
    results: list[Result | Fact] = []
    with (
        tempfile.TemporaryDirectory(dir=options.memory) as memory,
        tempfile.TemporaryDirectory(dir=options.disk) as disk,
    ):
        for kind in options.only or KINDS:
            for row in KINDS[kind](sizes, Path(memory), Path(disk)):
                results.append(row if isinstance(row, Fact) else measure(row))
                print(*report.table(results[-1:]).splitlines()[2:], sep="\n", flush=True)
                gc.collect()
        places = f"{Path(memory).parent} (page cache), {Path(disk).parent} where it says durable"
    print(report.table(results))
    report.write(options.results, results, sizes=options.sizes, places=places)


if __name__ == "__main__":
    main()
