"""Anything that holds tensors becomes named arrays, or an error that names the part that does not."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import pandas as pd
import pytest

from ckpt_magics.errors import InvalidArgumentError, ResourceExhaustedError
from ckpt_magics.files.objects.collected import collect_tensors
from ckpt_magics.files.restore.restore import plan_restore


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclass
class Layer:
    kernel: Any
    bias: Any


class OnlyDLPack:
    """A tensor of a library that speaks DLPack and nothing else."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (np.zeros((2, 3), np.float16), np.float16, (2, 3)),
        (np.float32(1.5), np.float32, ()),
        (np.zeros(2, ml_dtypes.bfloat16), ml_dtypes.bfloat16, (2,)),
        (np.arange(3, dtype=">i4"), np.int32, (3,)),
        (True, np.bool_, ()),
        (7, np.int64, ()),
        (2**63, np.uint64, ()),
        (0.5, np.float64, ()),
        (1j, np.complex128, ()),
        ("text", object, ()),
        (b"bytes", object, ()),
        ([1, 2, 3], np.int64, (3,)),
        ([[1.0, 2.0], [3.0, 4.0]], np.float64, (2, 2)),
        ((True, False), np.bool_, (2,)),
        (["a", "b"], object, (2,)),
        (np.array(["a", "bc"]), object, (2,)),
        (np.zeros((0, 3)), np.float64, (0, 3)),
        (pd.Series([1, 2], dtype="int32"), np.int32, (2,)),
        (pd.Series(["a", "b"]), object, (2,)),
        (OnlyDLPack(np.arange(4)), np.int64, (4,)),
    ],
)
def test_collects_a_value_as_one_tensor(value, dtype, shape):
    (array,) = collect_tensors({"value": value}).values()
    assert (array.dtype, array.shape) == (np.dtype(dtype), shape)
    assert array.dtype.isnative


def test_encodes_text_as_utf8_bytes():
    assert collect_tensors({"text": "hé"})["text"][()] == "hé".encode()
    assert collect_tensors({"texts": [["a"], ["ü"]]})["texts"].tolist() == [[b"a"], ["ü".encode()]]
    assert collect_tensors({"texts": np.array([b"\xff\x00", "x"], object)})["texts"].tolist() == [b"\xff\x00", b"x"]


def test_joins_the_keys_of_nested_holders():
    model = {
        "layers": [Layer(np.ones(1), None), Layer(np.ones(2), [0.5])],
        "pair": Pair(np.ones(3), {"deep": (np.ones(4), np.ones(5))}),
        "state": OrderedDict([(0, np.ones(6))]),
        "nothing": [],
    }
    assert {name: array.shape for name, array in collect_tensors(model, "model").items()} == {
        "model/layers/0/kernel": (1,),
        "model/layers/1/kernel": (2,),
        "model/layers/1/bias": (1,),
        "model/pair/first": (3,),
        "model/pair/second/deep/0": (4,),
        "model/pair/second/deep/1": (5,),
        "model/state/0": (6,),
    }


def test_collects_a_frame_by_columns():
    frame = pd.DataFrame({"loss": [0.5, 0.25], "epoch": [1, 2], "note": ["a", "b"]})
    assert {name: array.dtype for name, array in collect_tensors(frame, "log").items()} == {
        "log/loss": np.dtype(np.float64),
        "log/epoch": np.dtype(np.int64),
        "log/note": np.dtype(object),
    }


@pytest.mark.parametrize("dtype", ["float32", "Float32", "category"])
def test_missing_floats_are_nan(dtype):
    array = collect_tensors({"gaps": pd.Series([1.5, None], dtype=dtype)})["gaps"]
    assert array.dtype == (np.float64 if dtype == "category" else np.float32)
    np.testing.assert_array_equal(array, np.array([1.5, np.nan], array.dtype))


def test_saves_large_nullable_integers_as_they_are():
    array = collect_tensors({"n": pd.Series([2**53 + 1, 2], dtype="Int64")})["n"]
    assert (array.dtype, array.tolist()) == (np.dtype(np.int64), [2**53 + 1, 2])


def test_saves_a_ragged_list_as_several_tensors():
    assert list(collect_tensors({"sizes": [[1, 2], [3]]})) == ["sizes/0", "sizes/1"]


def test_shares_memory_with_the_array():
    array = np.zeros(3)
    assert collect_tensors({"array": array})["array"] is array


def test_nests_deeper_than_the_call_stack():
    value: Any = np.ones(1)
    for _ in range(5000):
        value = {"x": value}
    (name,) = collect_tensors(value)
    assert name.count("/") == 4999


def _cycle():
    model: dict[str, Any] = {"inner": {}}
    model["inner"]["back"] = model
    return model


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"net": {"act": max}}, "'net/act' is a builtins.builtin_function_or_method"),
        ({"net": {1, 2}}, "'net' is a builtins.set"),
        ({"when": np.zeros(2, "datetime64[s]")}, "'when', a NumPy array, cannot be saved: datetime64"),
        (
            {"row": np.zeros(2, "i4,f4")},
            "'row', a NumPy array, cannot be saved: its elements are records; save its fields, .*: f0, f1$",
        ),
        ({"bytes": np.zeros(2, "V3")}, r"cannot be saved: \|V3 has no counterpart in a checkpoint$"),
        ({"opaque": OnlyDLPack(None)}, "'opaque', an array, cannot be saved"),
        ({"big": 2**64}, "'big', a Python value, cannot be saved"),
        ({"things": np.array([1, "a"], object)}, "element 0 of it is an int"),
        ({"gaps": pd.Series(["a", None])}, "it has missing values"),
        ({"gaps": pd.Series([True, None], dtype="boolean")}, "it has missing values and dtype boolean; fill them"),
        ({"gaps": pd.Series([2**53 + 1, None], dtype="Int64")}, "it has missing values and dtype Int64; fill them"),
        ({"gaps": pd.DataFrame({"n": pd.array([1, None], "UInt8")})}, "'gaps/n', a pandas Series, .* dtype UInt8"),
        ({"gaps": pd.Series(pd.array([1, None], "Int64")).astype("category")}, "it has missing values"),
        ({"masked": np.ma.masked_array([1, 2], [True, False])}, "would lose its mask"),
        ({("a", "b"): np.ones(1)}, "has the key \\('a', 'b'\\), a tuple"),
        ({"a": {"b": 1}, "a/b": 2}, "two tensors would have the name 'a/b'"),
        (
            {"df": pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])},
            "'df', a pandas DataFrame, has 2 columns called 'a'",
        ),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'the value', a pandas DataFrame, has 2 columns called 'a'"),
        (_cycle(), "'inner/back' holds itself"),
        (np.ones(1), "has no name"),
        ({"declared": ((2, 3), "float32")}, "declares a tensor and has no values"),
    ],
)
def test_refuses_what_is_no_tensor_by_its_path(value, text):
    with pytest.raises(InvalidArgumentError, match=text):
        collect_tensors(value)


@pytest.mark.skipif(np.dtype("longdouble") == np.float64, reason="long double is double here")
@pytest.mark.parametrize(("dtype", "nearest"), [("longdouble", "float64"), ("clongdouble", "complex128")])
def test_names_the_dtype_that_holds_most_of_a_long_double(dtype, nearest):
    with pytest.raises(InvalidArgumentError, match=rf'has no counterpart .* save it \.astype\("{nearest}"\)'):
        collect_tensors({"wide": np.zeros(2, dtype)})


def test_lets_the_same_array_appear_twice():
    shared = {"w": np.ones(2)}
    assert list(collect_tensors({"a": shared, "b": shared})) == ["a/w", "b/w"]


class Broken:
    """An object that raises whatever it is asked."""

    def __init__(self, error):
        self._error = error

    def state_dict(self):
        raise self._error

    def load_state_dict(self, state):
        raise self._error


class Shapeless:
    dtype = np.dtype("f4")

    @property
    def shape(self):
        raise RuntimeError("the buffer was donated")

    def numpy(self):
        return np.zeros(2)

    def assign(self, value):
        pass


class Undecided:
    dtype = np.dtype("f4")

    @property
    def shape(self):
        raise RuntimeError("not yet")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Broken(RuntimeError("gone")), "'net/x', an object with a state dict, does not say what it holds: gone"),
        (Broken(KeyError()), "does not say what it holds: KeyError"),
        (Undecided(), "'net/x', a tests.files.objects.test_collected.Undecided, does not say what it is: not yet"),
    ],
)
def test_an_object_that_raises_is_said_by_name_in_a_save_and_a_restore(value, text):
    for job in (collect_tensors, lambda value: plan_restore({"net/x": np.zeros(2)}, value)):
        with pytest.raises(InvalidArgumentError, match=text) as caught:
            job({"net": {"x": value}})
        assert isinstance(caught.value.__cause__, Exception)


def test_a_place_that_does_not_say_what_it_takes_is_refused_by_name():
    with pytest.raises(
        InvalidArgumentError, match="'net/x', a variable, does not say what it takes: the buffer was don"
    ):
        plan_restore({"net/x": np.zeros(2)}, {"net": {"x": Shapeless()}})


def test_too_little_memory_for_a_value_is_said_as_such():
    with pytest.raises(ResourceExhaustedError, match="there is not enough memory: 8 TB"):
        collect_tensors({"x": Broken(MemoryError("8 TB"))})
