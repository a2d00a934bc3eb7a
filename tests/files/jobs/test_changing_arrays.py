"""Arrays that change while they are saved, as a training thread's do: what was written can be read."""

import os
import threading

import numpy as np
import pytest

from ckpt_magics.files.storage import disk
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint

LAYOUTS = {
    "contiguous": lambda array: array,
    "transposed": lambda array: array.T,
    "rows apart": lambda array: array[:, ::2],
    "big-endian": lambda array: array.astype(">f4"),
}

OPTIONS = {"V2": {}, "V2 in shards": {"num_shards": 3}, "V1": {"write_version": 1}}


class _ChangingOs:
    """Stands in for the ``os`` module: arrays change before the bytes of each write are taken, and after."""

    def __init__(self, arrays):
        self.arrays = arrays

    def __getattr__(self, name):
        return getattr(os, name)

    def write(self, descriptor, data):
        for array in self.arrays:
            array[...] += 1
        count = os.write(descriptor, data)
        for array in self.arrays:
            array[...] += 1
        return count


def _sizes(layout, dtype):
    """Arrays of every way of writing: gathered, copied, by a second thread, in several pieces."""
    shapes = [(), (3, 4), (60, 70), (300, 200), (400, 900), (1500, 2200)]
    return {
        f"{len(shape)}-{shape}": layout(np.zeros(shape, dtype)) if shape else np.zeros(shape, dtype) for shape in shapes
    }


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_what_was_written_can_be_read(tmp_path, monkeypatch, layout, options):
    tensors = _sizes(layout, np.float32)
    write_checkpoint(tmp_path / "m", tensors, durable=False)
    monkeypatch.setattr(disk, "os", _ChangingOs(tensors.values()))
    write_checkpoint(tmp_path / "m", tensors, durable=False, **options)
    with load_checkpoint(tmp_path / "m") as reader:
        for name, array in tensors.items():
            found = reader[name]
            assert found.shape == array.shape
            # Small ones are taken at one time; of large ones each piece is.
            assert 0 <= found.min() <= found.max() <= array.max()
            assert found.min() == found.max() or array.nbytes > 1 << 18


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.float16, np.complex128])
def test_numbers_of_any_type_may_change(tmp_path, monkeypatch, dtype):
    for version in (1, 2):
        tensors = _sizes(lambda array: array, dtype)
        monkeypatch.setattr(disk, "os", _ChangingOs(tensors.values()))
        write_checkpoint(tmp_path / "m", tensors, durable=False, write_version=version)
        with load_checkpoint(tmp_path / "m") as reader:
            assert {name: reader[name].shape for name in reader} == {name: a.shape for name, a in tensors.items()}


def test_elements_of_objects_may_change(tmp_path, monkeypatch):
    class Appending:
        """Adds to every text."""

        def __getattr__(self, name):
            return getattr(os, name)

        def write(self, descriptor, data):
            texts[...] += b"more"
            return os.write(descriptor, data)

    for version in (1, 2):
        texts = np.array([b"x" * size for size in (0, 100, 200_000)], object)
        monkeypatch.setattr(disk, "os", Appending())
        write_checkpoint(tmp_path / "m", {"texts": texts}, durable=False, write_version=version)
        with load_checkpoint(tmp_path / "m") as reader:
            assert list(map(len, reader["texts"])) == [0, 100, 200_000]


def test_a_progress_callback_may_change_what_is_saved(tmp_path):
    array = np.zeros(3 << 20)

    def change(done, total):
        array[:] = done

    write_checkpoint(tmp_path / "m", {"a": array}, durable=False, progress=change)
    with load_checkpoint(tmp_path / "m") as reader:
        assert 0 < len(np.unique(reader["a"])) < 16


def test_many_small_arrays_may_change(tmp_path, monkeypatch):
    tensors = {f"t{number:04}": np.zeros(number % 7) for number in range(3000)}
    monkeypatch.setattr(disk, "os", _ChangingOs(tensors.values()))
    write_checkpoint(tmp_path / "m", tensors, durable=False)
    with load_checkpoint(tmp_path / "m") as reader:
        assert {len(np.unique(value)) for value in reader.get_tensors().values()} == {0, 1}


def test_a_thread_that_goes_on_training_harms_no_save(tmp_path):
    array = np.zeros(1 << 20, np.float32)
    done = threading.Event()

    def train():
        while not done.is_set():
            array.__iadd__(1)

    thread = threading.Thread(target=train)
    thread.start()
    try:
        for version in (2, 1):
            write_checkpoint(tmp_path / "m", {"a": array}, durable=False, write_version=version)
            with load_checkpoint(tmp_path / "m") as reader:
                assert reader["a"].shape == array.shape
    finally:
        done.set()
        thread.join()
