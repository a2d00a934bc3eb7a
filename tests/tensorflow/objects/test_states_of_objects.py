"""Tables, iterators, sharded variables and states of Python are saved and restored as TensorFlow does it."""

from pathlib import Path

import pytest

import ckpt_magics

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def make(tf):
    """Makes objects of TensorFlow that have states, fresh ones."""
    from tensorflow.python.distribute.sharded_variable import ShardedVariable

    class State(tf.train.experimental.PythonState):
        text = b""

        def serialize(self):
            return self.text

        def deserialize(self, text):
            self.text = text

    class Counts(tf.__internal__.tracking.Trackable):
        """Serializes itself as TensorFlow asks objects to do now."""

        def __init__(self):
            self.counts = tf.Variable([0, 0])

        def _serialize_to_tensors(self):
            return {"first": self.counts[0], "rest": self.counts[1:]}

        def _restore_from_tensors(self, tensors):
            self.counts.assign(tf.concat([[tensors["first"]], tensors["rest"]], 0))

    def objects():
        empty = {"empty_key": -1, "deleted_key": -2, "default_value": 0.0, "key_dtype": tf.int64}
        return {
            "state": State(),
            "words": tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1),
            "numbers": tf.lookup.experimental.DenseHashTable(value_dtype=tf.float32, **empty),
            "rows": iter(tf.data.Dataset.range(100).map(lambda x: x * 2).shuffle(5, seed=1).batch(2)),
            "random": tf.random.Generator.from_seed(3),
            "shards": ShardedVariable([tf.Variable([[1.0, 2.0]]), tf.Variable([[3.0, 4.0], [5.0, 6.0]])], name="s"),
            "counts": Counts(),
            "z": tf.Variable(1.0),
        }

    return objects


def used(tf, objects):
    """Objects that are no longer as they were made."""
    objects["words"].insert(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64))
    objects["numbers"].insert(tf.constant([5], tf.int64), tf.constant([0.5]))
    for _ in range(3):
        next(objects["rows"])
    objects["random"].uniform([])
    objects["shards"].assign([[7.0, 8.0], [9.0, 10.0], [11.0, 12.0]])
    objects["counts"].counts.assign([7, 8])
    objects["state"].text = b"\x00\xff text"
    return objects


def seen(tf, objects):
    """What can be seen of them, the same number of times of all."""
    words = objects["words"].lookup(tf.constant(["a", "b", "c"])).numpy().tolist()
    numbers = objects["numbers"].lookup(tf.constant([5, 6], tf.int64)).numpy().tolist()
    rows = [next(objects["rows"]).numpy().tolist() for _ in range(2)]
    shards = [variable.numpy().tolist() for variable in objects["shards"].variables]
    counts = objects["counts"].counts.numpy().tolist()
    return [words, numbers, rows, objects["random"].uniform([]).numpy().item(), shards, counts, objects["state"].text]


def contents(prefix):
    return [Path(f"{prefix}{end}").read_bytes() for end in (".index", ".data-00000-of-00001")]


@pytest.fixture
def saved(tf, make, tmp_path):
    """Objects and the checkpoint that TensorFlow writes of them."""
    objects = used(tf, make())
    return objects, tf.train.Checkpoint(**objects).write(str(tmp_path / "theirs"))


def test_files_are_those_of_tensorflow(tf, saved, tmp_path):
    objects, theirs = saved
    assert contents(ckpt_magics.Checkpoint(**objects).write(tmp_path / "ours")) == contents(theirs)
    assert contents(ckpt_magics.save_checkpoint(tmp_path / "m", objects, objects=True)) == contents(theirs)


def test_all_that_was_saved_is_restored(tf, make, saved):
    objects, theirs = saved
    other = make()
    ckpt_magics.Checkpoint(**other).read(theirs).assert_consumed()
    assert seen(tf, other) == seen(tf, objects)


def test_tensorflow_restores_what_is_written(tf, make, saved, tmp_path):
    objects, _ = saved
    other = make()
    tf.train.Checkpoint(**other).read(ckpt_magics.Checkpoint(**objects).write(tmp_path / "ours")).assert_consumed()
    assert seen(tf, other) == seen(tf, objects)


def test_they_are_restored_and_compared_by_the_names_that_are_shown(tf, make, saved, tmp_path):
    objects, theirs = saved
    other = make()
    before = ckpt_magics.compare_checkpoints(theirs, other).set_index("name")["status"]
    assert before.drop("_CHECKPOINTABLE_OBJECT_GRAPH").tolist().count("changed") >= 6
    report = ckpt_magics.restore_checkpoint(theirs, other)
    assert {"words/table-keys", "rows/ITERATOR_STATE", "state/py_state"} <= {one.name for one in report.restored}
    after = ckpt_magics.compare_checkpoints(theirs, other).set_index("name")["status"]
    # The words of a table have no order.
    assert set(after.drop(["_CHECKPOINTABLE_OBJECT_GRAPH", "words/table-keys", "words/table-values"])) == {"same"}
    assert seen(tf, other) == seen(tf, objects)


def test_they_are_saved_by_name_and_variants_stay_variants(tf, make, saved, tmp_path):
    objects, theirs = saved
    by_name = ckpt_magics.save_checkpoint(tmp_path / "named", objects)
    with ckpt_magics.load_checkpoint(theirs) as wanted, ckpt_magics.load_checkpoint(by_name) as found:
        assert found.named_tensors.spec("rows/ITERATOR_STATE").dtype.name == "variant"
        names = set(wanted.object_graph.short_names) - {"words/table", "numbers/table", "rows/ITERATOR"}
        assert names <= set(found)
    other = make()
    ckpt_magics.restore_checkpoint(by_name, other)
    assert seen(tf, other) == seen(tf, objects)


def test_a_table_that_comes_later_or_stands_at_several_places_gets_its_words(tf, make, tmp_path):
    def words(*known):
        table = make()["words"]
        table.insert(tf.constant(list(known), tf.string), tf.range(len(known), dtype=tf.int64))
        return table

    one = words("a", "b")
    path = ckpt_magics.Checkpoint(t={"a/b": one, "": [[one]]}, v=tf.Variable(1.0)).write(tmp_path / "m")
    theirs = tf.train.Checkpoint(t={"a/b": one, "": [[one]]}, v=tf.Variable(1.0)).write(str(tmp_path / "theirs"))
    assert contents(path) == contents(theirs)
    checkpoint, later = ckpt_magics.Checkpoint(v=tf.Variable(0.0)), words()
    status = checkpoint.read(path)
    checkpoint.t = {"a/b": later, "": [[later]]}
    status.assert_consumed()
    assert later.lookup(tf.constant(["b"])).numpy().tolist() == [1]


def test_a_table_that_is_the_root_is_restored(tf, make, saved, tmp_path):
    objects, _ = saved
    path = ckpt_magics.Checkpoint(objects["words"]).write(tmp_path / "root")
    tables = [make()["words"] for _ in range(3)]
    ckpt_magics.Checkpoint(tables[0]).read(path).assert_consumed()
    tf.train.Checkpoint(tables[1]).read(path).assert_consumed()
    ckpt_magics.restore_checkpoint(path, tables[2])
    assert [table.lookup(tf.constant(["b"])).numpy().tolist() for table in tables] == [[2]] * 3


def test_an_iterator_that_cannot_be_saved_is_refused_and_leaves_no_file(tf, tmp_path):
    stateful = iter(tf.data.Dataset.from_generator(lambda: iter(range(3)), tf.int64))
    with pytest.raises(ckpt_magics.InvalidArgumentError, match="OwnedIterator cannot be saved"):
        ckpt_magics.Checkpoint(rows=stateful).write(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_nothing_changes_where_one_part_does_not_fit(tf, make, saved):
    _, theirs = saved
    other = used(tf, make())
    other["words"] = tf.lookup.experimental.MutableHashTable(tf.string, tf.float32, -1)
    with pytest.raises(ckpt_magics.TensorMismatchError, match="table-values; expected dtype float"):
        ckpt_magics.Checkpoint(**other).read(theirs)
    assert other["counts"].counts.numpy().tolist() == [7, 8]


def test_all_is_taken_back_where_an_object_refuses_its_state(tf, make, saved):
    _, theirs = saved
    other = make()
    other["words"].insert(tf.constant(["c"]), tf.constant([3], tf.int64))

    def refuse(_):
        raise RuntimeError("not this one")

    other["state"].deserialize = refuse
    with pytest.raises(ckpt_magics.CheckpointError, match="not this one"):
        ckpt_magics.Checkpoint(**other).read(theirs)
    assert other["words"].lookup(tf.constant(["a", "c"])).numpy().tolist() == [-1, 3]
    assert other["counts"].counts.numpy().tolist() == [0, 0]


def test_what_an_object_of_another_kind_saved_is_not_used(tf, make, tmp_path):
    path = tf.train.Checkpoint(a=make()["words"], b=tf.Variable(1.0)).write(str(tmp_path / "m"))
    status = ckpt_magics.Checkpoint(a=tf.Variable(1.0), b=make()["words"]).read(path)
    with pytest.raises(AssertionError, match="Unused attributes"):
        status.assert_consumed()


def test_what_only_a_saver_of_its_own_can_save_is_refused(tf, tmp_path):
    from tensorflow.python.saved_model import registration

    class Own(tf.__internal__.tracking.AutoTrackable):
        pass

    registration.register_tf_checkpoint_saver(
        name="OwnSaver",
        predicate=lambda value: isinstance(value, Own),
        save_fn=lambda trackables, file_prefix: None,
        restore_fn=lambda trackables, merged_prefix: None,
    )
    with pytest.raises(ckpt_magics.UnimplementedError, match=r"Own is saved by tf\.OwnSaver"):
        ckpt_magics.Checkpoint(own=Own()).write(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []
