"""Lines and commands whose words are URLs."""

import warnings

import fsspec
import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.notebook.commands.arguments import storage_of
from ckpt_magics.notebook.commands.command_line import main
from tests.files.saved import write_checkpoint
from tests.files.storage.remote.file_server import FileServer

VALUE = np.arange(6, dtype=np.float32)


@pytest.fixture(autouse=True)
def memory():
    system = fsspec.filesystem("memory")
    system.store.clear()
    with warnings.catch_warnings(action="ignore"):
        for step in (1, 2, 3):
            write_checkpoint("memory://run/m", {"w": VALUE * step}, global_step=step, max_to_keep=5)
    yield system
    system.store.clear()


def told(capsys, *words):
    status = main(words)
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize(
    "words",
    [
        ("show", "memory://run"),
        ("show", "memory://run/m-2", "--stats"),
        ("ls", "memory://run"),
        ("verify", "memory://run/m-1"),
        ("diff", "memory://run/m-1", "memory://run/m-1"),
    ],
)
def test_a_command_reads_a_url(capsys, words):
    status, out, err = told(capsys, *words)
    assert (status, err) == (0, "")
    assert "memory://run" in out


def test_a_checkpoint_is_converted_from_and_to_urls(capsys, tmp_path):
    with warnings.catch_warnings(action="ignore"):
        assert told(capsys, "convert", "memory://run/m-2", f"{tmp_path}/here.safetensors", "-q")[0] == 0
        assert told(capsys, "convert", f"{tmp_path}/here.safetensors", "memory://out/there.ckpt", "-q")[0] == 0
    assert told(capsys, "diff", "memory://run/m-2", "memory://out/there.ckpt")[0] == 0


def test_options_are_taken_from_the_line(capsys, tmp_path):
    write_checkpoint(tmp_path / "m", {"w": VALUE}, durable=False)
    with FileServer() as server:
        server.add("run", tmp_path.iterdir())
        server.faults["/run/m.index"] = lambda handler, number: not handler.reply(503, b"")
        words = ("show", f"{server.url}/run/m", "--storage", "max_retries=1", "secret=told-to-nobody")
        status, out, err = told(capsys, *words)
        assert len(server.take()) == 2
    assert status == 2
    assert "503" in err
    assert "told-to-nobody" not in out + err


def test_a_list_is_repaired(capsys, memory):
    memory.pipe_file("/run/checkpoint", b"nonsense")
    status, _, _ = told(capsys, "ls", "memory://run", "--repair")
    assert status == 0
    assert b'"m-3"' in memory.cat_file("/run/checkpoint")


def test_what_is_no_option_is_refused():
    with pytest.raises(InvalidArgumentError, match="KEY=VALUE"):
        storage_of(["anon"])
