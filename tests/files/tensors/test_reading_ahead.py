"""What comes next is made by another thread while this one works, and never more than that."""

import threading

import pytest

from ckpt_magics.files.tensors.reading_ahead import read_ahead


def numbers(log, stop):
    for number in range(stop):
        log.append((number, threading.get_ident()))
        yield number


def test_items_come_in_order_from_one_other_thread():
    log = []
    assert list(read_ahead(numbers(log, 5))) == list(range(5))
    assert {thread for _, thread in log} != {threading.get_ident()}
    assert len({thread for _, thread in log}) == 1


def test_who_stops_early_has_made_one_item_too_many_and_no_thread_left():
    log, before = [], threading.active_count()
    items = read_ahead(numbers(log, 100))
    assert next(items) == 0
    items.close()
    assert len(log) <= 2
    assert threading.active_count() == before


def test_what_goes_wrong_is_told_where_the_item_would_have_come():
    def broken():
        yield 1
        raise KeyError("gone")

    items = read_ahead(broken())
    assert next(items) == 1
    with pytest.raises(KeyError, match="gone"):
        next(items)
