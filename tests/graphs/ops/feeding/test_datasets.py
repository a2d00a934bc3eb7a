"""Datasets in a session: orders that are drawn, what a failure leaves behind, and handles that are none."""

import gc
import threading

import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.graphs.ops.feeding.datasets import ROWS
from tests.descriptors import needs_descriptors, open_files


@pytest.fixture(autouse=True)
def _own_graph():
    with tf.Graph().as_default():
        yield


def elements(dataset, runs=1):
    """Return all elements of each run of the iterator's initializer, in one session."""
    iterator = dataset.make_initializable_iterator()
    element = iterator.get_next()
    found = []
    with tf.Session() as session:
        for _ in range(runs):
            session.run(iterator.initializer)
            found.append([])
            try:
                while True:
                    found[-1].append(session.run(element))
            except tf.errors.OutOfRangeError:
                pass
    return found if runs > 1 else found[0]


def shuffled(size=20, buffer=20, **arguments):
    return tf.data.Dataset.range(size).shuffle(buffer, **arguments)


def test_shuffling_keeps_every_element_and_seeds_keep_the_order():
    first, second = elements(shuffled(seed=3), 2)
    assert first == second != sorted(first)
    assert sorted(first) == list(range(20))
    assert elements(shuffled(seed=4)) != first
    one, other = elements(shuffled(), 2)
    assert one != other


def test_each_pass_has_another_order_unless_told():
    found = elements(shuffled(seed=3).repeat(2))
    assert sorted(found[:20]) == sorted(found[20:])
    assert found[:20] != found[20:]
    for seed in (3, None):
        found = elements(shuffled(seed=seed, reshuffle_each_iteration=False).repeat(2))
        assert found[:20] == found[20:]


def test_an_element_comes_no_earlier_than_the_buffer_allows():
    found = elements(shuffled(100, 10, seed=1))
    assert all(value <= place + 9 for place, value in enumerate(found))
    assert found != sorted(found)


def test_windows_are_datasets():
    handle = apply(
        "WindowDataset",
        tf.data.Dataset.range(7).handle,
        3,
        2,
        1,
        True,
        output_types=[tf.variant],
        output_shapes=[()],
    )
    kind = tf.data.Dataset.range(0).kind
    inner = tf.data.Dataset(handle, type(kind).told(tf.variant, []))
    flat = inner.flat_map(lambda window: tf.data.Dataset(window, kind).batch(5))
    assert [row.tolist() for row in elements(flat)] == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]


def test_what_follows_a_failure_is_the_next_element():
    def half(value):
        return tf.cond(tf.equal(value, 2), lambda: tf.py_func(fail, [value], tf.int64), lambda: value)

    def fail(value):
        raise KeyError(value)

    element = tf.data.Dataset.range(5).map(half).make_one_shot_iterator().get_next()
    with tf.Session() as session:
        assert [session.run(element) for _ in range(2)] == [0, 1]
        with pytest.raises(tf.errors.UnknownError, match=r"KeyError: (np\.int64\()?2"):
            session.run(element)
        assert session.run(element) == 3


def test_an_interrupt_leaves_the_iterator_at_its_place():
    def interrupt(value):
        if value == 1 and not interrupted:
            interrupted.append(value)
            raise KeyboardInterrupt
        return value

    interrupted = []
    dataset = tf.data.Dataset.range(6).map(lambda value: tf.py_func(interrupt, [value], tf.int64)).batch(2).repeat()
    element = dataset.make_one_shot_iterator().get_next()
    with tf.Session() as session:
        with pytest.raises(KeyboardInterrupt):
            session.run(element)
        assert session.run(element).tolist() == [2, 3]


def test_threads_share_the_elements():
    element = tf.data.Dataset.range(300).make_one_shot_iterator().get_next()
    found = []
    with tf.Session() as session:
        threads = [
            threading.Thread(target=lambda: found.extend(session.run(element) for _ in range(50))) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == list(range(300))


@needs_descriptors
def test_a_closed_session_lets_go_of_files(tmp_path):
    (tmp_path / "lines").write_bytes(b"a\nb\n" * 1000)
    element = tf.data.TextLineDataset(str(tmp_path / "lines")).make_one_shot_iterator().get_next()
    session = tf.Session()
    assert session.run(element) == b"a"
    assert open_files(tmp_path) == [str(tmp_path / "lines")]
    session.close()
    gc.collect()
    assert open_files(tmp_path) == []


def test_a_truncated_file_of_records_is_no_end_of_the_data(tmp_path):
    path = str(tmp_path / "records")
    with tf.python_io.TFRecordWriter(path) as writer:
        writer.write(b"one")
        writer.write(b"two")
    (tmp_path / "records").write_bytes((tmp_path / "records").read_bytes()[:-2])
    element = tf.data.TFRecordDataset(path).make_one_shot_iterator().get_next()
    with tf.Session() as session:
        assert session.run(element) == b"one"
        with pytest.raises(tf.errors.DataLossError, match="truncated record") as caught:
            session.run(element)
        assert not isinstance(caught.value, tf.errors.OutOfRangeError)


def test_functions_live_as_long_as_their_graph():
    graph = tf.get_default_graph()
    doubled = tf.py_func(lambda value: value * 2, [tf.constant(3, tf.int64)], tf.int64, stateful=False)
    gc.collect()
    assert tf.Session(graph=graph).run(doubled) == 6
    message = graph.as_graph_def()
    token = graph.get_operations()[-1].node_def.attr["token"].s
    message.node[-1].attr["token"].s = token + b"0"
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(message, name="")
        with pytest.raises(tf.errors.InvalidArgumentError, match="is not found"):
            session.run("PyFuncStateless:0")


@pytest.mark.parametrize("result", [1.5, [1, 2], "text", None])
def test_functions_give_what_they_promised(result):
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
        session.run(tf.py_func(lambda: result, [], tf.int64))


@pytest.mark.parametrize("name", sorted(row.name for row in ROWS if row.inputs and row.inputs[0].type == "variant"))
def test_what_is_no_dataset_is_refused(name):
    row = next(row for row in ROWS if row.name == name)
    none = apply("OptionalNone")
    inputs = [
        [none] if arg.number_attr and arg.type == "variant" else none if arg.type == "variant" else placeholder(arg)
        for arg in row.inputs
    ]
    attrs = {"output_types": [tf.int64], "output_shapes": [()], "Toutput_types": [tf.int64], "serialized_options": b""}
    known = {attr.name for attr in row.attrs}
    made = apply(name, *inputs, **{key: value for key, value in attrs.items() if key in known})
    iterator = apply("IteratorV2", shared_name="", container="", output_types=[tf.int64], output_shapes=[()])
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="none of a dataset"):
        session.run(apply("MakeIterator", made, iterator))


def placeholder(arg):
    if arg.type_list_attr or arg.number_attr:
        return [tf.constant(0, tf.int64)] if arg.type_list_attr else [tf.constant([0], tf.int64)]
    values = {"int64": 1, "bool": True, "string": "", "resource": None}
    return apply("DummyMemoryCache") if arg.type == "resource" else tf.constant(values[arg.type], arg.type)


def test_iterators_are_told_by_their_own_strings_only():
    with tf.Session() as session, pytest.raises(tf.errors.NotFoundError, match="has the handle"):
        session.run(tf.data.Iterator.from_string_handle("iterator:none", tf.int64, []).get_next())


def test_an_element_of_other_components_is_refused():
    handle = apply("IteratorV2", shared_name="", container="", output_types=[tf.int64] * 2, output_shapes=[()] * 2)
    begin = apply("MakeIterator", tf.data.Dataset.range(3).handle, handle)
    after = apply("IteratorGetNext", handle, output_types=[tf.int64] * 2, output_shapes=[()] * 2)
    with tf.Session() as session:
        session.run(begin)
        with pytest.raises(tf.errors.InvalidArgumentError, match="1 components, and 2 are wanted"):
            session.run(after)


def test_iterators_that_begin_by_themselves_have_no_initializer():
    by_itself = tf.data.Dataset.range(3).make_one_shot_iterator()
    with pytest.raises(ValueError, match="does not have an initializer"):
        _ = by_itself.initializer
    iterator = tf.data.Iterator.from_structure(tf.int64, [])
    with pytest.raises(TypeError, match="expected elements"):
        iterator.make_initializer(tf.data.Dataset.from_tensors("x"))


def test_functions_read_variables_of_any_shape():
    with tf.Graph().as_default():
        variable = tf.get_variable("v", [2], initializer=tf.ones_initializer(), use_resource=True)
        dataset = tf.data.Dataset.range(2).map(lambda x: tf.cast(x, tf.float32) + variable)
        iterator = tf.data.make_initializable_iterator(dataset)
        element = iterator.get_next()
        assert element.shape == [2]
        with tf.Session() as session:
            session.run([variable.initializer, iterator.initializer])
            assert [session.run(element).tolist() for _ in range(2)] == [[1, 1], [2, 2]]
