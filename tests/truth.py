"""What TensorFlow says is in the checkpoints of ``golden/`` and of the corpus, read from the files beside them."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

TESTS = Path(__file__).parent
GOLDEN = TESTS / "golden"
CORPUS = TESTS.parents[1] / "shared" / "fixtures"

# Quantized numbers are the plain integers that they are stored as.
_STORED_AS = {"qint8": "int8", "quint8": "uint8", "qint16": "int16", "quint16": "uint16", "qint32": "int32"}


def numpy_dtype(name: str) -> np.dtype:
    """Return the NumPy dtype that stores a TensorFlow dtype, by its Python name; strings and variants are objects."""
    if name in {"string", "variant"}:
        return np.dtype(object)
    return np.dtype(_STORED_AS.get(name) or getattr(ml_dtypes, name, name))


def digest(array: np.ndarray) -> str:
    """Return the SHA-256 of the little-endian bytes in C order; a string counts as its length in 8 bytes, then it."""
    array = np.asarray(array)
    if array.dtype == object:
        strings = array.ravel().tolist()
        return hashlib.sha256(b"".join(len(s).to_bytes(8, "little") + s for s in strings)).hexdigest()
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return hashlib.sha256(array.tobytes()).hexdigest()


@dataclass(frozen=True)
class ExpectedTensor:
    """One tensor as TensorFlow read it back.

    Attributes:
        name: Its name in the checkpoint.
        dtype: TensorFlow's Python name of the dtype (``float32``), None where TensorFlow could not tell.
        number: The same as a number of the enum DataType, None where TensorFlow could not tell.
        shape: Sizes of the dimensions.
        sha256: ``digest`` of the value, None where TensorFlow could not read it.
        read_error: Why TensorFlow could not read it, None where it could.
        record: Everything that the file says about it.
    """

    name: str
    dtype: str | None
    number: int | None
    shape: tuple[int, ...]
    sha256: str | None
    read_error: str | None
    record: dict[str, Any]
    bits: np.ndarray | None

    @property
    def has_value(self) -> bool:
        """Whether ``array`` can give the value; of the largest tensors only the digest is kept."""
        return self.bits is not None or bool({"hex", "values", "strings_b64"} & set(self.record))

    def array(self) -> np.ndarray:
        """Return the value as a new array, its dtype being the one that stores it."""
        dtype = numpy_dtype(self.dtype or "")
        if self.bits is not None:
            array = self.bits.view(dtype).copy()
        elif "strings_b64" in self.record:
            array = np.empty(len(self.record["strings_b64"]), object)
            array[:] = [base64.b64decode(text) for text in self.record["strings_b64"]]
        elif "hex" in self.record:
            array = np.frombuffer(bytes.fromhex(self.record["hex"]), dtype).copy()
        else:
            array = np.array(self.record["values"], dtype)
        array = array.reshape(self.shape)
        assert digest(array) == self.sha256, f"{self.name}: the truth file contradicts itself"
        return array

    def check(self, value: Any) -> None:
        """Assert that a value read from the checkpoint is this tensor, bit for bit."""
        value = np.asarray(value)
        assert self.dtype is not None
        assert value.dtype == numpy_dtype(self.dtype), self.name
        assert value.shape == self.shape, self.name
        assert digest(value) == self.sha256, self.name


@dataclass(frozen=True)
class Case:
    """One checkpoint and what is in it.

    Attributes:
        label: Folder and truth file in one word, for the name of a test.
        folder: Folder of the case; the checkpoint is in a folder below it.
        file: The truth file.
    """

    label: str
    folder: Path
    file: Path

    @cached_property
    def record(self) -> dict[str, Any]:
        """Everything that the truth file says."""
        return json.loads(self.file.read_text("utf-8"))

    @property
    def prefix(self) -> str:
        """Prefix of the checkpoint, absolute; of sharded V1 checkpoints the pattern."""
        return str(self.folder / self.record["prefix"])

    @cached_property
    def version(self) -> int:
        """Format of the checkpoint: 1 or 2."""
        return 2 if Path(self.prefix + ".index").exists() else 1

    @property
    def notes(self) -> list[str]:
        """What was noticed when the checkpoint was written."""
        return self.record.get("notes", [])

    @property
    def refused(self) -> dict[str, str]:
        """Tensors that this TensorFlow could not save in this format, and what it said."""
        return self.record.get("refused", {})

    @property
    def objects(self) -> list[dict[str, Any]] | None:
        """Nodes of the object graph, each at the position that is its id; None for name-based checkpoints."""
        file = self.file.with_name(self.file.name.replace("expected", "expected_objects", 1))
        return json.loads(file.read_text("utf-8"))["nodes"] if file.exists() else None

    @cached_property
    def tensors(self) -> dict[str, ExpectedTensor]:
        """Every tensor of the checkpoint by name, also those that TensorFlow could not read."""
        arrays = self._arrays()
        return {
            name: ExpectedTensor(
                name=name,
                dtype=entry["dtype"],
                number=entry.get("enum"),
                shape=tuple(entry["shape"]),
                sha256=entry.get("sha256"),
                read_error=entry.get("read_error"),
                record=entry,
                bits=arrays.get(name),
            )
            for name, entry in self.record["tensors"].items()
        }

    def _arrays(self) -> dict[str, np.ndarray]:
        file = self.file.with_suffix(".npz")
        if not file.exists():
            return {}
        with np.load(file) as arrays:
            return dict(arrays)

    @property
    def readable(self) -> dict[str, ExpectedTensor]:
        """The tensors whose value is known."""
        return {name: tensor for name, tensor in self.tensors.items() if tensor.sha256 is not None}


def iter_cases(root: Path) -> Iterator[Case]:
    """Yield every checkpoint below ``root`` that has a truth file, in the order of their folders."""
    for file in sorted(root.glob("tf*/*/expected*.json")):
        if file.name.startswith("expected_objects"):
            continue
        label = file.parent.relative_to(root).as_posix()
        yield Case(label + file.stem.removeprefix("expected"), file.parent, file)
