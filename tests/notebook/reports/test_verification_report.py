"""The report of a verification says the same as text, HTML and table, and shows names as text."""

from dataclasses import replace

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointNotFoundError, FailedPreconditionError
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.reports.verification_report import verify_checkpoint
from tests.files.jobs.test_verification import GRAPH, TENSORS, flip
from tests.files.saved import save_v2


def test_whole_checkpoint_is_said_to_be_good(tmp_path):
    report = verify_checkpoint(save_v2(tmp_path / "m", TENSORS))
    assert report.is_whole
    assert "everything is good (1 block and 3 tensors checked" in str(report)
    assert report.damaged == []
    assert "Found" not in report._repr_html_()


def test_damage_is_in_text_html_and_table(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    flip(tmp_path / "m.data-00000-of-00001", 3)
    report = verify_checkpoint(prefix)
    assert report.damaged == ["a"]
    assert "damaged, 2 of 3 tensors good" in report.summary
    for shown in (str(report), report._repr_html_()):
        assert "a float32 [2,3]" in shown
        assert "m.data-00000-of-00001" in shown
        assert "Checksum does not match" in shown
    assert report.table["good"].tolist() == [False, True, True]
    assert "Checksum" in report.table["problem"][0]


def test_damaged_graph_is_told_from_damaged_tensors(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    (tmp_path / "m.meta").write_bytes(GRAPH[:-1])
    report = verify_checkpoint(prefix, salvage=tmp_path / "saved")
    assert "every tensor is good, m.meta is damaged" in report.summary
    assert report.good == list(TENSORS)
    assert not report.is_whole
    for shown in (str(report), report._repr_html_()):
        assert "no MetaGraphDef can be parsed from it" in shown
        assert "Left out: the graph in m.meta" in shown
    assert "Left out" not in str(verify_checkpoint(prefix))


def test_report_says_what_can_be_done(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    flip(tmp_path / "m.data-00000-of-00001", 3)
    report = verify_checkpoint(prefix)
    for shown in (str(report), report._repr_html_()):
        assert "A new checkpoint of the 2 good tensors: --salvage NEW_PREFIX, in Python salvage=NEW_PREFIX." in shown
    assert "NEW_PREFIX" not in str(verify_checkpoint(prefix, salvage=tmp_path / "saved"))
    (tmp_path / "m.index").write_bytes(b"")
    assert f"Nothing of it can be saved; %ckpt_ls {tmp_path} lists" in str(verify_checkpoint(tmp_path / "m.index"))


def test_tensors_of_a_missing_file_are_named_without_its_path(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS, num_shards=3)
    (tmp_path / "m.data-00001-of-00003").unlink()
    report = verify_checkpoint(prefix)
    texts = [finding.text for finding in report.findings]
    assert texts == ["the file is missing, and 1 value with it", "it was in the missing file"]
    assert str(report).count(str(tmp_path)) == 1
    assert [line.split() for line in str(report).splitlines() if "what" in line] == [["file", "tensor", "byte", "what"]]


def test_files_are_shown_as_what_they_are(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    save_v2(tmp_path / "m", TENSORS)
    (tmp_path / "m.meta").mkdir()
    lines = [line.split() for line in str(verify_checkpoint(prefix)).splitlines()]
    assert ["m.data-00001-of-00002", "nothing", "0"] in lines
    assert ["m.meta", "meta", "graph", "unreadable"] in lines


def test_names_are_shown_as_text(tmp_path):
    name = "<img src=x onerror=alert(1)>\x1b[2J\u202e"
    prefix = save_v2(tmp_path / "m", {name: np.zeros(3, np.float32)})
    flip(tmp_path / "m.data-00000-of-00001", 3)
    report = verify_checkpoint(prefix)
    assert "<img" not in report._repr_html_()
    for shown in (str(report), report._repr_html_(), report.table.to_string(), report.table.to_html()):
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_reader_verifies_the_checkpoint_that_it_has_open(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    with load_checkpoint(prefix) as reader:
        assert reader.verify().is_whole
        flip(tmp_path / "m.data-00000-of-00001", 3)
        calls = []
        found, expected = reader.verify(progress=lambda *done: calls.append(done)), verify_checkpoint(prefix)
    assert calls
    assert found.damaged == ["a"]
    assert replace(found, seconds=0).summary == replace(expected, seconds=0).summary
    assert found.findings == expected.findings


def test_closed_reader_does_not_verify(tmp_path):
    reader = load_checkpoint(save_v2(tmp_path / "m", TENSORS))
    reader.close()
    with pytest.raises(FailedPreconditionError, match="closed"):
        reader.verify()


def test_no_checkpoint_is_an_error(tmp_path):
    with pytest.raises(CheckpointNotFoundError):
        verify_checkpoint(tmp_path / "m")
