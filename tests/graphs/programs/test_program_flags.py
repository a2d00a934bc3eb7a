"""Flags, and programs that are run."""

import sys

import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.graphs.programs import program_flags as flags


@pytest.fixture(autouse=True)
def values(monkeypatch):
    """No flags yet, and the command line of a notebook's kernel."""
    monkeypatch.setattr(flags, "FLAGS", flags.FlagValues())
    monkeypatch.setattr(sys, "argv", ["kernel", "-f", "connection.json"])
    return flags.FLAGS


def test_flags_have_their_defaults_in_a_notebook(values):
    tf.app.flags.DEFINE_string("dir", "runs", "100 % of it")
    tf.flags.DEFINE_float("rate", 0.5, "")
    tf.flags.DEFINE_boolean("restore", True, "")
    assert (values.dir, values.rate, values.restore) == ("runs", 0.5, True)
    values.rate = 0.1
    assert values.rate == 0.1
    tf.flags.DEFINE_float("rate", 0.25, "defined again")
    assert values.rate == 0.25
    with pytest.raises(AttributeError, match="Unknown command line flag 'other'"):
        values.other  # noqa: B018


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--steps=3", "--names", "a, b"], (3, False, "sgd", ["a", "b"])),
        (["--fast", "--kind=adam"], (1, True, "adam", [])),
        (["--fast=true", "--nofast"], (1, False, "sgd", [])),
        (["--kind", "sgd", "--fast"], (1, True, "sgd", [])),
    ],
)
def test_program_gets_flags_and_the_rest_of_the_line(values, words, expected):
    tf.flags.DEFINE_integer("steps", 1, "")
    tf.flags.DEFINE_bool("fast", False, "")
    tf.flags.DEFINE_enum("kind", "sgd", ["sgd", "adam"], "")
    tf.flags.DEFINE_list("names", [], "")
    seen = []
    with pytest.raises(SystemExit) as caught:
        tf.app.run(seen.extend, argv=["program", *words, "file"])
    assert caught.value.code is None
    assert seen == ["program", "file"]
    assert (values.steps, values.fast, values.kind, values.names) == expected


@pytest.mark.parametrize("word", ["--fast=maybe", "--kind=other"])
def test_wrong_values_end_the_program(word, capsys):
    tf.flags.DEFINE_bool("fast", False, "")
    tf.flags.DEFINE_enum("kind", "sgd", ["sgd", "adam"], "")
    with pytest.raises(SystemExit):
        tf.app.run(print, argv=["program", word])
    assert "invalid" in capsys.readouterr().err
