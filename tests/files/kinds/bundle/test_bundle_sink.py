"""V2 checkpoints: the bytes of a known file, shards, slices, overwriting, and what is refused."""

import itertools
import os

import numpy as np
import pytest

from ckpt_magics.errors import InternalError, InvalidArgumentError, UnimplementedError
from ckpt_magics.files.formats.dtypes import FLOAT, INT64, RESOURCE, STRING
from ckpt_magics.files.kinds.bundle.bundle_index import BundleIndex
from ckpt_magics.files.kinds.bundle.bundle_merge import merge_bundles
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from ckpt_magics.files.tensors.records import split_into_runs
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_bundle

_FLOATS = np.arange(6, dtype=np.float32).reshape(2, 3)


def _tensor(name=b"w", array=_FLOATS, dtype=FLOAT, spec=""):
    return PartToSave(name, array, dtype, spec)


def _read(prefix):
    with load_checkpoint(prefix) as reader:
        return {name: reader[name] for name in reader}


def test_the_index_of_one_scalar_has_the_bytes_of_the_format(tmp_path):
    prefix = str(tmp_path / "m")
    write_bundle(prefix, [_tensor(b"a", np.float32(1), FLOAT)])
    assert (tmp_path / "m.data-00000-of-00001").read_bytes() == b"\x00\x00\x80\x3f"
    index = (tmp_path / "m.index").read_bytes()
    assert index.startswith(bytes.fromhex("000006 0801 1a020801 00010b") + b"a" + bytes.fromhex("0801 1200 2804 35"))
    assert index.endswith(bytes.fromhex("57fb808b247547db"))


def test_values_lie_in_the_order_given_and_the_index_is_sorted(tmp_path):
    prefix = str(tmp_path / "m")
    write_bundle(prefix, [_tensor(b"b", np.int64(1), INT64), _tensor(b"a", np.int64(2), INT64)])
    assert (tmp_path / "m.data-00000-of-00001").read_bytes() == b"\x01" + b"\0" * 7 + b"\x02" + b"\0" * 7
    assert list(_read(prefix)) == ["a", "b"]


def test_any_layout_of_an_array_is_stored_in_c_order(tmp_path):
    arrays = [_FLOATS, np.asfortranarray(_FLOATS), _FLOATS.astype(">f4"), np.repeat(_FLOATS, 2, 0)[::2]]
    for array in arrays:
        write_bundle(str(tmp_path / "m"), [_tensor(array=array)])
        np.testing.assert_array_equal(_read(str(tmp_path / "m"))["w"], _FLOATS)


def test_shards_hold_runs_of_about_equal_size():
    sizes = [8, 1, 1, 6, 8, 0]
    assert [[sizes[row] for row in run] for run in split_into_runs(sizes, 3)] == [[8], [1, 1, 6], [8, 0]]
    assert [len(run) for run in split_into_runs(sizes, 8)] == [1, 1, 1, 1, 1, 1, 0, 0]
    assert list(itertools.chain(*split_into_runs(sizes, 4))) == list(range(6))


def test_a_sharded_save_equals_the_merge_of_its_shards(tmp_path):
    tensors = [_tensor(b"%d" % i) for i in range(4)]
    tensors += [_tensor(b"v", spec="4 3 0,2:-"), _tensor(b"v", spec="4 3 2,2:-")]
    write_bundle(tmp_path / "m", tensors, num_shards=2)
    parts = [str(tmp_path / "m2_temp" / f"part-0000{i}-of-00002") for i in range(2)]
    for part, half in zip(parts, (tensors[:3], tensors[3:]), strict=True):
        write_bundle(part, half)
    merge_bundles(parts, tmp_path / "m2")
    assert not (tmp_path / "m2_temp").exists()
    for end in (".index", ".data-00000-of-00002", ".data-00001-of-00002"):
        assert (tmp_path / f"m{end}").read_bytes() == (tmp_path / f"m2{end}").read_bytes()


def test_slices_make_one_tensor(tmp_path):
    whole = np.arange(12, dtype=np.float32).reshape(4, 3)
    tensors = [_tensor(b"v", whole[:2], spec="4 3 0,2:0,3"), _tensor(b"v", whole[2:], spec="4 3 2,2:-")]
    write_bundle(tmp_path / "m", tensors)
    np.testing.assert_array_equal(_read(tmp_path / "m")["v"], whole)


def test_a_slice_that_is_all_of_its_tensor_is_stored_as_the_tensor(tmp_path):
    write_bundle(tmp_path / "a", [_tensor()])
    write_bundle(tmp_path / "b", [_tensor(spec="2 3 0,2:-")])
    assert (tmp_path / "a.index").read_bytes() == (tmp_path / "b.index").read_bytes()


def test_overwriting_alternates_the_number_of_shards(tmp_path):
    prefix = str(tmp_path / "m")
    for value in range(4):
        write_bundle(prefix, [_tensor(array=_FLOATS + value)])
        np.testing.assert_array_equal(_read(prefix)["w"], _FLOATS + value)
        data = ["m.data-00000-of-00001"] if value % 2 == 0 else ["m.data-00000-of-00002", "m.data-00001-of-00002"]
        assert sorted(os.listdir(tmp_path)) == [*data, "m.index"]


def test_a_reader_opened_before_an_overwrite_still_reads_the_old_version(tmp_path):
    prefix = str(tmp_path / "m")
    write_bundle(prefix, [_tensor(), _tensor(b"x")])
    with load_checkpoint(prefix) as reader:
        np.testing.assert_array_equal(reader["w"], _FLOATS)
        write_bundle(prefix, [_tensor(array=_FLOATS + 1), _tensor(b"x", _FLOATS + 1)])
        assert reader["x"].tolist() in (_FLOATS.tolist(), (_FLOATS + 1).tolist())


def test_data_that_no_index_needs_goes_with_the_next_save_and_other_files_stay(tmp_path):
    prefix = str(tmp_path / "m")
    write_bundle(prefix, [_tensor()])
    others = ["m.data-00000-of-2", "m2.data-00000-of-00001", "m.data-00000-of-00001.bak", "xm.data-00000-of-00007"]
    for name in ("m.data-00000-of-00007", *others):
        (tmp_path / name).touch()
    write_bundle(prefix, [_tensor()])
    assert set(os.listdir(tmp_path)) == {"m.index", "m.data-00000-of-00002", "m.data-00001-of-00002", *others}


def test_data_without_an_index_is_replaced_under_the_usual_names(tmp_path):
    (tmp_path / "m.data-00000-of-00001").write_bytes(b"half")
    write_bundle(tmp_path / "m", [_tensor()])
    assert sorted(os.listdir(tmp_path)) == ["m.data-00000-of-00001", "m.index"]


@pytest.mark.parametrize(
    ("tensors", "kind", "message"),
    [
        ([_tensor(), _tensor()], InvalidArgumentError, "Adding duplicate key: w"),
        ([_tensor(), _tensor(spec="4 3 0,2:-")], InvalidArgumentError, "Adding duplicate key: w"),
        ([_tensor(spec="4 3 0,2:-"), _tensor()], InvalidArgumentError, "Adding duplicate key: w"),
        ([_tensor(spec="4 3 0,2:-")] * 2, InvalidArgumentError, "Adding duplicate key: w"),
        ([_tensor(b"")], InvalidArgumentError, "needs a name"),
        ([_tensor(spec="x")], InvalidArgumentError, "Need least two elements in shape_and_slice specification: x"),
        ([_tensor(spec="4 x 0,2:-")], InvalidArgumentError, "Non numerical dimension in shape_and_slice"),
        ([_tensor(spec="4 3 0:-")], InvalidArgumentError, "Expected a pair of numbers or '-' but got '0'"),
        ([_tensor(spec="4 3 0,0:-")], InvalidArgumentError, "Expected non-negative start and positive length"),
        ([_tensor(spec="4 3 0,2")], InternalError, r"Mismatching ranks: shape = \[4,3\], slice = 0,2"),
        ([_tensor(spec="4 3 3,2:-")], InternalError, "Extent in dimension 0 out of bounds"),
        (
            [_tensor(spec="4 3 0,1:-")],
            InvalidArgumentError,
            r"does not match the shape of the tensor to  save: 4 3 0,1:-, tensor: \[2,3\]",
        ),
        ([_tensor(spec="4 3 0,2:-"), _tensor(spec="4 3 1,2:-")], InternalError, "Overlapping slices"),
        ([_tensor(spec="4 3 0,2:-"), _tensor(spec="5 3 2,2:-")], InternalError, "Mismatching shapes"),
        ([_tensor(array=np.array(None), dtype=RESOURCE)], UnimplementedError, "resource"),
        ([_tensor(array=np.array(5, object), dtype=STRING)], InvalidArgumentError, "string"),
    ],
)
def test_refuses_and_writes_nothing(tmp_path, tensors, kind, message):
    with pytest.raises(kind, match=message):
        write_bundle(tmp_path / "m", tensors)
    assert not os.listdir(tmp_path)


def test_progress_ends_at_the_total_and_may_stop_the_save(tmp_path):
    seen = []
    array = np.zeros((10, 1 << 20), np.uint8)
    tensors = [_tensor(array=array.view(np.float32)), _tensor(b"s", np.array([b"x" * 100], object), STRING)]
    write_bundle(tmp_path / "m", tensors, progress=lambda done, total: seen.append((done, total)))
    assert len(seen) >= 5
    assert seen == sorted(seen)
    assert seen[-1] == (array.nbytes + 101, array.nbytes + 101)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path / "other", tensors, progress=stop)
    assert not [name for name in os.listdir(tmp_path) if not name.startswith("m.")]


def test_companions_appear_with_the_checkpoint(tmp_path):
    files = write_bundle(tmp_path / "m", [_tensor()], companions={str(tmp_path / "m.meta"): b"graph"})
    assert [(os.path.basename(file.path), file.role, file.bytes) for file in files] == [
        ("m.data-00000-of-00001", "data", 24),
        ("m.meta", "meta graph", 5),
        ("m.index", "index", (tmp_path / "m.index").stat().st_size),
    ]


class TestMerge:
    def test_missing_checkpoints(self, tmp_path):
        write_bundle(tmp_path / "a", [_tensor()])
        with pytest.raises(InvalidArgumentError, match=r"allow_missing_files was set to false and .*b did not exist"):
            merge_bundles([tmp_path / "a", tmp_path / "b"], tmp_path / "m")
        merge_bundles([tmp_path / "a", tmp_path / "b"], tmp_path / "m", allow_missing_files=True)
        assert list(_read(tmp_path / "m")) == ["w"]
        with pytest.raises(InvalidArgumentError, match="At least one prefix checkpoint file must exist"):
            merge_bundles([tmp_path / "b"], tmp_path / "n", allow_missing_files=True)

    def test_duplicates_leave_everything_where_it_was(self, tmp_path):
        write_bundle(tmp_path / "a", [_tensor()])
        write_bundle(tmp_path / "b", [_tensor(), _tensor(b"x")])
        before = sorted(os.listdir(tmp_path))
        with pytest.raises(InvalidArgumentError, match="Duplicate tensor keyed by w encountered, when merging prefix"):
            merge_bundles([tmp_path / "a", tmp_path / "b"], tmp_path / "m")
        assert sorted(os.listdir(tmp_path)) == before

    def test_a_whole_tensor_beside_slices_is_refused(self, tmp_path):
        write_bundle(tmp_path / "a", [_tensor(spec="4 3 0,2:-")])
        write_bundle(tmp_path / "b", [_tensor()])
        with pytest.raises(InternalError, match="attempting to merge in a non-slice bundle entry"):
            merge_bundles([tmp_path / "a", tmp_path / "b"], tmp_path / "m")

    def test_over_an_existing_checkpoint(self, tmp_path):
        for value in range(3):
            for i in range(2):
                write_bundle(tmp_path / "t" / f"part{i}", [_tensor(b"%d" % i, _FLOATS + value)])
            merge_bundles([tmp_path / "t" / "part0", tmp_path / "t" / "part1"], tmp_path / "m")
            assert {float(array[0, 0]) for array in _read(tmp_path / "m").values()} == {value}
        index = BundleIndex(place_of(tmp_path / "m"))
        assert index.header.num_shards == 2
        index.close()
