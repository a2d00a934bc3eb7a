"""What was saved is restored into itself, for every kind of value that is one tensor."""

import collections
import copy
import dataclasses
import enum

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import InvalidArgumentError, TensorMismatchError
from ckpt_magics.files.objects.collected import collect_tensors
from ckpt_magics.files.restore.restore import restore_checkpoint
from ckpt_magics.graphs.saver.array_saving import save_checkpoint

NUMBERS = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
]
SMALL = [
    *("bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz"),
    *("float4_e2m1fn", "int4", "uint4", "int2", "uint2"),
]
DTYPES = [*map(np.dtype, NUMBERS), *(np.dtype(getattr(ml_dtypes, name)) for name in SMALL)]
TEXTS = ["", "a", "é", "日本", "\U0001f600", "a\0b", "\x7f", " x ", "\udcff", "\n", "e\u0301"]
BYTES = [b"", b"a", b"\xff\xfe", b"a\0b", b" x ", b"\xc3"]


def numbers(dtype, shape=(2, 3)):
    """Zeros and ones, which every dtype of numbers has."""
    return (np.arange(int(np.prod(shape))) % 3 == 1).reshape(shape).astype(dtype)


class Kept(np.ndarray):
    """An array of a class of its own."""


class Color(enum.IntEnum):
    RED = 1
    GREEN = 2


class Mood(enum.StrEnum):
    GOOD = "good"
    BAD = "bad"


# By name: the value, and another one of the same kind, shape and dtype to restore into.
ARRAYS = {
    **{f"{dtype}": (numbers(dtype), np.zeros((2, 3), dtype)) for dtype in DTYPES},
    **{
        f"{dtype}, other byte order": (
            numbers(dtype).astype(dtype.newbyteorder()),
            np.zeros((2, 3), dtype.newbyteorder()),
        )
        for dtype in map(np.dtype, NUMBERS)
    },
    "Fortran order": (np.asfortranarray(numbers("f4")), np.zeros((2, 3), "f4", order="F")),
    "into Fortran order": (numbers("f4"), np.zeros((2, 3), "f4", order="F")),
    "strided": (numbers("i8", (4, 9))[::2, ::3], np.zeros((4, 9), "i8")[::2, ::3]),
    "backwards": (numbers("i8")[::-1, ::-1], np.zeros((2, 3), "i8")[::-1, ::-1]),
    "transposed": (numbers("i8", (2, 3, 4)).transpose(2, 0, 1), np.zeros((2, 3, 4), "i8").transpose(2, 0, 1)),
    "unaligned": (
        np.frombuffer(b"x" + numbers("f8").tobytes(), "f8", offset=1),
        np.frombuffer(bytearray(49), "f8", offset=1),
    ),
    "rank 0": (np.array(5, "i4"), np.array(0, "i4")),
    "empty": (np.zeros((0, 3), "f4"), np.ones((0, 3), "f4")),
    "many dimensions": (numbers("u1", (2,) * 12), np.zeros((2,) * 12, "u1")),
    "subclass": (np.ones(2).view(Kept), np.zeros(2).view(Kept)),
    "masked, nothing masked": (np.ma.masked_array([1.0, 2.0]), np.ma.masked_array([0.0, 0.0], [True, False])),
    "NaN and infinities": (np.array([np.nan, np.inf, -0.0]), np.zeros(3)),
    "U": (np.array([text for text in TEXTS if not text.endswith("\0")]), np.zeros(len(TEXTS), "U3")),
    "U, other byte order": (np.array(["é", "ab"]).astype(">U2"), np.zeros(2, ">U2")),
    "U, rank 0": (np.array("é"), np.array("")),
    "U, empty": (np.zeros((0, 2), "U3"), np.zeros((0, 2), "U3")),
    "U, strided": (np.array(["a", "b", "c", "d"])[::2], np.zeros(4, "U1")[::2]),
    "S": (np.array(BYTES), np.zeros(len(BYTES), "S3")),
    "objects, str": (np.array(TEXTS, object), np.full(len(TEXTS), "-", object)),
    "objects, bytes": (np.array([*BYTES, b"a\0"], object), np.full(len(BYTES) + 1, b"-", object)),
    "objects, both": (np.array(["é", b"\xff", "x"], object), np.array(["", b"", ""], object)),
    "objects, rank 2": (np.array([["é"], ["x"]], object), np.array([["-"], ["-"]], object)),
    "objects, Fortran order": (
        np.asfortranarray(np.array([["a", "b"], ["c", "d"]], object)),
        np.full((2, 2), "-", object, order="F"),
    ),
    "objects, rank 0": (np.array("é", object), np.array("", object)),
}
if hasattr(np.dtypes, "StringDType"):
    STRING = np.dtypes.StringDType()
    ARRAYS["StringDType"] = (np.array(["é", "a\0", "", "x" * 99], STRING), np.array(["", "", "-", ""], STRING))
    ARRAYS["StringDType, rank 2"] = (np.array([["é"], ["a"]], STRING), np.zeros((2, 1), STRING))
    NULLABLE = np.dtypes.StringDType(na_object=None)
    ARRAYS["StringDType, nullable"] = (np.array(["é", "a"], NULLABLE), np.array([None, ""], NULLABLE))


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_comes_back_in_place(tmp_path, name):
    value, target = copy.deepcopy(ARRAYS[name])
    prefix = save_checkpoint(tmp_path / "m", {"x": value}, durable=False)
    report = restore_checkpoint(prefix, {"x": target})
    assert report.restored[0].how == "in place"
    assert (report.values["x"] is target, target.dtype, type(target)) == (True, value.dtype, type(ARRAYS[name][1]))
    assert [type(item) for item in target.ravel().tolist()] == [type(item) for item in value.ravel().tolist()]
    np.testing.assert_array_equal(target, value)
    restore_checkpoint(prefix, {"x": value})
    np.testing.assert_array_equal(value, target)


SCALARS = {
    **{f"NumPy {dtype}": (np.ones((), dtype)[()], np.zeros((), dtype)[()]) for dtype in DTYPES},
    "NumPy str": (np.str_("longer é"), np.str_("")),
    "NumPy bytes": (np.bytes_(b"longer \xff"), np.bytes_(b"")),
    "bool": (True, False),
    "int": (-(2**63), 0),
    "unsigned": (2**64 - 1, 0),
    "float": (0.1, 0.0),
    "complex": (1 + 2j, 0j),
    "str": ("é\0", ""),
    "bytes": (b"\xff\0", b""),
    "bytearray": (bytearray(b"\xff"), bytearray()),
    "int enum": (Color.GREEN, Color.RED),
    "str enum": (Mood.GOOD, Mood.BAD),
    "tuple": ((1, 2), (0, 0)),
    "nested tuple": (((1.5, 2.0), (3.0, 4.0)), ((0.0, 0.0), (0.0, 0.0))),
    "tuple of text": (("é", b"x"), ("", b"")),
}
LISTS = {
    "int": ([1, 2], [0, 0]),
    "mixed numbers": ([1, 2.5], [0, 0.0]),
    "bool and int": ([True, 2], [False, 0]),
    "nested": ([[1, 2], [3, 4]], [[0, 0], [0, 0]]),
    "tuples": ([(1, 2), (3, 4)], [(0, 0), (0, 0)]),
    "longer": ([1.0, 2.0, 3.0], [0.0]),
    "str": (["é", "a\0"], ["", ""]),
    "bytes": ([b"\xff", b""], [b"-", b"-"]),
    "str and bytes": (["é", b"\xff"], ["", b""]),
    "nested str": ([["a"], ["b"]], [["-"], ["-"]]),
    "NumPy numbers": ([np.float32(1), np.float32(2)], [np.float32(0), np.float32(0)]),
    "NumPy and Python numbers": ([np.float32(0.1), 0.1], [np.float32(0), 0.0]),
    "large": ([2**63, 1], [2**63, 0]),
    "small into large": ([1, -1], [2**63, 0]),
}


def test_a_list_of_numbers_beyond_64_bits_takes_whole_numbers_only():
    numbers = [2**70]
    with pytest.raises(TensorMismatchError, match="its dtype is integer here, string in the checkpoint"):
        restore_checkpoint({"x": np.array([b"a"], object)}, {"x": numbers})
    restore_checkpoint({"x": np.array([5])}, {"x": numbers})
    assert numbers == [5]


def types(value):
    return [types(item) for item in value] if isinstance(value, list | tuple) else type(value)


@pytest.mark.parametrize("name", SCALARS)
def test_a_scalar_comes_back_as_the_same_type(tmp_path, name):
    value, other = SCALARS[name]
    prefix = save_checkpoint(tmp_path / "m", {"x": value}, durable=False)
    for target in (other, value):
        restored = restore_checkpoint(prefix, {"x": target}).values["x"]
        assert (restored, types(restored)) == (value, types(value))
        assert type(restored) is type(value)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_comes_back_in_place(tmp_path, name):
    value, target = copy.deepcopy(LISTS[name])
    prefix = save_checkpoint(tmp_path / "m", {"x": value}, durable=False)
    restored = restore_checkpoint(prefix, {"x": target}).values["x"]
    assert restored is target
    assert restored == value
    before = collect_tensors({"x": value})["x"]
    after = collect_tensors({"x": restored})["x"]
    assert (after.dtype, after.tolist()) == (before.dtype, before.tolist())
    restore_checkpoint(prefix, {"x": value})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([-1, 2**63], "no dtype holds all its numbers"),
        ([2**53 + 1, 0.5], "no dtype holds all its numbers"),
        ([np.int64(-1), np.uint64(1)], "no dtype holds all its numbers"),
        ([2**64], "do not fit in 64 bits"),
        ([1j, 2**60 + 1], "no dtype holds all its numbers"),
        ("\ud800", "surrogates not allowed"),
        (np.array(["\udcc3\udca9"]), "bytes that are other text"),
    ],
)
def test_refuses_to_save_what_would_come_back_as_something_else(value, text):
    with pytest.raises(InvalidArgumentError, match=f"'x', .* cannot be saved: .*{text}"):
        collect_tensors({"x": value})


SERIES = {
    **{name: (numbers(name, (3,)), name) for name in NUMBERS},
    **{name: ([0, 1, 1], name) for name in ("Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64")},
    "Float32": ([0.5, None, 1.5], "Float32"),
    "Float64": ([0.5, None, 1.5], "Float64"),
    "float with NaN": ([0.5, np.nan, 1.5], "float64"),
    "boolean": ([True, False, True], "boolean"),
    "string": (["é", "", "a\0"], "string"),
    "string in Python": (["é", "", "x"], "string[python]"),
    "inferred text": (["é", "", "x"], None),
    "objects, str": (["é", "", "x"], object),
    "objects, bytes": ([b"\xff", b"", b"x"], object),
    "categories of text": (["b", "a", "b"], "category"),
    "categories of integers": ([5, 6, 5], "category"),
    "categories of floats": ([0.5, None, 0.5], "category"),
    "ordered categories": (["b", "a", "b"], pd.CategoricalDtype(["b", "a"], ordered=True)),
    "sparse integers": ([0, 0, 1], "Sparse[int]"),
    "sparse floats": ([np.nan, 0.5, np.nan], "Sparse[float]"),
}


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("index", [[0, 1, 2], ["a", "b", "a"]])
def test_a_series_comes_back_with_its_dtype_index_and_name(tmp_path, name, index):
    values, dtype = SERIES[name]
    value = pd.Series(values, index, dtype, name="s")
    target = pd.Series(value.array[[1, 1, 1]], index, value.dtype, name="s")
    prefix = save_checkpoint(tmp_path / "m", {"x": value}, durable=False)
    report = restore_checkpoint(prefix, {"x": target})
    is_sparse = name.startswith("sparse")
    assert (report.values["x"] is target, report.restored[0].how) == (
        (False, "replaced") if is_sparse else (True, "in place")
    )
    pd.testing.assert_series_equal(report.values["x"], value)
    assert list(map(type, report.values["x"].array)) == list(map(type, value.array))
    pd.testing.assert_series_equal(restore_checkpoint(prefix, {"x": value}).values["x"], value)


@pytest.mark.parametrize("name", sorted(SERIES.keys() - {"float16"}))  # of which pandas makes no index
def test_an_array_and_an_index_of_pandas_come_back_as_new_ones(tmp_path, name):
    column = pd.Series(SERIES[name][0], dtype=SERIES[name][1])
    saved = {"array": column.array, "index": pd.Index(column, name="i")}
    prefix = save_checkpoint(tmp_path / "m", saved, durable=False)
    values = restore_checkpoint(prefix, {"array": column.array[[1, 1, 1]], "index": saved["index"][[1, 1, 1]]}).values
    pd.testing.assert_extension_array_equal(values["array"], column.array)
    pd.testing.assert_index_equal(values["index"], saved["index"])


@dataclasses.dataclass(frozen=True)
class Moments:
    mean: object
    count: int = dataclasses.field(init=False, default=0)
    more: object = 0.0


def test_a_frozen_dataclass_comes_back_with_fields_that_it_does_not_take():
    saved = Moments(np.ones(2), Moments(2.0))
    for one in (saved, saved.more):
        object.__setattr__(one, "count", 7)
    targets = {"m": Moments(np.zeros(2), Moments(0.0))}
    restore_checkpoint(collect_tensors({"m": saved}), targets)
    restored = targets["m"]
    assert (restored.mean.tolist(), restored.count, restored.more) == ([1, 1], 7, saved.more)


def test_a_frame_of_every_dtype_comes_back(tmp_path):
    index = pd.Index([7, 7, 8])
    columns = {name: pd.Series(values, dtype=dtype).array for name, (values, dtype) in SERIES.items()}
    value = pd.DataFrame({name: pd.Series(column, index) for name, column in columns.items()})
    target = pd.DataFrame({name: pd.Series(column[[1, 1, 1]], index) for name, column in columns.items()})
    prefix = save_checkpoint(tmp_path / "m", {"f": value}, durable=False)
    restored = restore_checkpoint(prefix, {"f": target}).values["f"]
    assert restored is target
    pd.testing.assert_frame_equal(restored, value)


def test_a_frame_of_a_read_only_array_takes_values(tmp_path):
    array = np.zeros((2, 2))
    array.flags.writeable = False
    frame = pd.DataFrame(array, columns=["a", "b"], copy=False)
    prefix = save_checkpoint(tmp_path / "m", {"f": pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})})
    restore_checkpoint(prefix, {"f": frame})
    assert frame.to_numpy().tolist() == [[1, 3], [2, 4]]
    assert not array.any()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros(2, "i4,f4"), "its elements are records"),
        (np.zeros((), "i4,f4")[()], "its elements are records"),
        (np.rec.array([(1, 2.0)], names="a,b"), "its elements are records"),
        (np.zeros(2, "M8[s]"), "datetime64.* has no counterpart"),
        (np.zeros(2, "m8[D]"), "timedelta64.* has no counterpart"),
        (np.datetime64("2020-01-01"), "datetime64.* has no counterpart"),
        (pd.Series(pd.to_datetime(["2020-01-01"])), "datetime64.* has no counterpart"),
        (pd.Series(pd.to_timedelta([1])), "timedelta64.* has no counterpart"),
        (pd.Series(pd.period_range("2020", periods=2)), "element 0 of it is a Period"),
        (pd.Series(pd.to_datetime(["2020-01-01"]).tz_localize("UTC")), "element 0 of it is a Timestamp"),
        (pd.Series([1, None], dtype="Int64"), "missing values"),
        (np.zeros(2, "V4"), "has no counterpart"),
        (np.array([1, "a"], object), "element 0 of it is an int"),
        (np.array([None, "a"], object), "element 0 of it is a NoneType"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), "would lose its mask"),
        pytest.param(
            np.zeros(2, "longdouble"),
            "has no counterpart",
            marks=pytest.mark.skipif(np.dtype("longdouble") == np.float64, reason="long double is double here"),
        ),
    ],
)
def test_what_no_checkpoint_can_hold_is_refused_by_name(value, text):
    with pytest.raises(InvalidArgumentError, match=f"'layer/x', .*cannot be saved: .*{text}"):
        collect_tensors({"layer": {"x": value}})


@pytest.mark.parametrize(
    ("stored", "target", "text"),
    [
        (b"abc", np.zeros(1, "U2"), "a string of 3 characters does not fit in the array's 2 characters"),
        ("ééé".encode(), np.zeros(1, "U2"), "a string of 3 characters"),
        (b"abc", np.zeros(1, "S2"), "a string of 3 bytes does not fit in the array's 2 bytes"),
        (b"a\0", np.zeros(1, "U2"), "ends with a NUL, which an array of <U2 cuts off"),
        (b"a\0", np.zeros(1, "S2"), r"ends with a NUL, which an array of \|S2 cuts off"),
        (b"\xff", np.array(["x"], getattr(np.dtypes, "StringDType", lambda: "S1")()), "is no UTF-8"),
    ],
)
def test_text_that_an_array_would_change_is_refused(stored, target, text):
    if target.dtype.kind == "S" and "UTF-8" in text:
        pytest.skip("this NumPy has no StringDType")
    before = target.copy()
    with pytest.raises(TensorMismatchError, match=text):
        restore_checkpoint({"x": np.array([stored], object)}, {"x": target})
    np.testing.assert_array_equal(target, before)


WINDOWS = np.lib.stride_tricks.as_strided(np.zeros(4), (3, 2), (8, 8))
HARD = np.ma.masked_array(np.zeros(2), [True, False], hard_mask=True)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (np.broadcast_to(np.zeros(1), (3,)), "it is a read-only array"),
        (np.lib.stride_tricks.as_strided(np.zeros(1), (3,), (0,)), "its elements share memory"),
        (WINDOWS, "its elements share memory"),
        (np.lib.stride_tricks.as_strided(np.zeros(4, "u1"), (3,), (1,)).view("u1")[:0].reshape(0), ""),
        (np.lib.stride_tricks.as_strided(np.zeros(9, "u1"), (2, 2), (3, 2)), ""),
        (HARD, "it has a hard mask"),
    ],
)
def test_a_place_that_cannot_hold_any_values_is_a_problem_of_the_plan(target, text):
    stored = {"x": np.arange(target.size, dtype=target.dtype).reshape(target.shape)}
    report = restore_checkpoint(stored, {"x": target}, dry_run=True)
    assert [text in problem.text for problem in report.problems] == ([True] if text else [])
    if not text:
        restore_checkpoint(stored, {"x": target})
        np.testing.assert_array_equal(target, stored["x"])


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=6),
    st.sampled_from(["U", "object", "Series", "list"]),
)
def test_any_text_comes_back_from_any_kind_of_array(tmp_path_factory, texts, kind):
    if kind == "U":
        texts = [text.rstrip("\0") for text in texts]
    made = {
        "U": lambda items: np.array(items, dtype=f"U{max(1, *map(len, texts))}" if texts else "U1"),
        "object": lambda items: np.array(items, object),
        "Series": lambda items: pd.Series(items, dtype=object),
        "list": lambda items: list(items) or [""],
    }[kind]
    prefix = save_checkpoint(tmp_path_factory.mktemp("text") / "m", {"x": made(texts)}, durable=False)
    target = made([""] * len(texts))
    restore_checkpoint(prefix, {"x": target})
    assert list(target) == list(made(texts))


def test_a_source_of_arrays_of_text_and_other_byte_orders_is_read_as_a_checkpoint():
    texts = {"u": np.array(["é"]), "s": np.array([b"\xff"]), "o": np.array(["é"], object), "n": np.array([1], ">i4")}
    targets = {"u": np.zeros(1, "U1"), "s": np.zeros(1, "S1"), "o": np.array([""], object), "n": np.zeros(1, "i4")}
    restore_checkpoint(texts, targets)
    for name, target in targets.items():
        np.testing.assert_array_equal(target, texts[name])
    named = collections.OrderedDict(restore_checkpoint(texts).values)
    assert named["n"].dtype == np.int32
