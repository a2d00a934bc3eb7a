"""Event files: written events are there after a flush, a second writer has a file of its own."""

import pytest

from ckpt_magics.compat import v1 as tf
from ckpt_magics.errors import CheckpointError, InvalidArgumentError
from ckpt_magics.files.formats.random_access import BytesFile
from ckpt_magics.files.formats.record_file import read_records
from ckpt_magics.proto.messages import Event


def _events(folder):
    return [
        [Event.FromString(record) for record in read_records(BytesFile(path.read_bytes()))]
        for path in sorted(folder.iterdir())
    ]


def _loss(value):
    return tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=value)])


def test_what_was_flushed_is_there_while_the_run_goes_on(tmp_path):
    with tf.summary.FileWriter(tmp_path, max_queue=100) as writer:
        writer.add_summary(_loss(1), 3)
        assert len(_events(tmp_path)[0]) == 1
        writer.flush()
        assert [event.step for event in _events(tmp_path)[0]] == [0, 3]


def test_a_full_queue_is_written(tmp_path):
    with tf.summary.FileWriter(tmp_path, max_queue=2) as writer:
        for step in range(4):
            writer.add_summary(_loss(step), step)
        assert len(_events(tmp_path)[0]) == 5


def test_two_writers_of_one_second_have_files_of_their_own(tmp_path):
    writers = [tf.summary.FileWriter(tmp_path) for _ in range(3)]
    for number, writer in enumerate(writers):
        writer.add_summary(_loss(number), number)
        writer.close()
    assert sorted(events[1].step for events in _events(tmp_path)) == [0, 1, 2]


def test_a_closed_writer_writes_nothing_until_it_is_opened_again(tmp_path):
    writer = tf.summary.FileWriter(tmp_path)
    writer.close()
    writer.close()
    writer.add_summary(_loss(1), 1)
    writer.reopen()
    writer.add_summary(_loss(2), 2)
    writer.close()
    assert sorted(event.step for events in _events(tmp_path) for event in events[1:]) == [2]


def test_metadata_stand_with_the_first_value_of_a_tag(tmp_path):
    summary = _loss(1)
    summary.value[0].metadata.display_name = "Loss"
    with tf.summary.FileWriter(tmp_path) as writer:
        writer.add_summary(summary, 1)
        writer.add_summary(summary.SerializeToString(), 2)
    [[_, first, second]] = _events(tmp_path)
    assert first.summary.value[0].metadata.display_name == "Loss"
    assert not second.summary.value[0].HasField("metadata")
    assert summary.value[0].HasField("metadata")


def test_nodes_alone_are_a_graph_without_collections(tmp_path):
    with tf.Graph().as_default() as graph:
        tf.constant(1, name="one")
    with tf.summary.FileWriter(tmp_path, graph_def=graph.as_graph_def()):
        pass
    [[_, noted]] = _events(tmp_path)
    assert tf.GraphDef.FromString(noted.graph_def).node[0].name == "one"


def test_what_is_no_graph(tmp_path):
    with tf.summary.FileWriter(tmp_path) as writer:
        with pytest.raises(InvalidArgumentError, match="not int"):
            writer.add_graph(3)
        with pytest.raises(InvalidArgumentError, match="one graph"):
            writer.add_graph(None)
        with pytest.raises(TypeError, match="MetaGraphDef"):
            writer.add_meta_graph(tf.GraphDef())


def test_a_file_in_place_of_the_directory(tmp_path):
    (tmp_path / "logs").write_text("")
    with pytest.raises(CheckpointError, match="logs"):
        tf.summary.FileWriter(tmp_path / "logs")


def test_one_writer_per_directory(tmp_path):
    first = tf.summary.FileWriterCache.get(tmp_path)
    assert tf.summary.FileWriterCache.get(str(tmp_path)) is first
    tf.summary.FileWriterCache.clear()
    assert tf.summary.FileWriterCache.get(tmp_path) is not first
    tf.summary.FileWriterCache.clear()
