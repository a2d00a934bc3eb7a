"""Arithmetic of shapes that are known in part."""

import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import broadcast_shapes, canonical_axis, merge_shapes, with_rank


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ((2, 3), (3,), (2, 3)),
        ((2, 1), (1, 3), (2, 3)),
        ((None, 3), (2, 1), (2, 3)),
        ((None,), (1,), (None,)),
        ((None,), (None,), (None,)),
        ((None,), (0,), (None,)),
        ((0,), (1,), (0,)),
        (None, (2,), None),
        ((), (2,), (2,)),
    ],
)
def test_broadcast(left, right, expected):
    assert broadcast_shapes(left, right) == expected
    assert broadcast_shapes(right, left) == expected


def test_broadcast_refuses_sizes_that_differ():
    with pytest.raises(InvalidArgumentError, match="must be equal, but are 2 and 3"):
        broadcast_shapes((2,), (3,))


def test_merge_keeps_what_any_description_knows():
    assert merge_shapes([None, (None, 3), (2, None)]) == (2, 3)
    assert merge_shapes([None, None]) is None
    assert merge_shapes([]) is None


@pytest.mark.parametrize("shapes", [[(2,), (3,)], [(2,), (2, 2)]])
def test_merge_refuses_contradictions(shapes):
    with pytest.raises(InvalidArgumentError):
        merge_shapes(shapes)


def test_rank_of_an_unknown_shape_becomes_known():
    assert with_rank(None, 2) == (None, None)
    with pytest.raises(InvalidArgumentError):
        with_rank((1,), 2)


def test_axes_count_from_both_ends():
    assert [canonical_axis(axis, 3) for axis in (0, -1, -3)] == [0, 2, 0]
    for axis in (3, -4):
        with pytest.raises(InvalidArgumentError):
            canonical_axis(axis, 3)


def test_shape_reads_as_in_messages():
    assert format_shape((2, None)) == "[2,?]"
