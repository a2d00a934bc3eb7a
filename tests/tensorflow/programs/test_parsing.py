"""Examples, tables and raw numbers: what TensorFlow takes out of bytes."""

import numpy as np
import pytest

from ckpt_magics.compat import v1
from tests.tensorflow.programs.side_by_side import check_same, compare

pytestmark = pytest.mark.tensorflow


def example(**features):
    """Return an example's message, serialized."""
    kinds = {float: ("float_list", v1.train.FloatList), int: ("int64_list", v1.train.Int64List)}
    message = v1.train.Example()
    for name, values in features.items():
        field, kind = kinds.get(type(values[0]) if values else bytes, ("bytes_list", v1.train.BytesList))
        getattr(message.features.feature[name], field).CopyFrom(kind(value=values))
    return message.SerializeToString()


EXAMPLES = [
    example(image=[b"abc"], label=[3], box=[1.0, 2.0, 3.0, 4.0], words=[b"a", b"b"], steps=[1.0, 2.0]),
    example(image=[b""], label=[-1], box=[0.5] * 4, words=[], steps=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], more=[9]),
    example(image=[b"\x00\xff"], label=[2**62], box=[1.5] * 4),
]


def features(tf):
    return {
        "image": tf.FixedLenFeature([], tf.string),
        "label": tf.FixedLenFeature((), tf.int64, default_value=0),
        "box": tf.FixedLenFeature([2, 2], tf.float32),
        "words": tf.VarLenFeature(tf.string),
        "steps": tf.FixedLenSequenceFeature([2], tf.float32, allow_missing=True, default_value=-1.0),
        "more": tf.VarLenFeature(tf.int64),
        "absent": tf.FixedLenFeature([2], tf.int64, [7, 8]),
    }


def plain(found):
    """Sparse tensors as tuples, which both sides can be compared by."""
    return {
        key: (value.indices, value.values, value.dense_shape) if hasattr(value, "dense_shape") else value
        for key, value in found.items()
    }


def test_examples_are_parsed_as_tensorflow_parses_them(old_tf):
    def program(tf):
        batch = tf.parse_example(EXAMPLES, features(tf))
        singles = [tf.parse_single_example(one, features(tf)) for one in EXAMPLES]
        whole = tf.sparse_tensor_to_dense(batch["words"], "none")
        return {}, [plain(batch), *map(plain, singles), whole, tf.sparse_tensor_to_dense(batch["more"])]

    compare(old_tf, program, same_graph=False)


def test_what_is_known_of_shapes_is_the_same(old_tf):
    def told(tf):
        with tf.Graph().as_default():
            serialized = tf.placeholder(tf.string, [None])
            batch = plain(tf.parse_example(serialized, features(tf)))
            single = plain(tf.parse_single_example(tf.placeholder(tf.string), features(tf)))
            return {
                (index, key): str([part.shape for part in (value if isinstance(value, tuple) else [value])])
                for index, found in enumerate((batch, single))
                for key, value in found.items()
            }

    assert told(v1) == told(old_tf)


WRONG = {
    "no message": (b"\x0a\x7f", lambda tf: {"a": tf.FixedLenFeature([], tf.int64)}),
    "missing": (EXAMPLES[0], lambda tf: {"none": tf.FixedLenFeature([], tf.int64)}),
    "type": (EXAMPLES[0], lambda tf: {"label": tf.FixedLenFeature([], tf.float32)}),
    "type of some": (EXAMPLES[0], lambda tf: {"label": tf.VarLenFeature(tf.string)}),
    "number": (EXAMPLES[0], lambda tf: {"label": tf.FixedLenFeature([2], tf.int64)}),
    "rows": (EXAMPLES[0], lambda tf: {"box": tf.FixedLenSequenceFeature([3], tf.float32, allow_missing=True)}),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_tensorflow_refuses_is_refused(old_tf, name):
    serialized, make = WRONG[name]
    for tf in (old_tf, v1):
        for parse, data in ((tf.parse_single_example, serialized), (tf.parse_example, [serialized])):
            with tf.Graph().as_default(), tf.Session() as session:
                found = plain(parse(data, make(tf)))
                with pytest.raises(tf.errors.InvalidArgumentError):
                    session.run(found)


TABLES = {
    "plain": (["1,2.5,x", "-3, 4 ,"], [[0], [0.0], ["none"]], {}),
    "defaults": ([",,", "7,,y"], [[5], [1.5], ["none"]], {}),
    "quotes": (['"a,b","c""d"', '"",e'], [["x"], ["y"]], {}),
    "no quotes": (['"a,b"'], [["x"], ["y"]], {"use_quote_delim": False}),
    "tabs": (["1\t2"], [[0], [0]], {"field_delim": "\t"}),
    "another empty": (["1,NA", "NA,2"], [[9], [8.0]], {"na_value": "NA"}),
    "chosen": (["1,2,3,x"], [[0], ["x"]], {"select_cols": [1, 3]}),
    "a matrix": ([["1,2", "3,4"]], [[0], [0.0]], {}),
    "one": ("5,6", [0, 0], {}),
    "required": (["1,"], [[0], []], {}),
    "too few": (["1"], [[0], [0]], {}),
    "too many": (["1,2,3"], [[0], [0]], {}),
    "no number": (["x"], [[0]], {}),
    "quote inside": (['a"b'], [["x"]], {}),
    "open quote": (['"ab'], [["x"]], {}),
    "behind a quote": (['"a"b'], [["x"]], {}),
    "large": (["99999999999"], [[0]], {}),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_read_as_tensorflow_reads_them(old_tf, name):
    lines, defaults, settings = TABLES[name]

    def columns(tf):
        with tf.Graph().as_default(), tf.Session() as session:
            try:
                return session.run(tf.decode_csv(lines, defaults, **settings))
            except tf.errors.InvalidArgumentError:
                return None

    found, expected = columns(v1), columns(old_tf)
    if expected is None:
        assert found is None
    else:
        check_same(found, expected, 1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "complex64", "bool", "float16"])
def test_raw_numbers_are_tensorflows(old_tf, dtype):
    texts = [
        bytes(np.arange(index, index + 16, dtype=np.uint8) % (2 if dtype == "bool" else 255)) for index in range(3)
    ]

    def program(tf):
        kind = getattr(tf, dtype)
        return {}, [tf.decode_raw(texts, kind), tf.decode_raw(texts[0], kind, little_endian=False)]

    compare(old_tf, program)


def test_raw_numbers_of_uneven_sizes_are_refused(old_tf):
    for tf in (old_tf, v1):
        with tf.Graph().as_default(), tf.Session() as session:
            for texts in (["ab", "c"], ["abc"]):
                with pytest.raises(tf.errors.InvalidArgumentError):
                    session.run(tf.decode_raw(texts, tf.int16))
