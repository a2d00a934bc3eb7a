"""What this package writes is, byte for byte, what TensorFlow writes, and TensorFlow reads it."""

import os

import ml_dtypes
import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.retention import CheckpointHistory
from ckpt_magics.files.directory.state import (
    get_checkpoint_mtimes,
    get_checkpoint_state,
    latest_checkpoint,
    update_checkpoint_state,
)
from ckpt_magics.files.formats.dtypes import DTYPES, FLOAT, INT64, STRING, dtype_of
from ckpt_magics.files.formats.slice_records import V1_DTYPES
from ckpt_magics.files.kinds.bundle.bundle_merge import merge_bundles
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from ckpt_magics.files.tensors.save_options import SaveOptions
from tests.files.saved import write_bundle, write_checkpoint, write_slice_table

pytestmark = pytest.mark.tensorflow

SAVEABLE = [dtype for dtype in DTYPES if dtype.name not in {"resource", "variant"}]
SHAPES = [(), (0,), (3,), (2, 3), (0, 3), (2, 1, 4)]


def _array(dtype, shape):
    count = int(np.prod(shape))
    if dtype.name == "string":
        values = np.empty(count, object)
        values[:] = [b"\xff" * (i * 70 % 300) for i in range(count)]
        return values.reshape(shape)
    if dtype.name in {"int4", "uint4", "int2", "uint2", "float4_e2m1fn", "bool"}:
        return (np.arange(count) % 2).astype(dtype.numpy).reshape(shape)
    data = np.random.default_rng(count).integers(0, 256, count * dtype.itemsize, np.uint8)
    return data.view(dtype.numpy).reshape(shape)


def _constant(tf, tensor):
    if tensor.dtype.is_quantized:
        return tf.bitcast(tf.constant(tensor.array), tensor.dtype.name)
    return tf.constant(tensor.array, tf.as_dtype(tensor.dtype.name))


def _tf_save(tf, path, tensors, *, version=2):
    names = [tensor.name for tensor in tensors]
    specs = [tensor.shape_and_slice for tensor in tensors]
    values = [_constant(tf, tensor) for tensor in tensors]
    with tf.device("CPU"):
        if version == 2:
            tf.raw_ops.SaveV2(prefix=str(path), tensor_names=names, shape_and_slices=specs, tensors=values)
        else:
            tf.raw_ops.SaveSlices(filename=str(path), tensor_names=names, shapes_and_slices=specs, data=values)


def _assert_same_files(ours, theirs):
    names = sorted(os.listdir(theirs))
    assert sorted(os.listdir(ours)) == names
    for name in names:
        assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name


@pytest.fixture
def folders(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    return ours, theirs


def _every_type(dtypes):
    return [
        PartToSave(f"{dtype.name}/{number}".encode(), _array(dtype, shape), dtype)
        for dtype in dtypes
        for number, shape in enumerate(SHAPES)
    ]


def _many():
    """Names that share much, in more than one block of the index, and values in more than one block of a V1 file."""
    small = [PartToSave(b"scope/layer_%05d/kernel" % i, np.array(i), INT64) for i in range(9000)]
    large = [np.full(size, size, np.float32) for size in (65000, 66000, 131000, 132000, 300000)]
    return small + [PartToSave(b"v%d" % i, array, FLOAT) for i, array in enumerate(large)]


def _partitioned():
    whole = np.arange(20, dtype=np.float32).reshape(5, 4)
    return [
        PartToSave(b"v", whole[:2, :], FLOAT, "5 4 0,2:-"),
        PartToSave(b"v", whole[2:, :1], FLOAT, "5 4 2,3:0,1"),
        PartToSave(b"v", whole[2:, 1:], FLOAT, "5 4 2,3:1,3"),
        PartToSave(b"whole", whole, FLOAT, "5 4 0,5:-"),
        PartToSave(b"s", np.array([b"x", b"y"], object), STRING, "300 100,2"),
        PartToSave(b"n\x00a\xffm", np.zeros((64,), np.float32), FLOAT, "200 63,64"),
    ]


SETS = {
    "every type": lambda: _every_type(SAVEABLE),
    "many": _many,
    "partitioned": _partitioned,
    "one scalar": lambda: [PartToSave(b"a", np.array(1.0, np.float32), FLOAT)],
    "order": lambda: [PartToSave(name, np.array(len(name)), INT64) for name in (b"b", b"ab", b"a", b"a/b", b"\xff")],
}


@pytest.mark.parametrize("which", SETS)
def test_v2_files_are_equal(tf, folders, which):
    tensors = SETS[which]()
    write_bundle(folders[0] / "m", tensors)
    _tf_save(tf, folders[1] / "m", tensors)
    _assert_same_files(*folders)


@pytest.mark.parametrize("which", SETS)
def test_v1_files_are_equal(tf, folders, which):
    tensors = [tensor for tensor in SETS[which]() if tensor.dtype in V1_DTYPES]
    write_slice_table(folders[0] / "m", tensors)
    _tf_save(tf, folders[1] / "m", tensors, version=1)
    _assert_same_files(*folders)


def test_files_of_shards_are_equal_to_tensorflows_merge(tf, folders):
    tensors = _partitioned() + _every_type([FLOAT, STRING])
    halves = tensors[:2], tensors[2:]
    for folder in folders:
        parts = [str(folder / "m_temp" / f"part-0000{i}-of-00002") for i in range(2)]
        for part, half in zip(parts, halves, strict=True):
            _tf_save(tf, part, half)
        if folder is folders[0]:
            merge_bundles(parts, folder / "m")
        else:
            tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=parts, destination_prefix=str(folder / "m"))
    _assert_same_files(*folders)


def _bits(value):
    return np.atleast_1d(value).tolist() if value.dtype == object else value.tobytes()


def test_tensorflow_reads_every_generation_of_an_overwritten_prefix(tf, tmp_path):
    prefix = str(tmp_path / "m")
    for number in range(4):
        tensors = {"w": np.full((2, 3), number, np.float32), "s": np.array([b"%d" % number], object)}
        write_checkpoint(prefix, tensors, num_shards=1 + number // 2)
        reader = tf.train.load_checkpoint(prefix)
        assert reader.get_variable_to_shape_map() == {"w": [2, 3], "s": [1]}
        np.testing.assert_array_equal(reader.get_tensor("w"), tensors["w"])
        restored = tf.raw_ops.RestoreV2(
            prefix=prefix, tensor_names=["s", "w"], shape_and_slices=["", ""], dtypes=[tf.string, tf.float32]
        )
        assert restored[0].numpy().tolist() == [b"%d" % number]
        assert tf.train.latest_checkpoint(str(tmp_path)) == prefix
    tf.compat.v1.train.remove_checkpoint(prefix)
    assert os.listdir(tmp_path) == ["checkpoint"]


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("version", [1, 2])
def test_tensorflow_restores_every_type(tf, tmp_path, version, shards):
    tensors = [tensor for tensor in _every_type(SAVEABLE) if version == 2 or tensor.dtype in V1_DTYPES]
    saved = write_checkpoint(tmp_path / "m", tensors, write_version=version, num_shards=shards)
    restored = tf.raw_ops.RestoreV2(
        prefix=saved,
        tensor_names=[tensor.name for tensor in tensors],
        shape_and_slices=[""] * len(tensors),
        dtypes=[tf.as_dtype(tensor.dtype.name) for tensor in tensors],
    )
    for tensor, found in zip(tensors, restored, strict=True):
        assert tuple(found.shape) == tensor.array.shape
        plain = tf.bitcast(found, tensor.dtype.numpy.name) if tensor.dtype.is_quantized else found
        value = plain.numpy()
        assert _bits(np.asarray(value, object if tensor.dtype == STRING else None)) == _bits(tensor.array), tensor.name


def test_refusals_have_tensorflows_words(tf, tmp_path):
    a = np.zeros((2, 3), np.float32)
    cases = [
        [PartToSave(b"a", a, FLOAT)] * 2,
        [PartToSave(b"a", a, FLOAT, "4 3 0,1:-")],
        [PartToSave(b"a", a, FLOAT, "x")],
        [PartToSave(b"a", a, FLOAT, "4 x 0,2:-")],
        [PartToSave(b"a", a, FLOAT, "4 3 0")],
        [PartToSave(b"a", a, FLOAT, "4 3 0,0:-")],
        [PartToSave(b"a", a, FLOAT, "4 3 0,2")],
        [PartToSave(b"a", a, FLOAT, "4 3 3,2:0,3")],
    ]
    for tensors in cases:
        with pytest.raises(CheckpointError) as ours:
            write_bundle(tmp_path / "m", tensors)
        with pytest.raises(tf.errors.OpError) as theirs:
            _tf_save(tf, tmp_path / "m", tensors)
        assert ours.value.message in theirs.value.message
        assert type(ours.value).__name__ == type(theirs.value).__name__


def test_v1_refusals_have_tensorflows_words(tf, tmp_path):
    for array in (np.zeros(2, ml_dtypes.bfloat16), np.zeros(2, np.uint32), np.zeros(2, np.uint64)):
        tensors = [PartToSave(b"a", array, dtype_of(array))]
        with pytest.raises(CheckpointError) as ours:
            write_slice_table(tmp_path / "m", tensors)
        with pytest.raises(tf.errors.OpError) as theirs:
            _tf_save(tf, tmp_path / "m", tensors, version=1)
        assert ours.value.message in theirs.value.message
        assert type(ours.value).__name__ == type(theirs.value).__name__


class TestState:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("del", "del/m-2", ["del/m-1"]),
            ("del", "del/m-2", ["/abs/m-1", "del/m-2"]),
            ("", "cw", None),
            (".", "./cw", None),
            ("del", "del/é'\"\\\t\n\x01\x7f", None, None, [1700000000.123456], 1699999999.25),
            ("del", "del/m", ["del/l", "del/m"], "state", [1.5, 1e22], None),
        ],
    )
    def test_files_are_equal(self, tf, tmp_path, monkeypatch, arguments):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "del").mkdir()
        path = os.path.join(arguments[0], arguments[3] if len(arguments) > 3 and arguments[3] else "checkpoint")
        update_checkpoint_state(*arguments)
        with open(path, "rb") as file:
            ours = file.read()
        tf.compat.v1.train.update_checkpoint_state(*arguments)
        with open(path, "rb") as file:
            assert ours == file.read()

    def test_relative_paths_are_as_checkpoint_managers(self, tf, tmp_path):
        checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
        manager = tf.train.CheckpointManager(checkpoint, str(tmp_path), max_to_keep=2)
        paths = [manager.save() for _ in range(3)]
        theirs = (tmp_path / "checkpoint").read_bytes()
        state = get_checkpoint_state(tmp_path)
        assert latest_checkpoint(tmp_path) == paths[-1] == tf.train.latest_checkpoint(str(tmp_path))
        update_checkpoint_state(
            tmp_path,
            state.model_checkpoint_path,
            state.all_model_checkpoint_paths,
            None,
            state.all_model_checkpoint_timestamps,
            state.last_preserved_timestamp,
            save_relative_paths=True,
        )
        assert (tmp_path / "checkpoint").read_bytes() == theirs
        assert get_checkpoint_mtimes(paths) == tf.compat.v1.train.get_checkpoint_mtimes(paths)

    def test_a_manager_goes_on_after_our_saves(self, tf, tmp_path):
        variable = tf.Variable(1.0)
        manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=variable), str(tmp_path), max_to_keep=3)
        manager.save()
        write_checkpoint(tmp_path / "ckpt", {"v": np.float32(2)}, global_step=2)
        state = tf.train.get_checkpoint_state(str(tmp_path))
        assert len(state.all_model_checkpoint_timestamps) == len(state.all_model_checkpoint_paths) == 2
        again = tf.train.CheckpointManager(tf.train.Checkpoint(v=variable), str(tmp_path), max_to_keep=3)
        assert again.latest_checkpoint == str(tmp_path / "ckpt-2")

    def test_a_savers_history_is_equal(self, tf, tmp_path, monkeypatch):
        names = ["s1", "s2", "s3", "s2", "s4", "s4", "s1"]
        (tmp_path / "ours").mkdir()
        (tmp_path / "theirs").mkdir()
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            variable = tf.compat.v1.get_variable("v", initializer=1.0)
            session.run(variable.initializer)
            saver = tf.compat.v1.train.Saver(max_to_keep=2)
            history = CheckpointHistory(max_to_keep=2)
            for name in names:
                monkeypatch.chdir(tmp_path / "theirs")
                saver.save(session, f"./{name}", write_meta_graph=False)
                monkeypatch.chdir(tmp_path / "ours")
                write_bundle(f"./{name}", [PartToSave(b"v", np.array(1.0, np.float32), FLOAT)])
                history.record(place_of(f"./{name}"), SaveOptions(absolute_paths=True))
                assert history.last_checkpoints == saver.last_checkpoints
                theirs, ours = ((tmp_path / who / "checkpoint").read_text() for who in ("theirs", "ours"))
                assert ours == theirs
                found = [
                    sorted(file for file in os.listdir(tmp_path / who) if file.endswith(".index"))
                    for who in ("ours", "theirs")
                ]
                assert found[0] == found[1]
