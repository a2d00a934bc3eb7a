"""A line becomes words as people expect of a shell and of Python."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.notebook.commands.words import quoted, split_words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("a b\tc", ["a", "b", "c"]),
        ("a;", ["a"]),
        ("a b ;", ["a", "b"]),
        ("'my model.ckpt' \"x y\"", ["my model.ckpt", "x y"]),
        ("a # the rest; is a comment", ["a"]),
        ("w=np.zeros((2, 3)) b=[1, 2]", ["w=np.zeros((2, 3))", "b=[1, 2]"]),
        ('w=params["a b"] x', ['w=params["a b"]', "x"]),
        ("w='text'", ["w='text'"]),
        ("a[ b", ["a[", "b"]),
        ("'a' 'b'", ["a", "b"]),
    ],
)
def test_splits_a_line(line, words):
    assert split_words(line) == words


def test_refuses_an_open_quotation():
    with pytest.raises(InvalidArgumentError, match="not closed"):
        split_words("'model.ckpt weight")


@given(st.text(st.characters(exclude_characters="'\"", codec="utf-8"), min_size=1))
def test_a_quoted_word_comes_out_as_it_went_in(word):
    filled_in = quoted(word).replace("{{", "{").replace("}}", "}")
    assert split_words(filled_in) == [word]
