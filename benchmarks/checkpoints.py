"""Saving and restoring: big tensors; small ones and scalars."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness import LIMIT, OURS, Contender, Fact, Target, Work
from benchmarks.peers import (
    Arrays,
    NumPyArchive,
    Ours,
    OursDurable,
    OursV1,
    Peer,
    PlainIO,
    PlainIORenamed,
    PlainIOSynced,
    SafeTensors,
    TensorFlow,
    TensorFlowV1,
    settle,
)
from benchmarks.sizes import Sizes

MEMORY_PROGRAM = """
import sys, resource
import numpy as np
from ckpt_magics import save_checkpoint
count, size, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
arrays = {f"tensor_{number:03d}": np.full(size // 4, number, np.float32) for number in range(count)}
save_checkpoint(path, {"warm": np.zeros(8, np.float32)}, write_state=False, durable=False)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
save_checkpoint(path, arrays, write_state=False, durable=False, write_meta_graph=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
LARGEST_GROWTH = 64 << 10
"""KiB of memory above the arrays."""


def big_arrays(sizes: Sizes) -> Arrays:
    """Return layers of a network: numbers without a pattern, of one size."""
    numbers = np.random.default_rng(0)
    count = sizes.big_bytes // sizes.big_tensors // 4
    return {
        f"model/layer_{number:03d}/kernel": numbers.random(count, np.float32) for number in range(sizes.big_tensors)
    }


def small_arrays(count: int, shape: tuple[int, ...]) -> Arrays:
    """Return many small tensors of one shape."""
    return {
        f"model/layer_{row // 100:04d}/block_{row % 100:02d}/w{row}": np.full(shape, row, np.float32)
        for row in range(count)
    }


def rows(sizes: Sizes, directory: Path) -> Iterator[Work | Fact]:
    """Yield the rows."""
    arrays = big_arrays(sizes)
    size = f"{sizes.big_bytes >> 20} MiB in {sizes.big_tensors} tensors"
    yield _saving(
        f"save {size}, not durable",
        arrays,
        [Ours(directory), PlainIO(directory), TensorFlow(directory), SafeTensors(directory), NumPyArchive(directory)],
        (Target(1.15, LIMIT), Target(0.55, TensorFlow.name)),
        sizes.rounds,
    )
    yield _memory(sizes, directory)
    yield from _restoring(sizes, arrays, size, directory)
    yield _saving(
        f"save {size}, V1",
        arrays,
        [OursV1(directory), TensorFlowV1(directory), PlainIO(directory)],
        (Target(0.5, TensorFlowV1.name),),
        sizes.rounds,
    )
    # Behind the others: a disk that was kept busy stays slow for a while.
    yield _saving(
        f"save {size}, durable",
        arrays,
        [OursDurable(directory), PlainIOSynced(directory)],
        (Target(1.1, PlainIOSynced.name),),
        sizes.rounds,
    )
    yield _saving(
        f"replace {size}, durable",
        arrays,
        [OursDurable(directory), PlainIORenamed(directory)],
        (),
        sizes.rounds,
        over=True,
    )


def many_rows(sizes: Sizes, directory: Path) -> Iterator[Work | Fact]:
    """Yield the rows about many small tensors."""
    yield from _many(
        f"{sizes.small_tensors} tensors of 4 KiB", small_arrays(sizes.small_tensors, (1024,)), 0.9, sizes, directory
    )
    yield from _many(f"{sizes.scalars} scalars", small_arrays(sizes.scalars, ()), 0.3, sizes, directory)


def _saving(
    name: str, arrays: Arrays, peers: list[Peer], targets: tuple[Target, ...], rounds: int, *, over: bool = False
) -> Work:
    """Return a row of saves to new files, or over those of the round before."""

    def contender(peer: Peer) -> Contender:
        return Contender(peer.name, partial(peer.save, peer.convert(arrays)), settle if over else peer.clear)

    return Work(name, tuple(map(contender, peers)), targets, rounds)


def _memory(sizes: Sizes, directory: Path) -> Fact:
    """Measure in a process of its own: the peak never falls again."""
    arguments = [str(sizes.big_tensors), str(sizes.big_bytes // sizes.big_tensors), str(directory / "peak")]
    done = subprocess.run(
        [sys.executable, "-c", MEMORY_PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    growth = int(done.stdout) // (1024 if sys.platform == "darwin" else 1)
    return Fact(
        "peak memory of the save, above the arrays", "<= 64 MiB", f"{growth / 1024:.1f} MiB", growth <= LARGEST_GROWTH
    )


def _restoring(sizes: Sizes, arrays: Arrays, size: str, directory: Path) -> Iterator[Work]:
    from ckpt_magics import load_checkpoint

    ours, plain, tensorflow = Ours(directory), PlainIO(directory), TensorFlow(directory)
    # What TensorFlow wrote: both read the same files.
    ours.path = tensorflow.path

    def mapped() -> object:
        with load_checkpoint(ours.path, mmap=True) as reader:
            return reader.get_tensors()

    def into(targets: Arrays) -> None:
        with load_checkpoint(ours.path) as reader:
            for name, target in targets.items():
                reader.get_tensor(name, out=target)

    peers = [
        Contender(LIMIT, plain.restore),
        Contender("TF reader", tensorflow.restore),
        Contender("TF RestoreV2", partial(tensorflow.restore_all, list(arrays))),
    ]
    others = [Contender(peer.name, peer.restore) for peer in (SafeTensors(directory), NumPyArchive(directory))]
    yield Work(
        f"restore {size}, fresh arrays",
        (Contender(OURS, ours.restore), *peers, *others),
        (Target(0.6, "TF reader"),),
        sizes.rounds,
    )
    yield Work(
        f"restore {size}, mmap",
        (Contender(OURS, mapped), Contender("TF reader", tensorflow.restore)),
        (Target(0.2, "TF reader"),),
        sizes.rounds,
    )
    targets = {name: np.zeros_like(array) for name, array in arrays.items()}
    warm = bytearray(sum(array.nbytes for array in arrays.values()))
    yield Work(
        f"restore {size}, into given arrays",
        (Contender(OURS, partial(into, targets)), Contender(f"{LIMIT}, warm", partial(plain.restore_into, warm))),
        (Target(1.2, f"{LIMIT}, warm"),),
        sizes.rounds,
    )


def _many(what: str, arrays: Arrays, ratio: float, sizes: Sizes, directory: Path) -> Iterator[Work]:
    ours, tensorflow = Ours(directory), TensorFlow(directory)
    peers: list[Peer] = [ours, tensorflow, SafeTensors(directory), PlainIO(directory)]
    yield _saving(f"save {what}", arrays, peers, (Target(ratio, tensorflow.name),), sizes.rounds)
    yield Work(
        f"read {what}",
        (
            Contender(OURS, ours.restore),
            Contender("TF reader", tensorflow.restore),
            Contender("TF RestoreV2", partial(tensorflow.restore_all, list(arrays))),
            Contender("safetensors", SafeTensors(directory).restore),
        ),
        (Target(0.1, "TF reader"), Target(0.5, "TF RestoreV2")),
        max(3, sizes.rounds // 2) if sizes.rounds > 1 else 1,
    )
