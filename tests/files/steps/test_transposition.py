"""Tensors are restored with their dimensions in another order where that is asked for, and nowhere else."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics import InvalidArgumentError, TensorMismatchError, restore_checkpoint
from ckpt_magics.files.steps.patterns import Names
from ckpt_magics.files.steps.transposition import Transposes, axes_between, axes_text, parse_transposes, permuted

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
FILTER = np.arange(3 * 3 * 2 * 4, dtype=np.float32).reshape(3, 3, 2, 4)


def restored(stored, targets, **options):
    restore_checkpoint(stored, targets, **options)
    return targets


class TestRestore:
    def test_transposes_what_the_pattern_matches(self):
        stored = {"a/kernel": KERNEL, "a/bias": np.ones(3, np.float32), "b/kernel": KERNEL + 10}
        targets = {"a/kernel": np.zeros((3, 2), np.float32), "a/bias": np.zeros(3, np.float32)}
        restored(stored, targets, transpose={"*/kernel": (1, 0)})
        np.testing.assert_array_equal(targets["a/kernel"], KERNEL.T)
        np.testing.assert_array_equal(targets["a/bias"], 1)

    def test_a_pattern_is_about_tensors_with_as_many_dimensions_as_it_has_axes(self):
        targets = {"c.weight": np.zeros((4, 2, 3, 3), np.float32), "d.weight": np.zeros((3, 2), np.float32)}
        axes = {"*weight": (1, 0), "c.*": [3, 2, 0, 1]}
        restored({"c.weight": FILTER, "d.weight": KERNEL}, targets, transpose=axes)
        np.testing.assert_array_equal(targets["c.weight"], FILTER.transpose(3, 2, 0, 1))
        np.testing.assert_array_equal(targets["d.weight"], KERNEL.T)

    def test_goes_with_a_map_a_cast_and_a_reshape(self):
        targets = {"new": np.zeros((1, 3, 2), np.float64)}
        options = {"mapping": {"new": "old"}, "transpose": {"old": (1, 0)}, "cast": True, "reshape": True}
        restored({"old": KERNEL}, targets, **options)
        np.testing.assert_array_equal(targets["new"], [KERNEL.T])

    def test_an_exact_name_goes_before_a_pattern(self):
        square = KERNEL[:, :2]
        values = restore_checkpoint({"a": square, "b": square}, transpose={"*": (1, 0), "b": (0, 1)}).values
        np.testing.assert_array_equal(values["a"], square.T)
        np.testing.assert_array_equal(values["b"], square)

    def test_says_what_it_did(self):
        report = restore_checkpoint({"a": KERNEL}, {"a": np.zeros((3, 2), np.float32)}, transpose={"a": (1, 0)})
        assert "transposed to [3,2]" in str(report)
        assert report.restored[0].shape == (2, 3)

    def test_a_pattern_that_transposes_nothing_is_refused(self):
        with pytest.raises(TensorMismatchError, match="it matches nothing of 3 dimensions"):
            restore_checkpoint({"a": KERNEL}, transpose={"a": (2, 1, 0)})

    def test_a_shape_that_still_differs_is_refused(self):
        with pytest.raises(TensorMismatchError, match=r"its shape is \[2,3\] here, \[3,2\] in the checkpoint"):
            restore_checkpoint({"a": KERNEL}, {"a": KERNEL.copy()}, transpose={"a": (1, 0)})

    @pytest.mark.parametrize("axes", [(1, 1), (1, 2), "10", (-1, 0), (), 1])
    def test_axes_are_a_permutation(self, axes):
        with pytest.raises(InvalidArgumentError, match="permutation"):
            restore_checkpoint({"a": KERNEL}, transpose={"a": axes})


class TestLine:
    def test_parses_patterns_with_equals_signs(self):
        assert parse_transposes(["a=b=1,0", "*/kernel=3,2,0,1"]) == {"a=b": (1, 0), "*/kernel": (3, 2, 0, 1)}

    @pytest.mark.parametrize("entry", ["1,0", "=1,0", "a=", "a=x", "a=1,", "a=1.0", "a=2,0", "a=1 0"])
    def test_refuses_what_is_no_transpose(self, entry):
        with pytest.raises(InvalidArgumentError):
            parse_transposes([entry])

    def test_refuses_two_for_one_pattern(self):
        with pytest.raises(InvalidArgumentError, match="twice"):
            parse_transposes(["a=1,0", "a=0,1"])

    @given(st.permutations(range(4)), st.text(min_size=1))
    def test_comes_back_from_its_text(self, axes, pattern):
        assert parse_transposes([f"{pattern}={axes_text(tuple(axes))}"]) == {pattern: tuple(axes)}


class TestBetween:
    @pytest.mark.parametrize(
        ("old", "new", "axes"),
        [
            ((256, 3), (3, 256), (1, 0)),
            ((5, 2, 4), (4, 2, 5), (2, 1, 0)),
            ((3, 3, 8, 16), (16, 8, 3, 3), (3, 2, 0, 1)),
            ((3, 3, 8, 8), (8, 8, 3, 3), (3, 2, 0, 1)),
            ((16, 8, 3, 3), (3, 3, 8, 16), (2, 3, 1, 0)),
            ((2, 3, 4), (3, 4, 2), (1, 2, 0)),
            ((2, 3), (2, 3), None),
            ((4, 4), (4, 4), None),
            ((6,), (6,), None),
            ((2, 3), (6,), None),
            ((2, 3), (3, None), None),
            ((2, 3), None, None),
            ((2, 2, 3, 3, 5), (3, 5, 2, 3, 2), None),
        ],
    )
    def test_finds_the_permutation(self, old, new, axes):
        assert axes_between(old, new) == axes

    def test_keeps_the_channels_of_depthwise_kernels_first(self):
        assert axes_between((3, 3, 8, 1), (8, 1, 3, 3), depthwise=True) == (2, 3, 0, 1)
        assert axes_between((1, 1, 8, 8), (8, 8, 1, 1), depthwise=True) == (2, 3, 0, 1)

    @given(st.lists(st.integers(1, 4), min_size=2, max_size=5).map(tuple), st.data())
    def test_gives_the_shape_that_is_wanted(self, old, data):
        new = tuple(old[axis] for axis in data.draw(st.permutations(range(len(old)))))
        axes = axes_between(old, new)
        fitting = {axes for axes in itertools.permutations(range(len(old))) if permuted(old, axes) == new}
        assert axes in fitting if axes is not None else (old == new or len(fitting) > 1)


def test_knows_what_it_transposed():
    transposes = Transposes({"a": (1, 0), "b*": (1, 0)}, Names(["a", "bias"]))
    assert transposes.axes("bias", 1) is None
    assert transposes.axes("a", 2) == (1, 0)
    assert transposes.idle == ["b*"]
