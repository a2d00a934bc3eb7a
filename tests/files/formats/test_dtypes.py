"""The table of element types and its look-ups."""

import copy
import pickle

import ml_dtypes
import numpy as np
import pytest

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats.dtypes import DTYPES, as_dtype, dtype_by_number, dtype_of
from ckpt_magics.proto import messages


def test_numbers_and_names_are_those_of_the_enum():
    enum = {name: number for name, number in messages.DataType.items() if 0 < number < 100}
    assert {row.enum_name: row.number for row in DTYPES} == enum
    assert [row.number for row in DTYPES] == sorted(enum.values())


@pytest.mark.parametrize("row", DTYPES, ids=repr)
def test_is_found_by_each_of_its_spellings(row):
    spellings = [row.number, row.name, row.c_name, row.enum_name, row.number + 100, row.name + "_ref"]
    assert [as_dtype(spelling) for spelling in spellings] == [row] * 6
    assert all(row == spelling for spelling in spellings)
    assert dtype_by_number(row.number) is row
    assert dtype_by_number(row.number + 100, allow_ref=True) is row
    assert getattr(dtypes, row.enum_name.removeprefix("DT_")) is row


@pytest.mark.parametrize("row", [row for row in DTYPES if row.itemsize], ids=repr)
def test_is_found_by_its_numpy_type(row):
    assert as_dtype(row.as_numpy_dtype) is row
    assert as_dtype(np.dtype(row.as_numpy_dtype)) is row
    assert dtype_of(np.empty(2, row.as_numpy_dtype)) is row
    assert row.itemsize == row.size == row.numpy.itemsize


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float, dtypes.FLOAT),
        (bool, dtypes.BOOL),
        (object, dtypes.STRING),
        (np.dtype(">f8"), dtypes.DOUBLE),
        (np.dtype("S3"), dtypes.STRING),
        (np.dtype("U3"), dtypes.STRING),
        (np.longlong, dtypes.INT64),
    ],
)
def test_python_and_numpy_types_mean_what_they_mean_to_tensorflow(value, expected):
    assert as_dtype(value) is expected


@pytest.mark.parametrize(
    "value",
    [int, str, bytes, complex, "foo", "f4", 0, 99, 999, -1, None, 3.5, True, np.longdouble, np.dtype("M8[s]"), []],
)
def test_other_values_are_no_type(value):
    with pytest.raises(TypeError, match="to a TensorFlow DType"):
        as_dtype(value)
    assert value != dtypes.FLOAT


@pytest.mark.parametrize("number", [0, 34, 100, 101, 134, 999, -1])
def test_refuses_numbers_that_no_stored_tensor_has(number):
    with pytest.raises(DataLossError, match=f"{number} does not correspond"):
        dtype_by_number(number)


def test_structured_types_of_other_fields_are_no_quantized_type():
    for fields in ([("qint8", "i2")], [("float32", "f4")], [("a", "i1")], [("qint8", "i1"), ("b", "i1")]):
        with pytest.raises(TypeError):
            as_dtype(np.dtype(fields))


def test_shows_as_in_tensorflow():
    assert repr(dtypes.HALF) == "tf.float16"
    assert str(dtypes.HALF) == "<dtype: 'float16'>"


def test_is_hashable_and_copies_to_itself():
    assert len({*DTYPES, *DTYPES}) == len(DTYPES)
    assert copy.deepcopy(dtypes.FLOAT) is dtypes.FLOAT
    assert pickle.loads(pickle.dumps(dtypes.BFLOAT16)) is dtypes.BFLOAT16


def test_limits():
    assert (dtypes.INT8.min, dtypes.UINT64.max, dtypes.INT4.min) == (-128, 2**64 - 1, -8)
    assert dtypes.FLOAT.max == np.finfo(np.float32).max
    assert dtypes.FLOAT8_E4M3FN.max == ml_dtypes.float8_e4m3fn(448)
    for row in (dtypes.STRING, dtypes.BOOL, dtypes.COMPLEX64, dtypes.QINT8):
        with pytest.raises(TypeError, match="Cannot find"):
            _ = row.max


def test_kinds():
    kinds = [
        (row.is_floating, row.is_integer, row.is_complex, row.is_bool, row.is_quantized)
        for row in (dtypes.BFLOAT16, dtypes.UINT4, dtypes.COMPLEX64, dtypes.BOOL, dtypes.QUINT8, dtypes.STRING)
    ]
    assert [[*kind, True].index(True) for kind in kinds] == [0, 1, 2, 3, 4, 5]
    assert (dtypes.UINT4.is_unsigned, dtypes.INT4.is_unsigned, dtypes.QUINT8.is_unsigned) == (True, False, False)
    assert [row.name for row in DTYPES if not row.is_numpy_compatible] == ["resource", "variant"]


def test_relations():
    assert dtypes.COMPLEX128.real_dtype is dtypes.DOUBLE
    assert dtypes.INT8.real_dtype is dtypes.INT8.base_dtype is dtypes.INT8
    assert dtypes.FLOAT.is_compatible_with("float32")
    assert not dtypes.FLOAT.is_compatible_with(np.float64)
    assert dtypes.FLOAT.as_datatype_enum == 1
