"""Whatever the bytes, examples, tables and raw numbers are values or an error of this package."""

import csv
import io
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ckpt_magics.compat.v1 as tf

FEATURES = {
    "a": tf.FixedLenFeature([2], tf.int64, [1, 2]),
    "b": tf.VarLenFeature(tf.string),
    "c": tf.FixedLenSequenceFeature([2], tf.float32, allow_missing=True),
}


@pytest.fixture(scope="module")
def run():
    """What parses one string in each way, in one session."""
    with tf.Graph().as_default():
        text = tf.placeholder(tf.string, [])
        fetches = {
            "single": tf.parse_single_example(text, FEATURES),
            "batch": tf.parse_example([text, text], FEATURES),
            "table": tf.decode_csv(text, [[""], [""], [""]]),
            "plain": tf.decode_csv(text, [[0.0], [0]], use_quote_delim=False),
            "raw": tf.decode_raw(text, tf.int32),
        }
        with tf.Session() as session:
            yield lambda kind, data: session.run(fetches[kind], {text: data})


@pytest.mark.parametrize("kind", ["single", "batch", "table", "plain", "raw"])
@given(data=st.binary(max_size=40) | st.text('",\n\r01e.-x', max_size=12).map(str.encode))
def test_any_bytes_are_a_value_or_an_error_of_this_package(run, kind, data):
    with suppress(tf.errors.InvalidArgumentError):
        run(kind, np.array(data, object))


@given(cells=st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1), min_size=3, max_size=3))
def test_what_a_writer_of_tables_quotes_comes_back(run, cells):
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    assert run("table", line.getvalue()) == [cell.encode() for cell in cells]


@given(
    numbers=st.none() | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=2),
    words=st.lists(st.binary(max_size=5), max_size=4),
    rows=st.integers(0, 3),
)
def test_what_an_example_holds_comes_back(run, numbers, words, rows):
    features = {"b": tf.train.Feature(bytes_list=tf.train.BytesList(value=words))}
    if numbers is not None:
        features["a"] = tf.train.Feature(int64_list=tf.train.Int64List(value=numbers))
    if rows:
        features["c"] = tf.train.Feature(float_list=tf.train.FloatList(value=np.arange(2.0 * rows)))
    data = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    found = run("single", np.array(data, object))
    assert found["a"].tolist() == ([1, 2] if numbers is None else numbers)
    assert found["b"].values.tolist() == words
    assert found["c"].tolist() == np.arange(2.0 * rows).reshape(-1, 2).tolist()
    both = run("batch", np.array(data, object))
    assert both["a"].tolist() == [found["a"].tolist()] * 2
    assert both["b"].dense_shape.tolist() == [2, len(words)]
    assert both["c"].shape == (2, rows, 2)
