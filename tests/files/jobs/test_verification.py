"""A verification looks at every byte: it names what is damaged, and finds nothing where nothing is."""

import json

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.finding import find_checkpoint
from ckpt_magics.files.jobs.verification import check_checkpoint
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef
from tests.cpu_time import cpu_seconds
from tests.files.saved import save_slices, save_v1, save_v2
from tests.truth import GOLDEN

TENSORS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([b"x", b"", b"long" * 50], object),
    "c": np.arange(4, dtype=np.int64),
}
GRAPH = MetaGraphDef(graph_def={"node": [{"name": "w", "op": "VariableV2"}]}).SerializeToString()
# In these a row of a tensor was never stored.
WITH_HOLES = ("odd_slices_v1", "odd_slices_v2")


def check(path, **options):
    return check_checkpoint(find_checkpoint(str(path)), **options)


def good(verification):
    return [tensor.entry.key for tensor in verification.tensors if tensor.error is None]


def damage(verification):
    return [finding for finding in verification.findings if finding.is_damage]


def flip(path, position, bit=0):
    contents = bytearray(path.read_bytes())
    contents[position] ^= 1 << bit
    path.write_bytes(contents)


@pytest.mark.parametrize("save", [save_v1, save_v2])
def test_whole_checkpoint_has_no_findings(tmp_path, save):
    found = check(save(tmp_path / "m", TENSORS))
    assert found.findings == ()
    assert found.is_whole
    assert good(found) == [b"a", b"b", b"c"]
    assert sum(file.blocks for file in found.files) == 1
    assert all(file.bytes for file in found.files)


@pytest.mark.parametrize("index", sorted(GOLDEN.rglob("*.index")), ids=lambda path: path.parent.parent.name)
def test_checkpoints_of_tensorflow_have_no_damage(index):
    found = check(index)
    assert found.tensors
    assert found.is_whole is not any(part in WITH_HOLES for part in index.parts), found.findings


def test_damaged_value_is_named_with_file_tensor_and_byte(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    data = tmp_path / "m.data-00000-of-00001"
    offset = next(tensor.entry.offset for tensor in check(prefix).tensors if tensor.entry.key == b"c")
    flip(data, offset + 3)
    found = check(prefix)
    assert good(found) == [b"a", b"b"]
    (finding,) = damage(found)
    assert (finding.file, finding.tensor, finding.offset) == (str(data), b"c", offset)
    assert "Checksum does not match" in finding.text


def test_bytes_after_the_last_tensor_are_a_remark(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    data = tmp_path / "m.data-00000-of-00001"
    size = data.stat().st_size
    data.write_bytes(data.read_bytes() + b"garbage")
    found = check(prefix)
    assert found.is_whole
    (finding,) = found.findings
    assert (finding.offset, finding.text) == (size, "7 bytes after the last tensor belong to none")


def test_missing_data_file_is_named(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS, num_shards=2)
    (tmp_path / "m.data-00001-of-00002").unlink()
    found = check(prefix)
    assert damage(found)[0].text.startswith("the file is missing, and ")
    assert good(found)
    assert [file.bytes is None for file in found.files] == [False, False, True]


def test_short_data_file_says_both_sizes(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    data = tmp_path / "m.data-00000-of-00001"
    size = data.stat().st_size
    data.write_bytes(data.read_bytes()[:-1])
    assert damage(check(prefix))[0].text == f"the file has {size - 1} bytes, and the index says {size}"


def test_lost_first_block_of_the_index_leaves_the_others(tmp_path):
    """The header is in that block; the shards are then counted by their files."""
    tensors = {f"layer_{i:05d}/{'x' * 80}": np.float32(i).reshape(()) for i in range(6000)}
    prefix = save_v2(tmp_path / "m", tensors)
    flip(tmp_path / "m.index", 100)
    found = check(prefix)
    assert 2000 < len(good(found)) < 6000
    assert "block checksum mismatch" in damage(found)[0].text
    assert damage(found)[0].offset == 0


def test_lost_block_of_a_v1_file_leaves_the_others(tmp_path):
    tensors = {f"w{i}": np.full((200, 200), i, np.float32) for i in range(8)}
    prefix = save_v1(tmp_path / "m", tensors)
    flip(tmp_path / "m", 800_000)
    found = check(prefix)
    lost = {tensor.entry.key for tensor in found.tensors if tensor.error is not None}
    assert 0 < len(lost) < 4
    assert any(finding.tensor is None and "checksum" in finding.text for finding in damage(found))


def test_unused_parts_of_the_table_are_remarks(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    index = tmp_path / "m.index"
    flip(index, index.stat().st_size - 15)
    found = check(prefix)
    assert found.is_whole
    assert [finding.text for finding in found.findings] == ["the footer's padding is not zeros"]


@pytest.mark.parametrize("save", [save_v1, save_v2])
def test_graph_beside_the_checkpoint_is_parsed(tmp_path, save):
    prefix = save(tmp_path / "m", TENSORS)
    (tmp_path / "m.meta").write_bytes(GRAPH)
    calls = []
    found = check(prefix, progress=lambda *done: calls.append(done))
    assert found.findings == ()
    (graph,) = [file for file in found.files if file.role == "meta graph"]
    assert (graph.path, graph.bytes) == (str(tmp_path / "m.meta"), len(GRAPH))
    assert calls[-1][1] == sum(file.bytes for file in found.files)


def test_graph_in_text_form_is_a_graph(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    (tmp_path / "m.meta").write_text(str(MetaGraphDef.FromString(GRAPH)))
    assert check(prefix).findings == ()


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (GRAPH[:-1], "no MetaGraphDef can be parsed from it"),
        (b"\xff\xfe\xfd", "no MetaGraphDef can be parsed from it"),
        (b"<html>no graph</html>", "no MetaGraphDef can be parsed from it"),
        (b"", "the file is empty"),
        (MetaGraphDef(meta_info_def={"tags": ["serve"]}).SerializeToString(), "its MetaGraphDef has no graph"),
    ],
)
def test_damaged_graph_is_damage_of_its_file_alone(tmp_path, contents, words):
    prefix = save_v2(tmp_path / "m", TENSORS)
    (tmp_path / "m.meta").write_bytes(contents)
    found = check(prefix)
    (finding,) = damage(found)
    assert (finding.file, finding.tensor) == (str(tmp_path / "m.meta"), None)
    assert finding.text == f"{words}; the tensors do not need it"
    assert not found.is_whole
    assert found.lost_meta_graph == finding.file
    assert good(found) == [b"a", b"b", b"c"]


def test_graph_def_under_the_name_is_no_meta_graph(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    (tmp_path / "m.meta").write_bytes(GraphDef(node=[{"name": "w" * 200, "op": "NoOp"}]).SerializeToString())
    assert "the tensors do not need it" in damage(check(prefix))[0].text


def test_directory_in_place_of_the_graph_is_a_finding(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    (tmp_path / "m.meta").mkdir()
    found = check(prefix)
    assert found.lost_meta_graph == str(tmp_path / "m.meta")
    assert len(good(found)) == 3


def test_slices_that_leave_a_gap_are_damage(tmp_path):
    prefix = save_slices(tmp_path / "m", "w", np.zeros((4, 3), np.float32), ["0,2:-"])
    assert "sufficient slices" in damage(check(prefix))[0].text


@pytest.mark.parametrize("save", [save_v1, save_v2])
def test_every_flipped_bit_is_found_or_a_remark(tmp_path, save):
    """Whatever a verification calls good reads as it was written; whatever it does not is named."""
    prefix = save(tmp_path / "m", TENSORS)
    generator = np.random.default_rng(3)
    for path in [path for path in tmp_path.iterdir() if path.stat().st_size]:
        original = path.read_bytes()
        for position in generator.integers(0, len(original), 60).tolist():
            flip(path, position, int(generator.integers(8)))
            try:
                found = check(prefix)
            except CheckpointError:
                continue
            finally:
                path.write_bytes(original)
            assert found.findings, position
            assert found.is_whole is (good(found) == sorted(name.encode() for name in TENSORS)), position


@pytest.mark.parametrize("save", [save_v1, save_v2])
def test_checkpoint_that_is_replaced_meanwhile_is_not_called_damaged(tmp_path, save):
    def tensors(fill):
        return {name: np.full(1 << 19, fill, np.float32) for name in "abc"}

    def replace_once(done, total):
        if not calls:
            save(tmp_path / "m", tensors(2))
        calls.append(done)

    calls = []
    found = check(save(tmp_path / "m", tensors(1)), progress=replace_once)
    assert found.findings == ()
    assert good(found) == [b"a", b"b", b"c"]
    assert calls[-1] > 6 << 20


def test_progress_reaches_the_end(tmp_path):
    prefix = save_v2(tmp_path / "m", {"w": np.zeros(1 << 20, np.float32)})
    calls = []
    check(prefix, progress=lambda done, total: calls.append((done, total)))
    assert len(calls) > 3
    assert calls == sorted(calls)
    assert calls[-1][0] == calls[-1][1] > 4 << 20


def test_damaged_corpus_is_told_from_the_valid(corpus):
    """Every case that reads as it was written is whole; every other has a finding or is no checkpoint."""
    cases = json.loads((corpus / "damaged" / "manifest.json").read_text("utf-8"))["cases"]
    for case in cases:
        if case["kind"] not in {"v1", "v2"}:
            continue
        started = cpu_seconds()
        try:
            found = check(corpus / "damaged" / case["path"])
        except CheckpointError:
            assert not case.get("valid"), case["id"]
            continue
        assert cpu_seconds() - started < 2, case["id"]
        if case.get("valid"):
            assert found.is_whole, case["id"]


def test_corpus_of_tensorflow_has_no_damage(corpus):
    for index in sorted(corpus.rglob("*.index")):
        if "damaged" not in index.parts and not any(part in WITH_HOLES for part in index.parts):
            assert check(index).findings == (), index
