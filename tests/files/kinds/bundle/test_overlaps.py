"""Tensors that claim the same bytes are found where they come to much, and nowhere else."""

import numpy as np

from ckpt_magics.files.kinds.bundle.overlaps import MAX_SHARED_SIZE, find_shared


def shared(*values):
    """Values as (shard, offset, size)."""
    columns = np.array(values, np.int64).reshape(-1, 3).T
    return find_shared(*columns).tolist()


def test_values_side_by_side_share_nothing():
    assert shared((0, 0, 1 << 30), (0, 1 << 30, 1 << 30), (1, 0, 1 << 30)) == []


def test_a_range_claimed_again_and_again_counts_once():
    assert shared(*[(0, 0, MAX_SHARED_SIZE)] * 4) == [1, 2, 3]


def test_ranges_that_reach_into_each_other_are_found():
    size = 64 << 20
    assert shared(*[(0, i, size) for i in range(100)]) == list(range(1, 100))


def test_small_values_may_overlap():
    assert shared(*[(0, 0, 1000)] * 1000) == []


def test_limit_is_what_the_values_take_beyond_twice_their_ranges():
    size = MAX_SHARED_SIZE // 2
    assert shared(*[(0, 0, size)] * 4) == []
    assert shared(*[(0, 0, size)] * 4, (0, 0, 1)) == [1, 2, 3, 4]


def test_sizes_near_the_largest_number_do_not_overflow():
    assert shared(*[(0, 0, 2**62)] * 4) == [1, 2, 3]


def test_nothing_shares_nothing():
    assert shared() == []
