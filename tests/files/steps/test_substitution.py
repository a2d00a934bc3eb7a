"""An expression and a template of its groups take names there and, where that can be, back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.steps.substitution import substitution

WAYS = [
    ("re:(.*)/weights", r"\1/kernel", "a/b/weights", "a/b/kernel"),
    (r"re:layer_(\d+)/(kernel|bias)", r"\2_\1", "layer_3/bias", "bias_3"),
    ("re:(?P<net>a+)-(b)", r"\g<2>\g<net>\1", "aa-b", "baaaa"),
    (r"re:a\.b/([wv])", r"c.d/\1", "a.b/v", "c.d/v"),
    ("re:plain", "simple", "plain", "simple"),
]


@pytest.mark.parametrize(("expression", "template", "name", "result"), WAYS)
def test_goes_there_and_back(expression, template, name, result):
    there = substitution(expression, template)
    back = there.backwards()
    assert (there.apply(name), back.apply(result)) == (result, name)
    assert there.apply(f"{name}?") is None


@pytest.mark.parametrize(
    ("expression", "template"),
    [
        ("re:.*/(k)", r"\1"),
        ("re:(a)(b)", r"\1"),
        ("re:((a)b)", r"\1\2"),
        ("re:(a)|(b)", r"\1\2"),
        (r"re:(a)\d", r"\1"),
        ("re:(?i:a)(b)", r"\1"),
        ("re:(a)?", r"\1"),
    ],
)
def test_knows_where_there_is_no_way_back(expression, template):
    assert substitution(expression, template).backwards() is None


def test_a_group_that_took_no_part_is_empty():
    assert substitution("re:(a)|(b)", r"<\1\2>").apply("b") == "<b>"


@pytest.mark.parametrize("template", [r"\2", r"\g<x>", r"\g<0>"])
def test_refuses_a_group_that_is_not_there(template):
    with pytest.raises(InvalidArgumentError, match="has the group"):
        substitution("re:(a)", template)


@given(st.text("ab/_1", min_size=1), st.text("ab/_1", min_size=1))
def test_what_has_a_way_back_comes_back(one, two):
    there = substitution(r"re:([^_]+)_(.+)", r"x\2/\1y")
    result = there.apply(f"{one}_{two}")
    assert result is None or there.backwards().apply(result) == f"{one}_{two}" or result.count("/") > 1
