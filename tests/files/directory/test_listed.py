"""Lists of many checkpoints are read as short ones are, and each is looked at once."""

import os

import numpy as np
import pytest

from ckpt_magics.files.directory import listed
from ckpt_magics.files.directory.listed import is_step_of, read_list
from ckpt_magics.files.directory.state_file import MAX_STATE_SIZE, read_state
from ckpt_magics.files.directory.state_text import CheckpointState, format_state, parse_state
from ckpt_magics.files.storage.place import place_of
from tests.files.saved import save_v1, write_checkpoint


@pytest.mark.parametrize("limit", [0, 1000], ids=["as a long list", "as a short list"])
def test_what_is_there_is_listed(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(listed, "LONG_LIST", limit)
    (tmp_path / "sub").mkdir()
    for name in ("m-1", "m-3", "sub/m-4", "target"):
        write_checkpoint(tmp_path / name, {"a": np.zeros(2)}, write_state=False, durable=False)
    write_checkpoint(
        tmp_path / "s", {"a": np.zeros(2), "b": np.ones(2)}, write_state=False, write_version=1, num_shards=2
    )
    save_v1(tmp_path / "old", {"a": np.zeros(2)})
    (tmp_path / "link-1.index").symlink_to(tmp_path / "target.index")
    (tmp_path / "link-2.index").symlink_to(tmp_path / "nowhere.index")
    names = [
        "m-1",
        "m-2",
        "m-3",
        "sub/m-4",
        "sub/m-5",
        "s-?????-of-00002",
        "s-?????-of-00003",
        "old",
        "link-1",
        "link-2",
    ]
    names += ["../m-9", str(tmp_path / "m-1"), "./m-3"]
    (tmp_path / "checkpoint").write_text(format_state(CheckpointState("m-3", names)))
    found = [os.path.relpath(one.path, tmp_path) for one in read_list(place_of(tmp_path)).listed]
    assert found == ["m-1", "m-3", "sub/m-4", "s-?????-of-00002", "old", "link-1", "m-1", "m-3"]


def test_a_hundred_thousand_are_saved_beside_and_none_is_lost(tmp_path):
    names = [f"n-{number}" for number in range(100_000)]
    (tmp_path / "n-7.index").touch()
    (tmp_path / "checkpoint").write_text(
        format_state(CheckpointState("n-7", names, [float(n) for n in range(100_000)]))
    )
    write_checkpoint(tmp_path / "m", {"a": np.zeros(2)}, global_step=1, durable=False)
    state = read_state(tmp_path)
    assert state.all_model_checkpoint_paths == ["n-7", "m-1"]
    assert state.all_model_checkpoint_timestamps[0] == 7.0


def test_a_list_beyond_the_limit_is_written_anew_with_a_warning(tmp_path):
    write_checkpoint(tmp_path / "m", {"a": np.zeros(2)}, global_step=1, durable=False)
    os.truncate(tmp_path / "checkpoint", MAX_STATE_SIZE + 1)
    with pytest.warns(UserWarning, match=r"33,554,433 bytes: more than 33,554,432 are not read; what is whole"):
        write_checkpoint(tmp_path / "m", {"a": np.zeros(2)}, global_step=2, durable=False)
    assert read_state(tmp_path).all_model_checkpoint_paths == ["m-1", "m-2"]


@pytest.mark.parametrize(
    ("path", "is_step"),
    [
        ("run/m-1", True),
        ("run/m-0012", True),
        ("./run/m-1", True),
        ("run/../run/m-1", True),
        ("run/m-1-?????-of-00002", True),
        ("run/m-x", False),
        ("run/m-", False),
        ("run/m-²", False),
        ("run/m", False),
        ("run/m-1/x", False),
        ("m-1", False),
        ("other/m-1", False),
        ("run/mm-1", False),
    ],
)
def test_steps_of_a_prefix(path, is_step):
    assert is_step_of(place_of("run/m"), path) == is_step


@pytest.mark.parametrize(
    "text",
    [
        'model_checkpoint_path: "a"\nall_model_checkpoint_paths: "b"\nlast_preserved_timestamp: 1.5\n',
        'model_checkpoint_path: "a"\nall_model_checkpoint_paths: "b""c"\n',
        'model_checkpoint_path: "a\nall_model_checkpoint_paths: b"\n',
        'model_checkpoint_path: "a"\nall_model_checkpoint_timestamps: 1e400\n',
        'model_checkpoint_path: "a"\nall_model_checkpoint_timestamps: \n',
        'model_checkpoint_path: "a"\nmodel_checkpoint_path: "b"\n',
        'model_checkpoint_path: "\n',
    ],
)
def test_quick_and_thorough_parsing_agree(text):
    def parsed(text):
        try:
            return parse_state(text)
        except ValueError:
            return None

    # A comment is what only the thorough one takes.
    assert parsed(text) == parsed(text + "#")
