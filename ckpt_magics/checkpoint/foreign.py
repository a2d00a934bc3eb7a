"""What a file that is no TensorFlow checkpoint is instead, told from its first bytes.

People hand a reader whatever is called ``model.ckpt``. The answer "bad magic number" helps nobody; "this is a PyTorch
file, load it with torch.load" does.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

START_SIZE = 4096
"""Bytes from the start of a file that tell what it is."""

_ASK_AGAIN = "Download the file again and compare its size with the one published."
_USER_BLOCK_SIZES = (0, 512, 1024, 2048)


class ForeignFile(NamedTuple):
    """A kind of file that is no checkpoint.

    Attributes:
        what: Its name, with an article.
        hint: What to do with it.
    """

    what: str
    hint: str

    @property
    def is_graph(self) -> bool:
        """Whether it seems to be a graph."""
        return self in {_META_GRAPH, _GRAPH_TEXT}

    @property
    def is_model(self) -> bool:
        """Whether it says itself what it is, and people take such files for checkpoints or get them for one."""
        return not self.is_unknown and self not in {_EMPTY, _ZEROS, _JSON, _TEXT, _PDF}

    @property
    def is_unknown(self) -> bool:
        """Whether nothing tells what it is."""
        return self == _UNFINISHED


_EMPTY = ForeignFile("an empty file", f"The save or the download broke off before the first byte. {_ASK_AGAIN}")
_ZEROS = ForeignFile(
    "a file of zeros", f"The space was reserved and never filled: a broken download or a full disk. {_ASK_AGAIN}"
)
_LFS = ForeignFile(
    "a Git LFS pointer, not the file itself", 'Run "git lfs pull" in the repository to fetch what it points to.'
)
_HTML = ForeignFile(
    "a web page", "The download gave a page (a login, an error, a licence) in place of the file. Look at the address."
)
_TORCH_ZIP = ForeignFile(
    "a PyTorch checkpoint (zip)",
    "Load it with torch.load(path, weights_only=True); %ckpt_save can write the result.",
)
_TORCH_PICKLE = ForeignFile(
    "a Python pickle, as older PyTorch and scikit-learn write",
    "A pickle can run any code when it is loaded: load one only from people you trust, with torch.load or pickle.load.",
)
_KERAS_ZIP = ForeignFile("a Keras model (.keras, zip)", "Load it with keras.models.load_model(path).")
_NPZ = ForeignFile("a NumPy archive (.npz)", "Load it with numpy.load(path).")
_ZIP = ForeignFile("a zip archive", "Unpack it, and give the path of what is inside.")
_KERAS_HDF5 = ForeignFile("a Keras weights file (HDF5)", "Load it with model.load_weights(path).")
_HDF5 = ForeignFile(
    "an HDF5 file, as Keras writes for .h5", "Open it with model.load_weights(path) or h5py.File(path)."
)
_SAFETENSORS = ForeignFile(
    "a safetensors file", "Load it with safetensors.numpy.load_file(path); %ckpt_save can write the result."
)
_META_GRAPH = ForeignFile(
    "a graph (MetaGraphDef, SavedModel or GraphDef), without values",
    "Give the prefix of the checkpoint's .index and .data files; import_meta_graph reads the graph.",
)
_GRAPH_TEXT = ForeignFile("a graph in text form, without values", _META_GRAPH.hint)
_JSON = ForeignFile("a JSON file", "Give the prefix of the checkpoint, not its description.")
_TEXT = ForeignFile("a text file", "Give the prefix of the checkpoint's files.")
_PDF = ForeignFile("a PDF document", _TEXT.hint)
_UNFINISHED = ForeignFile(
    "not a checkpoint, or one whose end is missing (the last bytes of a table file mark it as one)",
    f"If it should be a checkpoint: {_ASK_AGAIN[0].lower()}{_ASK_AGAIN[1:]}",
)

_ZIP_MEMBERS = (
    (b"data.pkl", _TORCH_ZIP),
    (b"/.data/serialization_id", _TORCH_ZIP),
    (b"model.weights.h5", _KERAS_ZIP),
    (b"metadata.json", _KERAS_ZIP),
    (b"config.json", _KERAS_ZIP),
    (b".npy", _NPZ),
)

_MAGIC = (
    (b"version https://git-lfs.github.com/", _LFS),
    (b"\x1f\x8b", ForeignFile("a gzip file", 'Unpack it first, with "gunzip" or "tar xzf".')),
    (b"BZh", ForeignFile("a bzip2 file", 'Unpack it first, with "bunzip2" or "tar xjf".')),
    (b"\xfd7zXZ\x00", ForeignFile("an xz file", 'Unpack it first, with "unxz" or "tar xJf".')),
    (b"\x28\xb5\x2f\xfd", ForeignFile("a Zstandard file", 'Unpack it first, with "unzstd".')),
    (b"7z\xbc\xaf\x27\x1c", ForeignFile("a 7z archive", "Unpack it first.")),
    (b"Rar!", ForeignFile("a RAR archive", "Unpack it first.")),
    (b"\x93NUMPY", ForeignFile("a NumPy array (.npy)", "Load it with numpy.load(path).")),
    (b"GGUF", ForeignFile("a GGUF model", "Read it with the gguf package.")),
    (b"ARROW1", ForeignFile("an Arrow file", "Read it with pyarrow.")),
    (b"PAR1", ForeignFile("a Parquet file", "Read it with pandas.read_parquet(path).")),
    (b"%PDF", _PDF),
)


def recognise(start: bytes) -> ForeignFile:
    """Return what a file that is no table is, going by its first ``START_SIZE`` bytes (fewer if it has fewer)."""
    if not start:
        return _EMPTY
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    return _recognise_container(start) or _recognise_text(start) or _recognise_binary(start) or _UNFINISHED


def _recognise_container(start: bytes) -> ForeignFile | None:
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return next((kind for name, kind in _ZIP_MEMBERS if name in start), _ZIP)
    if any(start[offset : offset + 8] == b"\x89HDF\r\n\x1a\n" for offset in _USER_BLOCK_SIZES):
        return _KERAS_HDF5 if b"layer" in start or b"keras" in start else _HDF5
    if len(start) > 9 and start[8:9] == b"{":
        (header_size,) = struct.unpack("<Q", start[:8])
        if 2 <= header_size <= 100_000_000 and start[9:].lstrip()[:1] in {b'"', b"}"}:
            return _SAFETENSORS
    # Protocol 2 and later name themselves; the number that opens torch's old format is a pickle too.
    if start[0] == 0x80 and len(start) > 1 and 2 <= start[1] <= 5:
        return _TORCH_PICKLE
    return None


def _recognise_text(start: bytes) -> ForeignFile | None:
    if not start.strip(b"\x00"):
        return _ZEROS
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"<(?:!doctype|html|head|\?xml)", text, re.IGNORECASE):
        return _HTML
    if b"\x00" in start:
        return None
    if re.match(rb"(?:meta_info_def|graph_def|saved_model_schema_version|meta_graphs|node)\s*[:{<]", text):
        return _GRAPH_TEXT
    if text[:1] == b"{":
        return _JSON
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
    # MetaGraphDef.meta_info_def, SavedModel.saved_model_schema_version before meta_graphs, GraphDef.node.
    opens_message = start[:1] == b"\x0a" or start[:3] == b"\x08\x01\x12"
    names_graph = b"Placeholder" in start or b"VariableV2" in start or b"NoOp" in start or b"Const" in start
    return _META_GRAPH if opens_message and (names_graph or b"\x12\x04type" in start) else None
