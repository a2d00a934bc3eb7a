"""A flipped bit is detected or harmless, and it takes one tensor with it (V2) or those of one block (V1)."""

import shutil
import warnings

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.state import latest_checkpoint
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import as_array, save_v1, save_v2, write_checkpoint
from tests.safety.scale import STRESS, scaled

#: Sixteen tensors of every kind of value: numbers of all widths, booleans, complex numbers, strings, empty, scalars.
SMALL = {
    f"layer_{number:02d}/{np.dtype(dtype).name}": np.arange(6).astype(dtype).reshape(2, 3)
    for number, dtype in enumerate(["f4", "f8", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "c8", "c16"])
} | {
    "flag": np.array([True, False]),
    "empty": np.zeros((0, 3), np.float32),
    "scalar": np.float32(7).reshape(()),
    "words": np.array([b"a", b"", b"long" * 50], object),
    "step": np.int64(5).reshape(()),
}


def bits(path, count):
    """Positions and bits of a file: all of them in the stress tests, else a sample."""
    size = 8 * path.stat().st_size
    if STRESS:
        return range(size)
    return np.random.default_rng(11).choice(size, min(count, size), replace=False).tolist()


def flipped(path, chosen):
    """Yield each chosen bit with the file changed in it; the file is whole again afterwards."""
    original = path.read_bytes()
    try:
        for bit in chosen:
            damaged = bytearray(original)
            damaged[bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            yield bit
    finally:
        path.write_bytes(original)


def surviving(prefix, tensors):
    """Count the tensors that are read as they were written; none may be read as anything else, none may be new."""
    good = 0
    try:
        with warnings.catch_warnings(action="ignore"), load_checkpoint(prefix) as reader:
            assert set(reader) <= set(tensors)
            for name, value in tensors.items():
                try:
                    found = as_array(reader.get_tensor(name))
                except CheckpointError:
                    continue
                assert (found.dtype, found.shape) == (value.dtype, value.shape)
                assert found.tobytes() == value.tobytes() if value.dtype != object else found.tolist() == value.tolist()
                good += 1
    except CheckpointError:
        return 0
    return good


def test_every_bit_of_a_v2_index(tmp_path):
    prefix = save_v2(tmp_path / "m", SMALL)
    index = tmp_path / "m.index"
    outcomes = [surviving(prefix, SMALL) for _ in flipped(index, bits(index, 150))]
    # The padding of the footer and the handle of the metaindex are what no reader needs.
    assert {0, len(SMALL)} >= set(outcomes)
    assert outcomes.count(len(SMALL)) <= scaled(40, 400)


def test_every_bit_of_v2_data_spoils_one_tensor(tmp_path):
    prefix = save_v2(tmp_path / "m", SMALL)
    data = tmp_path / "m.data-00000-of-00001"
    assert {surviving(prefix, SMALL) for _ in flipped(data, bits(data, 120))} == {len(SMALL) - 1}


def test_every_bit_of_a_v1_file(tmp_path):
    prefix = save_v1(tmp_path / "m", SMALL)
    path = tmp_path / "m"
    outcomes = [surviving(prefix, SMALL) for _ in flipped(path, bits(path, 150))]
    assert {0, len(SMALL)} >= set(outcomes)


def test_v1_damage_stays_in_its_block(tmp_path):
    tensors = {f"w{number}": np.full((200, 200), number, np.float32) for number in range(8)}
    prefix = save_v1(tmp_path / "m", tensors)
    path = tmp_path / "m"
    # The first block holds the list of the tensors; without it nothing is found.
    inside = range(8 * 400_000, 8 * 1_200_000)
    chosen = np.random.default_rng(2).choice(inside, scaled(8, 400), replace=False).tolist()
    assert min(surviving(prefix, tensors) for _ in flipped(path, chosen)) >= len(tensors) - 2


def test_bits_of_an_index_of_many_blocks(tmp_path):
    tensors = {f"layer_{i:05d}/{'x' * 40}": np.float32(i).reshape(()) for i in range(6000)}
    prefix = save_v2(tmp_path / "m", tensors)
    names = list(tensors)
    for path in (tmp_path / "m.index", tmp_path / "m.data-00000-of-00001"):
        size = 8 * path.stat().st_size
        for bit in flipped(path, np.random.default_rng(5).choice(size, scaled(6, 5000), replace=False).tolist()):
            picked = {name: tensors[name] for name in (names[bit % 6000], names[0], names[-1])}
            with warnings.catch_warnings(action="ignore"):
                try:
                    with load_checkpoint(prefix) as reader:
                        listed = set(reader)
                        assert listed <= set(tensors)
                        for name, value in picked.items():
                            if name in listed:
                                try:
                                    assert reader[name] == value
                                except CheckpointError:
                                    assert path.name.endswith("00001")
                except CheckpointError:
                    assert path.name == "m.index"


def test_bits_of_the_state_file_never_mean_no_checkpoint(tmp_path):
    """The latest is found whatever bit flips; if it is not the one that was named, a warning says so."""
    for step in (1, 2, 3):
        write_checkpoint(tmp_path / "m", {"w": np.zeros(2)}, global_step=step, durable=False)
    path = tmp_path / "checkpoint"
    for bit in flipped(path, bits(path, 100)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = latest_checkpoint(tmp_path)
        assert found is not None, bit
        assert found == str(tmp_path / "m-3") or caught, bit


@pytest.mark.parametrize("save", [save_v1, save_v2])
def test_cut_extended_and_zeroed_files(tmp_path, save):
    """Whatever is cut off, appended or zeroed: no other value, and nothing waits for ever."""
    prefix = save(tmp_path / "m", SMALL)
    for path in [path for path in tmp_path.iterdir() if path.stat().st_size]:
        original = path.read_bytes()
        size = len(original)
        step = scaled(max(size // 40, 1), 1)
        changed = [original[:end] for end in range(0, size, step)]
        changed += [original + tail for tail in (b"\0", b"\xff" * 48, original)]
        changed += [original[start:] for start in (1, 5, size // 2)]
        changed += [original[:at] + bytes(min(64, size - at)) + original[at + 64 :] for at in range(0, size, 4 * step)]
        changed += [bytes(size), b"", original[::-1]]
        for contents in changed:
            path.write_bytes(contents)
            surviving(prefix, SMALL)
        path.write_bytes(original)


def test_swapped_files_give_no_wrong_value(tmp_path):
    """The data of one checkpoint under the index of another."""
    other = {name: value[::-1].copy() if value.ndim else value for name, value in SMALL.items()}
    prefix, second = save_v2(tmp_path / "m", SMALL), save_v2(tmp_path / "n", other)
    shutil.copy(f"{second}.data-00000-of-00001", f"{prefix}.data-00000-of-00001")
    assert surviving(prefix, SMALL) < len(SMALL)


def test_missing_files_give_our_errors(tmp_path):
    prefix = save_v2(tmp_path / "m", SMALL, num_shards=3)
    for path in sorted(tmp_path.iterdir()):
        contents = path.read_bytes()
        path.unlink()
        assert surviving(prefix, SMALL) < len(SMALL)
        path.write_bytes(contents)
    assert surviving(prefix, SMALL) == len(SMALL)
