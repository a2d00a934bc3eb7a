"""CheckpointReader gives what TensorFlow's reader gives, and more."""

import pickle
from collections.abc import Mapping

import ml_dtypes
import numpy as np
import pytest

from ckpt_magics.errors import (
    ChecksumError,
    DataLossError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    OutOfRangeError,
    TensorMismatchError,
    TensorNotFoundError,
)
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats.bundle_records import BundleEntry, BundleHeader
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.bundle.bundle_data import MAX_HELD_FILES, VERIFIED_SIZE
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.wire.crc32c import crc32c, mask
from ckpt_magics.notebook.listing import list_variables, load_variable
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import as_array, read_index, save_slices, save_v1, save_v2, write_index
from tests.truth import GOLDEN

TENSORS = {
    "dense/bias": np.zeros(3, np.float32),
    "dense/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "global_step": np.array(7, np.int64),
    "greeting": np.array(b"hello", object),
    "words": np.array([b"a", b""], object),
}
SAVE = {1: save_v1, 2: save_v2}


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def reader(request, tmp_path):
    with load_checkpoint(SAVE[request.param](tmp_path / "m", TENSORS)) as reader:
        yield reader


def test_scalars_are_numpy_scalars_and_strings_bytes(reader):
    step = reader.get_tensor("global_step")
    assert type(step) is np.int64
    assert step == 7
    assert reader.get_tensor("greeting") == b"hello"
    words = reader.get_tensor("words")
    assert words.dtype == object
    assert words.tolist() == [b"a", b""]


def test_arrays_are_fresh_and_writeable(reader):
    first = reader.get_tensor("dense/kernel")
    first[:] = 9
    assert (reader.get_tensor("dense/kernel") == TENSORS["dense/kernel"]).all()


def test_maps_and_lists_are_tensorflows(reader):
    assert reader.get_variable_to_shape_map() == {name: list(value.shape) for name, value in TENSORS.items()}
    assert reader.get_variable_to_dtype_map()["dense/kernel"] is dtypes.FLOAT
    assert list_variables(reader.prefix) == [(name, list(value.shape)) for name, value in sorted(TENSORS.items())]
    assert load_variable(reader.prefix, "global_step:0") == 7


def test_debug_string_has_a_line_per_tensor(reader):
    assert reader.debug_string() == (
        b"dense/bias (DT_FLOAT) [3]\ndense/kernel (DT_FLOAT) [2,3]\nglobal_step (DT_INT64) []\n"
        b"greeting (DT_STRING) []\nwords (DT_STRING) [2]\n"
    )


def test_reader_is_a_mapping(reader):
    assert isinstance(reader, Mapping)
    assert list(reader) == sorted(TENSORS)
    assert len(reader) == len(TENSORS)
    assert "words" in reader
    assert "word" not in reader
    assert reader.get("word") is None
    for name, value in reader.items():
        np.testing.assert_array_equal(as_array(value), TENSORS[name])


def test_has_tensor_takes_text_and_bytes(reader):
    assert reader.has_tensor("words")
    assert reader.has_tensor(b"words")
    assert not reader.has_tensor("nope")
    assert not reader.has_tensor("\ud800")
    with pytest.raises(TypeError, match="Expected binary or unicode string, got 3"):
        reader.has_tensor(3)


def test_header_record_counts_for_has_tensor_as_in_tensorflow(tmp_path):
    with load_checkpoint(save_v2(tmp_path / "m", TENSORS)) as reader:
        assert reader.has_tensor("")
        assert "" not in list(reader)
        with pytest.raises(TensorNotFoundError):
            reader.get_tensor("")


def test_missing_name_has_tensorflows_words_and_the_nearest_names(reader):
    words = (
        "Key dense/kernal not found in checkpoint"
        if reader.version == 2
        else "dense/kernal not found in checkpoint file"
    )
    with pytest.raises(TensorNotFoundError, match=words) as caught:
        reader["dense/kernal"]
    assert caught.value.suggestions[0] == "dense/kernel"
    assert isinstance(caught.value, KeyError)
    assert "dense/kernel" in str(caught.value)
    with pytest.raises(TensorNotFoundError) as caught:
        reader["tower_1/dense/bias"]
    assert caught.value.suggestions[0] == "dense/bias"


def test_names_of_any_bytes_can_be_given_back(tmp_path):
    names = ["plain", "\udcff\udcfe", "nul\0inside", "\0first", "é", "x" * 1000, "../../etc/passwd"]
    prefix = save_v2(tmp_path / "m", {name: np.float32(i).reshape(()) for i, name in enumerate(names)})
    with load_checkpoint(prefix) as reader:
        assert sorted(reader.keys_bytes()) == sorted(name.encode("utf-8", "surrogateescape") for name in names)
        for i, name in enumerate(names):
            assert reader[name] == i
            assert reader.get_tensor(name.encode("utf-8", "surrogateescape")) == i


@pytest.mark.parametrize("dtype", [dtype for dtype in dtypes.DTYPES if dtype.itemsize], ids=lambda dtype: dtype.name)
def test_every_dtype_is_assembled_from_slices(tmp_path, dtype):
    """TensorFlow itself copies between slices of some types only."""
    value = np.arange(24).reshape(4, 6).astype(np.uint8) % 4
    whole = value.astype(bool) if dtype.is_bool else value.view(np.uint8).astype(np.uint8)
    whole = whole.astype(dtype.numpy) if not dtype.is_bool else whole
    specs = ["0,2:0,6", "2,2:0,1", "2,2:1,5"]
    prefix = save_slices(tmp_path / "m", "part", whole, specs)
    with load_checkpoint(prefix) as reader:
        assert reader.get_variable_to_shape_map() == {"part": [4, 6]}
        assert reader.get_tensor("part").tobytes() == whole.tobytes()
        for region in [(slice(1, 3), slice(0, 3)), (slice(3, 4),), (slice(2, 2), slice(None)), slice(None)]:
            assert reader.get_slice("part", region).tobytes() == whole[region].tobytes()


def test_strings_are_assembled_from_slices(tmp_path):
    value = np.array([[b"a", b"bb"], [b"", b"d" * 300]], object)
    for version in (1, 2):
        prefix = save_slices(
            tmp_path / f"m{version}", "part", value, ["0,1:0,2", "1,1:0,1", "1,1:1,1"], version=version
        )
        with load_checkpoint(prefix) as reader:
            assert reader["part"].tolist() == value.tolist()
            assert reader.get_slice("part", "-:1,1").tolist() == [[b"bb"], [b"d" * 300]]


def test_region_of_a_large_tensor_costs_that_region(tmp_path, monkeypatch):
    value = np.arange(1 << 20, dtype=np.float32).reshape(1024, 1024)
    prefix = save_v2(tmp_path / "m", {"w": value})
    with load_checkpoint(prefix) as reader:
        read = []
        read_into = StoredFile.read_into

        def counting(self, offset, buffer, what):
            read.append(len(buffer))
            read_into(self, offset, buffer, what)

        monkeypatch.setattr(StoredFile, "read_into", counting)
        np.testing.assert_array_equal(reader.get_slice("w", slice(5, 8)), value[5:8])
        assert sum(read) == 3 * 4096
        assert value.nbytes > VERIFIED_SIZE
        for region in [(slice(3, 9), slice(5, 7)), (slice(1000, None), slice(-1, None)), (slice(7, 8), slice(2, 900))]:
            np.testing.assert_array_equal(reader.get_slice("w", region), value[region])


def test_region_of_wide_rows_skips_the_columns_that_are_not_wanted(tmp_path):
    value = np.random.default_rng(1).integers(0, 255, (3, 5, 700_000), np.uint8)
    with load_checkpoint(save_v2(tmp_path / "m", {"w": value})) as reader:
        for region in [(slice(1, 3), slice(2, 4), slice(10, 20)), (slice(0, 3), slice(1, 2))]:
            np.testing.assert_array_equal(reader.get_slice("w", region), value[region])


def test_small_tensor_is_verified_even_if_a_part_is_asked_for(tmp_path):
    prefix = save_v2(tmp_path / "m", {"w": np.zeros((4, 4), np.float32)})
    data = tmp_path / "m.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1] + b"\x01")
    with load_checkpoint(prefix) as reader, pytest.raises(ChecksumError):
        reader.get_slice("w", slice(0, 1))


def test_regions_are_text_slices_or_tensor_slices(reader):
    kernel = TENSORS["dense/kernel"]
    for region in ("1,1:-", TensorSlice.parse("1,1:0,3"), slice(1, 2), (slice(-1, None), slice(None))):
        np.testing.assert_array_equal(reader.get_slice("dense/kernel", region), kernel[1:])
    assert reader.get_slice("global_step", "").shape == ()
    for region in ("0,3:-", "0,1", "x", (slice(None),) * 3, slice(None, None, 2)):
        with pytest.raises(InvalidArgumentError):
            reader.get_slice("dense/kernel", region)


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        np.int64(1),
        np.s_[0:2, 1],
        np.s_[1, -2:],
        np.s_[..., 0],
        np.s_[1, ...],
        np.s_[0, :, 1],
        np.s_[0, 1, 1],
        np.s_[...],
        np.s_[:, 5:, 1],
        (),
    ],
)
def test_parts_are_those_of_numpys_basic_indexing(tmp_path, index):
    for value in (np.arange(24).reshape(2, 3, 4), np.array([b"a", b"bb"] * 12, object).reshape(2, 3, 4)):
        for version, save in ((1, save_v1), (2, save_v2)):
            with load_checkpoint(save(tmp_path / f"{value.dtype}{version}", {"w": value})) as reader:
                part = reader.get_slice("w", index)
                assert isinstance(part, np.ndarray)
                assert part.shape == np.shape(value[index])
                np.testing.assert_array_equal(part, value[index])
                out = np.empty_like(part)
                assert reader.get_slice("w", index, out=out) is out
                np.testing.assert_array_equal(out, value[index])


@pytest.mark.parametrize(
    ("index", "error", "words"),
    [
        (2, OutOfRangeError, "index 2 is out of bounds for a dimension of size 2"),
        ((0, -4), IndexError, "index -4 is out of bounds"),
        (np.s_[::2], InvalidArgumentError, "integers, slices of step 1 and one ..."),
        (None, InvalidArgumentError, "None is not supported here"),
        (True, InvalidArgumentError, "True is not supported here"),
        (1.0, InvalidArgumentError, "1.0 is not supported here"),
        ([0, 1], InvalidArgumentError, "is not supported here"),
        (np.array([0, 1]), InvalidArgumentError, "is not supported here"),
        ((0, 0, 0), InvalidArgumentError, "does not fit"),
        ((..., ...), InvalidArgumentError, "does not fit"),
        (slice("a", None), InvalidArgumentError, "is not supported here"),
    ],
)
def test_other_indices_are_refused_with_what_is_supported(reader, index, error, words):
    with pytest.raises(error, match=words):
        reader.get_slice("dense/kernel", (index,) if index is None else index)


def test_values_are_read_into_a_given_array(reader):
    out = np.full((2, 3), -1, np.float32)
    assert reader.get_tensor("dense/kernel", out=out) is out
    np.testing.assert_array_equal(out, TENSORS["dense/kernel"])
    wide = np.zeros((3, 4), np.float32)
    view = wide[:2, ::2]
    assert reader.get_slice("dense/kernel", (slice(None), slice(1, 3)), out=view) is view
    np.testing.assert_array_equal(wide[:2, ::2], TENSORS["dense/kernel"][:, 1:])
    step = np.zeros((), np.int64)
    reader.get_tensor("global_step", out=step)
    assert step == 7
    for wrong in (np.zeros((3, 2), np.float32), np.zeros((2, 3)), np.broadcast_to(np.float32(0), (2, 3))):
        with pytest.raises(TensorMismatchError):
            reader.get_tensor("dense/kernel", out=wrong)


def test_maps_give_read_only_views_that_are_verified(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    with load_checkpoint(prefix, mmap=True) as reader:
        kernel = reader["dense/kernel"]
        assert not kernel.flags.writeable
        assert not kernel.flags.owndata
        assert reader["words"].tolist() == [b"a", b""]
        assert reader.get_slice("dense/kernel", slice(1, 2)).tolist() == [[3, 4, 5]]
    np.testing.assert_array_equal(kernel, TENSORS["dense/kernel"])
    data = tmp_path / "m.data-00000-of-00001"
    data.write_bytes(b"\x01" + data.read_bytes()[1:])
    with load_checkpoint(prefix, mmap=True) as reader, pytest.raises(ChecksumError):
        reader["dense/bias"]


def test_big_endian_numbers_are_turned(tmp_path):
    value = np.arange(6, dtype=np.float32)
    stored = value.astype(">f4").tobytes()
    (tmp_path / "m.data-00000-of-00001").write_bytes(stored)
    entry = BundleEntry(dtypes.FLOAT, (6,), size=24, crc32c=mask(crc32c(stored)))
    write_index(tmp_path / "m", {b"w": entry}, BundleHeader(big_endian=True))
    for mmap in (False, True):
        with load_checkpoint(tmp_path / "m", mmap=mmap) as reader:
            np.testing.assert_array_equal(reader["w"], value)
            np.testing.assert_array_equal(reader.get_slice("w", "2,3"), value[2:5])


def test_header_may_be_absent(tmp_path):
    save_v2(tmp_path / "full", TENSORS, num_shards=2)
    with load_checkpoint(tmp_path / "full") as reader:
        files = reader.files
        entries = read_index(tmp_path / "full")
    for file in files[1:]:
        (tmp_path / file.rpartition("/")[2].replace("full", "bare")).write_bytes(open_bytes(file))
    write_index(tmp_path / "bare", entries, None)
    with load_checkpoint(tmp_path / "bare") as reader:
        assert list(reader) == sorted(TENSORS)
        np.testing.assert_array_equal(reader["dense/kernel"], TENSORS["dense/kernel"])


def open_bytes(path):
    with open(path, "rb") as file:
        return file.read()


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (BundleHeader(min_consumer=2), "Checkpoint min consumer version 2 above current version 1"),
        (BundleHeader(producer=-1), "Checkpoint producer version -1 below min producer 0"),
        (BundleHeader(bad_consumers=(1,)), "Checkpoint disallows consumer version 1"),
    ],
)
def test_versions_are_checked(tmp_path, header, words):
    write_index(tmp_path / "m", {}, header)
    with pytest.raises(InvalidArgumentError, match=words):
        load_checkpoint(tmp_path / "m")


def test_rank_beyond_numpys_is_refused_by_name(tmp_path):
    (tmp_path / "m.data-00000-of-00001").write_bytes(bytes(4))
    crc = mask(crc32c(bytes(4)))
    entries = {b"deep": BundleEntry(dtypes.FLOAT, (1,) * 254, size=4, crc32c=crc)}
    with load_checkpoint(write_index(tmp_path / "m", entries)) as reader:
        assert reader.get_variable_to_shape_map()["deep"] == [1] * 254
        with pytest.raises(NotImplementedError, match="NumPy cannot hold shape"):
            reader["deep"]


def test_ranges_may_overlap(tmp_path):
    (tmp_path / "m.data-00000-of-00001").write_bytes(bytes(range(12)))
    entries = {
        name: BundleEntry(dtypes.UINT8, (8,), offset=start, size=8, crc32c=mask(crc32c(bytes(range(start, start + 8)))))
        for name, start in ((b"a", 0), (b"b", 4))
    }
    with load_checkpoint(write_index(tmp_path / "m", entries)) as reader:
        first, second = reader["a"], reader["b"]
        first[:] = 0
        assert second.tolist() == list(range(4, 12))


def test_slices_that_claim_more_than_the_files_hold_cost_no_memory(tmp_path):
    """A listed slice of 2**40 elements, and none of them stored."""
    (tmp_path / "m.data-00000-of-00001").write_bytes(bytes(8))
    shape = (1 << 40,)
    parts = tuple(TensorSlice.parse(f"{start},{1 << 39}") for start in (0, 1 << 39))
    entries = {b"w": BundleEntry(dtypes.FLOAT, shape, slices=parts)}
    for part in parts:
        entries[part.encode_key(b"w")] = BundleEntry(dtypes.FLOAT, (1 << 39,), size=1 << 41)
    with load_checkpoint(write_index(tmp_path / "m", entries)) as reader:
        assert list(reader) == ["w"]
        with pytest.raises(DataLossError, match="the files can hold 2"):
            reader["w"]


def test_overlapping_slices_are_refused(tmp_path):
    prefix = save_slices(tmp_path / "m", "w", np.zeros((4, 3), np.float32), ["0,2:0,3", "2,2:0,3"])
    values = read_index(prefix)
    parts = tuple(map(TensorSlice.parse, ("0,2:0,3", "1,3:0,3")))
    values[b"w"] = BundleEntry(dtypes.FLOAT, (4, 3), slices=parts)
    words = "Overlapping slices: existing slice = 0,2:0,3, new slice = 1,3:0,3"
    with load_checkpoint(write_index(prefix, values)) as reader, pytest.raises(InternalError, match=words):
        reader["w"]


def test_reader_of_an_overwritten_checkpoint_keeps_the_version_that_it_opened(tmp_path):
    """Else two of its tensors might be of two saves."""
    prefix = save_v2(tmp_path / "m", {"w": np.zeros(4, np.float32)})
    with load_checkpoint(prefix) as reader:
        save_v2(prefix, {"w": np.ones(4, np.float32), "b": np.ones(1)}, num_shards=1)
        np.testing.assert_array_equal(reader["w"], np.zeros(4))
        assert "b" not in reader
    with load_checkpoint(prefix) as reader:
        assert reader["b"] == 1


def test_reader_in_too_many_files_to_hold_reads_the_new_version(tmp_path):
    count = MAX_HELD_FILES + 1
    prefix = save_v2(tmp_path / "m", {f"w{i:02d}": np.zeros(1) for i in range(count)}, num_shards=count)
    with load_checkpoint(prefix) as reader:
        save_v2(prefix, {f"w{i:02d}": np.ones(1) for i in range(count)}, num_shards=count)
        assert {float(value[0]) for value in reader.get_tensors().values()} == {1.0}


def test_closed_reader_says_so(tmp_path):
    reader = load_checkpoint(save_v2(tmp_path / "m", TENSORS))
    reader.close()
    reader.close()
    with pytest.raises(FailedPreconditionError, match="the reader was closed"):
        reader["dense/kernel"]


def test_no_data_is_read_before_a_value_is_asked_for(tmp_path):
    """The data files are opened, so that a save takes nothing away, and that is all."""
    prefix = save_v2(tmp_path / "m", TENSORS, num_shards=2)
    for shard_id in range(2):
        (tmp_path / f"m.data-{shard_id:05d}-of-00002").write_bytes(b"")
    with load_checkpoint(prefix) as reader:
        assert len(reader) == len(TENSORS)
        assert len(reader.named_tensors.source.file._data._files) == 2


def test_many_tensors_are_read_as_one_by_one(tmp_path):
    """Small neighbours share a buffer; what is large, a string, damaged or overlapping does not."""
    generator = np.random.default_rng(3)
    tensors = {f"small_{i:03d}": generator.random((i % 7, 3), np.float32) for i in range(300)}
    tensors |= {"large": generator.random(40_000), "odd": np.array([1, 2, 3], np.int8), "text": np.array(b"x", object)}
    for save in (save_v1, save_v2):
        with load_checkpoint(save(tmp_path / save.__name__, tensors)) as reader:
            for values in (reader.get_tensors(), dict(reader.items()), dict(zip(reader, reader.values(), strict=True))):
                assert list(values) == sorted(tensors)
                for name, value in values.items():
                    np.testing.assert_array_equal(as_array(value), tensors[name])
                    assert type(value) is type(reader[name])
                    assert not isinstance(value, np.ndarray) or (value.flags.writeable and value.flags.aligned)
            assert list(reader.get_tensors(["text", b"odd"])) == ["text", "odd"]
            for name in ("nope", "\ud800"):
                with pytest.raises(TensorNotFoundError):
                    reader.get_tensors(["odd", name])


def test_many_tensors_with_a_damaged_one_say_which(tmp_path):
    prefix = save_v2(tmp_path / "m", {f"t{i}": np.full(10, i, np.int32) for i in range(10)})
    data = tmp_path / "m.data-00000-of-00001"
    contents = bytearray(data.read_bytes())
    contents[125] ^= 1
    data.write_bytes(contents)
    with load_checkpoint(prefix) as reader:
        with pytest.raises(ChecksumError) as caught:
            reader.get_tensors()
        assert caught.value.tensor == b"t3"
        good = [name for name in reader if name != "t3"]
        assert [int(value[0]) for value in reader.get_tensors(good).values()] == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_overlapping_values_read_together_have_memory_of_their_own(tmp_path):
    (tmp_path / "m.data-00000-of-00001").write_bytes(bytes(8))
    entry = BundleEntry(dtypes.UINT8, (8,), size=8, crc32c=mask(crc32c(bytes(8))))
    with load_checkpoint(write_index(tmp_path / "m", {b"a": entry, b"b": entry})) as reader:
        values = reader.get_tensors()
        values["a"][:] = 1
        assert not values["b"].any()


def test_restore_slice_has_the_errors_of_restore_v2(reader):
    kernel = TENSORS["dense/kernel"]
    np.testing.assert_array_equal(reader.restore_slice("dense/kernel", "", "float32"), kernel)
    np.testing.assert_array_equal(reader.restore_slice("dense/kernel", "2 3 0,1:-", dtypes.FLOAT), kernel[:1])
    with pytest.raises(TensorMismatchError, match="tensor_name = dense/kernel"):
        reader.restore_slice("dense/kernel", "", "int32")
    with pytest.raises(
        TensorMismatchError, match=r"spec \[4,3\] does not match the shape stored in checkpoint: \[2,3\]"
    ):
        reader.restore_slice("dense/kernel", "4 3 0,1:-", "float32")
    with pytest.raises(InvalidArgumentError, match="Need least two elements"):
        reader.restore_slice("dense/kernel", "nonsense", "float32")
    with pytest.raises(TensorNotFoundError, match="not found in checkpoint"):
        reader.restore_slice("zz", "", "float32")


def test_variables_are_a_frame(tmp_path):
    save_v2(tmp_path / "m", {**TENSORS, "dense/kernel/Adam": np.zeros((2, 3), np.float32)}, num_shards=2)
    with load_checkpoint(tmp_path / "m") as reader:
        frame = reader.variables.set_index("name")
        assert list(frame.columns) == ["dtype", "shape", "elements", "bytes", "shard", "offset", "slices", "group"]
        kernel = frame.loc["dense/kernel"]
        assert (kernel["dtype"], kernel["shape"], kernel["elements"], kernel["bytes"]) == ("float32", (2, 3), 6, 24)
        assert kernel["slices"] == 1
        assert frame["group"].to_dict()["dense/kernel/Adam"] == "optimizer slot"
        assert frame["group"].to_dict()["global_step"] == "step"
        assert frame["bytes"].sum() == sum(len(open_bytes(file)) for file in reader.files[1:])


def test_record_of_objects_is_no_weight():
    with load_checkpoint(GOLDEN / "tf2.21.0/object_net/ckpt/net-1") as reader:
        groups = reader.variables.set_index("name")["group"]
        assert groups["_CHECKPOINTABLE_OBJECT_GRAPH"] == "object graph"
        assert list(groups).count("object graph") == 1


def test_variables_of_slices_and_of_v1_have_no_offset(tmp_path):
    value = np.zeros((4, 3), np.float32)
    for version in (1, 2):
        prefix = save_slices(tmp_path / f"m{version}", "w", value, ["0,2:0,3", "2,2:0,3"], version=version)
        with load_checkpoint(prefix) as reader:
            (row,) = reader.variables.itertuples()
            assert (row.slices, row.bytes, row.elements) == (2, 48, 12)
            assert row.offset is reader.variables["offset"].dtype.na_value


def test_values_are_shown_as_a_frame(reader):
    frame = reader.frame("dense/kernel")
    np.testing.assert_array_equal(frame.to_numpy(), TENSORS["dense/kernel"])
    rows = reader.frame("dense/kernel", rows=slice(1, 2))
    assert rows.index.tolist() == [1]
    assert reader.frame("dense/kernel", rows=1).equals(rows)
    assert reader.frame("dense/kernel", rows=-1).equals(rows)
    for wrong, error in ((2, OutOfRangeError), ("0,1", InvalidArgumentError), ((0, 1), InvalidArgumentError)):
        with pytest.raises(error):
            reader.frame("dense/kernel", rows=wrong)
    with pytest.raises(InvalidArgumentError):
        reader.frame("global_step", rows=0)
    assert reader.frame("global_step").to_numpy().tolist() == [[7]]
    assert reader.frame("greeting").to_numpy().tolist() == [[b"hello"]]


def test_frames_of_unusual_types_and_ranks(tmp_path):
    tensors = {
        "bf": np.arange(4).astype(ml_dtypes.bfloat16),
        "f8": np.arange(4).astype(ml_dtypes.float8_e4m3fn),
        "i4": np.array([-8, 7], ml_dtypes.int4),
        "cube": np.arange(24).reshape(2, 3, 4),
    }
    with load_checkpoint(save_v2(tmp_path / "m", tensors)) as reader:
        assert reader.frame("bf")["value"].dtype == np.float32
        assert reader.frame("f8")["value"].tolist() == [0, 1, 2, 3]
        assert reader.frame("i4")["value"].tolist() == [-8, 7]
        assert reader.frame("cube").index.tolist()[:4] == [(0, 0), (0, 1), (0, 2), (1, 0)]


def test_a_reader_knows_names_in_bytes(reader):
    assert b"dense/kernel" in reader
    assert b"dense/kern" not in reader
    assert 3 not in reader


def test_reader_says_what_it_is(reader):
    assert repr(reader) == f"CheckpointReader({reader.prefix!r}, version={reader.version})"
    assert reader.damage == ()
    assert pickle.dumps(reader.source)


def test_a_failing_look_up_leaves_the_filters_of_warnings_alone(reader, monkeypatch):
    """They are those of all threads, one of which may be recording warnings."""

    def refuse(*_, **__):
        raise AssertionError

    monkeypatch.setattr("warnings.catch_warnings", refuse)
    for look_up in (reader.__getitem__, reader.get_tensor, lambda name: reader.get_slice(name, 0), reader.entry):
        with pytest.raises(TensorNotFoundError) as caught:
            look_up("dense/kernl")
        assert caught.value.suggestions[0] == "dense/kernel"
