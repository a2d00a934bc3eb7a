"""Comparing two sets of tensors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import as_dtype, dtype_of
from ckpt_magics.files.jobs.comparison import compare, tensor_distance
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from ckpt_magics.notebook.frames.differences import compare_checkpoints, difference_frame
from tests.files.saved import write_bundle
from tests.truth import GOLDEN


def in_memory(arrays):
    return NamedTensors(ArraySource(arrays))


def compared(before, after):
    return difference_frame(compare(in_memory(before), in_memory(after))).set_index("name")


def test_every_status_is_told():
    before = {"a": np.zeros(2), "b": np.zeros(3), "c": np.zeros(2, "f4"), "d": np.zeros(2), "e": np.ones(2)}
    after = {"b": np.zeros((3, 1)), "c": np.zeros(2, "i4"), "d": np.ones(2), "e": np.ones(2), "f": np.zeros(1)}
    table = compared(before, after)
    assert table["status"].to_dict() == {
        "a": "removed",
        "b": "reshaped",
        "c": "retyped",
        "d": "changed",
        "e": "same",
        "f": "added",
    }
    assert table.loc["b", "was"] == "float64 [3]"
    assert table.loc["c", "was"] == "float32 [2]"


def test_norms_are_those_of_numpy():
    rng = np.random.default_rng(0)
    before, after = rng.normal(size=(2, 300_000)).astype("f4")
    row = compared({"w": before}, {"w": after}).loc["w"]
    apart = after.astype("f8") - before
    assert row["norm"] == pytest.approx(np.linalg.norm(apart))
    assert row["largest"] == pytest.approx(np.abs(apart).max())
    assert row["relative"] == pytest.approx(np.linalg.norm(apart) / np.linalg.norm(before.astype("f8")))
    assert row["changed"] == np.count_nonzero(before != after)


def test_nan_is_the_same_as_nan_and_infinities_stay_out_of_the_norms():
    before = np.array([np.nan, 1.0, np.inf, 0.0])
    after = np.array([np.nan, np.nan, np.inf, 2.0])
    distance = tensor_distance(before, after)
    assert (distance.changed, distance.norm, distance.largest) == (2, 2.0, 2.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (np.array([2**53], "i8"), np.array([2**53 + 1], "i8")),
        (np.array([-(2**63)], "i8"), np.array([2**63 - 1], "i8")),
        (np.array([2**64 - 1], "u8"), np.array([0], "u8")),
        (np.array([2**64 - 1], "u8"), np.array([-(2**63)], "i8")),
        (np.array([2**63], "u8"), np.array([2**63 + 1], "u8")),
        (np.array([7], "i1"), np.array([2**63 - 1], "i8")),
        (np.array([250], "u1"), np.array([-(2**63)], "i8")),
    ],
)
def test_differences_of_large_integers_are_rounded_once(before, after):
    apart = float(abs(int(after[0]) - int(before[0])))
    distance = tensor_distance(before, after)
    assert (distance.changed, distance.norm, distance.largest) == (1, apart, apart)


@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1)), min_size=1))
def test_the_largest_difference_of_integers_is_that_of_python(pairs):
    before, after = np.array(pairs, "i8").T
    distance = tensor_distance(before, after)
    assert distance.largest == float(max(abs(new - old) for old, new in pairs))
    assert (distance.norm == 0) == (distance.changed == 0)


def test_a_norm_of_the_smallest_numbers_is_not_zero():
    distance = tensor_distance(np.zeros(1), np.array([1e-200]))
    assert (distance.norm, distance.largest) == (1e-200, 1e-200)


def test_strings_count_what_differs():
    distance = tensor_distance(np.array([b"a", b"b"], object), np.array([b"a", b"c"], object))
    assert (distance.changed, distance.norm) == (1, None)


def test_scalars_empty_tensors_and_complex_numbers_compare():
    table = compared(
        {"s": np.array(1.0), "e": np.zeros((0, 3)), "c": np.array([1 + 1j])},
        {"s": np.array(3.0), "e": np.zeros((0, 3)), "c": np.array([1 - 1j])},
    )
    assert table["norm"].to_dict() == {"c": 2.0, "e": 0.0, "s": 2.0}
    assert table.loc["e", "status"] == "same"


def test_progress_ends_at_the_total():
    seen = []
    compare(
        in_memory({"a": np.zeros(4)}),
        in_memory({"b": np.zeros(2)}),
        progress=lambda *at: seen.append(at),
    )
    assert seen == [(32, 48), (48, 48)]


def test_a_checkpoint_compares_with_values_in_memory(tmp_path):
    value = np.arange(6.0).reshape(2, 3)
    write_bundle(tmp_path / "m.ckpt", [PartToSave(b"net/w", value, dtype_of(value))])
    table = compare_checkpoints(tmp_path / "m.ckpt", {"net": {"w": value + 1}})
    assert list(table["status"]) == ["changed"]
    assert table["largest"].item() == 1.0


def test_a_map_says_which_tensors_belong_together():
    before, after = {"old/w": np.zeros(2), "b": np.ones(2)}, {"new/w": np.zeros(2), "b": np.ones(2)}
    table = compare_checkpoints(before, after, mapping={"new/": "old/"})
    assert table.set_index("name")["status"].to_dict() == {"b": "same", "new/w": "same"}
    with pytest.raises(InvalidArgumentError, match="none matches no tensor"):
        compare_checkpoints(before, after, mapping={"new/w": "none"})


def test_checkpoints_of_objects_and_of_names_are_compared_by_the_names_of_the_graph():
    """The name that both sides know a tensor by stands in the table, whichever side is the first."""
    graph = np.array((GOLDEN / "object_graphs" / "keras_adam.pb").read_bytes(), object)
    weight, slot = ("model/optimizer/_trainable_variables/0", "model/optimizer/_variables/2")
    key = "{}/.ATTRIBUTES/VARIABLE_VALUE".format
    objects = {key(weight): np.ones(2), key(slot): np.ones(2), "_CHECKPOINTABLE_OBJECT_GRAPH": graph}
    names = {"sequential/dense/kernel": np.ones(2)}
    assert compared(objects, names)["status"].to_dict() == {
        "_CHECKPOINTABLE_OBJECT_GRAPH": "removed",
        slot: "removed",
        "sequential/dense/kernel": "same",
    }
    assert compared(names, objects)["status"].to_dict()["sequential/dense/kernel"] == "same"
    shown = compared(objects, {**objects, key(weight): np.zeros(2)})
    assert shown["group"].to_dict() == {
        "_CHECKPOINTABLE_OBJECT_GRAPH": "object graph",
        "model/_functional/_operations/1/_kernel": "weights",
        slot: "optimizer slot",
    }


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8", "int32", "bool", "float8_e4m3fn"])
def test_blocks_that_are_finite_and_others_have_the_same_distances(dtype):
    rng = np.random.default_rng(5)
    before, after = rng.integers(0, 2, (2, 200_000)).astype(as_dtype(dtype).numpy)
    after[:100_000] = before[:100_000]
    found = tensor_distance(before, after)
    apart = after.astype("f8") - before.astype("f8")
    assert found.changed == np.count_nonzero(apart)
    assert (found.norm, found.largest) == (pytest.approx(np.linalg.norm(apart)), 1.0)
    assert found.relative == pytest.approx(np.linalg.norm(apart) / np.linalg.norm(before.astype("f8")))
    if before.dtype.kind not in "iub":
        # One block is finite, and another is not.
        before[-1] = after[-2] = np.nan
        apart[-2:] = 0
        assert tensor_distance(before, after).norm == pytest.approx(np.linalg.norm(apart))
