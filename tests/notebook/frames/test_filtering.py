import pandas as pd
import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.notebook.frames.filtering import VariableFilter, filter_variables

# The table of js/tests/tensors/filter.test.ts: both halves must keep the same rows.
VARIABLES = pd.DataFrame(
    [
        ("conv/bias", "float32", (8,), 32, "weights"),
        ("conv/kernel", "float32", (3, 3, 1, 8), 288, "weights"),
        ("conv/kernel/Adam", "float32", (3, 3, 1, 8), 288, "optimizer slot"),
        ("convolve", "bfloat16", (2,), 4, "weights"),
        ("global_step", "int64", (), 8, "step"),
    ],
    columns=["name", "dtype", "shape", "bytes", "group"],
)


MEASURED = {"conv/kernel": {"nans": 3, "std": 2.0}, "conv/bias": {"nans": 0, "std": 0.5}}


def names(**parts):
    return list(filter_variables(VARIABLES, VariableFilter(**parts), lambda name: MEASURED.get(name, {}))["name"])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"text": "KERNEL"}, ["conv/kernel", "conv/kernel/Adam"]),
        ({"text": "*kernel", "mode": "glob"}, ["conv/kernel"]),
        ({"text": "conv/bias", "mode": "glob"}, ["conv/bias"]),
        ({"text": "conv", "mode": "glob"}, ["conv/bias", "conv/kernel", "conv/kernel/Adam"]),
        ({"text": "conv/", "mode": "glob"}, ["conv/bias", "conv/kernel", "conv/kernel/Adam"]),
        ({"text": r"re:conv/[bk]\w+", "mode": "glob"}, ["conv/bias", "conv/kernel"]),
        ({"text": r"^conv.(b|k)\w+$", "mode": "regex"}, ["conv/bias", "conv/kernel"]),
        ({"scope": "conv", "dtypes": ("float32",), "ranks": (1,)}, ["conv/bias"]),
        ({"dtypes": ("int64", "bfloat16")}, ["convolve", "global_step"]),
        ({"dtypes": ("complex64",)}, []),
        ({"ranks": (0,)}, ["global_step"]),
        ({"groups": ("optimizer slot",)}, ["conv/kernel/Adam"]),
        ({"min_bytes": 8, "max_bytes": 32}, ["conv/bias", "global_step"]),
        ({"has_nan": True}, ["conv/kernel"]),
        ({"query": "std > 1e3 or nans > 0"}, ["conv/kernel"]),
        ({"query": "not std < 1 and (rank = 4 or dtype = int64)"}, ["conv/kernel", "conv/kernel/Adam", "global_step"]),
        ({"query": "std != 2"}, ["conv/bias"]),
        ({"query": 'group = "optimizer slot" or bytes <= 4'}, ["conv/kernel/Adam", "convolve"]),
        ({"query": "elements >= 1KiB or std > -inf and rank<2"}, ["conv/bias"]),
        ({"ranges": (("std", 0.4, 1.0),)}, ["conv/bias"]),
        ({"ranges": (("std", 1.0, None), ("bytes", None, 300))}, ["conv/kernel"]),
        ({"ranges": (("dtype", None, 1),)}, []),
        ({"query": "bytes < .0625kIb and rank = 1"}, ["conv/bias", "convolve"]),
    ],
)
def test_keeps_the_rows_that_the_browser_keeps(parts, expected):
    assert names(**parts) == expected


def test_no_filter_keeps_everything():
    assert len(names()) == len(VARIABLES)


def test_state_goes_both_ways():
    wanted = VariableFilter(text="a", dtypes=("float32",), min_bytes=3)
    assert VariableFilter.from_state({**wanted.to_state(), "unknown": 1}) == wanted


WRONG = [
    "std >",
    "std 3",
    "colour = 1",
    "std > x",
    "(std > 1",
    "std > 1 zeros > 2",
    "std = = 1",
    "! > 1",
    "(" * 201,
    "std constructor 1",
    "bytes > 4K\u0131B",
    "bytes > \u0663",
]


@pytest.mark.parametrize(
    "parts",
    [
        {"text": "(", "mode": "regex"},
        {"mode": "sql"},
        {"ranges": (("colour", 0, 1),)},
        *({"query": query} for query in WRONG),
    ],
)
def test_refuses_what_it_cannot_search_for(parts):
    with pytest.raises(InvalidArgumentError):
        VariableFilter(**parts)
