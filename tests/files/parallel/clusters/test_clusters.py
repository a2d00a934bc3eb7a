"""Saving and reading by the workers of a cluster, processes that are killed: right in the end, or nothing is there."""

import os
import pickle
import sys

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster

import ckpt_magics
from ckpt_magics import ConvertOptions
from ckpt_magics.files.tensors.save_options import SaveOptions

sys.path.insert(0, os.path.dirname(__file__))
os.environ["PYTHONPATH"] = os.pathsep.join([os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")])

import deaths

NUMBERS = np.arange(8000, dtype=np.float32).reshape(1000, 8)

pytestmark = pytest.mark.filterwarnings("ignore")  # of the cluster's own, when its workers die


@pytest.fixture(scope="module")
def client():
    options = {"dashboard_address": None, "host": "127.0.0.1", "threads_per_worker": 1}
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "60s"}),
        LocalCluster(n_workers=2, processes=True, **options) as cluster,
        Client(cluster) as found,
    ):
        yield found


@pytest.fixture(autouse=True)
def whole_cluster(client):
    """As many workers as at the start, of which those that died have a successor by now."""
    client.wait_for_workers(2, timeout=120)


def saved(prefix, tensors, **options):
    return ckpt_magics.save_checkpoint(prefix, tensors, durable=False, num_shards=5, **options)


def arrays():
    return {"w": da.from_array(NUMBERS, chunks=(100, 8)), "v": da.arange(50, chunks=10), "here": np.float64(3)}


def check(prefix):
    with ckpt_magics.load_checkpoint(prefix) as reader:
        assert reader.verify().is_whole
        np.testing.assert_array_equal(reader["w"], NUMBERS)
        assert list(range(50)) == reader["v"].tolist()


def test_save_and_read(client, tmp_path):
    found = saved(tmp_path / "m", arrays())
    check(found)
    with ckpt_magics.load_checkpoint(found) as reader:
        lazy = reader.dask_arrays(chunks=3000)
    assert NUMBERS.sum() == lazy["w"].sum().compute()
    check(pickle.loads(pickle.dumps(saved(tmp_path / "n", lazy, compute=False))).compute())
    check(saved(tmp_path / "o", {name: array.persist() for name, array in lazy.items()}))


def test_jobs_by_the_executor_of_a_client(client, tmp_path):
    found = saved(tmp_path / "m", arrays())
    executor = client.get_executor()
    with ckpt_magics.load_checkpoint(found) as reader:
        assert reader.statistics(executor=executor).equals(reader.statistics())
    assert ckpt_magics.verify_checkpoint(found, executor=executor).is_whole
    options = ConvertOptions(executor=executor, save=SaveOptions(num_shards=2, durable=False))
    made = ckpt_magics.convert_checkpoint(found, tmp_path / "c", [("dtype", ["w=float64"])], options=options)
    assert sum(file.role == "data" for file in made.conversion.files) == 2
    mean = ckpt_magics.average_checkpoints([found, found], tmp_path / "a", options=options)
    assert {"same"} == set(ckpt_magics.compare_checkpoints(found, mean.path, executor=executor).status)


def test_ctrl_c(client, tmp_path):
    before = saved(tmp_path / "m", arrays())
    names = sorted(os.listdir(tmp_path))
    broken = da.arange(50, chunks=10).map_blocks(deaths.interrupt, os.getpid(), dtype=int)
    with pytest.raises(KeyboardInterrupt):
        saved(tmp_path / "m", {**arrays(), "v": broken})
    check(before)
    # What a task put there that still ran is nobody's: a save sweeps it, of a process that goes on.
    check(saved(tmp_path / "m", arrays()))
    assert not [name for name in os.listdir(tmp_path) if name not in names and name.startswith(".")]


@pytest.mark.parametrize("point", deaths.POINTS)
def test_a_worker_is_killed(client, tmp_path, point):
    """The save goes on with the others, and what the dead one left goes too."""
    marker, folder = tmp_path / "died", tmp_path / "runs"
    folder.mkdir()
    client.run(deaths.die_at, point, str(marker))
    found = saved(folder / "m", arrays())
    assert marker.exists()
    check(found)
    assert sorted(os.path.basename(file.path) for file in found.files) == sorted(os.listdir(folder))


def allow_failures(count, dask_scheduler):
    """Let a task be given up when so many workers have died of it."""
    dask_scheduler.allowed_failures = count


def test_all_workers_are_killed(client, tmp_path):
    deadly = da.from_array(NUMBERS, chunks=(100, 8)).map_blocks(deaths.always_die, dtype=np.float32)
    before = saved(tmp_path / "m", arrays())
    names = sorted(os.listdir(tmp_path))
    client.run_on_scheduler(allow_failures, 0)
    with pytest.raises(ckpt_magics.UnavailableError, match="workers were lost"):
        saved(tmp_path / "m", {"w": deadly})
    assert names == sorted(os.listdir(tmp_path))
    check(before)
    with pytest.raises(ckpt_magics.UnavailableError):
        saved(tmp_path / "new" / "m", {"w": deadly})
    assert not (tmp_path / "new").exists()
    client.run_on_scheduler(allow_failures, 3)
