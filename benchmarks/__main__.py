"""Run the benchmarks: ``python -m benchmarks --sizes full``."""

import argparse
import multiprocessing
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from benchmarks import report
from benchmarks.harness import Fact, Result
from benchmarks.kinds import ENVIRONMENTS, KINDS, run
from benchmarks.sizes import SIZES

RESULTS = Path(__file__).with_name("RESULTS.md")


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the table and write it."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--sizes", choices=SIZES, default="full")
    parser.add_argument("--only", choices=KINDS, action="append", help="kinds of work to measure; all by default")
    parser.add_argument("--rounds", type=int, help="turns that are counted, in place of the sizes' own number")
    parser.add_argument("--directory", type=Path, default=tempfile.gettempdir(), help="where the files are written")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file to write")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sizes = SIZES[options.sizes]
    if options.rounds:
        sizes = replace(sizes, rounds=options.rounds)
    results: list[Result | Fact] = []
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        for kind in options.only or KINDS:
            # In a process of its own: what one kind leaves of the heap would slow the next.
            with (
                patch.dict(os.environ, ENVIRONMENTS.get(kind, {})),
                ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process,
            ):
                results += process.submit(run, kind, sizes, Path(directory)).result()
    print(report.table(results))
    report.write(options.results, results, sizes=options.sizes, rounds=sizes.rounds, directory=options.directory)


if __name__ == "__main__":
    main()
