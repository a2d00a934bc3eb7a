"""A cast gives every value as it is, but for rounding, or refuses it."""

import warnings

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import TensorMismatchError
from ckpt_magics.files.restore.restore import restore_checkpoint
from ckpt_magics.files.steps import casting
from ckpt_magics.files.steps.casting import cast_array
from ckpt_magics.files.tensors.spec import dtype_family

SMALL = (
    *("bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz"),
    *("float4_e2m1fn", "int4", "uint4", "int2", "uint2"),
)
REAL = [np.dtype(code) for code in "?bBhHiIqQefd"] + [np.dtype(getattr(ml_dtypes, name)) for name in SMALL]
INTEGERS = [dtype for dtype in REAL if dtype_family(dtype) == "integer"]
FLOATS = [dtype for dtype in REAL if dtype_family(dtype) == "floating"]


@pytest.fixture(autouse=True)
def _without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def fits(value, dtype, wanted):
    try:
        cast_array(np.array([value], dtype), np.dtype(wanted), "x")
    except TensorMismatchError:
        return False
    return True


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_the_bounds_of_integers_are_exact(bits):
    signed, unsigned = f"int{bits}", f"uint{bits}"
    assert not fits(2.0 ** (bits - 1), "f8", signed)
    assert fits(np.nextafter(2.0 ** (bits - 1), 0), "f8", signed)
    assert fits(-(2.0 ** (bits - 1)), "f8", signed)
    assert not fits(np.nextafter(-(2.0 ** (bits - 1)) - 1, -np.inf), "f8", signed)
    assert not fits(2.0**bits, "f8", unsigned)
    assert fits(np.nextafter(2.0**bits, 0), "f8", unsigned)
    assert fits(-0.5, "f8", unsigned)
    assert not fits(-1.0, "f8", unsigned)
    assert not fits(2 ** (bits - 1), unsigned, signed)
    assert fits(2 ** (bits - 1) - 1, unsigned, signed)
    assert not fits(-1, signed, unsigned)


@pytest.mark.parametrize(
    ("value", "dtype", "wanted"),
    [
        (2147483647, "float32", "int32"),
        (9.223372036854775807e18, "float64", "int64"),
        (2.0**64, "float64", "uint64"),
        (np.nan, "float64", "int32"),
        (np.inf, "float32", "uint64"),
        (np.nan, "float32", "bool"),
        (2, "int64", "bool"),
        (0.5, "float64", "bool"),
        (1e300, "float64", "float16"),
        (3.5e38, "float64", "float32"),
        (65520.0, "float32", "float16"),
        (2**17, "int64", "float16"),
        (1e300 + 1j, "complex128", "complex64"),
        (1 - 1e300j, "complex128", "complex64"),
        (1e300, "float64", "complex64"),
        (3.4028235e38, "float32", ml_dtypes.bfloat16),
        (1e6, "float64", ml_dtypes.float8_e4m3fn),
        (np.inf, "float64", ml_dtypes.float8_e4m3fn),
        (6.5, "float64", ml_dtypes.float4_e2m1fn),
        (np.nan, "float64", ml_dtypes.float4_e2m1fn),
        (np.inf, "float64", ml_dtypes.float4_e2m1fn),
        (8, "int64", ml_dtypes.int4),
        (-1, "int8", ml_dtypes.uint4),
        (15, ml_dtypes.uint4, ml_dtypes.int4),
        (np.nan, ml_dtypes.bfloat16, "int8"),
    ],
)
def test_refuses_what_would_become_another_value(value, dtype, wanted):
    assert not fits(value, dtype, wanted)
    target = np.zeros((), wanted)
    with pytest.raises(
        TensorMismatchError, match=f"values do not fit in {target.dtype.name}, which holds .*; the first"
    ):
        restore_checkpoint({"x": np.array(value, dtype)}, {"x": target}, cast=True)
    assert target == np.zeros((), wanted)


@pytest.mark.parametrize(
    ("value", "dtype", "wanted", "expected"),
    [
        (65519.0, "float32", "float16", 65504),
        (np.nan, "float64", "float16", np.nan),
        (-np.inf, "float64", "float32", -np.inf),
        (-np.inf, "float64", ml_dtypes.float8_e5m2, -np.inf),
        (1e-300, "float64", "float32", 0),
        (-2.9, "float64", "int8", -2),
        (448, "int64", ml_dtypes.float8_e4m3fn, 448),
        (-8, "int64", ml_dtypes.int4, -8),
        (7, ml_dtypes.int4, ml_dtypes.uint4, 7),
        (True, "bool", ml_dtypes.int2, 1),
        (1, ml_dtypes.bfloat16, "bool", True),
        (2**64 - 1, "uint64", "float32", 2.0**64),
        (1 + 2j, "complex128", "complex64", 1 + 2j),
        (np.nan, "float64", "complex64", complex(np.nan, 0)),
    ],
)
def test_rounds_and_cuts_off_the_rest(value, dtype, wanted, expected):
    result = cast_array(np.array([value], dtype), np.dtype(wanted), "x")
    assert result.dtype == np.dtype(wanted)
    np.testing.assert_array_equal(result.astype(complex), np.array([expected], complex))


def test_says_where_the_first_is_in_any_layout_and_beyond_the_first_piece(monkeypatch):
    monkeypatch.setattr(casting, "PIECE", 4)
    array = np.zeros((3, 4))
    array[2, 1] = array[2, 3] = 300
    for one in (array, np.asfortranarray(array), np.stack([array, array], 1)[:, 1]):
        with pytest.raises(
            TensorMismatchError, match=r"holds -128 to 127; the first is 300.0 at \[2,1\] \[tensor 'w'\]"
        ):
            cast_array(one, np.dtype(np.int8), "w")
        array_as_int16 = cast_array(one, np.dtype(np.int16), "w")
        np.testing.assert_array_equal(array_as_int16, one)


@pytest.mark.parametrize("wanted", [*REAL, np.dtype(np.complex64)])
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3)])
def test_takes_scalars_and_nothing_at_all(shape, wanted):
    result = cast_array(np.zeros(shape), wanted, "x")
    assert (result.shape, result.dtype) == (shape, wanted)
    assert not result.astype(bool).any()


NUMBERS = (
    st.floats()
    | st.integers(-(2**63), 2**64 - 1)
    | st.sampled_from([float(2**n) for n in (3, 4, 7, 8, 15, 16, 31, 32, 63, 64)])
)


@given(NUMBERS, st.sampled_from(REAL), st.sampled_from(INTEGERS))
def test_an_integer_is_the_value_cut_off_or_refused(value, dtype, wanted):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            array = np.array([value]).astype(np.float64 if isinstance(value, float) else None).astype(dtype)
        except TypeError:
            array = np.array([value]).astype(np.int64).astype(dtype)
    stored = array.astype(np.int64 if dtype_family(dtype) == "integer" and dtype != np.uint64 else object)[0]
    limits = ml_dtypes.iinfo(wanted)
    is_number = dtype_family(dtype) != "floating" or np.isfinite(float(stored))
    whole = int(stored) if is_number else None
    if is_number and int(limits.min) <= whole <= int(limits.max):
        assert int(cast_array(array, wanted, "x")[0]) == whole
    else:
        assert not fits(array[0], dtype, wanted)


@given(NUMBERS, st.sampled_from([np.dtype(code) for code in "bBhHiIqQefd"]), st.sampled_from(FLOATS))
def test_a_float_is_near_the_value_or_refused(value, dtype, wanted):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array = np.array([value]).astype(dtype)
    stored = float(array[0])
    limits = ml_dtypes.finfo(wanted)
    try:
        result = float(cast_array(array, wanted, "x")[0])
    except TensorMismatchError:
        assert not np.isfinite(stored) or abs(stored) > float(limits.max)
        return
    assert np.isnan(result) == np.isnan(stored)
    assert np.isinf(result) == np.isinf(stored)
    if np.isfinite(stored):
        step = max(abs(stored) * float(limits.eps), float(limits.smallest_subnormal))
        assert abs(result - stored) <= step
