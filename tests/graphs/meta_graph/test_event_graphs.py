"""The graph in an event file: which one, beside what else is there, and in damaged files."""

import pytest

from ckpt_magics.errors import DataLossError, NotFoundError
from ckpt_magics.files.formats.record_file import encode_record
from ckpt_magics.graphs.meta_graph.graph_sources import find_graph
from ckpt_magics.proto.messages import Event, GraphDef, MetaGraphDef, NodeDef, Summary

START = Event(wall_time=1.5, file_version="brain.Event:2")
LOSS = Event(step=3, summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.5)]))


def _graph(*names):
    return GraphDef(node=[NodeDef(name=name, op="NoOp") for name in names])


def _noted(*names):
    return Event(graph_def=_graph(*names).SerializeToString())


def _noted_with_meta(*names):
    return Event(meta_graph_def=MetaGraphDef(graph_def=_graph(*names)).SerializeToString())


@pytest.fixture
def events(tmp_path):
    def write(*found, end=b""):
        path = tmp_path / "events.out.tfevents.1.host"
        path.write_bytes(b"".join(encode_record(event.SerializeToString()) for event in (START, *found)) + end)
        return path

    return write


def _names(source):
    return [node.name for node in source.meta_graph.graph_def.node]


def test_the_graph_between_summaries(events):
    source = find_graph(events(LOSS, _noted("a", "b"), LOSS))
    assert (source.kind, source.note, _names(source)) == ("event file", "", ["a", "b"])


def test_a_meta_graph_says_more_than_the_graph_that_comes_with_it(events):
    source = find_graph(events(_noted("a"), _noted_with_meta("a", "b"), _noted("a")))
    assert (_names(source), source.note) == (["a", "b"], "")


def test_the_last_one_is_taken_and_the_others_are_told(events):
    source = find_graph(events(_noted("a"), _noted("b"), _noted("c")))
    assert (_names(source), source.note) == (["c"], "The last of 3 graphs.")


def test_what_is_damaged_behind_a_graph_does_not_hide_it(events):
    source = find_graph(events(_noted("a"), LOSS, end=encode_record(b"cut off")[:-3]))
    assert _names(source) == ["a"]
    assert "damaged" in source.note


def test_damage_before_any_graph_is_an_error(events):
    with pytest.raises(DataLossError, match="record"):
        find_graph(events(LOSS, end=encode_record(_noted("a").SerializeToString())[:-1]))


def test_a_record_that_is_no_event(events):
    with pytest.raises(DataLossError, match="no event"):
        find_graph(events(end=encode_record(b"\xff\xff")))


def test_no_graph_is_said_with_what_writes_one(events):
    with pytest.raises(NotFoundError, match="FileWriter"):
        find_graph(events(LOSS))


@pytest.mark.tensorflow
def test_the_files_that_tensorflow_writes(tf, tmp_path):
    with tf.Graph().as_default() as graph:
        tf.compat.v1.identity(tf.compat.v1.get_variable("w", (2, 3)), name="out")
        tf.compat.v1.summary.FileWriter(str(tmp_path), graph).close()
    (path,) = tmp_path.iterdir()
    source = find_graph(path)
    assert _names(source) == [node.name for node in graph.as_graph_def().node]
    assert sorted(source.meta_graph.collection_def) == ["trainable_variables", "variables"]
