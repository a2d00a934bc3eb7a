"""Readers during saves, writers side by side, and writers that are killed: one whole version, always."""

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from ckpt_magics.files.directory.state import get_checkpoint_state, latest_checkpoint
from ckpt_magics.files.storage.atomic import is_temporary_name
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint
from tests.safety.scale import scaled
from tests.safety.writer import tensors

ROOT = Path(__file__).parents[2]
FOREVER = 10**9


def start_writer(folder, mode, *, version=2, first=1, count=FOREVER, name="m"):
    arguments = [sys.executable, "-m", "tests.safety.writer", folder, mode, str(version), str(first), str(count), name]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def stop(writer):
    writer.send_signal(signal.SIGKILL)
    writer.communicate()


def values_of(reader):
    return {float(value) for name in ("w", "b", "n") for value in np.unique(reader[name])}


def reads(number, seen):
    """Count reads: as many as asked for, and on until four versions were seen, for the writer may be slower."""
    end = time.monotonic() + 120
    done = 0
    while done < number or (len(set(seen)) < 4 and time.monotonic() < end):
        yield done
        done += 1


@pytest.mark.parametrize("version", [1, 2])
def test_readers_during_overwrites_see_one_version_and_no_error(tmp_path, version):
    write_checkpoint(tmp_path / "m", tensors(0), write_version=version, durable=False)
    writer = start_writer(tmp_path, "same", version=version)
    try:
        writer.stdout.readline()
        seen = set()
        for _ in reads(scaled(150, 5000), seen):
            with load_checkpoint(tmp_path / "m") as reader:
                assert set(reader) == {"w", "b", "n"}
                (value,) = values_of(reader)
                seen.add(value)
    finally:
        stop(writer)
    assert len(seen) > 3


@pytest.mark.parametrize("version", [1, 2])
def test_readers_of_the_latest_step_see_no_error_and_no_warning(tmp_path, version):
    write_checkpoint(tmp_path / "m", tensors(0), write_version=version, global_step=0, durable=False)
    writer = start_writer(tmp_path, "steps", version=version)
    try:
        writer.stdout.readline()
        seen = []
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in reads(scaled(100, 3000), seen):
                with load_checkpoint(tmp_path) as reader:
                    (value,) = values_of(reader)
                    seen.append(value)
    finally:
        stop(writer)
    assert seen == sorted(seen)
    assert len(set(seen)) > 3


def test_reader_keeps_its_version_however_often_it_is_overwritten(tmp_path):
    """Two overwrites later the data file of the first has another save's contents, under the same name."""
    for overwrites in (1, 2, 3, 4):
        prefix = write_checkpoint(tmp_path / "m", tensors(1), durable=False)
        with load_checkpoint(prefix) as reader:
            assert list(reader) == ["b", "n", "w"]
            for number in range(overwrites):
                write_checkpoint(tmp_path / "m", tensors(2 + number), durable=False)
            assert values_of(reader) == {1.0}


def test_writers_side_by_side_forget_nobody(tmp_path):
    count = scaled(12, 300)
    writers = [start_writer(tmp_path, "steps", count=count, name=name) for name in ("a", "b")]
    for writer in writers:
        assert writer.wait() == 0
        writer.stdout.close()
    state = get_checkpoint_state(tmp_path)
    listed = {os.path.basename(path) for path in state.all_model_checkpoint_paths}
    assert listed == {f"{name}-{count - back}" for name in "ab" for back in range(3)}
    on_disk = {name.removesuffix(".index") for name in os.listdir(tmp_path) if name.endswith(".index")}
    assert on_disk == listed
    with load_checkpoint(latest_checkpoint(tmp_path)) as reader:
        assert values_of(reader) == {float(count)}


@pytest.mark.parametrize("mode", ["same", "steps"])
def test_killed_writers_leave_a_whole_version(tmp_path, mode):
    """kill -9 at moments nobody chose; what is left is swept by the next save."""
    generator = np.random.default_rng(4)
    last = 0
    for _ in range(scaled(3, 100)):
        writer = start_writer(tmp_path, mode, first=last + 1)
        for _ in range(int(generator.integers(1, 12))):
            last = int(writer.stdout.readline())
        stop(writer)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with load_checkpoint(latest_checkpoint(tmp_path)) as reader:
                (value,) = values_of(reader)
        assert value >= last
        last = int(value)
    write_checkpoint(tmp_path / "m", tensors(0), global_step=None if mode == "same" else last + 1, durable=False)
    assert not [name for name in os.listdir(tmp_path) if is_temporary_name(name)]
