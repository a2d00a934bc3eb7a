"""A text stands for a name, a scope, a glob or a regular expression, the same everywhere."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.steps.patterns import Pattern, glob_of

NAMES = dict.fromkeys(
    ["a/w", "a/w/Adam", "a/b/w", "odd[0]", "odd[0]/w", "odd0", "layer_1/w", "layer_12/w", "re:x", "star*", "start"]
)
SIGNS = st.text("ab*?[]!-/.^", max_size=8)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a/w", ["a/w"]),
        ("a", ["a/w", "a/w/Adam", "a/b/w"]),
        ("a/", ["a/w", "a/w/Adam", "a/b/w"]),
        ("a/w/", ["a/w/Adam"]),
        ("a/*", ["a/w", "a/w/Adam", "a/b/w"]),
        ("*/w", ["a/w", "a/b/w", "odd[0]/w", "layer_1/w", "layer_12/w"]),
        ("odd[0]", ["odd[0]"]),
        ("odd[0]/", ["odd[0]/w"]),
        ("odd[0-9]", ["odd0"]),
        ("star*", ["star*"]),
        ("sta*", ["star*", "start"]),
        ("layer_?/", ["layer_1/w"]),
        (r"re:layer_\d/w", ["layer_1/w"]),
        (r"re:layer_\d", []),
        ("re:.*Adam", ["a/w/Adam"]),
        ("re:x", ["re:x"]),
        ("A/W", []),
        ("", []),
    ],
)
def test_takes_names(pattern, names):
    assert Pattern(pattern).among(NAMES) == names


def test_refuses_what_is_no_regular_expression():
    with pytest.raises(InvalidArgumentError, match=r"re:a\( is no regular expression: missing \)"):
        Pattern("re:a(")


@given(SIGNS, SIGNS)
def test_a_glob_matches_what_the_shell_matches(pattern, name):
    parts = glob_of(pattern).parts(name)
    assert (parts is not None) == fnmatch.fnmatchcase(name, pattern)
    assert parts is None or glob_of(pattern).filled(parts) == name


@given(st.lists(st.text("ab", max_size=3), min_size=1, max_size=4), st.text("ab", max_size=12))
def test_a_glob_of_stars_matches_what_the_shell_matches(literals, name):
    pattern = "*".join(literals)
    assert (glob_of(pattern).parts(name) is not None) == fnmatch.fnmatchcase(name, pattern)


def test_a_name_cannot_make_a_match_take_long():
    # Tried in every way, this would take longer than anyone lives.
    assert glob_of("*a" * 30 + "b").parts("a" * 20_000) is None
