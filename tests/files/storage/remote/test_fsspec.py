"""Checkpoints in file systems of fsspec: those of URLs, and those that are handed over."""

import pickle
import sys

import fsspec
import numpy as np
import pytest
from obstore.store import MemoryStore

from ckpt_magics.errors import InvalidArgumentError, NotFoundError, UnimplementedError
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.storage.remote.fsspec_client import FsspecClient
from ckpt_magics.files.storage.remote.obstore_client import ObstoreClient
from ckpt_magics.files.storage.remote.storage_options import use_storage_options
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint

VALUE = np.arange(6, dtype=np.float32)


@pytest.fixture
def memory(tmp_path):
    write_checkpoint(tmp_path / "m", {"w": VALUE}, global_step=7, durable=False)
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    for file in tmp_path.iterdir():
        system.pipe_file(f"/run/{file.name}", file.read_bytes())
    yield system
    system.store.clear()


@pytest.mark.parametrize("name", ["memory://run/m-7", "memory:///run/m-7", "memory://run", "memory://run/m-7.index"])
def test_a_url_is_read(memory, name):
    with load_checkpoint(name) as reader:
        assert np.array_equal(reader["w"], VALUE)
        assert np.array_equal(pickle.loads(pickle.dumps(reader))["w"], VALUE)
        assert reader.prefix == "memory://run/m-7"


def test_a_file_that_is_handed_over_is_read(memory, tmp_path):
    with load_checkpoint(fsspec.open("memory://run/m-7.index")) as reader:
        assert np.array_equal(reader["w"], VALUE)
    with load_checkpoint(fsspec.open(f"file://{tmp_path}/m-7.index")) as reader:
        assert np.array_equal(reader["w"], VALUE)


class Path:
    """A path of universal_pathlib, as far as anybody looks."""

    def __init__(self, system, path):
        self.fs, self.path = system, path


def test_a_path_with_a_file_system_is_read(memory):
    with load_checkpoint(Path(memory, "/run")) as reader:
        assert np.array_equal(reader["w"], VALUE)


class FakeHub(type(fsspec.filesystem("memory"))):
    """A hub of models in memory, as huggingface_hub makes one for ``hf://``."""

    protocol = "hf"
    store = {}  # noqa: RUF012 - one for all, as its parent has
    pseudo_dirs = [""]  # noqa: RUF012


def test_a_hub_is_read(tmp_path):
    write_checkpoint(tmp_path / "m", {"w": VALUE}, durable=False)
    fsspec.register_implementation("hf", FakeHub, clobber=True)
    hub = fsspec.filesystem("hf")
    for file in tmp_path.iterdir():
        hub.pipe_file(f"/owner/model/{file.name}", file.read_bytes())
    for name in ("hf://owner/model/m", "hf://owner/model", "hf://owner/model/m.index"):
        with load_checkpoint(name) as reader:
            assert np.array_equal(reader["w"], VALUE)
            assert reader.prefix == "hf://owner/model/m"


def test_a_chained_url_is_read(memory, tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file in tmp_path.glob("m-7*"):
            archive.write(file, f"run/{file.name}")
    with load_checkpoint(f"zip://run/m-7::file://{tmp_path}/all.zip") as reader:
        assert np.array_equal(reader["w"], VALUE)
        assert np.array_equal(pickle.loads(pickle.dumps(reader))["w"], VALUE)


def test_other_kinds_are_read(memory, tmp_path):
    np.savez(tmp_path / "a.npz", w=VALUE)
    memory.pipe_file("/a.npz", (tmp_path / "a.npz").read_bytes())
    with load_checkpoint("memory://a.npz") as reader:
        assert np.array_equal(reader["w"], VALUE)


def test_what_is_not_there_is_told(memory):
    with pytest.raises(NotFoundError, match="memory://run/none"):
        load_checkpoint("memory://run/none")
    with pytest.raises(NotFoundError, match="memory://none"):
        place_of("memory://none/").names()
    assert place_of("memory://run/").names() == ["checkpoint", "m-7.data-00000-of-00001", "m-7.index"]
    assert place_of("memory://run").is_directory


def test_wrong_options_are_told_and_no_secrets():
    options = {"no_such_option": "secret-word", "secret": "secret-word"}
    with (
        use_storage_options(options),
        pytest.raises(InvalidArgumentError, match=r"s3://bucket/: .*no_such_option") as caught,
    ):
        load_checkpoint("s3://bucket/m")
    assert "secret-word" not in str(caught.value)
    with pytest.raises(InvalidArgumentError, match="http://"):
        place_of("http:///m")


@pytest.mark.parametrize(("url", "library"), [("s3://bucket/m", "obstore"), ("memory://m", "fsspec")])
def test_a_library_that_is_missing_is_told_with_the_line_that_installs_it(monkeypatch, url, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UnimplementedError, match=rf'through {library}.*pip install "ckpt_magics\[remote\]"'):
        load_checkpoint(url)


@pytest.mark.parametrize(
    "client", [FsspecClient(fsspec.filesystem("memory"), "memory://"), ObstoreClient(MemoryStore(), "s3://bucket/")]
)
def test_memory_that_is_full_is_no_fault_of_a_service(client):
    with pytest.raises(MemoryError), client.errors("run/m"):
        raise MemoryError
