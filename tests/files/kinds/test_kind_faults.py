"""Whatever call fails, and wherever the process is killed: the old version of a file loads or the new one, whole."""

import errno
import os
import shutil
import warnings

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.kinds.known import WRITTEN_KINDS, kind_named
from ckpt_magics.files.storage.atomic import is_temporary_name
from tests.files.faults import Killed, faulty_disk
from tests.files.saved import write_kind

CASES = {
    **{kind.name: (kind, {}) for kind in WRITTEN_KINDS if kind.name not in {"v1", "v2"}},
    "safetensors in shards": (kind_named("safetensors"), {"num_shards": 2}),
}
OLD, NEW, NEXT = 1, 2, 3

cases = pytest.mark.parametrize(("kind", "options"), CASES.values(), ids=CASES)


def write(folder, kind, value, options):
    arrays = {"net/weight": np.full((40, 50), value, np.float32), "step": np.int64(value)}
    arrays = {kind.name_form.format(name): array for name, array in arrays.items()}
    with warnings.catch_warnings(action="ignore"):
        # What cannot be removed of the old version is a warning.
        write_kind(folder / "m", arrays, kind, **{"durable": True, **options})


def value_in(folder, kind):
    with open_tensors(folder / "m") as tensors:
        found = tensors.source.read_many(tensors.source.keys())
    assert found.keys() == {kind.name_form.format(name).encode() for name in ("net/weight", "step")}
    (value,) = {int(value) for array in found.values() for value in np.unique(array)}
    return value


def each_call(tmp_path, kind, options):
    """Yield a directory with an old version for each call that the next save makes."""
    write(tmp_path / "old", kind, OLD, options)
    shutil.copytree(tmp_path / "old", tmp_path / "counted")
    with faulty_disk() as faulty:
        write(tmp_path / "counted", kind, NEW, options)
    for at in range(len(faulty.calls)):
        shutil.copytree(tmp_path / "old", tmp_path / str(at))
        yield at, tmp_path / str(at)
        shutil.rmtree(tmp_path / str(at))


def litter(folder):
    return [name for name in os.listdir(folder) if is_temporary_name(name)]


@cases
@pytest.mark.parametrize("fault", [errno.EIO, errno.ENOSPC, KeyboardInterrupt])
def test_every_call_may_fail(tmp_path, kind, options, fault):
    for at, folder in each_call(tmp_path, kind, options):
        before = sorted(os.listdir(folder))
        with faulty_disk(at, fault, cut=True) as faulty:
            try:
                write(folder, kind, NEW, options)
                saved = True
            except (CheckpointError, KeyboardInterrupt):
                saved = False
        failed = faulty.calls[at]
        value = value_in(folder, kind)
        assert value == NEW if saved else value in {OLD, NEW}, failed
        if failed not in {"unlink", "rmdir"}:
            assert not litter(folder), failed
            assert value == NEW or sorted(os.listdir(folder)) == before, failed
        write(folder, kind, NEXT, options)
        assert value_in(folder, kind) == NEXT
        assert not litter(folder), failed


@cases
@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
def test_a_kill_at_every_call_leaves_old_or_new(tmp_path, kind, options, after):
    for at, folder in each_call(tmp_path, kind, options):
        with faulty_disk(at, Killed, after=after, cut=True) as faulty, pytest.raises(Killed):
            write(folder, kind, NEW, options)
        assert value_in(folder, kind) in {OLD, NEW}, faulty.calls[at]
        write(folder, kind, NEXT, options)
        assert value_in(folder, kind) == NEXT
        assert not litter(folder), faulty.calls[at]
