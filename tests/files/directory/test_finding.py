"""Every way to name a checkpoint leads to it; everything else is told what it is."""

import gzip
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ckpt_magics.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    DataLossError,
    FailedPreconditionError,
    UnimplementedError,
)
from ckpt_magics.files.directory.finding import find_checkpoint
from ckpt_magics.files.formats.bundle_records import BundleHeader
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import read_index, save_v1, save_v2, write_index

TENSORS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3)}


def reads(path):
    with load_checkpoint(path) as reader:
        np.testing.assert_array_equal(reader["w"], TENSORS["w"])
        return reader.source


def write_state(directory, *paths):
    lines = [f'model_checkpoint_path: "{paths[0]}"', *(f'all_model_checkpoint_paths: "{path}"' for path in paths)]
    (directory / "checkpoint").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [("", "prefix"), (".index", "index"), (".data-00000-of-00001", "data file"), (".meta", "meta graph")],
)
def test_any_file_of_a_v2_checkpoint_will_do(tmp_path, suffix, kind):
    prefix = save_v2(tmp_path / "model.ckpt-7", TENSORS)
    Path(prefix + ".meta").write_bytes(b"\x0a\x00")
    source = reads(prefix + suffix)
    assert (source.given, source.prefix, source.version, source.kind) == (prefix + suffix, prefix, 2, kind)
    assert bool(source.note) == bool(suffix)


@pytest.mark.parametrize("suffix", ["", ".meta"])
def test_any_file_of_a_v1_checkpoint_will_do(tmp_path, suffix):
    prefix = save_v1(tmp_path / "model.ckpt-7", TENSORS)
    Path(prefix + ".meta").write_bytes(b"\x0a\x00")
    source = reads(prefix + suffix)
    assert (source.prefix, source.version) == (prefix, 1)


@pytest.mark.parametrize(
    "name", ["model.ckpt-?????-of-00002", "model.ckpt-00001-of-00002", "model.ckpt", "model.ckpt.meta"]
)
def test_any_name_of_a_v1_checkpoint_in_several_files_will_do(golden, name):
    folder = golden / "tf2.21.0" / "sharded_v1" / "s"
    with load_checkpoint(folder / name) as reader:
        assert reader.prefix == str(folder / "model.ckpt-?????-of-00002")
        assert len(reader.files) == 2
        assert len(reader) == 7


def test_v2_wins_over_v1_of_the_same_name(tmp_path):
    save_v1(tmp_path / "m", {"old": np.zeros(1)})
    shutil.copy(tmp_path / "m", tmp_path / "kept")
    save_v2(tmp_path / "m", TENSORS)
    shutil.copy(tmp_path / "kept", tmp_path / "m")
    assert reads(tmp_path / "m").version == 2


def test_directory_means_its_latest(tmp_path):
    for step in (1, 2, 10):
        save_v2(tmp_path / f"m-{step}", TENSORS if step == 10 else {"other": np.zeros(1)})
    write_state(tmp_path, "m-10", "m-2")
    for given in (tmp_path, f"{tmp_path}/", tmp_path / "checkpoint"):
        assert reads(given).prefix.endswith("m-10")


def test_state_file_of_a_moved_directory_finds_the_same_name_here(tmp_path):
    save_v2(tmp_path / "m-10", TENSORS)
    write_state(tmp_path, "/home/somebody/run/m-10")
    source = reads(tmp_path)
    assert "names /home/somebody/run/m-10, which is not there" in source.note
    write_state(tmp_path, r"C:\\runs\\m-10")
    assert reads(tmp_path).prefix == str(tmp_path / "m-10")


def test_directory_whose_latest_is_gone_gives_the_next_and_warns(tmp_path):
    save_v2(tmp_path / "m-1", TENSORS)
    write_state(tmp_path, "m-2", "m-1", "m-2")
    with pytest.warns(UserWarning, match="m-2 the latest, which is not there"):
        assert reads(tmp_path).prefix.endswith("m-1")


@pytest.mark.parametrize("text", ["", "model_checkpoint_path: ", "unknown: 1", 'model_checkpoint_path: "gone"'])
def test_directory_with_a_useless_state_file_gives_the_newest_whole_checkpoint_and_warns(tmp_path, text):
    save_v2(tmp_path / "m-1", {"other": np.zeros(1)})
    save_v2(tmp_path / "m-2", TENSORS)
    save_v2(tmp_path / "m-3", {"half": np.zeros(1)})
    os.remove(tmp_path / "m-3.data-00000-of-00001")
    for age, name in enumerate(("m-3.index", "m-2.index", "m-1.index")):
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    (tmp_path / "checkpoint").write_text(text)
    with pytest.warns(UserWarning, match="the newest whole (checkpoint in the directory|one) is used"):
        assert reads(tmp_path).prefix.endswith("m-2")


def test_directory_without_state_file_gives_the_newest_whole_checkpoint(tmp_path):
    save_v1(tmp_path / "m-1", TENSORS)
    (tmp_path / "m-9.index").write_bytes(b"half a save")
    assert reads(tmp_path).note.endswith("m-1 was used.")


def test_saved_model_means_its_variables(golden):
    with load_checkpoint(golden / "tf2.21.0" / "saved_model" / "model") as reader:
        assert reader.source.kind == "SavedModel"
        assert reader.prefix.endswith("variables/variables")
        assert len(reader) == 5
    with load_checkpoint(golden / "tf2.21.0" / "saved_model" / "model" / "saved_model.pb") as reader:
        assert len(reader) == 5


@pytest.mark.parametrize(
    "name", ["run[1]", "a*b", "what?", "back\\slash", "sp ace", "ünï", "x" * 200, "#%$HOME", "new\nline"]
)
def test_odd_names_stand_for_themselves(tmp_path, name):
    (tmp_path / name).mkdir()
    for save in (save_v2, save_v1):
        assert reads(save(tmp_path / name / "m[1]*?", TENSORS)).prefix.endswith("m[1]*?")
    assert reads(tmp_path / name).prefix.endswith("m[1]*?")


def test_home_directory_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save_v2(tmp_path / "m", TENSORS)
    assert reads("~/m").given == "~/m"


def test_bytes_and_pathlib_are_taken(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    assert reads(os.fsencode(prefix)).prefix == reads(Path(prefix)).prefix == prefix
    with pytest.raises(TypeError):
        find_checkpoint(3)


def zip_with(*names):
    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, b"x")

    return write


FOREIGN = {
    "Keras model": zip_with("metadata.json", "config.json", "model.weights.h5"),
    "zip archive": zip_with("readme"),
    "pickle": lambda path: path.write_bytes(pickle.dumps({"a": 1})),
    "Git LFS pointer": lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    "gzip": lambda path: path.write_bytes(gzip.compress(b"x" * 100)),
    "web page": lambda path: path.write_bytes(b"\n<!DOCTYPE html><html><body>404</body></html>"),
    "empty file": lambda path: path.write_bytes(b""),
    "file of zeros": lambda path: path.write_bytes(bytes(5000)),
    "JSON": lambda path: path.write_bytes(b'{"a": 1}'),
    "text file": lambda path: path.write_bytes("für später".encode()),
    "graph in text form": lambda path: path.write_bytes(b"meta_info_def {\n}\n"),
    "end is missing": lambda path: path.write_bytes(Path(save_v1(f"{path}-whole", TENSORS)).read_bytes()[:-20]),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_foreign_file_is_named_with_what_to_do(tmp_path, what):
    path = tmp_path / "model.ckpt"
    FOREIGN[what](path)
    with pytest.raises(DataLossError, match=what) as caught:
        load_checkpoint(path)
    assert "Unable to open table file" in str(caught.value)
    assert caught.value.hint
    assert caught.value.file == str(path)


def test_meta_graph_without_checkpoint_is_named(golden, tmp_path):
    shutil.copy(golden / "tf2.21.0" / "seed_v2" / "my_net" / "save_net.ckpt.meta", tmp_path / "save_net.ckpt.meta")
    with pytest.raises(DataLossError, match="a graph"):
        load_checkpoint(tmp_path / "save_net.ckpt.meta")


def test_foreign_index_is_named(tmp_path):
    (tmp_path / "m.index").write_bytes(b"<html>")
    with pytest.raises(DataLossError, match="file is too short to be an sstable: this is a web page"):
        load_checkpoint(tmp_path / "m")


def test_renamed_index_is_named(tmp_path):
    save_v2(tmp_path / "m", TENSORS)
    os.rename(tmp_path / "m.index", tmp_path / "copy")
    with pytest.raises(DataLossError, match="index of a V2 checkpoint under another name"):
        load_checkpoint(tmp_path / "copy")


def test_missing_checkpoint_has_tensorflows_words_and_the_nearest(tmp_path):
    save_v2(tmp_path / "model.ckpt-100", TENSORS)
    with pytest.raises(
        CheckpointNotFoundError, match=r"Failed to find any matching files for .*nearest here: .*ckpt-100"
    ):
        load_checkpoint(tmp_path / "model.ckpt")
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        load_checkpoint(tmp_path / "nowhere" / "m")


def test_data_without_index_is_explained(tmp_path):
    save_v2(tmp_path / "m", TENSORS)
    os.remove(tmp_path / "m.index")
    for name in ("m", "m.data-00000-of-00001"):
        with pytest.raises(CheckpointNotFoundError, match="index"):
            load_checkpoint(tmp_path / name)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((), "the directory is empty"),
        (("_METADATA",), "Orbax"),
        (("inner/m.index",), "there are checkpoints in .*inner"),
        (("m.index.tempstate123456",), "m.index.tempstate123456 is what a save of TensorFlow left that did not finish"),
        ((f"m_temp_{'0a' * 16}/part-00000-of-00001.index",), "is what a save of TensorFlow left that did not finish"),
        (("m.data-00000-of-00001",), "m.data-00000-of-00001 is there and its index is not"),
        (("model.h5", "notes.txt"), "no file in .* is named as those of a checkpoint are"),
    ],
)
def test_directory_without_checkpoint_is_described(tmp_path, files, words):
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(CheckpointNotFoundError, match=rf"Couldn't find 'checkpoint' file.*{words}"):
        load_checkpoint(tmp_path)


def test_empty_path_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointNotFoundError, match="matching files for ''; the directory is empty"):
        load_checkpoint("")


def test_url_of_a_kind_that_nobody_knows_is_refused():
    with pytest.raises(UnimplementedError, match="File system scheme 'ram' not implemented"):
        load_checkpoint("ram://bucket/model.ckpt")


@pytest.mark.parametrize("name", ["m", "m.index", "checkpoint"])
def test_pipes_are_refused_and_not_opened(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / name)
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / "m")


def test_devices_are_refused():
    with pytest.raises(FailedPreconditionError, match="Not a regular file"):
        load_checkpoint("/dev/zero")


def test_data_file_that_is_a_pipe_is_refused(tmp_path):
    prefix = save_v2(tmp_path / "m", TENSORS)
    os.remove(tmp_path / "m.data-00000-of-00001")
    os.mkfifo(tmp_path / "m.data-00000-of-00001")
    with load_checkpoint(prefix) as reader, pytest.raises(FailedPreconditionError, match="Not a regular file"):
        reader["w"]


def test_directory_without_a_whole_checkpoint_names_what_is_there(tmp_path):
    save_v2(tmp_path / "m", TENSORS)
    os.truncate(tmp_path / "m.data-00000-of-00001", 1)
    with pytest.raises(CheckpointNotFoundError, match=r"not whole: .*/m \(%ckpt_ls"):
        load_checkpoint(tmp_path)


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (("100",), r"nearest here: .*m-100; the step belongs to the name: give m-100, or --step 100 on a line$"),
        (("9", "0012"), r"nearest here: .*m-0012, .*m-9; .* give m-0012, or --step 12 on a line$"),
        (("x", "best"), r"nearest here: .*m-best, .*m-x$"),
    ],
)
def test_a_name_without_its_step_is_answered_with_the_step(tmp_path, steps, words):
    for step in steps:
        save_v2(tmp_path / f"m-{step}", TENSORS)
    with pytest.raises(CheckpointNotFoundError, match=words):
        load_checkpoint(tmp_path / "m")


def test_saved_models_in_a_directory_are_named(tmp_path):
    for name, words in (("1", "there is a SavedModel in .*1$"), ("2", "there are SavedModels in .*1, .*2$")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").touch()
        with pytest.raises(CheckpointNotFoundError, match=words):
            load_checkpoint(tmp_path)


IN_A_DIRECTORY = [
    (LFS, "a Git LFS pointer.*git lfs pull"),
    (b"\x1f\x8b" + bytes(70), "a gzip file.*gunzip"),
    (b"<!DOCTYPE html><html>" + b" " * 70, "a web page.*Look at the address"),
    (b"\x89HDF\r\n\x1a\n" + bytes(70), r"an HDF5 file.*Give its path"),
    (b"PK\x03\x04" + bytes(70), "a zip archive.*Unpack it"),
    (b"", "an empty file.*Download the file again"),
]


@pytest.mark.parametrize(("content", "words"), IN_A_DIRECTORY)
@pytest.mark.parametrize("name", ["m.index", "model.ckpt"])
@pytest.mark.parametrize("state", [None, "m", "model.ckpt", "/moved/model.ckpt"])
def test_a_directory_says_of_a_foreign_file_what_it_is_and_what_to_do(tmp_path, content, words, name, state):
    (tmp_path / name).write_bytes(content)
    if state is not None:
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{state}"\n')
    # A state file that names an index leads to it, and opening it says the same.
    with pytest.raises(CheckpointError, match=f"(?=.*{name}).*{words}"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LFS, "It looks like a Git LFS pointer.*git lfs pull"),
        (b"", "It looks like an empty file"),
        (b"abc", r"byte 0\]$"),
    ],
)
def test_data_that_is_something_else_is_named_when_it_is_read(tmp_path, content, words):
    prefix = save_v2(tmp_path / "m", {"w": np.zeros(100), "v": np.zeros(100)})
    (tmp_path / "m.data-00000-of-00001").write_bytes(content)
    with load_checkpoint(prefix) as reader:
        for read in (reader.get_tensor, lambda name: reader.get_slice(name, slice(0, 2)), lambda _: dict(reader)):
            with pytest.raises(DataLossError, match=words):
                read("v")


def test_an_index_with_a_damaged_header_is_an_index(tmp_path):
    save_v2(tmp_path / "m", TENSORS)
    write_index(tmp_path / "m", read_index(tmp_path / "m"), BundleHeader(num_shards=0))
    assert find_checkpoint(tmp_path / "m.index").version == 2
    with pytest.raises(CheckpointNotFoundError, match=r"m.index is damaged: it has values in file 0, and counts 0"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("weights", b"\x89HDF\r\n\x1a\n" + bytes(70), "weights is an HDF5 file"),
        ("m.data-00000-of-00001", LFS, "m.data-00000-of-00001 is a Git LFS pointer.*git lfs pull"),
        ("m.data-00000-of-00001", b"", "m.data-00000-of-00001 is an empty file"),
        ("m.data-00000-of-00001", b"abc", r"m.data-00000-of-00001 has 3 bytes of \d+"),
        ("m.data-00000-of-00001", None, "m.data-00000-of-00001 is missing"),
        (
            "model.ckpt.meta",
            b"\x0a\x05NoOp",
            "model.ckpt.meta holds a graph, and the files with the values are not here",
        ),
    ],
)
def test_a_directory_says_what_is_wrong_with_its_files(tmp_path, name, content, words):
    if name.startswith("m.data"):
        save_v2(tmp_path / "m", {"w": np.zeros(100)})
    (tmp_path / name).unlink(missing_ok=True)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointNotFoundError, match=words):
        load_checkpoint(tmp_path)


def test_other_names_in_the_directory_are_named_when_none_is_near(tmp_path):
    save_v2(tmp_path / "m", TENSORS)
    with pytest.raises(CheckpointNotFoundError, match=r"here are .*/m$"):
        load_checkpoint(tmp_path / "something.else")
