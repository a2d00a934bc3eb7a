"""The text of a state file: what protobuf accepts is parsed, what TensorFlow would write is written."""

import contextlib
import time

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.directory.state_text import CheckpointState, format_state, parse_state
from ckpt_magics.proto import messages

SPELLINGS = [
    'model_checkpoint_path: "m-3"\nall_model_checkpoint_paths: "m-2"\nall_model_checkpoint_paths: "m-3"\n',
    'model_checkpoint_path: "m-3"\r\nall_model_checkpoint_paths: "m-3"\r\n',
    "model_checkpoint_path: 'it\\'s'",
    '# head\nmodel_checkpoint_path: "a" # tail "b"\n',
    'model_checkpoint_path: "a" "b"\n  \'c\'',
    'all_model_checkpoint_paths: ["a", "b"]  all_model_checkpoint_paths: []',
    'model_checkpoint_path:"a";all_model_checkpoint_paths:"a",all_model_checkpoint_timestamps:1.5',
    r'model_checkpoint_path: "\303\251 \xc3\xa9 é é \U0001f600 \t\n\"\\\001"',
    "all_model_checkpoint_timestamps: [1, 2.5, 1e3, -1.5, .5, 1.5f, inf, -inf]",
    "last_preserved_timestamp: 1700000000.123456",
    'model_checkpoint_path: "a" model_checkpoint_path: "b"',
    "",
]
DAMAGED = [
    'model_checkpoint_path: "m-3',
    'model_checkpoint_path "m-3"',
    "model_checkpoint_path: m-3",
    "model_checkpoint_path: 3",
    'model_checkpoint_path: ["a"]',
    'mode1_checkpoint_path: "m-3"',
    'model_checkpoint_path: "a" }',
    '﻿model_checkpoint_path: "a"',
    'all_model_checkpoint_timestamps: "1"',
    "all_model_checkpoint_timestamps: 1.5.5",
    'all_model_checkpoint_paths: ["a" "b"',
    'all_model_checkpoint_paths: ["a", ]',
    "\x00\x01",
    "[",
]


def _fields(message):
    return CheckpointState(
        message.model_checkpoint_path,
        list(message.all_model_checkpoint_paths),
        list(message.all_model_checkpoint_timestamps),
        message.last_preserved_timestamp,
    )


@pytest.mark.parametrize("text", SPELLINGS)
def test_parses_as_protobuf_does(text):
    assert parse_state(text) == _fields(text_format.Merge(text, messages.CheckpointState()))


@pytest.mark.parametrize("text", DAMAGED)
def test_refuses_what_protobuf_refuses(text):
    with pytest.raises(text_format.ParseError):
        text_format.Merge(text, messages.CheckpointState())
    with pytest.raises(DataLossError, match=r"damaged state file.* in line 1"):
        parse_state(text)


def test_refuses_unknown_escapes():
    with pytest.raises(DataLossError, match="unknown escape"):
        parse_state(r'model_checkpoint_path: "\q"')


def test_error_names_the_line():
    with pytest.raises(DataLossError, match="in line 3"):
        parse_state('model_checkpoint_path: "a"\n# x\nall_model_checkpoint_paths: "b\n')


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_numbers = st.floats(allow_nan=False)
_states = st.builds(CheckpointState, _texts, st.lists(_texts, max_size=4), st.lists(_numbers, max_size=4), _numbers)


@given(_states)
def test_writes_what_protobuf_writes(state):
    message = messages.CheckpointState(
        model_checkpoint_path=state.model_checkpoint_path,
        all_model_checkpoint_paths=state.all_model_checkpoint_paths,
        all_model_checkpoint_timestamps=state.all_model_checkpoint_timestamps,
        last_preserved_timestamp=state.last_preserved_timestamp or 0.0,
    )
    assert format_state(state) == text_format.MessageToString(message, as_utf8=True)
    assert parse_state(format_state(state)) == state


def test_paths_that_are_not_utf8_survive():
    state = CheckpointState("m\udcff-1", ["m\udcff-1"])
    assert format_state(state).isascii()
    assert parse_state(format_state(state)) == state


@given(st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_any_text_gives_a_state_or_data_loss(text):
    with contextlib.suppress(DataLossError):
        parse_state(text)


def test_many_paths_take_linear_time():
    names = [f"m-{i}" for i in range(100_000)]
    assert parse_state(format_state(CheckpointState(names[-1], names))).all_model_checkpoint_paths == names


@pytest.mark.parametrize("text", [b"\r" * 5000 + b"\x02", b"# \n" * 5000 + b"\x02", b"#" * 5000 + b"\x02 #\n\x02"])
def test_blanks_and_comments_before_garbage_take_no_time(text):
    started = time.process_time()
    with contextlib.suppress(DataLossError):
        parse_state(text)
    assert time.process_time() - started < 1
