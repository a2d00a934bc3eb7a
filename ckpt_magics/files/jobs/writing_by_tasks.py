"""Write tensors as a V2 checkpoint by the tasks of an executor: each makes those of a data file, and writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

from ckpt_magics.files.formats.entry_encoding import encode_entries
from ckpt_magics.files.jobs.reading_back import CheckedValues, read_back_some
from ckpt_magics.files.kinds.bundle.bundle_parts import WrittenPart, parts_directory, publish_parts, write_part
from ckpt_magics.files.parallel.tensor_tasks import cut_files, run_tasks
from ckpt_magics.files.steps.stepped_tensors import SteppedTensors
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.progress import ProgressMeter
from ckpt_magics.files.storage.store import WrittenFile
from ckpt_magics.files.tensors.records import Record, records_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec

__all__ = ["write_by_tasks"]


class _Written(NamedTuple):
    """What a task wrote, and the checksums of the elements."""

    part: WrittenPart
    checksums: Mapping[bytes, int]


def write_by_tasks(
    executor: Executor,
    place: Place,
    specs: Sequence[TensorSpec],
    tensors: SteppedTensors,
    options: SaveOptions,
    *,
    companions: Mapping[str, bytes],
    verify: bool,
) -> tuple[WrittenFile, ...]:
    """Write tensors, all or nothing, and return the files.

    Args:
        executor: Who does it.
        place: Prefix of the checkpoint.
        specs: What is written, in order.
        tensors: Where it comes from.
        options: How it is written.
        companions: Contents of other files by path.
        verify: Read it back, by tasks too.

    Raises:
        UnavailableError: The executor's workers were lost.
        DataLossError: What was read back is not what was written.
        CheckpointError: A source is damaged, or the store refuses.
    """
    records = records_of(specs)
    sizes = [max(record.size, 0) for record in records]
    shards = [records[run.start : run.stop] for run in cut_files(sizes, options)]
    meter = ProgressMeter(sum(sizes), options.progress)
    with place.directory.stage(durable=options.durable) as stage, parts_directory(place) as directory:
        tasks = (
            (directory, shard_id, shard, tensors.part([record.key for record in shard]), options.durable)
            for shard_id, shard in enumerate(shards)
        )
        written = []
        for one in run_tasks(executor, _write, tasks):
            written.append(one)
            meter.advance(one.part.size)
        files = publish_parts(stage, place, [one.part for one in written], encode_entries({}), companions)
    meter.finish()
    if verify:
        for _ in run_tasks(executor, read_back_some, [(place, one.checksums) for one in written]):
            pass
    return files


def _write(
    directory: Place, shard_id: int, records: Sequence[Record], tensors: SteppedTensors, durable: bool
) -> _Written:
    """Do one task."""
    values = CheckedValues(tensors, tensors.piece_size)
    part = write_part(directory, shard_id, records, values, durable=durable)
    copied = {key: one.crc for key, one in part.copied.items()}
    return _Written(part, {**values.checksums, **copied})
