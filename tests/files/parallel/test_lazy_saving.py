"""Arrays of dask are saved by workers: the right values, all or nothing, whatever fails, and no secrets in a graph."""

import os
import pickle

import dask
import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import ckpt_magics
from ckpt_magics.files.kinds.bundle import bundle_parts
from ckpt_magics.files.parallel import lazy_saving, tensor_tasks
from ckpt_magics.files.storage.atomic import is_temporary_name

NUMBERS = np.arange(8192 * 8, dtype=np.float32).reshape(8192, 8)
TEXT = np.array([b"x", b"yy", b"", b"z" * 300], object)


@pytest.fixture(autouse=True)
def scheduler():
    with dask.config.set(scheduler="synchronous"):
        yield


def saved(prefix, tensors, **options):
    return ckpt_magics.save_checkpoint(prefix, tensors, durable=False, **options)


def values_of(prefix):
    with ckpt_magics.load_checkpoint(prefix) as reader:
        assert reader.verify().is_whole
        return dict(reader)


def written_and_lost(*given, write=lazy_saving._write, **options):
    write(*given, **options)
    raise ZeroDivisionError("behind a part")


def failing(block):
    if block.size and block.flat[0] > 0:
        raise ZeroDivisionError("in a chunk")
    return block


def test_values_of_all_sorts(tmp_path):
    tensors = {
        "w": da.from_array(NUMBERS, chunks=(1000, 5)),
        "whole": da.arange(10),
        "here": np.float32([1, 2]),
        "text": da.from_array(TEXT, chunks=3),
        "letters": da.from_array(np.array(["a", "bcd"]), chunks=1),
        "big-endian": da.from_array(np.arange(6, dtype=">i4"), chunks=2),
        "empty": da.zeros((0, 4), chunks=(0, 2)),
        "with an empty chunk": da.from_array(np.arange(4), chunks=((0, 3, 1),)),
        "scalar": da.from_array(np.float64(7)),
        "nested": {"b": da.ones(5, chunks=2), "none": None},
    }
    found = saved(tmp_path / "m", tensors, num_shards=4)
    assert found.left_out == ("nested/none",)
    assert len(tensors) == found.tensors
    assert [file.role for file in found.files] == ["data"] * 4 + ["meta graph", "index", "state"]
    assert all(os.path.getsize(file.path) == file.bytes for file in found.files)
    values = values_of(found)
    np.testing.assert_array_equal(values["w"], NUMBERS)
    np.testing.assert_array_equal(values["text"], TEXT)
    assert values["letters"].tolist() == [b"a", b"bcd"]
    assert list(range(6)) == values["big-endian"].tolist()
    assert values["empty"].shape == (0, 4)
    assert values["with an empty chunk"].tolist() == [0, 1, 2, 3]
    assert values["scalar"] == 7
    assert values["nested/b"].tolist() == [1] * 5
    with ckpt_magics.load_checkpoint(found) as reader:
        assert len(reader.entry("w").slices) == 18
        np.testing.assert_array_equal(reader.get_slice("w", np.s_[900:2100, 3:6]), NUMBERS[900:2100, 3:6])


@settings(max_examples=15)
@given(array_shapes(max_dims=3, max_side=6), st.integers(1, 4), st.integers(1, 3))
def test_any_chunks(tmp_path_factory, shape, chunk, shards):
    value = np.arange(np.prod(shape)).reshape(shape)
    prefix = saved(tmp_path_factory.mktemp("m") / "m", {"v": da.from_array(value, chunks=chunk)}, num_shards=shards)
    np.testing.assert_array_equal(values_of(prefix)["v"], value)


def test_a_data_file_has_64_mib_unless_said(tmp_path, monkeypatch):
    monkeypatch.setattr(tensor_tasks, "TASK_SIZE", NUMBERS.nbytes // 2)
    found = saved(tmp_path / "m", {"w": da.from_array(NUMBERS, chunks=(2048, 8))})
    assert [file.role for file in found.files if file.role == "data"] == ["data"] * 2


def test_arrays_that_were_computed_before(tmp_path):
    array = da.from_array(NUMBERS, chunks=(2048, 8)).persist()
    np.testing.assert_array_equal(values_of(saved(tmp_path / "m", {"w": array}, num_shards=2))["w"], NUMBERS)


def test_types_that_tensorflow_does_not_assemble_are_in_one_piece(tmp_path):
    prefix = saved(tmp_path / "m", {"half": da.arange(9, chunks=2, dtype=np.float16), "text": da.from_array(TEXT, 1)})
    with ckpt_magics.load_checkpoint(prefix) as reader:
        assert (reader.entry("half").slices, reader.entry("text").slices) == ((), ())
        assert list(range(9)) == reader["half"].tolist()


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="a kind of text of NumPy 2")
def test_strings_of_numpy_2(tmp_path):
    array = da.from_array(np.array(["x", "ä"], np.dtypes.StringDType()), 2)
    assert values_of(saved(tmp_path / "m", {"w": array}))["w"].tolist() == [b"x", "ä".encode()]


def test_what_two_arrays_need_is_made_once(tmp_path):
    made = []

    def make(block):
        made.append(block.shape)
        return block

    base = da.ones((6, 2), chunks=(2, 2)).map_blocks(make, dtype=float, meta=np.empty((0, 0)))
    made.clear()
    values = values_of(saved(tmp_path / "m", {"a": base + 1, "b": base * 3}))
    assert len(made) == 3
    assert (values["a"].max(), values["b"].max()) == (2, 3)


def test_over_a_checkpoint_and_with_steps(tmp_path):
    for step in range(4):
        found = saved(tmp_path / "m", {"w": da.full((9, 2), step, chunks=2)}, global_step=step, max_to_keep=2)
    assert (str(tmp_path / "m-1"),) == found.removed
    again = saved(tmp_path / "m", {"w": da.zeros(4, chunks=2)}, global_step=3)
    assert values_of(again)["w"].tolist() == [0, 0, 0, 0]
    assert str(tmp_path / "m-3") == ckpt_magics.latest_checkpoint(tmp_path)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(tmp_path, error):
    saved(tmp_path / "m", {"w": da.zeros(9, chunks=3)})
    before = sorted(os.listdir(tmp_path))

    def fail(block):
        if len(block) and block[0] > 3:
            raise error("in a chunk")
        return block

    broken = da.arange(9, chunks=3).map_blocks(fail, dtype=int, meta=np.empty(0, int))
    with pytest.raises(error):
        saved(tmp_path / "m", {"w": broken})
    assert before == sorted(os.listdir(tmp_path))
    assert values_of(tmp_path / "m")["w"].tolist() == [0] * 9


def test_a_new_directory_goes_again(tmp_path):
    broken = da.arange(9, chunks=3).map_blocks(failing, dtype=int, meta=np.empty(0, int))
    with pytest.raises(ZeroDivisionError):
        saved(tmp_path / "new" / "m", {"w": broken})
    assert os.listdir(tmp_path) == []


def test_a_chunk_is_what_dask_says(tmp_path):
    other = da.arange(9, chunks=3).map_blocks(lambda block: block.astype(np.float64), dtype=np.float32)
    with pytest.raises(ckpt_magics.InvalidArgumentError, match=r"a chunk is float64 \[3\], and the array says float32"):
        saved(tmp_path / "m", {"w": other})
    assert os.listdir(tmp_path) == []


def test_refusals_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setattr(lazy_saving, "MAX_SLICES", 50)
    never = da.arange(9, chunks=3).map_blocks(failing, dtype=int, meta=np.empty(0, int))
    for tensors, options, words in (
        ({"w": never[never > 2]}, {}, "lengths of its chunks are not known"),
        ({"w": da.zeros((8, 8), chunks=1)}, {}, "64 chunks"),
        ({"w": never, "t": da.zeros(3, dtype="M8[s]")}, {}, "cannot be saved"),
        ({"w": never}, {"write_version": 1}, "saved as V2"),
        ({"w": never}, {"objects": True}, "saved as V2"),
        ({"w": np.zeros(3)}, {"compute": False}, "for arrays of dask"),
    ):
        with pytest.raises(ckpt_magics.InvalidArgumentError, match=words):
            saved(tmp_path / "m", tensors, **options)
    assert os.listdir(tmp_path) == []


def test_a_task_that_runs_twice(tmp_path, monkeypatch):
    """Of two runs that give other values, the one counts whose word came; what the other wrote goes."""
    runs = []
    write = lazy_saving._write

    def twice(*given, **options):
        runs.append([write(*given, **options) for _ in range(2)])
        return runs[-1][len(runs) % 2]

    monkeypatch.setattr(lazy_saving, "_write", twice)
    rng = np.random.default_rng(1)
    random = da.zeros((6, 4), chunks=(2, 4)).map_blocks(lambda block: block + rng.random(block.shape), dtype=float)
    found = saved(tmp_path / "m", {"w": random}, num_shards=3)
    assert np.isfinite(values_of(found)["w"]).all()
    assert sum(map(len, runs)) == 6
    assert sorted(file.path for file in found.files) == sorted(str(path) for path in tmp_path.iterdir())


def test_a_straggler_writes_nothing_when_the_save_is_over(tmp_path, monkeypatch):
    late = []
    write = lazy_saving._write

    def noted(*given, **options):
        late.append((given, options))
        return write(*given, **options)

    monkeypatch.setattr(lazy_saving, "_write", noted)
    saved(tmp_path / "m", {"w": da.zeros(9, chunks=3)})
    before = sorted(os.listdir(tmp_path))
    given_then, options = late[0]
    with pytest.raises(ckpt_magics.AbortedError, match="is over"):
        write(*given_then, **options)
    assert before == sorted(os.listdir(tmp_path))


def test_a_data_file_that_is_not_what_was_written(tmp_path, monkeypatch):
    parts = lazy_saving.LazyTensors.parts

    def cut(self, directory):
        found = parts(self, directory)
        os.truncate(found[0].data_file, 3)
        return found

    monkeypatch.setattr(lazy_saving.LazyTensors, "parts", cut)
    with pytest.raises(ckpt_magics.DataLossError, match="of 3 bytes"):
        saved(tmp_path / "m", {"w": da.zeros(9, chunks=3)})
    assert os.listdir(tmp_path) == []


class TestLater:
    def test_the_same_is_saved(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        later = saved("new/m", {"w": da.from_array(NUMBERS, chunks=(2000, 8))}, global_step=2, compute=False)
        assert os.listdir(tmp_path) == []
        found = pickle.loads(pickle.dumps(later)).compute()
        assert str(tmp_path / "new" / "m-2") == found
        np.testing.assert_array_equal(values_of(found)["w"], NUMBERS)
        assert found == ckpt_magics.latest_checkpoint(tmp_path / "new")

    def test_what_a_failure_leaves_is_known_and_swept(self, tmp_path, monkeypatch):
        monkeypatch.setattr(lazy_saving, "_write", written_and_lost)
        with pytest.raises(ZeroDivisionError):
            saved(tmp_path / "m", {"w": da.zeros(9, chunks=3)}, num_shards=3, compute=False).compute()
        monkeypatch.undo()
        (left,) = os.listdir(tmp_path)
        assert is_temporary_name(left)
        assert [left] == [one.name for one in ckpt_magics.list_checkpoints(tmp_path).leftovers]
        bundle_parts.forget_names([left])
        saved(tmp_path / "m", {"w": np.zeros(3)})
        assert left not in os.listdir(tmp_path)


@pytest.mark.filterwarnings("ignore:memory.* does not tell who")
def test_at_a_url(monkeypatch):
    options = {"anon": True, "secret": "hush-hush", "key": "hush-key"}
    arrays = {"w": da.from_array(NUMBERS, chunks=(1000, 8))}
    with ckpt_magics.use_storage_options(options):
        found = saved("memory://lazy/m", arrays, num_shards=3)
        np.testing.assert_array_equal(values_of(found)["w"], NUMBERS)
        saved("memory://lazy/m", {"w": arrays["w"] + 1}, num_shards=3)
        np.testing.assert_array_equal(values_of(found)["w"], NUMBERS + 1)
        later = saved("memory://lazy/n", arrays, compute=False)
    for sent in (pickle.dumps(later), repr(dict(later.dask)).encode()):
        assert b"hush" not in sent
    pickle.loads(pickle.dumps(later)).compute()
    np.testing.assert_array_equal(values_of("memory://lazy/n")["w"], NUMBERS)


@pytest.mark.filterwarnings("ignore:memory.* does not tell who")
def test_old_parts_at_a_url_are_swept(monkeypatch):
    names = []
    monkeypatch.setattr(bundle_parts, "_remove_tree", names.append)
    monkeypatch.setattr(lazy_saving, "_write", written_and_lost)
    with pytest.raises(ZeroDivisionError):
        saved("memory://left/m", {"w": da.zeros(9, chunks=3)}, num_shards=3)
    monkeypatch.undo()
    with dask.config.set(scheduler="synchronous"):
        saved("memory://left/m", {"w": da.zeros(3)})
        (left,) = names
        assert left.is_directory
        monkeypatch.setattr(bundle_parts, "_DAY", -1e9)
        saved("memory://left/m", {"w": da.zeros(3)})
    assert not left.is_directory
