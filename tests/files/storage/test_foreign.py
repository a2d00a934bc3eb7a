"""What is no checkpoint and no graph is named for what it is, whichever door it is taken to."""

import io
import struct
import tarfile

import pytest

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.storage.foreign import START_SIZE, recognise
from ckpt_magics.files.wire.crc32c import crc32c, mask
from ckpt_magics.graphs.meta_graph.graph_files import read_graph_def, read_meta_graph, read_saved_model
from ckpt_magics.graphs.meta_graph.graph_sources import find_graph
from ckpt_magics.notebook.reader import load_checkpoint

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 29119\n"


def record(data):
    """One record, as tsl/lib/io/record_writer.cc puts it."""
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", mask(crc32c(head))) + data + struct.pack("<I", mask(crc32c(data)))


def tar():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.ckpt.index"), io.BytesIO())
    return buffer.getvalue()


FILES = {
    "fingerprint.pb": (b"\x08\x96\x01\x10\x01", "the fingerprint of a SavedModel"),
    "keras_metadata.pb": (b'\n\x12\x08\x00\x12\x04root"\x02{}*\x04type', "what Keras notes about the layers"),
    "tfhub_module.pb": (b"\x08\x03", "a module of TensorFlow Hub"),
    "saved_model_config.pb": (b"\n\x04abcd", "how a SavedModel is to be served"),
    "label_map.pbtxt": (b"# classes\nitem {\n  id: 1\n  name: 'cat'\n}\n", "a label map"),
    "pipeline.config": (b"model {\n  ssd {\n  }\n}\n", "a message in text form with settings"),
    "model.tflite": (b"\x1c\x00\x00\x00TFL3" + bytes(64), "a TensorFlow Lite model"),
    "model.onnx": (b"\x08\x07\x12\x07pytorch\x1a\x051.9.0:\x10\n\x0e\n\x01x\x12\x01y", "an ONNX model"),
    "graph.onnx": (b"\x08\x08:\x10\n\x0e\n\x01x\x12\x01y", "an ONNX model"),
    "model.tar": (tar(), "a tar archive"),
    "events.out.tfevents.1.host": (
        record(b"\x09" + struct.pack("<d", 1e9) + b"\x1a\x0dbrain.Event:2"), "an event file"
    ),
    "train.tfrecord": (record(b"\n\x03abc"), "a file of records"),
    "model.ckpt": (LFS, "a Git LFS pointer"),
    "frozen_inference_graph.pb": (LFS, "a Git LFS pointer"),
    "x.meta": (LFS, "a Git LFS pointer"),
}  # fmt: skip


@pytest.mark.parametrize("opened", [find_graph, load_checkpoint])
@pytest.mark.parametrize("name", FILES)
def test_every_door_names_it(tmp_path, name, opened):
    data, what = FILES[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=what) as caught:
        opened(tmp_path / name)
    assert caught.value.hint
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("read", [read_graph_def, read_meta_graph, read_saved_model])
def test_a_pointer_in_place_of_a_graph_is_named(tmp_path, read):
    (tmp_path / "saved_model.pb").write_bytes(LFS)
    with pytest.raises(CheckpointError, match=r'a Git LFS pointer, not the file itself. Run "git lfs pull"'):
        read(tmp_path / "saved_model.pb")


@pytest.mark.parametrize(
    "text",
    [
        "node { name: 'x' op: 'NoOp' }", "versions { producer: 9 }", "library { }", "graph_def { }", "meta_graphs { }",
        "# written by hand\nsaver_def { }",
    ],
)  # fmt: skip
def test_a_graph_in_text_form_is_one(text):
    assert recognise(text.encode()[:START_SIZE], "x.pbtxt").is_graph
