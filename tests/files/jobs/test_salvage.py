"""What is good in a damaged checkpoint gets a new one, as it was."""

import numpy as np
import pytest

from ckpt_magics.errors import DataLossError, InvalidArgumentError
from ckpt_magics.files.directory.finding import find_checkpoint
from ckpt_magics.files.jobs.salvage import write_good_tensors
from ckpt_magics.files.jobs.verification import check_checkpoint
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.reports.verification_report import salvage_checkpoint, verify_checkpoint
from tests.files.jobs.test_verification import GRAPH, TENSORS, flip
from tests.files.saved import as_array, save_slices, save_v1, save_v2, write_kind


def test_good_tensors_are_written_and_the_damaged_one_is_not(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    (tmp_path / "m.meta").write_bytes(GRAPH)
    flip(tmp_path / "m.data-00000-of-00001", 3)
    saved = salvage_checkpoint(prefix, tmp_path / "saved")
    with load_checkpoint(saved) as reader:
        assert list(reader) == ["b", "c"]
        for name in reader:
            np.testing.assert_array_equal(as_array(reader[name]), TENSORS[name])
    assert (tmp_path / "saved.meta").read_bytes() == GRAPH
    assert not (tmp_path / "checkpoint").exists()


@pytest.mark.parametrize("contents", [GRAPH[:-1], b"", b"garbage"])
def test_damaged_graph_is_left_out_and_that_is_said(tmp_path, contents):
    prefix = save_v2(tmp_path / "m", TENSORS)
    (tmp_path / "m.meta").write_bytes(contents)
    with pytest.warns(UserWarning, match=r"Left out: the graph in m\.meta, which is damaged"):
        saved = salvage_checkpoint(prefix, tmp_path / "saved")
    assert not (tmp_path / "saved.meta").exists()
    with load_checkpoint(saved) as reader:
        assert list(reader) == list(TENSORS)


def test_graph_that_became_damaged_ends_the_salvage(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    (tmp_path / "m.meta").write_bytes(GRAPH)
    found = check_checkpoint(find_checkpoint(prefix))
    (tmp_path / "m.meta").write_bytes(GRAPH[:-1])
    with pytest.raises(DataLossError, match=r"no MetaGraphDef can be parsed from it \[file .*m\.meta"):
        write_good_tensors(found, tmp_path / "saved")
    assert not list(tmp_path.glob("saved*"))


def test_v1_stays_v1(tmp_path):
    tensors = {f"w{i}": np.full((200, 200), i, np.float32) for i in range(8)}
    prefix = save_v1(tmp_path / "m", tensors)
    flip(tmp_path / "m", 800_000)
    report = verify_checkpoint(prefix, salvage=tmp_path / "saved")
    with load_checkpoint(report.salvaged) as reader:
        assert reader.version == 1
        assert list(reader) == report.good
        assert all(np.array_equal(reader[name], tensors[name]) for name in reader)


def test_slices_stay_slices(tmp_path):
    value = np.arange(12, dtype=np.float32).reshape(4, 3)
    prefix = save_slices(tmp_path / "m", "w", value, ["0,2:-", "2,2:-"])
    with load_checkpoint(salvage_checkpoint(prefix, tmp_path / "saved")) as reader:
        assert [part.format() for part in reader.entry("w").slices] == ["0,2:-", "2,2:-"]
        np.testing.assert_array_equal(reader["w"], value)


def test_whole_checkpoint_is_not_written_again(tmp_path):
    report = verify_checkpoint(save_v2(tmp_path / "m", TENSORS), salvage=tmp_path / "saved")
    assert report.salvaged is None
    assert f"Nothing is damaged, so nothing was written to {tmp_path / 'saved'}." in str(report)
    assert not (tmp_path / "saved.index").exists()


def test_damaged_checkpoint_is_not_overwritten(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    with pytest.raises(InvalidArgumentError, match="is the damaged checkpoint itself"):
        salvage_checkpoint(prefix, tmp_path / "." / "m")


def test_nothing_good_is_an_error(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    (tmp_path / "m.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(DataLossError, match="no tensor of the checkpoint is good"):
        salvage_checkpoint(prefix, tmp_path / "saved")


@pytest.mark.parametrize(("name", "kind"), [("y.safetensors", "safetensors"), ("y", "V2"), ("y.npz", "V2")])
def test_what_is_good_in_another_kind_of_file_stays_of_it_where_the_name_says_so(tmp_path, name, kind):
    write_kind(tmp_path / "m.safetensors", {"a": np.ones((8, 4)), "b": np.zeros((8, 4))}, num_shards=2)
    (tmp_path / "m-00002-of-00002.safetensors").unlink()
    saved = salvage_checkpoint(tmp_path / "m.safetensors", tmp_path / name)
    with load_checkpoint(saved) as reader:
        assert reader.source.format == kind
        assert list(reader) == ["a"]
    for own in ("m.safetensors", "m", "m.safetensors.index.json"):
        with pytest.raises(InvalidArgumentError, match="is the damaged checkpoint itself"):
            salvage_checkpoint(tmp_path / "m.safetensors", tmp_path / own)
