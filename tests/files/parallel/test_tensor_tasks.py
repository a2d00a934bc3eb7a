"""Jobs give the same with an executor as without one, whoever works: threads, processes, or nobody in time."""

import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ckpt_magics
from ckpt_magics import ConvertOptions
from ckpt_magics.files.parallel import tensor_tasks
from ckpt_magics.files.parallel.tensor_tasks import TASK_SIZE, TASK_TENSORS, cut_tasks, run_tasks
from ckpt_magics.files.tensors.save_options import SaveOptions
from tests.files.saved import write_checkpoint

NUMBERS = np.arange(6000, dtype=np.float32).reshape(200, 30)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """A checkpoint of numbers, strings and a NaN in two data files."""
    values = {f"w{number}": NUMBERS * number for number in range(5)}
    values |= {"s": np.array([b"one", b""], object), "n": np.array([1, np.nan])}
    return str(write_checkpoint(tmp_path_factory.mktemp("runs") / "m", values, num_shards=2, durable=False))


@pytest.fixture(scope="module", params=["threads", "processes"])
def executor(request):
    if request.param == "threads":
        made = ThreadPoolExecutor(2)
    else:
        made = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    with made:
        yield made


@pytest.fixture(autouse=True)
def several_tasks(monkeypatch):
    """Two tensors are enough for a task, so that small checkpoints make several."""
    monkeypatch.setattr(tensor_tasks, "TASK_TENSORS", 2)


@given(st.lists(st.sampled_from([0, 1, TASK_SIZE // 2, TASK_SIZE]), max_size=12))
def test_tasks_are_runs_that_are_worth_it(sizes):
    runs = cut_tasks(sizes)
    assert list(range(len(sizes))) == [row for run in runs for row in run]
    for run in runs[:-1]:
        assert sum(sizes[run.start : run.stop]) >= TASK_SIZE or len(run) == tensor_tasks.TASK_TENSORS


def test_small_tensors_go_a_thousand_at_a_time(monkeypatch):
    monkeypatch.setattr(tensor_tasks, "TASK_TENSORS", TASK_TENSORS)
    assert list(map(len, cut_tasks([4] * 2500))) == [1000, 1000, 500]


def test_statistics(prefix, executor):
    with ckpt_magics.load_checkpoint(prefix) as reader:
        told = []
        assert reader.statistics(executor=executor, progress=lambda *done: told.append(done)).equals(
            reader.statistics()
        )
        assert told[-1][0] == told[-1][1]
        assert told == sorted(told)


def test_verify(prefix, executor):
    found, alone = (ckpt_magics.verify_checkpoint(prefix, executor=one) for one in (executor, None))
    assert found.is_whole
    assert found.tensors == alone.tensors


def test_verify_finds_the_same_damage(prefix, executor, tmp_path):
    copy = write_checkpoint(tmp_path / "m", {f"w{number}": NUMBERS for number in range(5)}, durable=False)
    with open(f"{copy}.data-00000-of-00001", "r+b") as data:
        data.seek(NUMBERS.nbytes + 5)
        data.write(b"damage")
    found, alone = (ckpt_magics.verify_checkpoint(copy, executor=one) for one in (executor, None))
    assert [str(one) for one in found.findings] == [str(one) for one in alone.findings]
    assert [one.name for one in (tensor.entry for tensor in found.tensors if tensor.error)] == ["w1"]


@pytest.mark.parametrize("mapping", [{}, {"renamed": "w1"}])
def test_differences(prefix, executor, mapping):
    live = {"w0": NUMBERS, "w2": NUMBERS * 2, "renamed": NUMBERS + 1, "added": NUMBERS}
    found, alone = (
        ckpt_magics.compare_checkpoints(prefix, live, mapping=mapping, executor=one) for one in (executor, None)
    )
    assert found.equals(alone)
    assert found.set_index("name").status["w2"] == "same"


def test_other_kinds_of_files(executor, tmp_path):
    np.savez(tmp_path / "a.npz", w=NUMBERS, v=NUMBERS + 1)
    assert ckpt_magics.verify_checkpoint(tmp_path / "a.npz", executor=executor).is_whole
    assert set(ckpt_magics.compare_checkpoints(tmp_path / "a.npz", tmp_path / "a.npz", executor=executor).status) == {
        "same"
    }


def test_conversions(prefix, executor, tmp_path):
    steps = [("map", {"renamed": "w1"}), ("dtype", ["w2=float16"])]
    options = [ConvertOptions(executor=one, save=SaveOptions(num_shards=3, durable=False)) for one in (executor, None)]
    by_tasks, alone = (
        ckpt_magics.convert_checkpoint(prefix, tmp_path / name, steps, options=one)
        for name, one in zip("ab", options, strict=True)
    )
    assert by_tasks.table.equals(alone.table)
    for end in (".index", *(f".data-0000{number}-of-00003" for number in range(3))):
        assert (tmp_path / f"a{end}").read_bytes() == (tmp_path / f"b{end}").read_bytes()
    mean = ckpt_magics.average_checkpoints([prefix, prefix], tmp_path / "mean", options=options[0])
    assert {"same"} == set(ckpt_magics.compare_checkpoints(prefix, mean.path).status)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_a_conversion_that_fails_leaves_nothing(prefix, executor, tmp_path):
    np.savez(tmp_path / "a.npz", w=np.float64([1e300]), v=np.zeros(3))
    options = ConvertOptions(executor=executor, save=SaveOptions(durable=False))
    with pytest.raises(ckpt_magics.CheckpointError):
        ckpt_magics.convert_checkpoint(tmp_path / "a.npz", tmp_path / "m", [("dtype", ["w=float16"])], options=options)
    with pytest.raises(ckpt_magics.UnimplementedError, match="written by one process"):
        ckpt_magics.convert_checkpoint(tmp_path / "a.npz", tmp_path / "b.npz", options=options)
    assert os.listdir(tmp_path) == ["a.npz"]


class Counting(ThreadPoolExecutor):
    """Notes what was asked for; nothing is begun."""

    def __init__(self, error=None):
        super().__init__(1)
        self.error = error
        self.given = []

    def submit(self, *_):
        future = Future()
        if self.error is not None and not self.given:
            future.set_exception(self.error)
        self.given.append(future)
        return future


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("other")])
def test_an_error_takes_back_what_has_not_begun(error):
    executor = Counting(error)
    with pytest.raises(type(error)):
        list(run_tasks(executor, print, [(1,), (2,), (3,)]))
    assert [future.cancelled() for future in executor.given] == [False, True, True]


def test_lost_workers_are_an_error_of_ours():
    with pytest.raises(ckpt_magics.UnavailableError, match="workers were lost"):
        list(run_tasks(Counting(BrokenProcessPool("died")), print, [(1,)]))
