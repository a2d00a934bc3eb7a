"""Scopes of arguments: what counts where, and what is refused."""

import threading

import pytest

from ckpt_magics.graphs.slim.argument_scopes import (
    add_arg_scope,
    arg_scope,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)


@add_arg_scope
def first(a, b=1, c=2):
    return a, b, c


@add_arg_scope
def second(a, b=1):
    return a, b


def plain(a, b=1):
    return a, b


def test_inner_scopes_count_and_the_call_counts_most():
    with arg_scope([first, second], b=10):
        with arg_scope([first], c=20):
            assert first(0) == (0, 10, 20)
            assert first(0, 5) == (0, 5, 20)
            assert first(0, c=7) == (0, 10, 7)
            assert second(0) == (0, 10)
        with arg_scope([first], b=11):
            assert (first(0), second(0)) == ((0, 11, 2), (0, 10))
        assert first(0) == (0, 10, 2)
    assert first(0) == (0, 1, 2)


def test_a_scope_can_be_opened_again_alone():
    with arg_scope([first], b=10) as kept:
        pass
    with arg_scope([first], c=20), arg_scope(kept) as opened:
        assert first(0) == (0, 10, 2)
        assert current_arg_scope() == opened == kept


def test_a_failing_block_closes_its_scope():
    with pytest.raises(KeyError), arg_scope([first], b=10):
        raise KeyError
    assert first(0) == (0, 1, 2)


def test_other_threads_have_scopes_of_their_own():
    found = []
    with arg_scope([first], b=10):
        thread = threading.Thread(target=lambda: found.append(first(0)))
        thread.start()
        thread.join()
    assert found == [(0, 1, 2)]


def test_what_a_scope_may_give():
    assert has_arg_scope(first)
    assert not has_arg_scope(plain)
    assert arg_scoped_arguments(first) == ("b", "c")
    assert first.__name__ == "first"


@pytest.mark.parametrize(
    ("given", "arguments", "error", "message"),
    [
        ([plain], {"b": 2}, ValueError, "not decorated"),
        ([first], {"d": 2}, ValueError, "no argument 'd'"),
        ({}, {"b": 2}, ValueError, "kwargs must be empty"),
        (first, {"b": 2}, TypeError, "not function"),
    ],
)
def test_what_is_refused(given, arguments, error, message):
    with pytest.raises(error, match=message), arg_scope(given, **arguments):
        pass
