"""%ckpt_verify and %ckpt_ls from a cell."""

import numpy as np
import pytest
from IPython.core.error import UsageError

from tests.files.saved import write_checkpoint


@pytest.fixture
def saved(notebook, tmp_path):
    for step in (1, 2):
        write_checkpoint("m", {"w": np.zeros(3, np.float32), "b": np.ones(2)}, global_step=step, durable=False)
    return tmp_path


def damage(folder):
    data = folder / "m-2.data-00000-of-00001"
    contents = bytearray(data.read_bytes())
    contents[-1] ^= 1
    data.write_bytes(contents)


def test_verify_returns_the_report(notebook, saved):
    assert notebook.run_line_magic("ckpt_verify", "m-2").is_whole
    damage(saved)
    report = notebook.run_line_magic("ckpt_verify", ".")
    assert not report.is_whole
    assert report.damaged == ["w"]


def test_verify_salvages(notebook, saved):
    damage(saved)
    report = notebook.run_line_magic("ckpt_verify", "m-2 --salvage saved")
    assert report.salvaged == "saved"
    assert notebook.run_line_magic("ckpt_verify", "saved").good == ["b"]


def test_verify_shows_a_damaged_graph_and_salvages_the_tensors(notebook, saved):
    (saved / "m-2.meta").write_bytes(b"\xff")
    report = notebook.run_line_magic("ckpt_verify", "m-2 --salvage saved")
    assert "every tensor is good, m-2.meta is damaged" in str(report)
    assert "Left out: the graph in m-2.meta" in report._repr_html_()
    assert notebook.run_line_magic("ckpt_verify", "saved").is_whole


def test_verify_of_nothing_is_a_usage_error(notebook):
    with pytest.raises(UsageError, match="Failed to find any matching files"):
        notebook.run_line_magic("ckpt_verify", "nothing")


def test_ls_lists_and_repairs(notebook, saved):
    (saved / "checkpoint").write_bytes(b"garbage")
    listing = notebook.run_line_magic("ckpt_ls", "")
    assert [one.status for one in listing.checkpoints] == ["unlisted", "unlisted"]
    listing = notebook.run_line_magic("ckpt_ls", ". --repair")
    assert [one.status for one in listing.checkpoints] == ["listed", "listed"]


def test_ls_of_no_directory_is_a_usage_error(notebook):
    with pytest.raises(UsageError, match="No such file"):
        notebook.run_line_magic("ckpt_ls", "nowhere")
