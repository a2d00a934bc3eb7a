"""Summaries and event files are what TensorFlow makes, and TensorFlow reads ours."""

import numpy as np
import pytest

from ckpt_magics.compat import v1
from ckpt_magics.files.formats.random_access import BytesFile
from ckpt_magics.files.formats.record_file import read_records
from ckpt_magics.proto.messages import Event

pytestmark = pytest.mark.tensorflow

RANDOM = np.random.default_rng(0)


def _both(tf, build):
    """Return the messages that a program makes here and in TensorFlow, after its graphs were compared."""
    found, graphs = [], []
    for library in (v1, tf.compat.v1):
        with library.Graph().as_default() as graph:
            summary = build(library)
            graphs.append([(node.name, node.op, list(node.input)) for node in graph.as_graph_def().node])
            with library.Session() as sess:
                found.append(library.Summary.FromString(sess.run(summary)))
    assert graphs[0] == graphs[1]
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8", "float16"])
def test_numbers(tf, dtype):
    ours, theirs = _both(tf, lambda tf: tf.summary.scalar("loss of a: b", tf.constant(3, dtype)))
    assert ours.SerializeToString() == theirs.SerializeToString()


def test_families_scopes_and_collections(tf):
    def build(tf):
        with tf.name_scope("train"):
            tf.summary.scalar("loss", 1.0, family="losses")
            tf.summary.scalar("loss", 2.0)
            tf.summary.scalar("apart", 3.0, collections=["mine"])
        return tf.summary.merge([tf.summary.merge_all(), tf.summary.scalar("more", 1.0)], name="all")

    ours, theirs = _both(tf, build)
    assert ours.SerializeToString() == theirs.SerializeToString()
    assert len(ours.value) == 3


@pytest.mark.parametrize(
    "values",
    [
        RANDOM.standard_normal((40, 30)).astype(np.float32),
        np.zeros((3,), np.float32),
        np.zeros((0,), np.float32),
        np.array([1e-12, -1e-12, 1e20, -1e30, 0, 5], np.float64),
        np.arange(-50, 50),
    ],
    ids=["normal", "zeros", "none", "limits", "integers"],
)
def test_histograms(tf, values):
    ours, theirs = _both(tf, lambda tf: tf.summary.histogram("w", tf.constant(values)))
    [ours], [theirs] = ours.value, theirs.value
    assert (ours.tag, ours.histo.num, ours.histo.min, ours.histo.max) == (
        theirs.tag,
        theirs.histo.num,
        theirs.histo.min,
        theirs.histo.max,
    )
    np.testing.assert_allclose(ours.histo.sum, theirs.histo.sum, rtol=1e-12)
    np.testing.assert_allclose(ours.histo.sum_squares, theirs.histo.sum_squares, rtol=1e-12)
    assert list(ours.histo.bucket_limit) == list(theirs.histo.bucket_limit)
    assert list(ours.histo.bucket) == list(theirs.histo.bucket)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_histograms_refuse_what_is_no_number(tf, value):
    for library in (v1, tf.compat.v1):
        with library.Graph().as_default(), library.Session() as sess:
            summary = library.summary.histogram("w", library.constant([1.0, value]))
            with pytest.raises(library.errors.InvalidArgumentError, match=r"(?i)histogram"):
                sess.run(summary)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 3), (-5, -1), (0, 0)])
def test_pictures(tf, channels, low, high):
    pixels = RANDOM.uniform(low, high, (5, 6, 7, channels)).astype(np.float32)
    pixels[0, 1, 2, 0] = np.nan
    ours, theirs = _both(tf, lambda tf: tf.summary.image("x", tf.constant(pixels)))
    assert [value.tag for value in ours.value] == [value.tag for value in theirs.value]
    for mine, wanted in zip(ours.value, theirs.value, strict=True):
        assert (mine.image.height, mine.image.width, mine.image.colorspace) == (6, 7, channels)
        decoded = [tf.io.decode_png(one.image.encoded_image_string).numpy() for one in (mine, wanted)]
        np.testing.assert_array_equal(*decoded)


def test_bytes_are_shown_as_they_are(tf):
    pixels = RANDOM.integers(0, 256, (1, 3, 4, 3), np.uint8)
    ours, _ = _both(tf, lambda tf: tf.summary.image("x", tf.constant(pixels), max_outputs=1))
    assert ours.value[0].tag == "x/image"
    np.testing.assert_array_equal(tf.io.decode_png(ours.value[0].image.encoded_image_string), pixels[0])


@pytest.mark.parametrize("shape", [(2, 50), (4, 20, 2)])
def test_sounds(tf, shape):
    sound = RANDOM.uniform(-1.1, 1.1, shape).astype(np.float32)
    ours, theirs = _both(tf, lambda tf: tf.summary.audio("x", tf.constant(sound), 8000.0))
    for mine, wanted in zip(ours.value, theirs.value, strict=True):
        assert (mine.tag, mine.audio.num_channels, mine.audio.length_frames) == (
            wanted.tag,
            wanted.audio.num_channels,
            wanted.audio.length_frames,
        )
        decoded = [tf.audio.decode_wav(one.audio.encoded_audio_string)[0].numpy() for one in (mine, wanted)]
        np.testing.assert_array_equal(*decoded)


def test_text_and_tensors(tf):
    ours, theirs = _both(tf, lambda tf: tf.summary.text("said", tf.constant(["a", "b"])))
    assert ours.SerializeToString() == theirs.SerializeToString()


def test_a_tag_that_is_there_twice(tf):
    for library in (v1, tf.compat.v1):
        with library.Graph().as_default(), library.Session() as sess:
            summary = library.summary.scalar("a", 1.0)
            with pytest.raises(library.errors.InvalidArgumentError, match="Duplicate tag a"):
                sess.run(library.summary.merge([summary, summary]))


def test_tensorflow_reads_an_event_file(tf, tmp_path):
    with v1.Graph().as_default() as graph, v1.Session() as sess:
        summary = v1.summary.scalar("loss", v1.constant(0.5))
        with v1.summary.FileWriter(tmp_path, graph) as writer:
            writer.add_summary(sess.run(summary), 7)
            writer.add_session_log(v1.SessionLog(status=v1.SessionLog.START), 8)
    [path] = tmp_path.iterdir()
    events = list(tf.compat.v1.train.summary_iterator(str(path)))
    assert [event.WhichOneof("what") for event in events] == [
        "file_version",
        "graph_def",
        "meta_graph_def",
        "summary",
        "session_log",
    ]
    assert (events[3].step, events[3].summary.value[0].simple_value) == (7, 0.5)
    assert path.name.startswith("events.out.tfevents.")


def test_the_events_that_tensorflow_writes(tf, tmp_path):
    kinds = []
    for library, folder in ((v1, tmp_path / "ours"), (tf.compat.v1, tmp_path / "theirs")):
        with library.Graph().as_default() as graph:
            library.get_variable("w", (2,))
            writer = library.summary.FileWriter(str(folder), graph, filename_suffix=".x")
            writer.add_summary(library.Summary(value=[library.Summary.Value(tag="a", simple_value=1)]))
            writer.close()
        found = [
            [Event.FromString(record).WhichOneof("what") for record in read_records(BytesFile(path.read_bytes()))]
            for path in sorted(folder.iterdir())
        ]
        kinds.append(found)
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("packing", ["", "GZIP", "ZLIB"])
def test_files_of_records_pass_both_ways(tf, tmp_path, packing):
    example = v1.train.Example(
        features=v1.train.Features(
            feature={
                "x": v1.train.Feature(float_list=v1.train.FloatList(value=[1.5, 2])),
                "y": v1.train.Feature(int64_list=v1.train.Int64List(value=[-3])),
                "z": v1.train.Feature(bytes_list=v1.train.BytesList(value=[b"\x00\xff"])),
            }
        )
    ).SerializeToString(deterministic=True)
    for writes, reads in ((v1, tf.compat.v1), (tf.compat.v1, v1)):
        path = str(tmp_path / writes.__name__)
        options = writes.python_io.TFRecordOptions(packing)
        with writes.python_io.TFRecordWriter(path, options) as writer:
            writer.write(example)
            writer.write(b"")
        found = list(reads.python_io.tf_record_iterator(path, reads.python_io.TFRecordOptions(packing)))
        assert found == [example, b""]
        assert reads.train.Example.FromString(found[0]).features.feature["y"].int64_list.value[0] == -3
