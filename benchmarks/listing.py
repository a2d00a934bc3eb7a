"""What is known without reading values: one tensor among many, all tensors, the table view, rows of a slice."""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.checkpoints import small_arrays
from benchmarks.harness import OURS, Contender, Fact, Target, Work
from benchmarks.sizes import Sizes
from tests.files.saved import write_bundle


def rows(sizes: Sizes, directory: Path) -> Iterator[Work | Fact]:
    """Yield the rows."""
    prefix = _save(directory / "listed", sizes.scalars)
    yield from _finding(sizes, prefix)
    yield from _listing(sizes, prefix)
    yield from _growing(sizes, directory, prefix)
    yield _partitioned(sizes, directory)


def _save(path: Path, count: int) -> str:
    from ckpt_magics import save_checkpoint

    save_checkpoint(path, small_arrays(count, ()), durable=False, write_state=False, write_meta_graph=False)
    return str(path)


def _finding(sizes: Sizes, prefix: str) -> Iterator[Work]:
    import tensorflow as tf

    from ckpt_magics import load_checkpoint

    name = list(small_arrays(sizes.scalars // 2 + 1, ()))[-1]

    def ours() -> object:
        with load_checkpoint(prefix) as reader:
            return reader[name]

    yield Work(
        f"open one tensor of {sizes.scalars}",
        (Contender(OURS, ours), Contender("TF reader", lambda: tf.train.load_checkpoint(prefix).get_tensor(name))),
        (Target(0.5, "TF reader"),),
        5 * sizes.rounds,
    )


def _listing(sizes: Sizes, prefix: str) -> Iterator[Work]:
    import tensorflow as tf

    from ckpt_magics import load_checkpoint

    def columns() -> object:
        with load_checkpoint(prefix) as reader:
            return reader.columns()

    def maps() -> object:
        with load_checkpoint(prefix) as reader:
            return reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()

    def tensorflow() -> object:
        reader = tf.train.load_checkpoint(prefix)
        return reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()

    peer = Contender("TF reader", tensorflow)
    yield Work(
        f"list {sizes.scalars}: columns", (Contender(OURS, columns), peer), (Target(0.12, peer.name),), sizes.rounds
    )
    yield Work(f"list {sizes.scalars}: dicts", (Contender(OURS, maps), peer), (Target(0.7, peer.name),), sizes.rounds)


def _growing(sizes: Sizes, directory: Path, prefix: str) -> Iterator[Work | Fact]:
    """Yield what many more tensors cost: five times as many should cost five times as much, not more."""
    from ckpt_magics import load_checkpoint
    from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView

    def columns(path: str) -> float:
        with load_checkpoint(path) as reader:
            return _seconds(reader.columns)

    large = _save(directory / "large", sizes.listed)
    times = [(columns(prefix), columns(large)) for _ in range(sizes.rounds)]
    ratio = statistics.median(more / less for less, more in times)
    growth = sizes.listed / sizes.scalars
    yield Fact(
        f"list {sizes.listed} / list {sizes.scalars}",
        f"linear: about {growth:g} x",
        f"{ratio:.1f} x",
        ratio <= 1.4 * growth,
    )

    def view() -> None:
        with load_checkpoint(large) as reader:
            VariablesView(reader)

    yield Work(f"table view of {sizes.listed}", (Contender(OURS, view),), (Target(seconds=1.0),), min(sizes.rounds, 3))


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _partitioned(sizes: Sizes, directory: Path) -> Fact:
    """Count the bytes that reading some rows of a partitioned variable takes from the data file."""
    from ckpt_magics import load_checkpoint
    from ckpt_magics.files.formats.dtypes import FLOAT
    from ckpt_magics.files.storage.stored_file import StoredFile
    from ckpt_magics.files.tensors.arrays_to_save import PartToSave

    width = 64
    part_rows = sizes.slice_bytes // width // 4
    total = part_rows * sizes.slices
    part = np.ones((part_rows, width), np.float32)
    specs = [f"{total} {width} {number * part_rows},{part_rows}:0,{width}" for number in range(sizes.slices)]
    path = directory / "partitioned"
    write_bundle(path, [PartToSave(b"v", part, FLOAT, spec) for spec in specs], durable=False)
    wanted = 2 * part_rows
    counted = 0

    class CountingFile(StoredFile):
        def read_at(self, offset: int, size: int, what: str) -> bytes:
            nonlocal counted
            counted += size
            return super().read_at(offset, size, what)

        def read_into(self, offset: int, buffer: memoryview, what: str) -> None:
            nonlocal counted
            counted += buffer.nbytes
            super().read_into(offset, buffer, what)

    with load_checkpoint(path) as reader:
        files = [reader.named_tensors.source.file._data.file(0), reader.named_tensors.source.file._index.file]  # noqa: SLF001 - no public name to count at
        for file in files:
            file.__class__ = CountingFile
        start = part_rows + part_rows // 2
        found = reader.get_slice("v", slice(start, start + wanted))
    ratio = counted / found.nbytes
    return Fact(
        f"bytes read for {wanted} rows of a variable in {sizes.slices} slices",
        "<= 2 x the rows",
        f"{ratio:.2f} x",
        ratio <= 2,
    )
