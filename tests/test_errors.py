"""The error tree, and what a message says."""

import inspect
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics import errors
from ckpt_magics.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    ChecksumError,
    DataLossError,
    TensorNotFoundError,
    TruncatedError,
    visible,
)

CLASSES = {name: cls for name, cls in inspect.getmembers(errors, inspect.isclass) if cls.__module__ == errors.__name__}


@pytest.mark.parametrize(
    ("name", "built_in"),
    [
        ("DataLossError", ValueError),
        ("OutOfRangeError", IndexError),
        ("InvalidArgumentError", ValueError),
        ("CheckpointNotFoundError", FileNotFoundError),
        ("TensorNotFoundError", KeyError),
        ("PermissionDeniedError", PermissionError),
        ("ResourceExhaustedError", OSError),
        ("UnavailableError", ConnectionError),
        ("UnimplementedError", NotImplementedError),
    ],
)
def test_error_is_also_the_built_in_that_users_expect(name, built_in):
    assert issubclass(CLASSES[name], built_in)


def test_every_error_descends_from_one_root_and_is_drawn_in_the_tree():
    for name, cls in CLASSES.items():
        assert issubclass(cls, CheckpointError)
        assert name in errors.__doc__
        assert cls.__doc__
    assert set(errors.__all__) == {*CLASSES, "visible"}


def test_damage_of_every_kind_is_data_loss():
    assert issubclass(ChecksumError, DataLossError)
    assert issubclass(TruncatedError, DataLossError)


def test_path_that_the_message_begins_with_is_not_said_again():
    assert str(DataLossError("run/m; Not a directory", file="run/m")) == "run/m; Not a directory"
    assert str(DataLossError("run/m; Not\x1b", file="run")) == "run/m; Not\x1b [file run]"
    assert str(DataLossError(r"a\x1b; Not there", file="a\x1b", offset=3)) == r"a\x1b; Not there [byte 3]"


def test_message_names_the_place_and_what_to_do():
    error = DataLossError("block: CRC differs", offset=4096)
    error.locate(file="run/model.ckpt.index", tensor=b"layer/w", hint="Restore an earlier checkpoint")
    assert str(error) == (
        "block: CRC differs [file run/model.ckpt.index, tensor 'layer/w', byte 4096]. Restore an earlier checkpoint"
    )


def test_message_without_a_place_stands_alone():
    assert str(CheckpointError("nothing to save")) == "nothing to save"


def test_place_that_is_known_already_stays():
    error = DataLossError("cut", offset=1).locate(file="inner")
    assert error.locate(file="outer", tensor="w").file == "inner"
    assert error.tensor == "w"


def test_key_error_shows_its_message_and_not_a_repr():
    error = TensorNotFoundError(
        "no tensor 'wieght'", name="wieght", suggestions=("weight",), hint="Did you mean weight?"
    )
    assert str(error) == "no tensor 'wieght'. Did you mean weight?"
    assert error.suggestions == ("weight",)


def test_os_errors_show_their_message():
    assert str(CheckpointNotFoundError("nothing at run/", file="run/")) == "nothing at run/ [file run/]"


def test_checksums_are_facts_of_the_error():
    error = ChecksumError("block", stored=0x1F, computed=0x2E, offset=7)
    assert (error.stored, error.computed, error.offset) == (0x1F, 0x2E, 7)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_error_survives_a_process_pool(name):
    """What a worker process raises reaches the parent by pickle."""
    facts = {"ChecksumError": {"stored": 1, "computed": 2}, "TensorNotFoundError": {"name": b"w"}}
    error = CLASSES[name]("what", **facts.get(name, {})).locate(file="f", tensor=b"t", hint="do")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@given(st.one_of(st.text(st.characters()), st.binary()))
def test_visible_text_holds_nothing_that_moves_a_cursor(text):
    shown = visible(text)
    assert shown.isprintable()
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("layer/w", "layer/w"),
        ("größe", "größe"),
        ("a\nb", "a\\nb"),
        (b"\xff\x00", "\\xff\\x00"),
        ("\udcff", "\\udcff"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
    ],
)
def test_visible(text, shown):
    assert visible(text) == shown
