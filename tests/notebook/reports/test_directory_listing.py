"""A directory is listed as it is: what is whole, half there, gone or left over; and its state file can be repaired."""

import os

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointNotFoundError, NotFoundError
from ckpt_magics.files.directory.state import latest_checkpoint, read_state, update_checkpoint_state
from ckpt_magics.notebook.reports.directory_listing import list_checkpoints, repair_state
from tests.files.saved import write_checkpoint, write_kind
from tests.truth import GOLDEN

VALUES = {"w": np.arange(3, dtype=np.float32)}


def save(folder, name="m", step=None, **options):
    return write_checkpoint(folder / name, VALUES, global_step=step, durable=False, **options)


def statuses(listing):
    return {os.path.basename(one.prefix): one.status for one in listing.checkpoints}


@pytest.fixture
def folder(tmp_path):
    for step in (1, 2, 3):
        save(tmp_path, step=step, meta_graph=b"graph")
    return tmp_path


def test_whole_directory(folder):
    listing = list_checkpoints(folder)
    assert statuses(listing) == {"m-1": "listed", "m-2": "listed", "m-3": "listed"}
    assert [one.step for one in listing.checkpoints] == [1, 2, 3]
    assert listing.latest == str(folder / "m-3")
    assert listing.leftovers == ()
    assert listing.notes == ()
    assert all(len(one.files) == 3 for one in listing.checkpoints)
    sizes = sum(file.stat().st_size for file in folder.iterdir() if file.name != "checkpoint")
    assert sum(one.bytes for one in listing.checkpoints) == sizes


@pytest.mark.parametrize("repair", [False, True])
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("run", "run; No such file or directory. Directories here: runs."),
        ("runs/nowhere", "runs/nowhere; No such file or directory. runs has none."),
        ("a/b", "a/b; No such file or directory. There is no directory a either."),
        ("runs/m", "runs/m; No such file or directory. It is a checkpoint of the directory runs."),
        ("runs/m.index", "runs/m.index; Not a directory. It is a file in the directory runs."),
    ],
)
def test_no_directory_is_told_with_what_there_is(tmp_path, monkeypatch, path, text, repair):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    save(tmp_path / "runs")
    with pytest.raises(NotFoundError) as caught:
        list_checkpoints(path, repair=repair)
    assert str(caught.value) == text


def test_unlisted_half_written_and_missing(folder):
    save(folder, "best", write_state=False)
    save(folder, "old", write_version=1, write_state=False)
    (folder / "m-1.index").unlink()
    for name in ("m-2.index", "m-2.data-00000-of-00001", "m-2.meta"):
        (folder / name).unlink()
    save(folder, "cut", write_state=False)
    (folder / "cut.data-00000-of-00001").write_bytes(b"")
    listing = list_checkpoints(folder)
    assert statuses(listing) == {
        "m-1": "half-written",
        "m-2": "missing",
        "m-3": "listed",
        "best": "unlisted",
        "old": "unlisted",
        "cut": "half-written",
    }
    problems = {os.path.basename(one.prefix): one.problem for one in listing.checkpoints}
    assert "has no index" in problems["m-1"]
    assert "shorter than the index says" in problems["cut"]
    assert "1 listed, 2 unlisted, 2 half-written, 1 missing" in listing.summary


def test_leftovers_are_told_by_their_names(folder):
    (folder / ".ckpt_magics-00000000-00000000-1-000000000000.tmp").write_bytes(b"12345")
    (folder / "m-9.data-00000-of-00001.tempstate1234567890").write_bytes(b"")
    (folder / "m-9_temp_0123456789abcdef0123456789abcdef").mkdir()
    (folder / "gone.meta").write_bytes(b"")
    (folder / "m-3.data-00000-of-00002").write_bytes(b"other")
    what = {one.name: one.what for one in list_checkpoints(folder).leftovers}
    assert len(what) == 5
    assert what["gone.meta"] == "a meta graph without its checkpoint"
    assert what["m-3.data-00000-of-00002"] == "data of another save of the prefix"
    assert statuses(list_checkpoints(folder))["m-3"] == "listed"


def test_shards_of_v1_are_one_checkpoint(folder):
    save(folder, "old", write_version=1, num_shards=1, write_state=False)
    os.rename(folder / "old", folder / "old-00000-of-00002")
    listing = list_checkpoints(folder)
    one = next(one for one in listing.checkpoints if "old" in one.prefix)
    assert (one.status, one.problem) == ("half-written", "1 of 2 files are here")


def test_moved_directory_still_has_its_checkpoints_listed(folder):
    update_checkpoint_state(folder, "/elsewhere/runs/m-3", ["/elsewhere/runs/m-2", "/elsewhere/runs/m-3"])
    assert statuses(list_checkpoints(folder)) == {"m-1": "unlisted", "m-2": "listed", "m-3": "listed"}


def test_golden_directories_have_no_half_written_checkpoints():
    for state in sorted(GOLDEN.rglob("checkpoint")):
        if state.is_file():
            assert "half-written" not in statuses(list_checkpoints(state.parent)).values(), state


@pytest.mark.parametrize("contents", [b"", b"\x00\xff garbage", b'model_checkpoint_path: "m-3'])
def test_damaged_state_file_is_noted_and_repaired(folder, contents):
    (folder / "checkpoint").write_bytes(contents)
    listing = list_checkpoints(folder)
    assert "The state file is of no use" in listing.notes[0]
    assert set(statuses(listing).values()) == {"unlisted"}
    repaired = list_checkpoints(folder, repair=True)
    assert repaired.notes[0].startswith("The state file was written anew")
    assert set(statuses(repaired).values()) == {"listed"}
    assert latest_checkpoint(folder) == str(folder / "m-3")
    assert read_state(folder).all_model_checkpoint_paths == ["m-1", "m-2", "m-3"]


def test_repair_of_a_right_state_file_writes_nothing(folder):
    before = (folder / "checkpoint").stat()
    assert "nothing was written" in repair_state(folder).notes[0]
    assert (folder / "checkpoint").stat().st_mtime_ns == before.st_mtime_ns


def test_repair_drops_what_is_gone_and_keeps_order_and_times(folder):
    update_checkpoint_state(
        folder,
        str(folder / "m-3"),
        [str(folder / name) for name in ("m-2", "gone-7", "m-3")],
        all_model_checkpoint_timestamps=[10.0, 20.0, 30.0],
        save_relative_paths=True,
    )
    repair_state(folder)
    state = read_state(folder)
    assert state.all_model_checkpoint_paths == ["m-2", "m-3"]
    assert state.all_model_checkpoint_timestamps == [10.0, 30.0]


def test_repair_takes_the_newest_when_the_latest_is_half_there(folder):
    (folder / "m-3.data-00000-of-00001").unlink()
    listing = list_checkpoints(folder)
    assert "calls m-3 the latest, which is half-written" in listing.notes[0]
    repair_state(folder)
    assert read_state(folder).model_checkpoint_path == "m-2"


def test_nothing_whole_cannot_be_listed(tmp_path):
    (tmp_path / "m.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(CheckpointNotFoundError, match="is whole"):
        repair_state(tmp_path)
    assert not (tmp_path / "checkpoint").exists()


def test_missing_directory_is_an_error(tmp_path):
    with pytest.raises(NotFoundError):
        list_checkpoints(tmp_path / "none")


def test_empty_directory_says_so(tmp_path):
    assert list_checkpoints(tmp_path).summary.endswith("no checkpoints")


def test_a_directory_of_directories_says_where_the_checkpoints_are(tmp_path):
    (tmp_path / "runs" / "b").mkdir(parents=True)
    save(tmp_path / "runs" / "a")
    listing = list_checkpoints(tmp_path / "runs")
    assert listing.notes == (f"There are checkpoints in {tmp_path / 'runs' / 'a'}.",)
    assert "no checkpoints\nThere are checkpoints in" in str(listing)


def test_text_html_and_table_agree_and_show_names_as_text(folder):
    name = "<b>\x1b[2J\u202ex"
    save(folder, name, write_state=False)
    (folder / "<i>\x1b.meta").write_bytes(b"")
    listing = list_checkpoints(folder)
    assert listing.table["checkpoint"].tolist()[-1] == "<b>\\x1b[2J\\u202ex"
    assert listing.table["step"].tolist()[:3] == [1, 2, 3]
    html = listing._repr_html_()
    assert "<b>" not in html
    assert "<i>" not in html
    for shown in (str(listing), html, listing.table.to_string()):
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "m-2" in shown


def test_files_that_are_no_files_are_not_opened(folder):
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "pipe.index")
    os.symlink("loop", folder / "loop")
    assert len(list_checkpoints(folder).checkpoints) == 3


def test_directory_without_a_whole_checkpoint_says_what_can_be_done(tmp_path):
    """A repair would have nothing to list, so it is not what is advised."""
    save(tmp_path)
    (tmp_path / "m.index").unlink()
    state, advice = list_checkpoints(tmp_path).notes
    assert state.endswith("which is half-written. No checkpoint is whole that it could list.")
    assert "%ckpt_verify PREFIX" in advice
    with pytest.raises(CheckpointNotFoundError, match=r"is whole.* %ckpt_verify PREFIX .* --salvage NEW_PREFIX"):
        repair_state(tmp_path)
    (tmp_path / "checkpoint").unlink()
    assert list_checkpoints(tmp_path).notes == (advice,)


def test_files_of_other_kinds_are_named_with_what_they_hold(tmp_path):
    save(tmp_path)
    arrays = {"a": np.zeros((8, 4)), "b": np.zeros((8, 4))}
    for name, shards in (("one.safetensors", 1), ("many.safetensors", 2), ("x.npz", 1)):
        write_kind(tmp_path / name, arrays, num_shards=shards)
    np.save(tmp_path / "y.npy", np.zeros(3))
    (tmp_path / "bad.safetensors").write_bytes(b"\x20" + bytes(7) + b'{"')
    (tmp_path / "notes.txt").write_text("mine")
    listing = list_checkpoints(tmp_path)
    size = {name: (tmp_path / name).stat().st_size for name in os.listdir(tmp_path)}
    of_many = sum(count for name, count in size.items() if name.startswith("many"))
    assert [(one.name, one.kind, one.tensors, one.bytes) for one in listing.others] == [
        ("bad.safetensors", "safetensors", None, size["bad.safetensors"]),
        ("many.safetensors.index.json", "safetensors", 2, of_many),
        ("one.safetensors", "safetensors", 2, size["one.safetensors"]),
        ("x.npz", "npz", 2, size["x.npz"]),
        ("y.npy", "npy", 1, size["y.npy"]),
    ]
    assert listing.others[0].problem
    assert "1 listed, 5 files of other kinds" in listing.summary
    text = str(listing)
    assert "These are read as checkpoints are, by their names:" in text
    assert f"one.safetensors              safetensors  2        {size['one.safetensors']:,}" in text
    assert "notes.txt" not in text
