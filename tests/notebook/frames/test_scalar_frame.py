"""Numbers of runs as a DataFrame."""

import numpy as np
import pandas as pd
import pytest

import ckpt_magics
from ckpt_magics.compat import v1 as tf
from ckpt_magics.errors import CheckpointNotFoundError, DataLossError


def _note(folder, numbers, **options):
    with tf.summary.FileWriter(folder, **options) as writer:
        for step, tag, value in numbers:
            writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag=tag, simple_value=value)]), step)


def test_a_column_per_tag_and_a_row_per_step(tmp_path):
    _note(tmp_path, [(1, "loss", 0.5), (2, "loss", 0.25), (2, "rate", 0.125)])
    expected = pd.DataFrame({"loss": [0.5, 0.25], "rate": [np.nan, 0.125]}, pd.Index([1, 2], name="step"))
    pd.testing.assert_frame_equal(ckpt_magics.read_scalars(tmp_path), expected)
    [file] = tmp_path.iterdir()
    pd.testing.assert_frame_equal(ckpt_magics.read_scalars(file), expected)


def test_a_run_that_goes_on_repeats_steps(tmp_path):
    _note(tmp_path, [(1, "loss", 3), (2, "loss", 2), (3, "loss", 1)], filename_suffix=".a")
    _note(tmp_path, [(2, "loss", 20), (3, "loss", 10)], filename_suffix=".b")
    assert ckpt_magics.read_scalars(tmp_path)["loss"].tolist() == [3, 20, 10]


def test_a_file_that_is_being_written_is_read_so_far(tmp_path):
    _note(tmp_path, [(1, "loss", 3), (2, "loss", 2)])
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.warns(UserWarning, match="not whole yet"):
        assert ckpt_magics.read_scalars(file)["loss"].to_dict() == {1: 3}


def test_no_numbers_give_an_empty_frame(tmp_path):
    _note(tmp_path, [])
    assert ckpt_magics.read_scalars(tmp_path).empty


def test_what_is_no_event_file(tmp_path):
    with pytest.raises(CheckpointNotFoundError, match="no event file"):
        ckpt_magics.read_scalars(tmp_path)
    (tmp_path / "x").write_bytes(b"something else altogether")
    with pytest.raises(DataLossError, match="x"):
        ckpt_magics.read_scalars(tmp_path / "x")


@pytest.mark.tensorflow
def test_what_tensorflow_2_writes(tf, tmp_path):
    """As TensorBoard's functions do for it, which tell their plugin in the metadata of the first value."""
    kinds = {"loss": "scalars", "said": "text", "x": "images"}
    metadata = {tag: tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": name}) for tag, name in kinds.items()}
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        for step in range(3):
            tf.summary.write("loss", tf.constant(1 / (step + 1)), step, metadata["loss"])
            tf.summary.write("said", tf.constant("a"), step, metadata["said"])
            tf.summary.write("x", tf.constant(["2", "2", "png"]), step, metadata["x"])
    frame = ckpt_magics.read_scalars(tmp_path)
    assert list(frame) == ["loss"]
    np.testing.assert_allclose(frame["loss"], [1, 1 / 2, 1 / 3])
