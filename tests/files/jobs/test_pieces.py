"""Tensors in pieces are the tensors, verified; and a part of one lies inside of it, whatever the index says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import CheckpointError, DataLossError, TensorNotFoundError
from ckpt_magics.files.formats.bundle_records import BundleHeader
from ckpt_magics.files.formats.pieces import cut_shape
from ckpt_magics.files.jobs.comparison import paired_pieces
from ckpt_magics.files.jobs.tensor_statistics import stored_statistics, tensor_statistics
from ckpt_magics.files.kinds.bundle.bundle_index import BundleIndex
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.notebook.frames.differences import compare_checkpoints
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.reports.verification_report import salvage_checkpoint
from tests.files.saved import save_slices, save_v1, save_v2, write_index

VALUE = np.arange(24, dtype=np.float32).reshape(4, 6)
SPECS = {
    "whole": ["-:-"],
    "rows": ["0,1:-", "1,2:-", "3,1:-"],
    "rows in disorder": ["3,1:-", "1,2:-", "0,1:-"],
    "columns": ["-:0,2", "-:2,4"],
    "tiles": ["0,2:0,3", "0,2:3,3", "2,2:0,3", "2,2:3,3"],
}
SAVERS = {1: save_v1, 2: save_v2}


def joined(reader, name, at_most):
    """The tensor put together from its pieces, which are checked to be the regions that they say."""
    entry, pieces = reader.entry(name), list(reader.pieces(name, at_most))
    whole = np.empty(entry.shape, entry.dtype.numpy)
    for region, piece in pieces:
        assert piece.dtype == whole.dtype
        whole[region] = piece
    if entry.dtype.itemsize:
        most = max(at_most // entry.dtype.itemsize, 1)
        assert [region for region, _ in pieces] == list(cut_shape(entry.shape, most))
    return whole


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("specs", SPECS.values(), ids=list(SPECS))
@pytest.mark.parametrize("at_most", [1, 12, 40, 1000])
def test_pieces_are_the_tensor(tmp_path, version, specs, at_most):
    with load_checkpoint(save_slices(tmp_path / "m", "w", VALUE, specs, version=version)) as reader:
        np.testing.assert_array_equal(joined(reader, "w", at_most), VALUE)


@settings(max_examples=40, deadline=None)
@given(
    dtype=st.sampled_from(["i1", "i4", "i8", "u1", "f2", "f4", "f8", "c8", "c16", "?"]),
    shape=st.lists(st.integers(0, 4), max_size=3).map(tuple),
    at_most=st.integers(1, 60),
    version=st.sampled_from([1, 2]),
    mmap=st.booleans(),
)
def test_pieces_of_every_type_are_the_tensor(tmp_path_factory, dtype, shape, at_most, version, mmap):
    value = np.random.default_rng(1).integers(-100, 100, shape).astype(dtype)
    prefix = SAVERS[version](tmp_path_factory.mktemp("m") / "m", {"w": value})
    with load_checkpoint(prefix, mmap=mmap) as reader:
        np.testing.assert_array_equal(joined(reader, "w", at_most), value)


@pytest.mark.parametrize("version", [1, 2])
def test_strings_are_one_piece(tmp_path, version):
    value = np.array([[b"a", b""], [b"long" * 99, b"b"]], object)
    with load_checkpoint(SAVERS[version](tmp_path / "m", {"w": value})) as reader:
        ((region, piece),) = reader.pieces("w", 1)
        assert region == (slice(0, 2), slice(0, 2))
        assert piece.tolist() == value.tolist()


def big_endian(prefix, value):
    """Turn a checkpoint of one tensor of numbers into one with the highest bytes first."""
    from ckpt_magics.files.wire.crc32c import crc32c, mask

    data = value.astype(value.dtype.newbyteorder(">")).tobytes()
    index = BundleIndex(place_of(prefix))
    entry = index.get(b"w")._replace(crc32c=mask(crc32c(data)))
    index.close()
    write_index(prefix, {b"w": entry}, BundleHeader(big_endian=True))
    with open(f"{prefix}.data-00000-of-00001", "wb") as file:
        file.write(data)


def test_other_order_of_bytes_is_read_in_pieces_and_in_part(tmp_path):
    value = np.arange(600_000, dtype=np.float32).reshape(1000, 600)
    save_v2(tmp_path / "m", {"w": value})
    big_endian(tmp_path / "m", value)
    with load_checkpoint(tmp_path / "m") as reader:
        np.testing.assert_array_equal(joined(reader, "w", 100_000), value)
        np.testing.assert_array_equal(reader.get_slice("w", (slice(5, 900), slice(2, 7))), value[5:900, 2:7])
        np.testing.assert_array_equal(reader["w"], value)
    salvage_checkpoint(tmp_path / "m", tmp_path / "new")
    with load_checkpoint(tmp_path / "new") as reader:
        np.testing.assert_array_equal(reader["w"], value)


@pytest.mark.parametrize("specs", SPECS.values(), ids=list(SPECS))
def test_damage_is_found_before_the_last_piece(tmp_path, specs):
    """Whoever has seen all pieces has seen verified ones."""
    prefix = save_slices(tmp_path / "m", "w", VALUE, specs)
    path = tmp_path / "m.data-00000-of-00001"
    at = path.read_bytes().index(np.float32(17).tobytes())
    contents = bytearray(path.read_bytes())
    contents[at] ^= 1
    path.write_bytes(contents)
    regions = list(cut_shape(VALUE.shape, 2))
    with load_checkpoint(prefix) as reader:
        seen = []
        with pytest.raises(DataLossError) as caught:
            seen.extend(region for region, _ in reader.pieces("w", 8))
        assert caught.value.tensor == b"w"
        assert caught.value.file == str(path)
        assert len(seen) < len(regions)


def test_pieces_that_are_not_there_say_so_at_once(tmp_path):
    prefix = save_v2(tmp_path / "m", {"dense/kernel": VALUE})
    with load_checkpoint(prefix) as reader, pytest.raises(TensorNotFoundError) as caught:
        reader.pieces("dense/kernal")
    assert caught.value.suggestions == ("dense/kernel",)


def test_gaps_between_slices_are_no_pieces(tmp_path):
    for version in (1, 2):
        prefix = save_slices(tmp_path / f"m{version}", "w", VALUE, ["0,2:-"], version=version)
        with load_checkpoint(prefix) as reader, pytest.raises(CheckpointError, match="sufficient slices"):
            list(reader.pieces("w"))


def test_statistics_of_pieces_are_those_of_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("ckpt_magics.files.jobs.tensor_statistics.PIECE_SIZE", 1 << 16)
    value = np.random.default_rng(3).normal(size=(300, 200)).astype(np.float32)
    value[5, 7], value[6, 8] = np.nan, np.inf
    with load_checkpoint(save_v2(tmp_path / "m", {"w": value})) as reader:
        found, expected = stored_statistics(reader.named_tensors, "w"), tensor_statistics(value)
    assert found.bins.tolist() == expected.bins.tolist()
    for field in ("elements", "minimum", "maximum", "zeros", "nans", "infs"):
        assert getattr(found, field) == getattr(expected, field)
    np.testing.assert_allclose([found.mean, found.std], [expected.mean, expected.std], rtol=1e-9)


@pytest.mark.parametrize("dtypes", [("f4", "f4"), ("f4", "f8"), ("i1", "i8")])
def test_comparison_of_pieces_is_that_of_the_wholes(tmp_path, monkeypatch, dtypes):
    first = np.arange(3000).reshape(30, 100).astype(dtypes[0])
    second = first.astype(dtypes[1])
    second[7, 9] += 1
    prefixes = save_v2(tmp_path / "a", {"w": first}), save_v1(tmp_path / "b", {"w": second})
    whole = compare_checkpoints(*prefixes)
    monkeypatch.setattr("ckpt_magics.files.jobs.comparison.PIECE_SIZE", 1000)
    assert compare_checkpoints(*prefixes).equals(whole)
    assert whole["changed"].tolist() == [1]
    with load_checkpoint(prefixes[0]) as before, load_checkpoint(prefixes[1]) as after:
        pairs = list(paired_pieces("w", before.named_tensors, after.named_tensors, 800))
        assert len(pairs) > 1
        assert all(old.shape == new.shape for _, old, new in pairs)


# A part of a tensor

SECRET = 7


@pytest.fixture(params=[(2000, 1000), (1000, 1100), (4000, 2000), (1, 1000, 1001)])
def stretched(tmp_path, request):
    """A tensor of 4 MB whose entry says a larger shape: behind it in the file lies another tensor."""
    prefix = save_v2(
        tmp_path / "m", {"a": np.zeros((1000, 1000), np.float32), "b": np.full((1000, 1000), SECRET, np.float32)}
    )
    index = BundleIndex(place_of(prefix))
    entries = {key: index.get(key) for key in (b"a", b"b")}
    index.close()
    return write_index(prefix, entries | {b"a": entries[b"a"]._replace(shape=request.param)}), request.param


def ways_to_ask(reader, name, shape):
    last = tuple(slice(size - 1, size) for size in shape)
    spec = f"{' '.join(map(str, shape))} {':'.join(['0,1'] * len(shape))}"
    return [
        lambda: reader.get_slice(name, last),
        lambda: reader.get_slice(name, last[:1]),
        lambda: reader.get_slice(name, 0),
        lambda: reader.get_slice(name, last, out=np.zeros([1] * len(shape), np.float32)),
        lambda: list(reader.pieces(name)),
        lambda: reader[name],
        lambda: reader.restore_slice(name, spec, np.float32),
        lambda: reader.frame(name, rows=0),
    ]


def test_part_of_a_tensor_lies_inside_of_it_whatever_the_index_says(stretched):
    prefix, shape = stretched
    for mmap in (False, True):
        with load_checkpoint(prefix, mmap=mmap) as reader:
            for ask in ways_to_ask(reader, "a", shape):
                with pytest.raises(DataLossError, match="Invalid size in bundle entry: key a; stored size 4000000"):
                    ask()
            assert reader["b"].max() == SECRET


@pytest.mark.parametrize("change", [{"offset": -1}, {"offset": 1 << 62}, {"size": 1 << 62}, {"shard_id": 3}])
def test_part_of_a_tensor_lies_inside_of_its_file(tmp_path, change):
    prefix = save_v2(tmp_path / "m", {"a": np.zeros((1000, 1000), np.float32)})
    index = BundleIndex(place_of(prefix))
    entry = index.get(b"a")
    index.close()
    shape = (1 << 60,) if "size" in change else entry.shape
    write_index(prefix, {b"a": entry._replace(shape=shape, **change)})
    with load_checkpoint(prefix) as reader:
        for ask in (lambda: reader.get_slice("a", slice(0, 1)), lambda: list(reader.pieces("a"))):
            with pytest.raises(CheckpointError):
                ask()


def test_slice_that_is_stored_larger_than_listed_is_refused_in_part_too(tmp_path):
    value = np.zeros((1000, 1000), np.float32)
    prefix = save_slices(tmp_path / "m", "w", value, ["0,500:-", "500,500:-"])
    index = BundleIndex(place_of(prefix))
    listing = index.listing()
    entries = {key: listing.entries.entry(row) for row, key in enumerate(listing.keys)}
    index.close()
    key = next(key for key in entries if key != b"w")
    write_index(prefix, entries | {key: entries[key]._replace(shape=(500, 2000), size=4_000_000)})
    words = r"where float32 \[500, 1000\] is listed"
    with load_checkpoint(prefix) as reader:
        for ask in (lambda: reader.get_slice("w", slice(0, 1)), lambda: list(reader.pieces("w"))):
            with pytest.raises(DataLossError, match=words):
                ask()
        assert "is listed" in str(reader.verify())
