"""Damage is not absence: whatever a damaged listing does not have is never said not to be in the checkpoint."""

import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError, DataLossError, TensorNotFoundError
from ckpt_magics.files.kinds.bundle.bundle_index import BundleIndex
from ckpt_magics.files.restore.restore import restore_checkpoint
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.lost_names import LostNames, LostRange
from ckpt_magics.graphs.saver.array_saving import save_checkpoint
from ckpt_magics.notebook.frames.differences import compare_checkpoints
from ckpt_magics.notebook.listing import list_variables, load_variable
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.reports.verification_report import verify_checkpoint
from tests.files.saved import save_slices, save_v2, to_save, write_index, write_slice_shards

ROOT = Path(__file__).parents[3]
COUNT = 2_500
"""Names that differ from the next early on, and are long, so that as few as these fill an index of three blocks."""
VALUES = {f"layer{number:05d}/{'kernel' * 40}": np.full(number % 3 + 1, number, np.float32) for number in range(COUNT)}
BLOCKS = {"first": 0.1, "middle": 0.5, "last": 0.95}
"""Where in the index of three blocks a bit flips."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return save_v2(tmp_path_factory.mktemp("whole") / "m", VALUES)


@pytest.fixture(scope="module", params=list(BLOCKS))
def damaged(request, whole, tmp_path_factory):
    """A checkpoint whose index has lost a block, and the names that went with it."""
    folder = tmp_path_factory.mktemp(request.param)
    for path in Path(whole).parent.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    index = folder / "m.index"
    contents = bytearray(index.read_bytes())
    contents[int(len(contents) * BLOCKS[request.param])] ^= 1
    index.write_bytes(contents)
    with load_checkpoint(folder / "m", damaged=True) as reader, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lost = sorted(set(VALUES) - set(reader))
    assert 0 < len(lost) < COUNT
    return str(folder / "m"), lost, request.param


def targets():
    return {name: np.zeros_like(value) for name, value in VALUES.items()}


def unchanged(places):
    return all(not place.any() for place in places.values())


def test_lost_names_are_told_from_absent_ones(damaged):
    prefix, lost, block = damaged
    listed = sorted(set(VALUES) - set(lost))
    with load_checkpoint(prefix, damaged=True) as reader:
        assert all(reader.may_have_lost(name) for name in lost)
        assert not any(reader.may_have_lost(name) for name in listed)
        for ask in (reader.get_tensor, reader.has_tensor, reader.entry, reader.__contains__, reader.get, reader.pieces):
            with pytest.raises(DataLossError, match="block checksum mismatch"):
                ask(lost[0])
        with pytest.raises(DataLossError):
            reader.get_tensors([listed[0], lost[-1]])
        absent = "aaa" if block == "last" else "zzz"
        assert not reader.has_tensor(absent)
        if block != "first":
            # The record that says what short names mean may have been in the first block.
            assert absent not in reader


def test_sentence_names_the_neighbours(damaged):
    prefix, lost, block = damaged
    names = sorted(VALUES)
    before, behind = names.index(lost[0]) - 1, names.index(lost[-1]) + 1
    expected = {
        "first": f"Tensors may be lost: names before '{names[behind % COUNT]}'.",
        "middle": f"Tensors may be lost: names between '{names[before]}' and '{names[behind % COUNT]}'.",
        "last": f"Tensors may be lost: names after '{names[before]}'.",
    }[block]
    with load_checkpoint(prefix, damaged=True) as reader:
        assert reader.lost_names == expected
    assert expected in str(verify_checkpoint(prefix))
    assert expected in verify_checkpoint(prefix)._repr_html_().replace("&#x27;", "'").replace("&#39;", "'")


@pytest.mark.parametrize("options", [{}, {"partial": True}, {"include": ["layer00*"]}, {"dry_run": True}])
@pytest.mark.parametrize("into", [True, False])
def test_restore_of_a_damaged_listing_is_an_error(damaged, options, into):
    prefix, _, _ = damaged
    places = targets() if into else None
    with pytest.raises(DataLossError, match="block checksum mismatch") as caught:
        restore_checkpoint(prefix, places, **options)
    assert "not in the checkpoint" not in str(caught.value)
    assert places is None or unchanged(places)


def test_restore_says_what_may_be_lost_and_what_to_do(damaged):
    prefix, _, block = damaged
    if block == "first":
        pytest.skip("this one is not opened without being asked to")
    with load_checkpoint(prefix) as reader, pytest.raises(DataLossError) as caught:
        restore_checkpoint(reader, {})
    text = str(caught.value)
    assert "the listing of the tensors is damaged" in text
    assert "Tensors may be lost: names " in text
    assert "--damaged, in Python damaged=True" in text
    assert caught.value.file == f"{prefix}.index"


def test_restore_that_allows_for_damage_takes_the_rest(damaged):
    prefix, lost, _ = damaged
    places = targets()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = restore_checkpoint(prefix, places, damaged=True)
    assert len(report.restored) == COUNT - len(lost)
    assert sorted(report.left_alone) == lost
    assert report.new_here == ()
    assert all(np.array_equal(places[name], VALUES[name]) for name in set(VALUES) - set(lost))
    assert unchanged({name: places[name] for name in lost})
    assert any(note.startswith("The checkpoint's listing is damaged. Tensors may be lost: ") for note in report.notes)
    assert any(note.startswith("Kept because their tensors may be lost: ") for note in report.notes)
    assert len(restore_checkpoint(prefix, damaged=True).values) == COUNT - len(lost)


def test_absent_names_are_missing_also_where_damage_is_allowed_for(damaged):
    prefix, _, block = damaged
    name = "aaa" if block == "last" else "zzz"
    with pytest.raises(TensorNotFoundError, match="it is not in the checkpoint"):
        restore_checkpoint(prefix, {name: np.zeros(3)}, damaged=True)
    report = restore_checkpoint(prefix, {name: np.zeros(3)}, damaged=True, partial=True)
    assert (report.new_here, report.restored) == ((name,), ())


def test_lost_name_that_is_asked_for_is_called_lost(damaged):
    prefix, lost, _ = damaged
    with pytest.raises(CheckpointError) as caught:
        restore_checkpoint(prefix, include=[lost[3]], damaged=True)
    assert "it may be lost" in str(caught.value)
    assert "not in the checkpoint" not in str(caught.value)


def test_comparison_calls_nothing_lost_removed(damaged, whole):
    prefix, lost, block = damaged
    if block == "first":
        with pytest.raises(DataLossError):
            compare_checkpoints(prefix, whole)
        return
    for pair in ((prefix, whole), (whole, prefix)):
        with pytest.warns(UserWarning, match="Tensors may be lost: names "):
            frame = compare_checkpoints(*pair)
        assert set(frame["status"]) == {"same"}
        assert len(frame) == COUNT - len(lost)


def test_what_is_left_is_not_saved_as_if_it_were_all(damaged, tmp_path):
    prefix, _, _ = damaged
    with load_checkpoint(prefix, damaged=True) as reader, pytest.raises(DataLossError, match="salvage_checkpoint"):
        save_checkpoint(tmp_path / "new", reader)
    assert not list(tmp_path.iterdir())


def test_warnings_of_damage_come_each_time(damaged):
    """Python's own filter shows a warning of one place once in a process."""
    prefix, lost, block = damaged
    if block == "first":
        return
    counts = []
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(3):
            with load_checkpoint(prefix) as reader:
                for look in (list, dict, lambda reader: reader.get_tensors(), lambda reader: list(reader.items())):
                    before = len(seen)
                    assert len(look(reader)) == COUNT - len(lost)
                    counts.append(len(seen) - before)
        for _ in range(2):
            before = len(seen)
            list_variables(prefix)
            counts.append(len(seen) - before)
    assert min(counts) >= 1
    assert {warning.filename for warning in seen} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(list_variables(prefix)) == COUNT - len(lost)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="names "):
            list_variables(prefix)
    with pytest.raises(DataLossError):
        load_variable(prefix, lost[0])


def test_warning_points_at_the_users_line_in_a_script(damaged, tmp_path):
    prefix, _, block = damaged
    if block == "first":
        return
    script = tmp_path / "script.py"
    script.write_text(f"import ckpt_magics\nfor _ in range(2):\n    ckpt_magics.list_variables({prefix!r})\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, check=True)
    assert found.stderr.count(f"{script}:3: UserWarning:") == 2


def test_damaged_reader_is_pickled_as_such(damaged):
    prefix, lost, _ = damaged
    with load_checkpoint(prefix, damaged=True) as reader, pickle.loads(pickle.dumps(reader)) as twin:
        assert twin.may_have_lost(lost[0])
        assert twin.lost_names == reader.lost_names


# Other listings


def test_record_that_is_damaged_under_a_right_checksum_is_lost_and_not_absent(tmp_path):
    prefix = save_v2(tmp_path / "m", {"a": np.ones(2, np.float32), "b": np.ones(3, np.float32)})
    index = BundleIndex(place_of(prefix))
    entry = index.get(b"a")
    index.close()
    write_index(prefix, {b"a": entry, b"b": b"\xff\xff"})
    with load_checkpoint(prefix) as reader:
        assert reader.lost_names == "Tensors may be lost: 'b'."
        assert reader.may_have_lost("b")
        with pytest.raises(DataLossError):
            "b" in reader  # noqa: B015 - it raises
    with pytest.raises(DataLossError, match="'b'"):
        restore_checkpoint(prefix, {"a": np.zeros(2, np.float32)}, partial=True)
    report = restore_checkpoint(prefix, {"a": np.zeros(2, np.float32), "b": np.zeros(3, np.float32)}, damaged=True)
    assert report.left_alone == ("b",)


def test_missing_file_of_a_v1_checkpoint_may_have_had_any_name(tmp_path):
    tensors = {f"t{number}": np.full(1000, number, np.float32) for number in range(6)}
    pattern, files = write_slice_shards(str(tmp_path / "m"), to_save(tensors), 3, durable=False)
    with load_checkpoint(pattern) as reader:
        assert reader.damage == ()
        assert "t9" not in reader
    os.remove(files[1].path)
    with load_checkpoint(pattern) as reader:
        assert 0 < len(reader.columns(warn=False).keys) < 6
        assert "1 of 3 files are missing" in str(reader.damage[0])
        assert reader.lost_names == "Tensors may be lost: names of any kind."
        with pytest.raises(DataLossError, match="may be in a missing one"):
            reader.has_tensor("t9")
    with pytest.raises(DataLossError, match="names of any kind"):
        restore_checkpoint(pattern, {"t0": np.zeros(1000, np.float32)})
    report = restore_checkpoint(pattern, {name: np.zeros(1000, np.float32) for name in tensors}, damaged=True)
    assert report.restored
    assert report.left_alone
    assert not report.new_here


def test_damaged_record_of_objects_is_not_taken_for_missing_names(tmp_path):
    from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY

    graph = np.array(b"\xff\xff", object)
    prefix = save_v2(tmp_path / "m", {"a": np.ones(2, np.float32), OBJECT_GRAPH_KEY: graph})
    with load_checkpoint(prefix) as reader:
        assert reader["a"].tolist() == [1, 1]
        with pytest.raises(DataLossError, match="whether that is a short name cannot be told"):
            reader["model/kernel"]


def test_slices_that_no_tensor_lists_are_named(tmp_path):
    value = np.arange(12, dtype=np.float32).reshape(4, 3)
    prefix = save_slices(tmp_path / "m", "w", value, ["0,2:-", "2,2:-"])
    index = BundleIndex(place_of(prefix))
    listing = index.listing()
    entries = {key: listing.entries.entry(row) for row, key in enumerate(listing.keys)}
    index.close()
    without = {key: entry for key, entry in entries.items() if key != b"w"}
    write_index(tmp_path / "m", without)
    report = verify_checkpoint(prefix)
    texts = [finding.text for finding in report.findings if finding.tensor == b"w"]
    assert texts == [f"slice {part} is stored, and the tensor is not listed" for part in ("0,2:-", "2,2:-")]
    assert not report.is_whole
    shorter = entries[b"w"]._replace(shape=(2, 3), slices=entries[b"w"].slices[:1])
    write_index(tmp_path / "m", entries | {b"w": shorter})
    report = verify_checkpoint(prefix)
    (finding,) = [finding for finding in report.findings if finding.tensor == b"w"]
    assert finding.text == "slice 2,2:- is stored, and the tensor does not list it"
    assert not finding.is_damage


def test_ranges_know_what_lies_in_them():
    part = LostRange(b"b", b"d")
    assert [key for key in (b"a", b"b", b"b\0", b"d", b"d\0") if key in part] == [b"b\0", b"d"]
    assert b"" in LostRange(None, b"a")
    assert b"z" in LostRange(b"a", None)
    lost = LostNames((LostRange(None, b"b"), LostRange(b"y", None)), frozenset([b"m\x1b"]))
    assert lost.sentence([b"c", b"x"]) == "Tensors may be lost: names before 'c' and after 'x'; 'm\\x1b'."
    assert LostNames().sentence([b"a"]) == ""
    assert not LostNames()
