"""Damaged and hostile checkpoints: a value or one of our errors, never anything else, and never a wrong value."""

import json
import warnings

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError, ChecksumError, DataLossError
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.notebook.reader import load_checkpoint
from tests.cpu_time import cpu_seconds
from tests.files.saved import as_array, save_v1, save_v2
from tests.truth import CORPUS, digest

MANIFEST = CORPUS / "damaged" / "manifest.json"
CASES = [
    case
    for case in (json.loads(MANIFEST.read_text("utf-8"))["cases"] if MANIFEST.exists() else [])
    if case["kind"] in {"v2", "v1", "state", "saved_model"}
]

# Whose checksums cover nothing of what was changed: the writer of the case put right ones over other contents.
CHANGED_ON_PURPOSE = {
    "v2_entry_dtype_int32",
    "v2_entry_shape_other",
    "v2_header_big_endian",
    "v2_header_endian_7",
    "v2_names_hostile",
}
STATE_WITHOUT_CHECKPOINT = {"state_latin1_escaped", "state_windows"}


def family(case):
    """Cases of one family were made from the same checkpoint."""
    kind = case["id"].partition("_")[0]
    return "sharded" if case["id"].startswith("v2_shard") else kind


@pytest.fixture(scope="module")
def truth():
    """Digest by name of the tensors that the damaged files were made from, by family."""
    known = {}
    for case in CASES:
        if case["id"] in {"v2_ok", "v1_ok", "obj_same", "v2_shard_lost_0", "v2_shard_lost_1"}:
            tensors = case["tf"]["tensors"].items()
            # The record of the objects is what the cases named obj_ change.
            good = {name: item for name, item in tensors if "sha256" in item and name != OBJECT_GRAPH_KEY}
            known.setdefault(family(case), {}).update(good)
    return known


def path_of(case):
    path = CORPUS / "damaged" / case["path"]
    return path.parent if path.name == "checkpoint" else path


def open_case(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return load_checkpoint(path_of(case))


def list_names(reader):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return list(reader)


def test_manifest_is_read(corpus):
    assert len(CASES) > 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_damaged_checkpoint(case):
    started = cpu_seconds()
    known = case["tf"].get("tensors", {}) if isinstance(case.get("tf"), dict) else {}
    names, failures = set(known), []
    try:
        with open_case(case) as reader:
            names |= set(list_names(reader))
            for name in names:
                try:
                    value = as_array(reader.get_tensor(name))
                except CheckpointError as error:
                    failures.append(error)
                else:
                    assert known.get(name, {}).get("sha256") in {None, digest(value)}, name
    except CheckpointError as error:
        failures.append(error)
    assert cpu_seconds() - started < 2
    if case.get("valid") and case["id"] not in STATE_WITHOUT_CHECKPOINT:
        assert not failures
    assert all(str(error) for error in failures)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_object_graph_of_damaged_checkpoint(case):
    try:
        with open_case(case) as reader:
            graph = reader.object_graph
            if graph is not None:
                assert graph.tree()
                assert all(graph.checkpoint_key(short) for short in graph.short_names)
    except CheckpointError:
        assert not case.get("valid") or case["id"] in STATE_WITHOUT_CHECKPOINT


def test_true_values_are_the_only_values(truth):
    """No damaged file gives another value for a tensor of the original, where a checksum covers it."""
    for case in CASES:
        if case["kind"] not in {"v2", "v1"} or case["id"] in CHANGED_ON_PURPOSE:
            continue
        group = truth[family(case)]
        try:
            reader = open_case(case)
        except CheckpointError:
            continue
        with reader:
            for name in set(list_names(reader)) & set(group):
                try:
                    value = as_array(reader.get_tensor(name))
                except CheckpointError:
                    continue
                assert digest(value) == group[name]["sha256"], (case["id"], name)


def flips(size, count):
    generator = np.random.default_rng(7)
    return zip(generator.integers(0, size, count).tolist(), generator.integers(0, 8, count).tolist(), strict=True)


@pytest.mark.parametrize("version", [1, 2])
def test_flipped_bits_never_give_a_wrong_value(tmp_path, version):
    tensors = {f"layer_{i}/w": np.full((3, i), i, np.float32) for i in range(8)}
    tensors["words"] = np.array([b"a", b"", b"long" * 50], object)
    save = save_v1 if version == 1 else save_v2
    prefix = save(tmp_path / "m", tensors)
    files = [tmp_path / "m"] if version == 1 else [tmp_path / "m.index", tmp_path / "m.data-00000-of-00001"]
    for file in files:
        original = file.read_bytes()
        for position, bit in flips(len(original), 400):
            damaged = bytearray(original)
            damaged[position] ^= 1 << bit
            file.write_bytes(damaged)
            good = 0
            try:
                with load_checkpoint(prefix) as reader:
                    for name, value in tensors.items():
                        try:
                            np.testing.assert_array_equal(as_array(reader.get_tensor(name)), value)
                            good += 1
                        except CheckpointError:
                            continue
            except CheckpointError:
                continue
            assert version == 1 or good >= len(tensors) - 1
        file.write_bytes(original)


def test_damaged_tensor_names_file_tensor_and_offset(tmp_path):
    prefix = save_v2(tmp_path / "m", {"a": np.zeros(3, np.float32), "b": np.ones(4, np.float32)})
    data = tmp_path / "m.data-00000-of-00001"
    contents = bytearray(data.read_bytes())
    contents[14] ^= 1
    data.write_bytes(contents)
    with load_checkpoint(prefix) as reader:
        np.testing.assert_array_equal(reader["a"], np.zeros(3, np.float32))
        with pytest.raises(
            ChecksumError, match=r"shard 0 \(16 bytes\): Checksum does not match: stored \d+ vs"
        ) as caught:
            reader["b"]
    assert caught.value.file == str(data)
    assert caught.value.tensor == b"b"
    assert caught.value.offset == 12


def test_damaged_index_block_leaves_the_other_blocks_readable(tmp_path):
    tensors = {f"layer_{i:05d}/{'x' * 80}": np.float32(i).reshape(()) for i in range(6000)}
    prefix = save_v2(tmp_path / "m", tensors)
    index = tmp_path / "m.index"
    contents = bytearray(index.read_bytes())
    contents[len(contents) // 2] ^= 1
    index.write_bytes(contents)
    with load_checkpoint(prefix) as reader:
        with pytest.warns(UserWarning, match="not all tensors can be listed.*block checksum mismatch"):
            names = list(reader)
        assert 0 < len(names) < len(tensors)
        assert all(reader[name] == tensors[name] for name in names[:10] + names[-10:])
        assert isinstance(reader.damage[0], ChecksumError)
        lost = next(name for name in tensors if name not in set(names))
        with pytest.raises(DataLossError, match="block checksum mismatch"):
            reader[lost]
