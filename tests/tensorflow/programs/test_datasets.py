"""Datasets: the elements that TensorFlow gives, from programs and from each other's graphs."""

import gzip
import zlib

import numpy as np
import pytest

from ckpt_magics.compat import v1
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.proto.messages import GraphDef
from tests.tensorflow.programs.side_by_side import check_same

pytestmark = pytest.mark.tensorflow

NUMBERS = np.arange(12, dtype=np.float32).reshape(6, 2)
WORDS = np.array([b"a", b"bc", b"", b"def", b"g", b"hi"], object)
MOST = 60


def slices(tf):
    return tf.data.Dataset.from_tensor_slices((NUMBERS, {"word": WORDS, "index": np.arange(6)}))


def counted(tf, count=10):
    return tf.data.Dataset.range(count)


def ragged(tf):
    return counted(tf, 7).map(lambda n: (tf.fill([n], n), tf.fill([2, tf.cast(n, tf.int32) % 3], "x")))


def map_outside(tf):
    scale = tf.constant([2, 3], tf.int64)
    return counted(tf).map(lambda n: scale * n + tf.reduce_sum(scale))


def yielding():
    yield [1, 2], "one"
    yield [3], b"two"
    yield [], "three"


DATASETS = {
    "tensors": lambda tf: tf.data.Dataset.from_tensors((NUMBERS, [1, 2])),
    "one tensor": lambda tf: tf.data.Dataset.from_tensors("word"),
    "slices": slices,
    "slices of a list": lambda tf: tf.data.Dataset.from_tensor_slices([[1, 2], [3, 4]]),
    "range": lambda tf: tf.data.Dataset.range(3, -4, -2),
    "batch": lambda tf: slices(tf).batch(4),
    "whole batches": lambda tf: slices(tf).batch(4, drop_remainder=True),
    "batches of strings": lambda tf: tf.data.Dataset.from_tensor_slices(WORDS).batch(3).batch(2),
    "padded": lambda tf: ragged(tf).padded_batch(3, ([None], [2, -1])),
    "padded to a size": lambda tf: ragged(tf).padded_batch(4, ([7], [None, 2]), (np.int64(-1), "?"), True),
    "padded as it is": lambda tf: tf.data.Dataset.from_tensor_slices(NUMBERS).padded_batch(4, [3], 0.5),
    "repeat": lambda tf: counted(tf, 3).repeat(2),
    "repeat for ever": lambda tf: counted(tf, 7).repeat(),
    "repeat nothing": lambda tf: counted(tf, 0).repeat(),
    "repeat never": lambda tf: counted(tf, 3).repeat(0),
    "take and skip": lambda tf: counted(tf).skip(2).take(5),
    "take all": lambda tf: counted(tf).take(-1),
    "skip all": lambda tf: counted(tf).skip(-1),
    "shard": lambda tf: counted(tf).shard(3, 1),
    "concatenate": lambda tf: counted(tf, 3).concatenate(tf.data.Dataset.range(7, 9)),
    "concatenate shapes": lambda tf: counted(tf, 1).batch(2).concatenate(tf.data.Dataset.range(3, 6).batch(3, True)),
    "zip": lambda tf: tf.data.Dataset.zip((counted(tf), {"a": slices(tf), "b": counted(tf, 4)})),
    "enumerate": lambda tf: slices(tf).enumerate(5),
    "map": lambda tf: slices(tf).map(lambda row, others: tf.reduce_sum(row) * tf.cast(others["index"], tf.float32)),
    "map to a nesting": lambda tf: counted(tf).map(lambda n: {"a": (n, [n, n]), "b": tf.constant("x")}),
    "map with what is outside": map_outside,
    "map in a map": lambda tf: counted(tf, 3).flat_map(lambda n: counted(tf, 3).map(lambda m: (n, m * n))),
    "map side by side": lambda tf: counted(tf).map(lambda n: n * n, num_parallel_calls=4),
    "map to itself": lambda tf: counted(tf).map(lambda n: (n, n)),
    "map by a condition": lambda tf: counted(tf).map(lambda n: tf.cond(n > 4, lambda: n * 2, lambda: -n)),
    "map by a loop": lambda tf: counted(tf).map(lambda n: tf.while_loop(lambda i: i < 20, lambda i: i * 2 + 1, [n])),
    "filter": lambda tf: counted(tf).filter(lambda n: tf.equal(n % 3, 1)),
    "filter slices": lambda tf: slices(tf).filter(lambda row, others: others["index"] > 2),
    "take while": lambda tf: counted(tf).apply(tf.data.experimental.take_while(lambda n: n < 4)),
    "flat map": lambda tf: counted(tf, 4).flat_map(lambda n: tf.data.Dataset.from_tensors(n).repeat(n)),
    "interleave": lambda tf: counted(tf, 5).interleave(lambda n: counted(tf, 4).map(lambda m: n * 10 + m), 3, 2),
    "interleave unequal": lambda tf: counted(tf, 5).interleave(tf.data.Dataset.range, 2, 1),
    "unbatch": lambda tf: slices(tf).batch(4).apply(tf.data.experimental.unbatch()),
    "cache": lambda tf: counted(tf, 4).cache().repeat(2),
    "prefetch": lambda tf: slices(tf).prefetch(2).with_options(None) if tf is v1 else slices(tf).prefetch(2),
    "map and batch": lambda tf: counted(tf).apply(tf.data.experimental.map_and_batch(lambda n: n + 1, 4)),
    "generator": lambda tf: tf.data.Dataset.from_generator(yielding, (tf.int64, tf.string), ([None], [])),
    "generator again": lambda tf: tf.data.Dataset.from_generator(yielding, (tf.float32, tf.string)).repeat(2),
    "generator with arguments": lambda tf: tf.data.Dataset.from_generator(
        lambda n, step: range(0, n, step), tf.int32, [], args=(9, 4)
    ),
    "python function": lambda tf: counted(tf).map(lambda n: tf.py_func(lambda v: v * 2.5, [n], tf.float64)),
}  # fmt: skip


def run(tf, graph, fetches, initializer=None):
    """Return the elements, as many as there are or as are worth looking at."""
    found = []
    with tf.Session(graph=graph) as session:
        if initializer is not None:
            session.run(initializer)
        try:
            while len(found) < MOST:
                found.append(session.run(fetches))
        except tf.errors.OutOfRangeError as error:
            found_end = str(error)
        else:
            found_end = "End of sequence"
    assert "End of sequence" in found_end
    return found


def made(tf, make, one_shot):
    """Return the graph of an iterator, what it is made by, and the elements."""
    graph = tf.Graph()
    with graph.as_default():
        dataset = make(tf)
        begin = tf.data.make_one_shot_iterator if one_shot else tf.data.make_initializable_iterator
        iterator = begin(dataset)
        element = iterator.get_next()
        initializer = None if one_shot else iterator.initializer
        return (
            graph,
            str((tf.data.get_output_types(dataset), tf.data.get_output_shapes(dataset))),
            run(tf, graph, element, initializer),
        )


@pytest.mark.parametrize("one_shot", [True, False])
@pytest.mark.parametrize("name", DATASETS)
def test_elements_are_tensorflows(old_tf, name, one_shot):
    their_graph, told, expected = made(old_tf, DATASETS[name], one_shot)
    own_graph, own_told, found = made(v1, DATASETS[name], one_shot)
    assert own_told == told
    assert len(found) == len(expected)
    for own, wanted in zip(found, expected, strict=True):
        check_same(own, wanted, 1e-6)
    if "generator" in name or "python" in name:
        return  # a function of one program is none of another's
    own_of_theirs = imported(v1, Graph(), their_graph, one_shot)
    theirs_of_own = imported(old_tf, old_tf.Graph(), own_graph, one_shot)
    flat = [flattened(element) for element in expected]
    for others in (own_of_theirs, theirs_of_own):
        assert len(others) == len(flat)
        for own, wanted in zip(others, flat, strict=True):
            check_same(own, wanted, 1e-6)


def flattened(element):
    if isinstance(element, dict):
        return [leaf for key in sorted(element) for leaf in flattened(element[key])]
    if isinstance(element, tuple):
        return [leaf for item in element for leaf in flattened(item)]
    return [element]


def imported(tf, graph, source, one_shot):
    """Return the elements of another library's graph."""
    data = source.as_graph_def().SerializeToString()
    message = GraphDef.FromString(data) if tf is v1 else tf.GraphDef.FromString(data)
    with graph.as_default():
        tf.import_graph_def(message, name="")
    component = graph.get_operation_by_name("IteratorGetNext").outputs
    return run(tf, graph, list(component), None if one_shot else graph.get_operation_by_name("MakeIterator"))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files of lines, records and parts, plain and packed."""
    folder = tmp_path_factory.mktemp("files")
    text = b"one\ntwo\r\n\nfour\rfive\nlast"
    (folder / "a.txt").write_bytes(text)
    (folder / "b.txt").write_bytes(b"more\n")
    (folder / "a.gz").write_bytes(gzip.compress(text))
    (folder / "a.z").write_bytes(zlib.compress(text))
    (folder / "a.bin").write_bytes(b"HH" + bytes(range(12)) + b"F")
    for kind in (None, "GZIP", "ZLIB"):
        with v1.python_io.TFRecordWriter(
            str(folder / f"a.{kind}"), kind and v1.python_io.TFRecordOptions(kind)
        ) as writer:
            for index in range(5):
                writer.write(b"x" * index)
    return folder


FILES = {
    "lines": lambda tf, at: tf.data.TextLineDataset([at("a.txt"), at("b.txt")]),
    "lines of gzip": lambda tf, at: tf.data.TextLineDataset(at("a.gz"), "GZIP"),
    "lines of zlib": lambda tf, at: tf.data.TextLineDataset(at("a.z"), compression_type="ZLIB", buffer_size=100),
    "lines in turn": lambda tf, at: tf.data.Dataset.from_tensor_slices([at("a.txt"), at("b.txt")]).interleave(
        tf.data.TextLineDataset, cycle_length=2
    ),
    "records": lambda tf, at: tf.data.TFRecordDataset(at("a.None")),
    "records of gzip": lambda tf, at: tf.data.TFRecordDataset([at("a.GZIP")], compression_type="GZIP"),
    "records of zlib": lambda tf, at: tf.data.TFRecordDataset(tf.data.Dataset.from_tensors(at("a.ZLIB")), "ZLIB"),
    "parts": lambda tf, at: tf.data.FixedLengthRecordDataset(at("a.bin"), 4, 2, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files_are_read_as_tensorflow_reads_them(old_tf, files, name):
    def make(tf):
        return FILES[name](tf, lambda file: str(files / file))

    _, _, expected = made(old_tf, make, False)
    _, _, found = made(v1, make, False)
    assert found == expected


def with_variable(tf):
    scale = tf.get_variable("v", [])
    return counted(tf).map(lambda n: tf.cast(n, tf.float32) * scale)


WRONG = {
    "sizes": lambda tf: tf.data.Dataset.from_tensor_slices((np.zeros(3), np.zeros(2))),
    "no rows": lambda tf: tf.data.Dataset.from_tensor_slices(3),
    "types": lambda tf: counted(tf).concatenate(tf.data.Dataset.from_tensors("a")),
    "variable": with_variable,
    "batch": lambda tf: ragged(tf).batch(3),
    "size of batch": lambda tf: counted(tf).batch(0),
    "padding": lambda tf: ragged(tf).padded_batch(4, ([2], [2, 2])),
    "file": lambda tf: tf.data.TextLineDataset("/none/here"),
    "generator's shape": lambda tf: tf.data.Dataset.from_generator(lambda: [[1, 2]], tf.int64, [3]),
    "generator's type": lambda tf: tf.data.Dataset.from_generator(lambda: ["x"], tf.int64, []),
    "generator's nesting": lambda tf: tf.data.Dataset.from_generator(lambda: [(1, 2)], (tf.int64, tf.int64, tf.int64)),
    "shard": lambda tf: counted(tf).shard(3, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_tensorflow_refuses_is_refused(old_tf, name):
    def outcome(tf):
        try:
            return type(made(tf, WRONG[name], True)[2][0]).__name__
        except Exception as error:  # noqa: BLE001 -- whatever it is
            return type(error).__name__

    assert outcome(v1).replace("CheckpointNotFound", "NotFound").replace(
        "TensorMismatchError", "InvalidArgumentError"
    ) == outcome(old_tf)


def test_iterators_of_one_structure_go_through_several_datasets(old_tf):
    def program(tf):
        graph = tf.Graph()
        with graph.as_default():
            iterator = tf.data.Iterator.from_structure(tf.int64, [])
            first = iterator.make_initializer(counted(tf, 2))
            second = iterator.make_initializer(counted(tf, 3).map(lambda n: n * 100))
            element = iterator.get_next()
        found = []
        with tf.Session(graph=graph) as session:
            with pytest.raises(tf.errors.FailedPreconditionError, match="has not been initialized"):
                session.run(element)
            for initializer in (first, second, first):
                session.run(initializer)
                found.append(session.run([element, element]))
                found.append(session.run(element))
        return found

    assert program(v1) == program(old_tf)


def test_iterators_are_chosen_by_what_is_fed(old_tf):
    def program(tf):
        graph = tf.Graph()
        with graph.as_default():
            handle = tf.placeholder(tf.string, [])
            one = counted(tf, 3).make_one_shot_iterator()
            other = counted(tf, 30).skip(20).make_initializable_iterator()
            chosen = tf.data.Iterator.from_string_handle(handle, other.output_types, other.output_shapes)
            element = chosen.get_next() * 2
        with tf.Session(graph=graph) as session:
            session.run(other.initializer)
            texts = session.run([one.string_handle(), other.string_handle()])
            return [session.run(element, {handle: texts[turn]}) for turn in (0, 1, 1, 0)]

    assert program(v1) == program(old_tf)


def test_placeholders_tell_what_an_iterator_begins_with(old_tf):
    def program(tf):
        graph = tf.Graph()
        with graph.as_default():
            data, size = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.int64, [])
            iterator = tf.data.Dataset.from_tensor_slices(data).batch(size).make_initializable_iterator()
            element = iterator.get_next()
        with tf.Session(graph=graph) as session:
            session.run(iterator.initializer, {data: NUMBERS, size: 4})
            return [session.run(element).tolist() for _ in range(2)]

    assert program(v1) == program(old_tf)
