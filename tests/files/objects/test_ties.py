"""Names that stand for one array: said on save and restore, refused where their stored values differ."""

import dataclasses
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics import TensorMismatchError, restore_checkpoint, save_checkpoint
from ckpt_magics.files.objects.collected import collect_tensors
from ckpt_magics.notebook.reports.saved_listing import saved_report


@dataclasses.dataclass
class Layer:
    scale: Any


class Schedule:
    def __init__(self):
        self.epoch = 0

    def state_dict(self):
        return {"epoch": self.epoch}

    def load_state_dict(self, state):
        self.epoch = state["epoch"]


class Variable:
    shape, dtype = (2,), np.dtype(np.float64)

    def __init__(self):
        self.value = np.zeros(2)

    def numpy(self):
        return self.value

    def assign(self, value):
        self.value = value


def twice(value):
    return {"a": value, "b": value}


def parts(array):
    return {"a": array[:2], "b": array[1:]}


SHARED = np.zeros(4)
TIED = [
    (lambda: twice(np.zeros(2)), ["a", "b"]),
    (lambda: twice({"w": np.zeros(2)}), ["a/w", "b/w"]),
    (lambda: twice({"rate": 0.5}), ["a/rate", "b/rate"]),
    (lambda: twice({"pair": (np.float64(0), 1)}), ["a/pair", "b/pair"]),
    (lambda: twice(Layer(0.5)), ["a/scale", "b/scale"]),
    (lambda: twice(Schedule()), ["a/epoch", "b/epoch"]),
    (lambda: twice(Variable()), ["a", "b"]),
    (lambda: twice([1.0, 2.0]), ["a", "b"]),
    (lambda: {"a": SHARED[:2], "b": SHARED[:2]}, ["a", "b"]),
    (lambda: {"a": SHARED[:3], "b": SHARED[1:]}, ["a", "b"]),
    (lambda: {"a": SHARED, "b": SHARED[::-1]}, ["a", "b"]),
    (lambda: {"a": SHARED.reshape(2, 2), "b": SHARED.reshape(2, 2).T}, ["a", "b"]),
    (lambda: twice(np.array(["", ""], "U3")), ["a", "b"]),
    (lambda: twice(np.array([b"", b""], object)), ["a", "b"]),
    (lambda: parts(np.array([b"", b"", b""], object)), ["a", "b"]),
    (lambda: parts(np.array(["", "", ""], "U3")), ["a", "b"]),
    (lambda: twice(np.zeros(2, ml_dtypes.bfloat16)), ["a", "b"]),
]
if hasattr(np.dtypes, "StringDType"):  # NumPy 2
    TIED += [
        (lambda: twice(np.array(["", ""], np.dtypes.StringDType())), ["a", "b"]),
        (lambda: parts(np.array(["", "", ""], np.dtypes.StringDType())), ["a", "b"]),
    ]
FREE = [
    lambda: {"a": np.zeros(2), "b": np.zeros(2)},
    lambda: {"a": SHARED[:2], "b": SHARED[2:]},
    lambda: {"a": SHARED[::2], "b": SHARED[1::2]},
    lambda: twice(0.5),
    lambda: twice((1.0, 2.0)),
    lambda: twice(np.float64(1)),
]


def filled(array, number):
    """An array like it, with the same number everywhere."""
    text = array.dtype.kind in "OU"
    return np.full(array.shape, str(number).encode() if text else number, object if text else array.dtype)


def stored_for(make, **numbers):
    saved = collect_tensors(make())
    return {name: filled(array, numbers.get(name[0], 3)) for name, array in saved.items()}


def state(targets):
    return {name: array.tolist() for name, array in collect_tensors(targets).items()}


@pytest.mark.parametrize(("make", "names"), TIED)
def test_refuses_values_that_differ(make, names):
    targets, stored = make(), stored_for(make, b=4)
    before = state(targets)
    dry = restore_checkpoint(stored, targets, dry_run=True)
    with pytest.raises(TensorMismatchError, match=f"(is one array|shares memory) with {names[0]} here") as caught:
        restore_checkpoint(stored, targets)
    assert dry.problems == caught.value.report.problems
    assert (dry.problems[0].kind, dry.problems[0].name, dry.call) == ("tied", names[1], "")
    assert state(targets) == before
    assert restore_checkpoint(stored, targets, exclude=["b"]).notes == ()


@pytest.mark.parametrize(("make", "names"), TIED)
def test_says_which_names_are_one_array(make, names):
    targets = make()
    notes = restore_checkpoint(stored_for(make), targets).notes
    whats = ("One array under several names", "Arrays that share memory")
    assert len({f"{what}: {', '.join(names)}." for what in whats}.intersection(notes)) == 1
    assert all(set(np.ravel(values)) <= {3, b"3"} for values in state(targets).values())


@pytest.mark.parametrize("make", FREE)
def test_leaves_apart_what_is_apart(make):
    assert restore_checkpoint(stored_for(make, b=4), make()).notes == ()


def test_arrays_of_two_dtypes_in_one_memory_must_agree_in_their_bytes():
    one = np.zeros(2, np.float32)
    number = np.float32([1, 2])
    restore_checkpoint({"a": number, "b": number.view(np.int32)}, {"a": one, "b": one.view(np.int32)})
    assert one.tolist() == [1, 2]
    with pytest.raises(TensorMismatchError, match="shares memory"):
        restore_checkpoint({"a": number, "b": np.int32([1, 2])}, {"a": one, "b": one.view(np.int32)})


@given(st.data())
def test_views_of_one_buffer_are_restored_exactly_or_not_at_all(data):
    buffer = np.zeros(12, np.int64)
    slices = st.builds(slice, st.integers(0, 11), st.integers(0, 12), st.sampled_from([1, 2, 3, -1, -2]))
    views = {str(at): buffer[data.draw(slices)] for at in range(data.draw(st.integers(2, 4)))}
    stored = {at: data.draw(st.sampled_from([view + 1, np.arange(view.size)])) for at, view in views.items()}
    try:
        restore_checkpoint(stored, views)
    except TensorMismatchError:
        assert not buffer.any()
        return
    for at, view in views.items():
        np.testing.assert_array_equal(view, stored[at])


def test_a_save_says_which_names_are_one_array(tmp_path):
    shared, variable = np.arange(2.0), Variable()
    saved = save_checkpoint(tmp_path / "m", {"a": shared, "b": shared, "c": shared[:1], "d": np.arange(2.0)})
    assert saved.tied == (("a", "b"),)
    for text in (saved_report(saved).text(), saved_report(saved).html()):
        assert "One array, saved under each of its names: a, b" in text
    assert save_checkpoint(tmp_path / "n", {"x": variable, "y": {"z": variable}}).tied == (("x", "y/z"),)
    assert save_checkpoint(tmp_path / "o", {"x": 3, "y": 3, "e": np.zeros(0), "f": np.zeros(0)}).tied == ()
    assert restore_checkpoint(saved, {"a": shared, "b": shared}).notes == ("One array under several names: a, b.",)
