"""Unique names and scopes."""

import pytest

from ckpt_magics.graphs.graph.names import UsedNames, prepend_scope, strip_scope


def test_suffixes_count_without_regard_to_case_and_skip_taken_names():
    names = UsedNames()
    assert [names.unique(name) for name in ("a", "A", "a_1", "a")] == ["a", "A_1", "a_1_1", "a_2"]


def test_asking_without_marking_leaves_the_name_free():
    names = UsedNames()
    assert names.unique("a", mark_as_used=False) == names.unique("a")


def test_scopes_nest_return_and_go_back_to_the_root():
    names = UsedNames()
    with names.enter("a") as outer, names.enter("b") as inner:
        assert (outer, inner) == ("a/", "a/b/")
        assert names.unique("c") == "a/b/c"
        with names.enter(None) as root:
            assert root == ""
            assert names.unique("c") == "c"
    with names.enter("a") as second:
        assert second == "a_1/"
    with names.enter(inner) as again:
        assert again == inner


@pytest.mark.parametrize("name", ["_a", "/a", "a b", "ä", "-"])
def test_refuses_names_that_no_root_scope_can_have(name):
    with pytest.raises(ValueError, match="not a valid root scope name"), UsedNames().enter(name):
        pass


def test_inner_scopes_may_begin_with_an_underscore():
    names = UsedNames()
    with names.enter("a"), names.enter("_b") as scope:
        assert scope == "a/_b/"
    with names.enter("a"), pytest.raises(ValueError, match="not a valid scope name"), names.enter("b c"):
        pass


@pytest.mark.parametrize("name", ["a", "^a/b", "loc:@a", "a:1"])
def test_prefix_goes_on_and_off(name):
    assert name == strip_scope(prepend_scope(name, "s/t"), "s/t")
    assert name == prepend_scope(name, "") == strip_scope(name, None)
