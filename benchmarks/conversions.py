"""Converting, averaging and comparing: beside copying and reading, and beside the script that people write for it.

What a machine does besides makes both sides wait; their processor time, that of all threads and programs, holds better.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.checkpoints import big_arrays
from benchmarks.harness import OURS, Contender, Fact, Target, Work
from benchmarks.peers import settle
from benchmarks.sizes import Sizes

SCRIPT = "TensorFlow and safetensors"
COPY, COPY_SYNCED = "cp", "cp and sync"
READ_AND_WRITE = "reading five, writing one"
READ_BOTH = "reading both"
AVERAGED = 5


def rows(sizes: Sizes, directory: Path) -> Iterator[Work | Fact]:
    """Yield the rows."""
    from ckpt_magics import save_checkpoint

    source = str(directory / "source.ckpt")
    save_checkpoint(source, big_arrays(sizes), write_state=False, write_meta_graph=False, durable=False)
    size = f"{sizes.big_bytes >> 20} MiB in {sizes.big_tensors} tensors"
    target = directory / "converted" / "model.safetensors"
    fresh = partial(_fresh, target.parent)
    copy = Contender(COPY, partial(_copy, source, target), fresh)
    yield Work(
        f"V2 to safetensors, {size}, not durable",
        (
            _converting(source, target, fresh, durable=False),
            copy,
            Contender(SCRIPT, partial(_script, source, target), fresh),
        ),
        (Target(1.3, COPY), Target(0.4, SCRIPT)),
        sizes.rounds,
    )
    yield Work(
        f"V2 to safetensors, {size}, durable",
        (
            _converting(source, target, fresh, durable=True),
            Contender(COPY_SYNCED, partial(_copy, source, target, synced=True), fresh),
        ),
        (Target(1.3, COPY_SYNCED),),
        sizes.rounds,
    )
    yield _in_processor_time(
        Work(
            f"V2 to safetensors, {size}, not durable",
            (_converting(source, target, fresh, durable=False), copy),
            (Target(1.3, COPY),),
            sizes.rounds,
        )
    )
    average = Work(
        f"average of {AVERAGED}, each {size}",
        (
            Contender(OURS, partial(_average, source, target), fresh),
            Contender(READ_AND_WRITE, partial(_read_and_write, source, target), fresh),
        ),
        (Target(1.3, READ_AND_WRITE),),
        sizes.rounds,
    )
    yield average
    yield _in_processor_time(average)
    other = str(directory / "other.ckpt")
    save_checkpoint(
        other,
        {name: array + array.dtype.type(1) for name, array in big_arrays(sizes).items()},
        write_state=False,
        write_meta_graph=False,
        durable=False,
    )
    difference = Work(
        f"difference of two, each {size}",
        (
            Contender(OURS, partial(_compare, source, other)),
            Contender(READ_BOTH, partial(_read, [source, other])),
        ),
        (Target(1.5, READ_BOTH),),
        sizes.rounds,
    )
    yield difference
    yield _in_processor_time(difference)


def _in_processor_time(work: Work) -> Work:
    """Return a row whose contenders are measured by the time that processors work for them."""
    contenders = tuple(replace(one, run=partial(_processor_time, one.run)) for one in work.contenders)
    return replace(work, name=f"{work.name}, processor time", contenders=contenders)


def _processor_time(run: Callable[[], object]) -> float:
    before = _processor_seconds()
    run()
    return max(_processor_seconds() - before, 1e-6)


def _processor_seconds() -> float:
    """Return what this process and those that it waited for have taken, all threads together."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _fresh(directory: Path) -> None:
    """Remove what was written, and let the disk come to rest."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    settle()


def _converting(source: str, target: Path, fresh: Callable[[], None], *, durable: bool) -> Contender:
    """Our conversion, which reads back what it wrote."""

    def convert() -> None:
        from ckpt_magics import ConvertOptions, convert_checkpoint
        from ckpt_magics.files.tensors.save_options import SaveOptions

        convert_checkpoint(source, target, options=ConvertOptions(save=SaveOptions(durable=durable)))

    return Contender(OURS, convert, fresh)


def _data_file(source: str) -> str:
    return f"{source}.data-00000-of-00001"


def _copy(source: str, target: Path, *, synced: bool = False) -> None:
    subprocess.run(["cp", "--reflink=never", _data_file(source), target], check=True)
    if synced:
        with target.open("rb") as file:
            os.fsync(file.fileno())


def _script(source: str, target: Path) -> None:
    import tensorflow as tf
    from safetensors.numpy import save_file

    reader = tf.train.load_checkpoint(source)
    save_file({name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}, target)


def _average(source: str, target: Path) -> None:
    from ckpt_magics import ConvertOptions, average_checkpoints
    from ckpt_magics.files.tensors.save_options import SaveOptions

    options = ConvertOptions(verify=False, save=SaveOptions(durable=False))
    average_checkpoints([source] * AVERAGED, target.with_name("mean.ckpt"), options=options)


def _compare(before: str, after: str) -> None:
    from ckpt_magics import compare_checkpoints

    compare_checkpoints(before, after)


def _read(sources: Sequence[str]) -> None:
    """Read the bytes of checkpoints, a few MiB at a time."""
    buffer = memoryview(bytearray(16 << 20))
    for source in sources:
        with open(_data_file(source), "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def _read_and_write(source: str, target: Path) -> None:
    """Read the bytes of the five, a few MiB at a time, and write those of the last."""
    buffer = memoryview(bytearray(16 << 20))
    for number in range(AVERAGED):
        with open(_data_file(source), "rb", buffering=0) as file, open(target, "wb", buffering=0) as written:
            while size := file.readinto(buffer):
                if number == AVERAGED - 1:
                    written.write(buffer[:size])
