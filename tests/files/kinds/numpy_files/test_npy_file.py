""".npy files, one and a directory of them: what NumPy saves, what it loads; any bytes give values or our errors."""

import os
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ckpt_magics
from ckpt_magics.errors import CheckpointError, CheckpointNotFoundError, FailedPreconditionError, UnimplementedError
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.formats.npy_header import encode_array_header, read_array_header
from ckpt_magics.files.kinds.known import kind_named, kind_to_write
from ckpt_magics.files.kinds.numpy_files.npy_kind import NPY
from ckpt_magics.files.kinds.numpy_files.npz_kind import NUMPY_DTYPES
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.source import TensorSpec
from tests.descriptors import needs_descriptors, open_files
from tests.files.faults import faulty_disk
from tests.files.saved import write_kind

TENSORS = {
    "net/kernel": np.arange(12, dtype=np.float32).reshape(3, 4),
    "net/fortran": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "net.npy": np.arange(5, dtype=">i4"),
    "step": np.array(7, np.int64),
    "none": np.zeros((0, 3), np.complex64),
    "flags": np.array([True, False]),
}


def write(path, arrays, **options):
    return write_kind(path, arrays, NPY, **options)


@pytest.fixture
def saved(tmp_path):
    """Files as NumPy saves them."""
    for name, array in TENSORS.items():
        path = tmp_path / "m" / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, array)
    return tmp_path / "m"


def loaded(folder):
    return {
        path.relative_to(folder).as_posix().removesuffix(".npy"): np.load(path, allow_pickle=False)
        for path in folder.rglob("*.npy")
    }


def test_gives_what_numpy_saved(saved):
    with ckpt_magics.load_checkpoint(saved) as reader:
        assert sorted(reader) == sorted(TENSORS)
        for name, array in TENSORS.items():
            np.testing.assert_array_equal(reader[name], array)
            assert np.asarray(reader[name]).dtype.isnative
            assert [piece.tolist() for _, piece in reader.pieces(name, 1 << 20)] == [array.tolist()]
        assert reader.get_slice("net/fortran", (1, slice(0, 2))).tolist() == TENSORS["net/fortran"][1, :2].tolist()
        assert reader.get_slice("net/kernel", (slice(1, 3), 2)).tolist() == [6.0, 10.0]
    assert ckpt_magics.verify_checkpoint(saved).is_whole
    assert "format npy" in str(ckpt_magics.describe_checkpoint(saved))


def test_one_file_is_one_tensor_of_its_name(saved):
    with ckpt_magics.load_checkpoint(saved / "net" / "kernel.npy") as reader:
        assert list(reader) == ["kernel"]
        np.testing.assert_array_equal(reader["kernel"], TENSORS["net/kernel"])


@pytest.mark.parametrize("text", [np.array(["a", "名", ""]), np.array([[b"xy"], [b"z"]])], ids=["str", "bytes"])
def test_text_is_read_as_bytes(tmp_path, text):
    np.save(tmp_path / "words.npy", text)
    with ckpt_magics.load_checkpoint(tmp_path) as reader:
        wanted = [item if isinstance(item, bytes) else item.encode() for item in text.ravel().tolist()]
        assert reader["words"].ravel().tolist() == wanted


def test_files_are_those_of_numpy_byte_for_byte(saved, tmp_path):
    arrays = {name: np.ascontiguousarray(array, array.dtype.newbyteorder("=")) for name, array in TENSORS.items()}
    arrays |= {name: array for name, array in TENSORS.items() if not array.ndim}
    assert kind_to_write(f"{tmp_path}/ours/") is NPY
    write(f"{tmp_path}/ours/", arrays)
    for name, array in arrays.items():
        np.save(tmp_path / "theirs.npy", array)
        assert (tmp_path / "ours" / f"{name}.npy").read_bytes() == (tmp_path / "theirs.npy").read_bytes()


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=9),
        st.tuples(st.sampled_from([*NUMPY_DTYPES]), st.lists(st.integers(0, 3), max_size=3)),
        max_size=6,
    )
)
def test_numpy_loads_what_is_written_and_what_is_refused_would_be_no_path(tmp_path_factory, tensors):
    arrays = {name: np.ones(shape, dtype.numpy) for name, (dtype, shape) in tensors.items()}
    folder = tmp_path_factory.mktemp("m") / "m"
    refused = {one.name.decode() for one in NPY.can_hold([ArraySource(arrays).spec(name.encode()) for name in arrays])}
    for name in refused:
        assert name.endswith(".npy") or set(name) & {"\0", "\\"} or {"", ".", ".."} & set(name.split("/"))
    arrays = {name: array for name, array in arrays.items() if name not in refused}
    write(folder, arrays)
    found = loaded(folder)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].tolist()) == (array.dtype, array.tolist())


HOSTILE = ["", "/etc/passwd", "../m", "a/../../b", "a//b", "./a", "a/", "a/.", "a\\b", "a\0b", "a" * 252, "ü" * 126]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_lead_elsewhere_are_refused_before_anything_is_written(tmp_path, name):
    found = NPY.can_hold([TensorSpec(name.encode(), FLOAT, ()), TensorSpec(b"good", FLOAT, ())])
    assert [(one.name, one.step) for one in found] == [(name.encode(), "map")]
    with pytest.raises(UnimplementedError, match="npy cannot hold names"):
        write(tmp_path / "m", {name: np.float32(1), "good": np.float32(1)})
    assert not os.listdir(tmp_path)


def test_a_file_and_a_directory_of_one_name_are_refused():
    found = NPY.can_hold([TensorSpec(key, FLOAT, ()) for key in (b"a", b"a/b", b"a.npy/c", b"d")])
    assert [(one.name, one.why) for one in found] == [(b"a", "names whose file is the directory of another")]


def test_a_directory_with_anything_else_is_left_alone(tmp_path):
    (tmp_path / "m" / "sub").mkdir(parents=True)
    (tmp_path / "m" / "sub" / "notes.txt").write_text("mine")
    with pytest.raises(FailedPreconditionError, match=r"would be lost: sub/notes.txt"):
        write(tmp_path / "m", {"a": np.float32(1)})
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FailedPreconditionError, match="Not a directory"):
        write(tmp_path / "file", {"a": np.float32(1)})
    assert sorted(os.listdir(tmp_path)) == ["file", "m"]


def test_a_new_version_takes_the_place_of_the_old_one_as_a_whole(tmp_path):
    write(tmp_path / "m", {"a": np.float32(1), "b/c": np.float32(2)}, durable=True)
    (tmp_path / "link").symlink_to(tmp_path / "m")
    with ckpt_magics.load_checkpoint(tmp_path / "m") as reader:
        assert reader["a"] == 1
        write(tmp_path / "link", {"a": np.float32(3)}, durable=True)
        assert reader["a"] == 3
    assert sorted(os.listdir(tmp_path)) == ["link", "m"]
    assert loaded(tmp_path / "m") == {"a": 3}


@pytest.mark.parametrize("fault", [OSError(5, "EIO"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_without_an_exchange_of_names_whatever_fails_is_undone(tmp_path, monkeypatch, fault):
    monkeypatch.setattr(disk, "exchange", lambda *_: False)
    write(tmp_path / "m", {"a": np.float32(1)})
    shutil.copytree(tmp_path / "m", tmp_path / "counted")
    with faulty_disk() as faulty:
        write(tmp_path / "counted", {"a": np.float32(2)})
    for at, call in enumerate(faulty.calls):
        with faulty_disk(at, fault):
            try:
                write(tmp_path / "m", {"a": np.float32(2)})
            except (CheckpointError, KeyboardInterrupt):
                assert loaded(tmp_path / "m")["a"].item() in {1, 2}
        if call not in {"unlink", "rmdir"}:
            assert not [name for name in os.listdir(tmp_path) if name.startswith(".")], call
        write(tmp_path / "m", {"a": np.float32(1)})
        assert sorted(os.listdir(tmp_path)) == ["counted", "m"]


def test_a_directory_without_arrays_is_none(tmp_path):
    (tmp_path / "m" / "deep").mkdir(parents=True)
    (tmp_path / "m" / "deep" / "x.txt").write_text("")
    np.save(tmp_path / "m" / "deep" / "deeper.npy", np.zeros(1))
    np.save(tmp_path / "far.npy", np.zeros(1))
    with ckpt_magics.load_checkpoint(tmp_path / "m" / "deep") as reader:
        assert list(reader) == ["deeper"]
    os.unlink(tmp_path / "m" / "deep" / "deeper.npy")
    with pytest.raises(CheckpointNotFoundError):
        ckpt_magics.load_checkpoint(tmp_path / "m")


def test_a_checkpoint_in_a_directory_comes_before_arrays(tmp_path):
    np.save(tmp_path / "data.npy", np.zeros(1))
    ckpt_magics.save_checkpoint(tmp_path / "m", {"w": np.ones(2)})
    with ckpt_magics.load_checkpoint(tmp_path) as reader:
        assert list(reader) == ["w"]


def test_damage_of_one_file_leaves_the_others(saved):
    (saved / "step.npy").write_bytes((saved / "step.npy").read_bytes()[:-1])
    np.save(saved / "pickle.npy", np.array([{}], object), allow_pickle=True)
    with ckpt_magics.load_checkpoint(saved) as reader:
        with pytest.warns(UserWarning, match="not all tensors can be listed"):
            assert sorted(reader) == sorted(set(TENSORS) - {"step"})
        with pytest.raises(UnimplementedError, match="Python objects"):
            reader.get_tensor("pickle")
    report = ckpt_magics.verify_checkpoint(saved)
    assert not report.is_whole
    assert "step" in str(report)


@needs_descriptors
def test_more_files_than_a_process_may_open(tmp_path):
    arrays = {f"t{number}": np.full(2, number) for number in range(3000)}
    write(tmp_path / "m", arrays)
    with ckpt_magics.load_checkpoint(tmp_path / "m") as reader:
        assert all(reader[name].tolist() == array.tolist() for name, array in arrays.items())
        assert len(open_files(tmp_path)) <= 3


@given(
    st.binary(max_size=300) | st.tuples(st.sampled_from([*NUMPY_DTYPES]), st.binary(max_size=9), st.integers(0, 127))
)
def test_any_bytes_are_an_array_or_an_error(tmp_path_factory, data):
    if isinstance(data, tuple):
        dtype, change, place = data
        whole = encode_array_header(dtype, (2, 3)) + bytes(6 * dtype.itemsize)
        data = whole[:place] + change + whole[place + len(change) :]
    path = tmp_path_factory.mktemp("m") / "x.npy"
    path.write_bytes(data)
    try:
        file = NPY.open(place_of(path))
    except CheckpointError:
        return
    value = file.read(b"x")
    assert value.shape == file.spec(b"x").shape
    file.close()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_headers_of_every_version_and_order_say_what_numpy_says(tmp_path, version, order):
    array = np.asarray(np.arange(6, dtype=">u2").reshape(2, 3), order=order)
    with open(tmp_path / "a.npy", "wb") as file:
        np.lib.format.write_array(file, array, version)
    with open(tmp_path / "a.npy", "rb") as file:
        header = read_array_header(file.read)
        assert (header.dtype, header.shape, header.is_fortran) == (array.dtype, array.shape, order == "F")
        assert file.read() == array.tobytes(order)


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }",
        "{'shape': (3, 4), 'descr': '<f4', 'fortran_order': False}",
        '{"descr": "<f4", "fortran_order": False, "shape": (3, 4,)}',
    ],
)
def test_headers_of_old_and_foreign_writers_are_read(text):
    data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    parts = iter([data[:8], data[8:10], data[10:]])
    assert read_array_header(lambda _: next(parts)).shape == (3, 4)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'more': 1}", "damaged"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)", ""),
        ("{'descr': __import__('os').system('x'), 'fortran_order': False, 'shape': ()}", "damaged"),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", "damaged"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "damaged"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "shape is"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': ()}", "Python objects"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", "fields"),
        ("{'descr': '<M8[s]', 'fortran_order': False, 'shape': ()}", "no counterpart"),
        ("{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000,)}", "of no bytes"),
        ("{'descr': '<f3', 'fortran_order': False, 'shape': ()}", "does not know"),
    ],
)
def test_headers_that_say_something_else_are_errors(text, error):
    data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    parts = iter([data[:8], data[8:10], data[10:]])
    if error:
        with pytest.raises(CheckpointError, match=error):
            read_array_header(lambda _: next(parts))
    else:
        assert read_array_header(lambda _: next(parts)).shape == (3, 4)


def test_the_names_of_all_kinds_are_known():
    assert kind_named("npy") is NPY
