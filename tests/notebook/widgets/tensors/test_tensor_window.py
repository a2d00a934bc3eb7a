"""Windows of tensors: what is read for them, and what is kept."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import dtype_of
from ckpt_magics.files.formats.pieces import cut_shape, part_of
from ckpt_magics.files.jobs.difference_source import DifferenceSource
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.source import TensorSpec
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.widgets.tensors import tensor_window
from ckpt_magics.notebook.widgets.tensors.tensor_window import TensorWindows
from tests.files.saved import save_v1, save_v2

SAVERS = {1: save_v1, 2: save_v2}
ROWS, COLUMNS = 60_000, 100
LARGE = np.arange(ROWS * COLUMNS, dtype=np.float32).reshape(ROWS, COLUMNS)
"""24 MB."""


@pytest.fixture
def read_bytes(monkeypatch):
    """A list of the bytes of each read from a file."""
    counts = []

    def counting(read):
        def counted(self, offset, size, what):
            counts.append(size if isinstance(size, int) else size.nbytes)
            return read(self, offset, size, what)

        return counted

    for name in ("read_at", "read_into"):
        monkeypatch.setattr(StoredFile, name, counting(getattr(StoredFile, name)))
    return counts


class Source:
    """One array as a source of values, which notes how large a region it was asked for."""

    def __init__(self, array, *, has_regions=True):
        self.array = array
        self._has_regions = has_regions
        self.asked = []

    def check_current(self):
        pass

    def spec(self, name):
        size = self.array.nbytes if self._has_regions else None
        return TensorSpec(name.encode(), dtype_of(self.array), self.array.shape, size=size)

    def read(self, name, region=()):
        assert all(part.step in (None, 1) for part in region)
        value = part_of(self.array, region)
        self.asked.append(value.size)
        return value

    def pieces(self, name, at_most):
        return ((region, part_of(self.array, region)) for region in cut_shape(self.array.shape, 7))


@st.composite
def windows(draw):
    shape = tuple(draw(st.lists(st.integers(0, 9), min_size=0, max_size=4)))
    region = []
    for size in shape:
        start = draw(st.integers(0, size))
        region.append([start, draw(st.integers(start, size)), draw(st.integers(1, size + 1))])
    return shape, region


@given(windows(), st.sampled_from([0, 8, 64, 1 << 20]), st.sampled_from([8, 40, 400]), st.sampled_from([0, 8, 100]))
def test_a_window_is_what_numpy_cuts_out(asked, keep, region_size, gap):
    """However large what is kept, what is read at once and what is skipped may be."""
    shape, region = asked
    array = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    expected = array[tuple(slice(*each) for each in region)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensor_window, "_KEEP", keep)
        patch.setattr(tensor_window, "_REGION", region_size)
        patch.setattr(tensor_window, "_GAP", gap)
        for has_regions in (True, False):
            source = Source(array, has_regions=has_regions)
            found = TensorWindows(source).read("a", region)
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == array.dtype
            if keep < array.nbytes and shape:
                assert max(source.asked, default=0) * 8 <= max(region_size, 8)


@pytest.mark.parametrize(
    "region",
    [
        [[0, ROWS, 7500], [0, COLUMNS, 1]],
        [[0, ROWS, 200], [0, COLUMNS, 3]],
        [[500, 756, 1], [0, COLUMNS, 1]],
        [[0, ROWS, 40], [5, 6, 1]],
    ],
)
def test_of_a_large_tensor_what_is_seen_is_read(tmp_path, read_bytes, region):
    prefix = save_v2(tmp_path / "m", {"emb": LARGE})
    with load_checkpoint(prefix) as reader:
        windows = TensorWindows(reader.named_tensors)
        for _ in range(2):
            read_bytes.clear()
            found = windows.read("emb", region)
            np.testing.assert_array_equal(found, LARGE[tuple(slice(*each) for each in region)])
            assert sum(read_bytes) <= LARGE.nbytes + 100_000
        if region[0][2] > 100 or region[0] == [500, 756, 1]:
            assert sum(read_bytes) < found.nbytes * 3 + 100_000
        assert windows._kept is None


@pytest.mark.parametrize("versions", [(1, 1), (2, 2), (1, 2)])
def test_the_difference_of_large_tensors_reads_each_side_once_at_most(tmp_path, read_bytes, versions):
    sides = []
    for number, version in enumerate(versions):
        prefix = SAVERS[version](tmp_path / f"m{number}", {"emb": LARGE + number})
        sides.append(load_checkpoint(prefix).on_demand().named_tensors)
    source = NamedTensors(DifferenceSource(*sides, ["emb"], "both"))
    windows = TensorWindows(source)
    read_bytes.clear()
    found = windows.read("emb", [[0, ROWS, 235], [0, COLUMNS, 1]])
    assert found.shape == (256, COLUMNS)
    assert (found == 1).all()
    if versions == (2, 2):
        assert sum(read_bytes) < 1_000_000
    else:
        assert sum(read_bytes) <= 2.1 * LARGE.nbytes
    assert windows._kept is None


def test_a_small_tensor_is_read_once(tmp_path, read_bytes):
    prefix = save_v2(tmp_path / "m", {"a": LARGE[:1000], "b": np.array([b"x", b"yy"], object)})
    with load_checkpoint(prefix) as reader:
        windows = TensorWindows(reader.named_tensors)
        windows.read("a", [[0, 1000, 10], [0, COLUMNS, 1]])
        read_bytes.clear()
        np.testing.assert_array_equal(windows.read("a", [[5, 9, 1], [0, 3, 2]]), LARGE[5:9, 0:3:2])
        assert sum(read_bytes) < 10_000
        windows.forget()
        windows.read("a", [[5, 9, 1], [0, 3, 2]])
        assert sum(read_bytes) >= LARGE[:1000].nbytes
        assert windows.read("b", [[1, 2, 1]]).tolist() == [b"yy"]


def test_long_strings_are_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(tensor_window, "_KEEP", 1000)
    prefix = save_v2(tmp_path / "m", {"a": np.array([b"x" * 2000, b"y"], object), "b": np.array([b"z"], object)})
    with load_checkpoint(prefix) as reader:
        windows = TensorWindows(reader.named_tensors)
        assert windows.read("a", [[1, 2, 1]]).tolist() == [b"y"]
        assert windows._kept is None
        windows.read("b", [[0, 1, 1]])
        assert windows._kept is not None


_IN_BOTH = ["i8", "i4", "f4", "f8", "?", "c16"]


@pytest.mark.parametrize(
    ("version", "dtype"),
    [*((1, dtype) for dtype in _IN_BOTH), *((2, dtype) for dtype in [*_IN_BOTH, "u8", ml_dtypes.bfloat16])],
)
def test_a_difference_is_zero_only_where_values_are_equal(tmp_path, version, dtype):
    before = np.array([0, 1, 1, 0], dtype)
    if dtype in ("i8", "u8"):
        before = np.array([2**53, 2**62, 5, np.iinfo(dtype).max], dtype)
    after = before.copy()
    # Of arrays: NumPy 1 makes floats of a scalar uint64 and an int.
    after[:1] += np.ones(1, dtype)
    if dtype != "?":
        after[3:] -= np.ones(1, dtype)
    prefixes = [SAVERS[version](tmp_path / name, {"x": value}) for name, value in (("a", before), ("b", after))]
    sides = [load_checkpoint(prefix).named_tensors for prefix in prefixes]
    found = TensorWindows(NamedTensors(DifferenceSource(*sides, ["x"], "both"))).read("x", [[0, 4, 1]])
    assert (found != 0).tolist() == (before != after).tolist()
    assert found[0] == 1


def test_a_region_that_does_not_fit_is_refused():
    for region in ([[0, 3, 1]], [[0, 3, 1], [0, 2]], [[0, 4, 1], [0, 2, 1]], [[2, 1, 1], [0, 2, 1]], "all"):
        with pytest.raises(InvalidArgumentError):
            TensorWindows(Source(np.zeros((3, 2)))).read("a", region)
