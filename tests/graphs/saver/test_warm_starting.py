"""Warm starts with vocabularies: what does not fit is refused with what is wrong."""

import numpy as np
import pytest

import ckpt_magics
from ckpt_magics.compat import v1 as tf
from ckpt_magics.errors import CheckpointError, InvalidArgumentError

WORDS = ["a", "b", "c"]


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def former(tmp_path):
    (tmp_path / "old").write_text("\n".join(WORDS) + "\n")
    (tmp_path / "new").write_text("c\nd\na\n")
    values = {"rows": np.arange(6, dtype=np.float32).reshape(3, 2), "whole": np.arange(6).reshape(3, 2)}
    return ckpt_magics.save_checkpoint(tmp_path / "model.ckpt", values)


def _start(former, name, shape=(3, 2), **changed):
    folder = former.rpartition("/")[0]
    said = {"new_vocab": f"{folder}/new", "new_vocab_size": 3, "num_oov_buckets": 0, "old_vocab": f"{folder}/old"}
    variable = tf.get_variable(name, shape)
    tf.train.warm_start(former, var_name_to_vocab_info={name: tf.train.VocabInfo(**said | changed)})
    with tf.Session() as sess:
        sess.run(variable.initializer)
        return sess.run(variable)


def test_words_keep_their_rows(former):
    np.testing.assert_array_equal(_start(former, "rows"), [[4, 5], [0, 0], [0, 1]])


def test_a_line_ends_as_on_windows_too(former):
    folder = former.rpartition("/")[0]
    with open(f"{folder}/new", "wb") as file:
        file.write(b"c\r\nd\r\na")
    np.testing.assert_array_equal(_start(former, "rows"), [[4, 5], [0, 0], [0, 1]])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"new_vocab_size": 2}, r"new_vocab_size \(2\)"),
        ({"old_vocab_size": 9}, "9 are to count"),
        ({"axis": 1}, "2 columns"),
    ],
)
def test_sizes_that_do_not_fit(former, changed, message):
    with pytest.raises(InvalidArgumentError, match=message):
        _start(former, "rows", **changed)


def test_words_behind_those_that_count_are_new(former):
    np.testing.assert_array_equal(_start(former, "rows", old_vocab_size=2), [[0, 0], [0, 0], [0, 1]])


def test_too_few_words(former):
    with open(former.rpartition("/")[0] + "/new", "w") as file:
        file.write("a\n")
    with pytest.raises(InvalidArgumentError, match="has 1 lines from line 0 on"):
        _start(former, "rows")


def test_a_word_that_is_there_twice(former):
    with open(former.rpartition("/")[0] + "/old", "w") as file:
        file.write("a\nb\na\n")
    with pytest.raises(InvalidArgumentError, match="in lines 0 and 2"):
        _start(former, "rows")


def test_a_missing_file(former):
    with pytest.raises(CheckpointError, match="nowhere; No such file"):
        _start(former, "rows", old_vocab="nowhere")


def test_a_matrix_of_integers(former):
    with pytest.raises(InvalidArgumentError, match="no matrix of float32"):
        _start(former, "whole")


def test_a_variable_that_is_no_matrix(former):
    with pytest.raises(InvalidArgumentError, match="rows or columns of a matrix"):
        _start(former, "rows", shape=(3,))


def test_a_tensor_that_is_not_there(former):
    tf.get_variable("rows", (3, 2))
    with pytest.raises(InvalidArgumentError, match="Tensor raws is not found"):
        tf.train.warm_start(former, var_name_to_prev_var_name={"rows": "raws"})


@pytest.mark.parametrize("wanted", [3, [3], ["rows", 3]])
def test_what_names_no_variables(former, wanted):
    with pytest.raises(InvalidArgumentError, match="vars_to_warm_start"):
        tf.train.warm_start(former, wanted)
