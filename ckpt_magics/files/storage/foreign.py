"""What a file that is no TensorFlow checkpoint is instead, told from its first bytes, and for few kinds from its name.

People hand a reader whatever is called ``model.ckpt``. The answer "bad magic number" helps nobody; "this is a Git LFS
pointer, run git lfs pull" does.
"""

from __future__ import annotations

import os
import re
import struct
from typing import NamedTuple

from ckpt_magics.files.formats.record_file import is_record_start
from ckpt_magics.files.formats.torch_legacy import begins_as_legacy

START_SIZE = 4096
"""Bytes from the start of a file that tell what it is."""

_ASK_AGAIN = "Download the file again and compare its size with the one published."
_USER_BLOCK_SIZES = (0, 512, 1024, 2048)


class ForeignFile(NamedTuple):
    """A kind of file that is no checkpoint.

    Attributes:
        what: Its name, with an article.
        hint: What to do with it.
        is_model: Whether it says itself what it is, and people take such files for checkpoints or get them for one.
    """

    what: str
    hint: str
    is_model: bool = True

    @property
    def is_graph(self) -> bool:
        """Whether it seems to be a graph."""
        return self in {_META_GRAPH, _GRAPH_TEXT}

    @property
    def is_events(self) -> bool:
        """Whether it is what a run notes for TensorBoard, perhaps with a graph."""
        return self == _EVENTS

    @property
    def is_unknown(self) -> bool:
        """Whether nothing tells what it is."""
        return self == _UNFINISHED


_EMPTY = ForeignFile(
    "an empty file", f"The save or the download broke off before the first byte. {_ASK_AGAIN}", is_model=False
)
_ZEROS = ForeignFile(
    "a file of zeros",
    f"The space was reserved and never filled: a broken download or a full disk. {_ASK_AGAIN}",
    is_model=False,
)
_LFS = ForeignFile(
    "a Git LFS pointer, not the file itself", 'Run "git lfs pull" in the repository to fetch what it points to.'
)
_HTML = ForeignFile(
    "a web page", "The download gave a page (a login, an error, a licence) in place of the file. Look at the address."
)
_TORCH_ZIP = ForeignFile("a PyTorch checkpoint (zip)", "Give its path to read it.")
_TORCH_PICKLE = ForeignFile("a PyTorch checkpoint of the format before version 1.6", "Give its path to read it.")
_PICKLE = ForeignFile(
    "a Python pickle, as scikit-learn writes",
    "A pickle can run any code when it is loaded: load one only from people you trust, with pickle.load.",
)
_KERAS_ZIP = ForeignFile("a Keras model (.keras, zip)", "Load it with keras.models.load_model(path).")
_NPZ = ForeignFile("a NumPy archive (.npz)", "Give its path to read it.")
_ZIP = ForeignFile("a zip archive", "Unpack it, and give the path of what is inside.")
_KERAS_HDF5 = ForeignFile("a Keras weights file (HDF5)", "Give its path to read it.")
_HDF5 = ForeignFile("an HDF5 file, as Keras writes for .h5", _KERAS_HDF5.hint)
_SAFETENSORS = ForeignFile("a safetensors file", "Give its path to read it.")
_META_GRAPH = ForeignFile(
    "a graph (MetaGraphDef, SavedModel or GraphDef), without values",
    "Give the prefix of the checkpoint's .index and .data files; import_meta_graph reads the graph.",
)
_GRAPH_TEXT = ForeignFile("a graph in text form, without values", _META_GRAPH.hint)
_JSON = ForeignFile("a JSON file", "Give the prefix of the checkpoint, not its description.", is_model=False)
_TEXT = ForeignFile("a text file", "Give the prefix of the checkpoint's files.", is_model=False)
_PDF = ForeignFile("a PDF document", _TEXT.hint, is_model=False)
_STATE = ForeignFile("a list of checkpoints", "Give the directory that it is in.", is_model=False)
_LABELS = ForeignFile("a label map", "It names the classes that a detector tells apart.", is_model=False)
_SETTINGS = ForeignFile("a message in text form with settings", "It says how a model was set up.", is_model=False)
_EVENTS = ForeignFile(
    "an event file", "%graph draws the graph in it; the checkpoints of the same run are other files.", is_model=False
)
_RECORDS = ForeignFile("a file of records (TFRecord)", "It holds examples to train with.", is_model=False)
_TFLITE = ForeignFile(
    "a TensorFlow Lite model", "Get the checkpoint or the SavedModel that it was made from; Netron shows the model."
)
_ONNX = ForeignFile("an ONNX model", "Load it with onnx.load(path).")
_TAR = ForeignFile("a tar archive", 'Unpack it, with "tar xf", and give the path of what is inside.')
_UNFINISHED = ForeignFile(
    "not a checkpoint, or one whose end is missing (the last bytes of a table file mark it as one)",
    f"If it should be a checkpoint: {_ASK_AGAIN[0].lower()}{_ASK_AGAIN[1:]}",
    is_model=False,
)

_ASIDE = "Give the directory of the SavedModel: the graph is in its saved_model.pb, the values are in variables/."
_NAMES = {
    "keras_metadata.pb": ForeignFile("what Keras notes about the layers of a SavedModel", _ASIDE, is_model=False),
    "fingerprint.pb": ForeignFile("the fingerprint of a SavedModel", _ASIDE, is_model=False),
    "tfhub_module.pb": ForeignFile("what marks a directory as a module of TensorFlow Hub", _ASIDE, is_model=False),
    "saved_model_config.pb": ForeignFile("how a SavedModel is to be served", _ASIDE, is_model=False),
}
"""Small messages, which nothing inside tells from others."""

_ZIP_MEMBERS = (
    (b"data.pkl", _TORCH_ZIP),
    (b"/.data/serialization_id", _TORCH_ZIP),
    (b"model.weights.h5", _KERAS_ZIP),
    (b"metadata.json", _KERAS_ZIP),
    (b"config.json", _KERAS_ZIP),
    (b".npy", _NPZ),
)

_MAGIC = (
    (0, b"version https://git-lfs.github.com/", _LFS),
    (0, b"\x1f\x8b", ForeignFile("a gzip file", 'Unpack it first, with "gunzip" or "tar xzf".')),
    (0, b"BZh", ForeignFile("a bzip2 file", 'Unpack it first, with "bunzip2" or "tar xjf".')),
    (0, b"\xfd7zXZ\x00", ForeignFile("an xz file", 'Unpack it first, with "unxz" or "tar xJf".')),
    (0, b"\x28\xb5\x2f\xfd", ForeignFile("a Zstandard file", 'Unpack it first, with "unzstd".')),
    (0, b"7z\xbc\xaf\x27\x1c", ForeignFile("a 7z archive", "Unpack it first.")),
    (0, b"Rar!", ForeignFile("a RAR archive", "Unpack it first.")),
    (0, b"\x93NUMPY", ForeignFile("a NumPy array (.npy)", "Give its path to read it.")),
    (0, b"GGUF", ForeignFile("a GGUF model", "Read it with the gguf package.")),
    (0, b"ARROW1", ForeignFile("an Arrow file", "Read it with pyarrow.")),
    (0, b"PAR1", ForeignFile("a Parquet file", "Read it with pandas.read_parquet(path).")),
    (0, b"%PDF", _PDF),
    (4, b"TFL3", _TFLITE),
    (257, b"ustar", _TAR),
)

SAVED_MODEL_FIELDS = rb"saved_model_schema_version|meta_graphs"
META_GRAPH_FIELDS = rb"meta_info_def|graph_def|saver_def|collection_def|signature_def|asset_file_def|object_graph_def"
GRAPH_DEF_FIELDS = rb"node|versions|library|version"
"""The fields of graphs: one of them comes first in text form."""

COMMENTS = rb"\s*(?:#[^\n]*\n\s*)*"
"""What may stand before the first field of a message in text form."""

_TEXTS = tuple(
    (re.compile(COMMENTS + start), kind)
    for start, kind in (
        (rb"(?:%s|%s|%s)\s*[:{<]" % (SAVED_MODEL_FIELDS, META_GRAPH_FIELDS, GRAPH_DEF_FIELDS), _GRAPH_TEXT),
        (rb"\{", _JSON),
        (rb"(?:all_)?model_checkpoint_paths?\s*:", _STATE),
        (rb"item\s*:?\s*[{<]", _LABELS),
        (rb"\w+\s*:?\s*\{\s", _SETTINGS),
    )
)


def recognise(start: bytes, name: str) -> ForeignFile:
    """Return what a file that is no table is.

    Args:
        start: Its first ``START_SIZE`` bytes; fewer if it has fewer.
        name: Its path.
    """
    if not start:
        return _EMPTY
    for offset, magic, kind in _MAGIC:
        if start.startswith(magic, offset):
            return kind
    return (
        _recognise_container(start)
        or _recognise_text(start)
        or _NAMES.get(os.path.basename(name))
        or _recognise_binary(start)
        or _UNFINISHED
    )


def _recognise_container(start: bytes) -> ForeignFile | None:
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return next((kind for name, kind in _ZIP_MEMBERS if name in start), _ZIP)
    if any(start[offset : offset + 8] == b"\x89HDF\r\n\x1a\n" for offset in _USER_BLOCK_SIZES):
        return _KERAS_HDF5 if b"layer" in start or b"keras" in start else _HDF5
    if len(start) > 9 and start[8:9] == b"{":
        (header_size,) = struct.unpack("<Q", start[:8])
        if 2 <= header_size <= 100_000_000 and start[9:].lstrip()[:1] in {b'"', b"}"}:
            return _SAFETENSORS
    # Protocol 2 and later name themselves.
    if start[0] == 0x80 and len(start) > 1 and 2 <= start[1] <= 5:
        return _TORCH_PICKLE if begins_as_legacy(start) else _PICKLE
    return _recognise_records(start)


def _recognise_records(start: bytes) -> ForeignFile | None:
    if not is_record_start(start):
        return None
    return _EVENTS if b"brain.Event:" in start[:64] else _RECORDS


def _recognise_text(start: bytes) -> ForeignFile | None:
    if not start.strip(b"\x00"):
        return _ZEROS
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"<(?:!doctype|html|head|\?xml)", text, re.IGNORECASE):
        return _HTML
    if b"\x00" in start:
        return None
    found = next((kind for pattern, kind in _TEXTS if pattern.match(text)), None)
    if found is not None:
        return found
    printable = sum(byte in b"\t\n\r\f\x1b" or byte >= 32 for byte in start)
    return _TEXT if printable == len(start) and _is_utf8(start) else None


def _is_utf8(start: bytes) -> bool:
    try:
        # The cut may fall into a character, which has at most four bytes.
        start.decode("utf-8", "strict" if len(start) < START_SIZE else "ignore")
    except UnicodeDecodeError:
        return False
    return True


def _recognise_binary(start: bytes) -> ForeignFile | None:
    # ModelProto.ir_version, from 3 on, before producer_name or graph.
    if re.match(rb"\x08[\x03-\x20](?:\x12[\x01-\x40][ -~]|:)", start):
        return _ONNX
    # MetaGraphDef.meta_info_def, SavedModel.saved_model_schema_version before meta_graphs, GraphDef.node.
    opens_message = start[:1] == b"\x0a" or start[:3] == b"\x08\x01\x12"
    names_graph = b"Placeholder" in start or b"VariableV2" in start or b"NoOp" in start or b"Const" in start
    return _META_GRAPH if opens_message and (names_graph or b"\x12\x04type" in start) else None
