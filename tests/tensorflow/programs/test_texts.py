"""Functions of strings: TensorFlow's nodes and values."""

import operator

import numpy as np
import pytest

from ckpt_magics.compat import v1
from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow

TEXTS = np.array([["Hello, World", "", " a  b "], ["ÄÖü ß", "x,y;z", "12"]], object)
NUMBERS = ["1", " -7 ", "+5", "1e3", "0x1A", "nan", "inf", "1.5", "99999999999", "1_0", "", "x", "1 2"]


def test_values_are_tensorflows(old_tf):
    def program(tf):
        flat = tf.constant(TEXTS.reshape(-1))
        return {}, [
            tf.string_join([TEXTS, "!"], separator="-"),
            [getattr(tf.strings, name)(TEXTS) for name in ("lower", "upper", "strip", "length")],
            [tf.strings.lower(TEXTS, "utf-8"), tf.strings.length(TEXTS, unit="UTF8_CHAR")],
            tf.substr(TEXTS, [0, 0, 0], [3, 0, 1]),
            tf.substr(["abcdef", "ghij"], [-3, 4], [2, 9]),
            tf.substr(["äöü"], [1], [1], unit="UTF8_CHAR"),
            [_parts(tf.string_split(flat, sep)) for sep in (" ", ",; ", "")],
            _parts(tf.string_split(flat, delimiter=",", skip_empty=False)),
            _parts(tf.string_split(["a b  c"])),
        ]

    compare(old_tf, program)


def _parts(sparse):
    return [sparse.indices, sparse.values, sparse.dense_shape]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_are_read_as_tensorflow_reads_them(old_tf, text, dtype):
    def number(tf):
        with tf.Graph().as_default(), tf.Session() as session:
            try:
                return session.run(tf.string_to_number([text], getattr(tf, dtype))).tolist()
            except tf.errors.InvalidArgumentError:
                return None

    np.testing.assert_equal(number(v1), number(old_tf))


def test_positions_outside_are_refused(old_tf):
    for tf in (old_tf, v1):
        with tf.Graph().as_default(), tf.Session() as session:
            part = tf.substr(tf.placeholder_with_default("abc", []), 4, 1)
            with pytest.raises(tf.errors.InvalidArgumentError, match="out of range"):
                session.run(part)


def test_other_forms_are_tensorflows(old_tf):
    def program(tf):
        texts = tf.constant(TEXTS)
        return {}, [
            tf.as_string([1.5, -2.25], precision=1, width=7),
            tf.strings.as_string([[1, 2]]),
            [
                tf.regex_replace(texts, "[a-z]", "_"),
                tf.strings.regex_replace(texts, r"(\w)", tf.constant(r"<\1>"), False),
            ],
            [tf.strings.regex_full_match(texts, ".*l.*"), tf.strings.regex_full_match(texts, tf.constant("a|1."))],
            [tf.string_to_hash_bucket(texts, 10), tf.string_to_hash_bucket_fast(texts, 1000)],
            [tf.strings.to_hash_bucket(texts, 10), tf.strings.to_hash_bucket_fast(texts, 7)],
            tf.string_to_hash_bucket_strong(texts, 100, [1, 2]),
            [tf.reduce_join(texts), tf.reduce_join(texts, 0, separator="+"), tf.strings.reduce_join(texts, [1])],
            [tf.decode_base64(tf.encode_base64(texts)), tf.encode_base64(texts, pad=True)],
        ]

    compare(old_tf, program)


def test_pieces_are_pythons():
    with v1.Graph().as_default(), v1.Session() as session:
        pieces = session.run(v1.strings.split(["a b  c", "", "d"]))
        assert session.run(v1.strings.split("a b")).values.tolist() == [b"a", b"b"]
        by_mark = session.run(v1.strings.split(["a--b-c"], sep="--", maxsplit=1).values)
    assert pieces.values.tolist() == [b"a", b"b", b"c", b"d"]
    assert pieces.dense_shape.tolist() == [3, 3]
    assert by_mark.tolist() == [b"a", b"b-c"]


@pytest.mark.parametrize("name", ["string_split", "strings.split"])
@pytest.mark.parametrize("given", [("a b", " "), ([["a b"]], " "), (["a b"], [" ", ","])])
def test_what_cannot_be_split_is_refused_in_tensorflows_words(old_tf, name, given):
    words = []
    for tf in (v1, old_tf):
        with tf.Graph().as_default(), tf.Session() as session:
            hidden = [tf.placeholder_with_default(value, None) for value in given]
            with pytest.raises(tf.errors.InvalidArgumentError) as caught:
                session.run(operator.attrgetter(name)(tf)(*hidden).values)
            words.append(str(caught.value))
    assert words[0].splitlines()[0] in words[1]
