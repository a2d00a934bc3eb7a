"""One latest checkpoint of a directory: every function, magic and repair gives the same, whatever has become of it."""

import os
import warnings

import numpy as np
import pytest

import ckpt_magics
import ckpt_magics.compat.v1 as tf
from ckpt_magics.files.directory.state_file import places_of, read_state
from ckpt_magics.files.directory.state_text import parse_state
from ckpt_magics.files.kinds.directory import DatedCheckpoint, in_order
from ckpt_magics.files.storage.place import place_of
from tests.files.saved import save_v1

STATE = 'model_checkpoint_path: "{}"\n'
LISTED = 'all_model_checkpoint_paths: "{}"\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A directory with the checkpoints ``m-0`` to ``m-3``, the values of each being its step."""
    here = tmp_path / "runs"
    here.mkdir()
    monkeypatch.chdir(here)
    for step in range(4):
        _save(here / "m", step)
    return here


def _save(prefix, step, **options):
    values = {"a": np.full(3, float(step))}
    path = ckpt_magics.save_checkpoint(prefix, values, global_step=step, durable=False, **options)
    os.utime(f"{path}.index", (1000 + step, 1000 + step))


def _write(folder, latest, *listed, mark=b"", encoding="utf-8", end="\n"):
    text = STATE.format(latest) + "".join(map(LISTED.format, listed))
    (folder / "checkpoint").write_bytes(mark + text.replace("\n", end).encode(encoding))


def _doors(folder, shell):
    """What each door takes for the latest checkpoint, by its base name."""
    path = str(folder)
    restored = shell.run_line_magic("ckpt_restore", f"{path} --into kept -q")
    described = shell.run_line_magic("ckpt_show", f"{path} --static")
    listed = ckpt_magics.list_checkpoints(path)
    with ckpt_magics.load_checkpoint(path) as reader:
        loaded = reader.prefix
    with tf.train.load_checkpoint(path) as reader:
        assert reader.prefix == loaded
    found = {
        "latest_checkpoint": ckpt_magics.latest_checkpoint(path),
        "load_checkpoint": loaded,
        "restore_checkpoint": f"m-{ckpt_magics.restore_checkpoint(path).values['a'][0]:.0f}",
        "%ckpt_restore": f"m-{restored.values['a'][0]:.0f}",
        "%ckpt_show": described.prefix,
        "%ckpt_verify": shell.run_line_magic("ckpt_verify", f"{path} -q").prefix,
        "load_variable": f"m-{ckpt_magics.load_variable(path, 'a')[0]:.0f}",
        "list_checkpoints": listed.latest,
        "its table": next(one.prefix for one in listed.checkpoints if one.is_latest),
    }
    if (folder / "checkpoint").is_file():
        found["tf.train.latest_checkpoint"] = tf.train.latest_checkpoint(path)
    return {door: os.path.basename(prefix) for door, prefix in found.items()}


def _repaired(folder, shell):
    """What repair makes the latest, and then every door."""
    if (folder / "checkpoint").is_dir():
        os.rmdir(folder / "checkpoint")
    ckpt_magics.repair_state(folder)
    latest = os.path.basename(parse_state((folder / "checkpoint").read_bytes()).model_checkpoint_path)
    with warnings.catch_warnings(action="error"):
        assert set(_doors(folder, shell).values()) == {latest}
    return latest


def _remove(name):
    return lambda folder: os.remove(folder / name)


def _cut(name, size):
    return lambda folder: os.truncate(folder / name, size)


def _shuffled_times(folder):
    os.remove(folder / "checkpoint")
    for step in range(4):
        os.utime(folder / f"m-{step}.index", (1000 - step, 1000 - step))


def _copied_in(folder):
    """The latest is gone, and a checkpoint of another name is younger than what is left."""
    os.remove(folder / "m-3.index")
    _save(folder / "pretrained", 9, write_state=False)


def _as_directory(folder):
    os.remove(folder / "checkpoint")
    os.mkdir(folder / "checkpoint")


def _beside_a_saved_model(folder):
    (folder / "variables").mkdir()
    (folder / "saved_model.pb").touch()


SITUATIONS = {
    "as saved": (lambda folder: None, "m-3"),
    "index gone": (_remove("m-3.index"), "m-2"),
    "data gone": (_remove("m-3.data-00000-of-00001"), "m-2"),
    "data cut": (_cut("m-3.data-00000-of-00001", 2), "m-2"),
    "index cut": (_cut("m-3.index", 20), "m-2"),
    "moved": (lambda folder: _write(folder, "/gone/m-1", "/gone/m-0", "/gone/m-1"), "m-1"),
    "elsewhere": (lambda folder: _write(folder, "/gone/x-1", "/gone/x-0", "/gone/x-1"), "m-3"),
    "latest is not the newest": (lambda folder: _write(folder, "m-1", "m-0", "m-1"), "m-1"),
    "garbage": (lambda folder: (folder / "checkpoint").write_text("garbage {"), "m-3"),
    "empty": (lambda folder: (folder / "checkpoint").write_text(""), "m-3"),
    "no state file": (_remove("checkpoint"), "m-3"),
    "no state file, shuffled times": (_shuffled_times, "m-3"),
    "latest gone, older ones listed": (lambda folder: _write(folder, "m-9", "m-0", "m-1", "m-9"), "m-3"),
    "latest gone, none listed": (lambda folder: _write(folder, "m-9", "m-9"), "m-3"),
    "latest gone, a stranger copied in": (_copied_in, "m-2"),
    "latest of another name gone": (lambda folder: _write(folder, "x-9", "m-1", "m-2", "x-9"), "m-2"),
    "byte-order mark": (lambda folder: _write(folder, "m-2", encoding="utf-8-sig"), "m-2"),
    "UTF-16": (lambda folder: _write(folder, "m-2", "m-1", "m-2", encoding="utf-16", end="\r\n"), "m-2"),
    "UTF-16, big": (
        lambda folder: (folder / "checkpoint").write_bytes(b"\xfe\xff" + STATE.format("m-2").encode("utf-16-be")),
        "m-2",
    ),
    "CRLF": (lambda folder: _write(folder, "m-2", "m-1", "m-2", end="\r\n"), "m-2"),
    "Windows": (lambda folder: _write(folder, r"C:\\Users\\me\\runs\\m-2"), "m-2"),
    "Windows, not escaped": (lambda folder: _write(folder, r"C:\Users\me\tmp\new\m-2"), "m-2"),
    "Windows, shared": (lambda folder: _write(folder, r"\\\\server\\runs\\m-2"), "m-2"),
    "Windows, slashes": (lambda folder: _write(folder, "C:/Users/me/runs/m-2"), "m-2"),
    "dot": (lambda folder: _write(folder, "./m-2"), "m-2"),
    "Windows dot": (lambda folder: _write(folder, r".\\m-2"), "m-2"),
    "Windows dot, not escaped": (lambda folder: _write(folder, r".\m-2"), "m-2"),
    "Windows directory": (lambda folder: _write(folder, r"sub\\m-2"), "m-2"),
    "beside a SavedModel": (_beside_a_saved_model, "m-3"),
    "18 MB": (lambda folder: _write(folder, 'm-2"\n' + f"#{'pad' * 2000}\n" * 3_000 + "#", "m-2"), "m-2"),
    "too large": (lambda folder: os.truncate(folder / "checkpoint", (32 << 20) + 1), "m-3"),
    "a directory": (_as_directory, "m-3"),
    "a pipe": (lambda folder: (os.remove(folder / "checkpoint"), os.mkfifo(folder / "checkpoint")), "m-3"),
}


@pytest.mark.parametrize(("change", "latest"), SITUATIONS.values(), ids=SITUATIONS)
@pytest.mark.filterwarnings("ignore:.*(state file|checkpoint)")
def test_every_door_and_repair_agree(folder, change, latest, magics):
    change(folder)
    assert set(_doors(folder, magics).values()) == {latest}
    if not (folder / "checkpoint").is_fifo():
        assert _repaired(folder, magics) == latest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            _shuffled_times,
            r"no state file; .*m-3 \(the highest step of its name; m-0 was written later",
        ),
        (_remove("m-3.index"), "calls m-3 the latest, which is not there or not whole; .*m-2, which it lists too"),
        (_cut("m-3.index", 20), "calls m-3 the latest, which is not there or not whole; .*m-2, which it lists too"),
        (lambda folder: (folder / "checkpoint").write_text("garbage {"), "damaged state file.*; the newest whole"),
        (lambda folder: os.truncate(folder / "checkpoint", 33 << 20), r"more than 33,554,432 are not read.*--repair"),
    ],
)
def test_what_takes_the_place_of_another_is_said(folder, change, words):
    change(folder)
    with pytest.warns(UserWarning, match=words):
        ckpt_magics.latest_checkpoint(folder)
    with pytest.warns(UserWarning, match=words), ckpt_magics.load_checkpoint(folder) as reader:
        assert str(reader.source) == reader.source.note


def test_a_newer_directory_on_windows_is_found_by_the_place_it_names(folder):
    (folder / "sub").mkdir()
    _save(folder / "sub" / "m", 2, write_state=False)
    _write(folder, r"sub\\m-2")
    assert ckpt_magics.latest_checkpoint(folder) == str(folder / "sub/m-2")
    (folder / "new-5.index").write_bytes((folder / "sub/m-2.index").read_bytes())
    (folder / "new-5.data-00000-of-00001").write_bytes((folder / "sub/m-2.data-00000-of-00001").read_bytes())
    _write(folder, r"runs\new-5")
    assert ckpt_magics.latest_checkpoint(folder) == str(folder / "new-5")


def test_a_name_with_a_backslash_is_itself(folder):
    """Here it is a character like any other, and what is there is not spelled anew."""
    _save(folder / "sub\\m", 7)
    assert ckpt_magics.latest_checkpoint(folder) == str(folder / "sub\\m-7")


def test_another_state_file_that_is_not_there_has_no_latest(folder):
    assert ckpt_magics.latest_checkpoint(folder, "best") is None
    _save(folder / "m", 4, latest_filename="best")
    assert ckpt_magics.latest_checkpoint(folder, "best") == str(folder / "m-4")
    assert ckpt_magics.latest_checkpoint(folder) == str(folder / "m-3")


@pytest.mark.parametrize("damage", [_remove("checkpoint"), lambda folder: (folder / "checkpoint").write_text("?")])
@pytest.mark.filterwarnings("ignore:damaged state file")
def test_leftovers_of_tensorflow_are_no_checkpoints(folder, damage):
    for ending in ("index", "data-00000-of-00001"):
        whole = (folder / f"m-3.{ending}").read_bytes()
        (folder / f"m-100.{ending}.tempstate1234567890").write_bytes(whole)
    (folder / "backup_of_index").write_bytes((folder / "m-3.index").read_bytes())
    (folder / "m-100_temp_0123456789abcdef0123456789abcdef").mkdir()
    (folder / "checkpoint.tmp0123456789abcdef0123456789abcdef").touch()
    damage(folder)
    listing = ckpt_magics.list_checkpoints(folder, repair=True)
    assert [os.path.basename(one.prefix) for one in listing.checkpoints] == ["m-0", "m-1", "m-2", "m-3"]
    assert len(listing.leftovers) == 5
    assert read_state(folder).all_model_checkpoint_paths == ["m-0", "m-1", "m-2", "m-3"]


@pytest.mark.filterwarnings("ignore:.*names m-9")
def test_repair_lists_steps_in_their_order(folder):
    _shuffled_times(folder)
    ckpt_magics.repair_state(folder)
    assert read_state(folder).all_model_checkpoint_paths == ["m-0", "m-1", "m-2", "m-3"]


def test_repair_writes_what_tensorflow_cannot_read(folder):
    _write(folder, r"C:\\Users\\me\\m-1", r"C:\\Users\\me\\m-0", r"C:\\Users\\me\\m-1", encoding="utf-16")
    ckpt_magics.repair_state(folder)
    assert (folder / "checkpoint").read_text() == STATE.format("m-1") + LISTED.format("m-0") + LISTED.format("m-1")


def test_v1_checkpoints_count(folder):
    save_v1(folder / "m-7", {"a": np.full(3, 7.0)})
    os.remove(folder / "checkpoint")
    assert ckpt_magics.latest_checkpoint(folder) == str(folder / "m-7")
    os.truncate(folder / "m-7", 40)
    assert ckpt_magics.latest_checkpoint(folder) == str(folder / "m-3")


def test_order():
    given = [("b-2", 5.0), ("best", 7.0), ("a-10", 1.0), ("a-9", 6.0), ("a-x", 3.0), ("b-1", 3.0), ("gone", None)]
    ordered = in_order([DatedCheckpoint(place_of(prefix), 2, time) for prefix, time in given])
    assert [one.prefix for one in ordered] == ["gone", "a-x", "b-1", "b-2", "a-9", "a-10", "best"]


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("m-1", ["d/m-1"]),
        ("sub/m-1", ["d/sub/m-1", "d/m-1"]),
        ("/old/m-1", ["/old/m-1", "d/m-1"]),
        ("..\\m-1", ["d/..\\m-1", "d/../m-1", "d/m-1"]),
        ("C:\\x\\m-1", ["d/C:\\x\\m-1", "d/C:/x/m-1", "d/m-1"]),
        ("C:\x07\\\tm-1", ["d/C:\x07\\\tm-1", "d/C:/a//tm-1", "d/tm-1"]),
        ("m-1/", ["d/m-1/"]),
    ],
)
def test_places(path, places):
    assert list(map(str, places_of(place_of("d"), path))) == places
