"""The kinds of work there are, and how one is measured; a process of its own has to find this by name."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import checkpoints, conversions, imports, listing, pictures, remote, report, training, values
from benchmarks.harness import Fact, Result, Work, measure
from benchmarks.sizes import Sizes

KINDS: dict[str, Callable[[Sizes, Path], Iterator[Work | Fact]]] = {
    "imports": lambda sizes, directory: imports.rows(sizes),  # noqa: ARG005
    "checkpoints": checkpoints.rows,
    "many": checkpoints.many_rows,
    "conversions": conversions.rows,
    "listing": listing.rows,
    "values": values.rows,
    "training": lambda sizes, directory: training.rows(sizes),  # noqa: ARG005
    "pictures": pictures.rows,
    "remote": remote.rows,
}

ENVIRONMENTS = {"training": {"OPENBLAS_NUM_THREADS": "1"}}
"""What the process of a kind has to find in its environment when it starts."""


def run(kind: str, sizes: Sizes, directory: Path) -> list[Result | Fact]:
    """Measure and print one kind of work."""
    results: list[Result | Fact] = []
    for row in KINDS[kind](sizes, directory):
        results.append(row if isinstance(row, Fact) else measure(row))
        print(*report.table(results[-1:]).splitlines()[2:], sep="\n", flush=True)
        gc.collect()
    # What the contenders do cannot leave the process, and need not.
    return [
        found if isinstance(found, Fact) else replace(found, work=replace(found.work, contenders=()))
        for found in results
    ]
