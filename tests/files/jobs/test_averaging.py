"""Averages are taken in float64 and rounded once; what is no real number is the newest's."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ckpt_magics import (
    ConvertOptions,
    InvalidArgumentError,
    NotFoundError,
    average_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from ckpt_magics.files.jobs.averaging import ema_factors


def averaged(tmp_path, sources, *steps, **options):
    report = average_checkpoints(sources, tmp_path / "mean.ckpt", steps, **options)
    with load_checkpoint(report.path) as reader:
        return {name: reader[name] for name in reader}


def side(value, **others):
    return {"w": np.full((2, 3), value, np.float32), "global_step": np.int64(value), **others}


def test_mean_with_steps_and_strings_of_the_newest(tmp_path):
    sides = [side(1, s=np.array([b"a"], object), n=np.int32([1])), side(4, s=np.array([b"b"], object), n=np.int32([8]))]
    found = averaged(tmp_path, sides)
    np.testing.assert_array_equal(found["w"], np.full((2, 3), 2.5, np.float32))
    assert found["global_step"] == 4
    assert found["s"].tolist() == [b"b"]
    assert found["n"].tolist() == [8]


@given(st.lists(arrays(np.float32, 5, elements=st.floats(-(2.0**99), 2.0**99, width=32)), min_size=2, max_size=4))
def test_equals_the_mean_in_float64(tmp_path_factory, values):
    found = averaged(tmp_path_factory.mktemp("mean"), [{"w": value} for value in values])["w"]
    wide = np.zeros(5)
    for value in values:
        wide += value.astype(np.float64)
    np.testing.assert_array_equal(found, (wide / len(values)).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.complex64])
def test_the_mean_of_equal_tensors_is_that_tensor(tmp_path, dtype):
    value = np.array([0.1, -3.7, 65000.0]).astype(dtype)
    np.testing.assert_array_equal(averaged(tmp_path, [{"w": value}] * 3)["w"], value)


def test_factors_and_moving_averages(tmp_path):
    sides = [side(1), side(2), side(5)]
    assert averaged(tmp_path, sides, factors=[1, 2, 1])["w"][0, 0] == 2.5
    moving = 1.0
    for value in (2, 5):
        moving = 0.9 * moving + 0.1 * value
    assert averaged(tmp_path, sides, ema=0.9)["w"][0, 0] == np.float32(moving)
    assert sum(ema_factors(0.97, 7)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factors": [1]}, "1 factor for 2 checkpoints"),
        ({"factors": [1, -1]}, "add up to 0"),
        ({"factors": [1, float("nan")]}, "finite"),
        ({"ema": 1.0}, "a decay is"),
        ({"ema": 0.5, "factors": [1, 1]}, "one of them can"),
        ({"last": 2}, "one directory"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, options, message):
    with pytest.raises(InvalidArgumentError, match=message):
        averaged(tmp_path, [side(1), side(2)], **options)
    assert not list(tmp_path.iterdir())


def test_one_is_too_few(tmp_path):
    with pytest.raises(InvalidArgumentError, match="two checkpoints or more"):
        averaged(tmp_path, [side(1)])


def test_names_shapes_and_dtypes_have_to_agree(tmp_path):
    with pytest.raises(InvalidArgumentError, match="not all of them have extra"):
        averaged(tmp_path, [side(1), side(2, extra=np.ones(1))])
    assert set(averaged(tmp_path, [side(1, old=np.ones(1)), side(2, extra=np.ones(1))], common=True)) == {
        "w",
        "global_step",
    }
    for other in (np.ones((3, 2), np.float32), np.ones((2, 3), np.float64)):
        with pytest.raises(InvalidArgumentError, match=r"w is float\d+ .* in one and float\d+ .* in the newest"):
            averaged(tmp_path, [{"w": other}, side(1)], common=True)


def test_the_last_of_a_directory(tmp_path):
    runs = tmp_path / "run"
    runs.mkdir()
    for step in (1, 2, 3, 10):
        save_checkpoint(runs / "m.ckpt", side(step), global_step=step)
    assert averaged(tmp_path, runs, last=2)["w"][0, 0] == 6.5
    with pytest.raises(NotFoundError, match="has 4 whole checkpoints of one model, not 5"):
        averaged(tmp_path, runs, last=5)


def test_goes_through_steps_into_any_kind(tmp_path):
    report = average_checkpoints([side(1), side(2)], tmp_path / "mean.npz", ["weights-only"])
    assert report.table["changed"].tolist() == ["mean of 2"]
    assert report.summary.startswith("Averaged the given tensors, the given tensors to")
    assert np.load(tmp_path / "mean.npz")["w"][0, 0] == 1.5


def test_a_dry_run(tmp_path):
    average_checkpoints([side(1), side(2)], tmp_path / "mean.npz", options=ConvertOptions(dry_run=True))
    assert not list(tmp_path.iterdir())
