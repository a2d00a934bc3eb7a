"""Every error that this package raises, in one tree.

The names are TensorFlow's canonical ones, so code written for ``tf.errors`` keeps its ``except`` clauses. The finer
classes below them are also the built-in exception that Python users expect::

    CheckpointError
    |-- AbortedError
    |-- CancelledError                           another thread ended the operation
    |-- DataLossError (ValueError)             the bytes are not what they should be
    |   |-- ChecksumError                      a stored CRC differs from the contents'
    |   |-- GraphFileError (OSError)           a file that should hold a graph holds none
    |   `-- TruncatedError (OutOfRangeError)   the file ends too early
    |-- FailedPreconditionError                the object is not in a state that allows this
    |-- InternalError
    |-- InvalidArgumentError (ValueError)      what the caller asked for cannot be
    |   |-- TargetRefusedError (RuntimeError)  an object does not take the value that a restore has for it
    |   `-- TensorMismatchError                dtype or shape differs from the stored tensor's
    |-- NotFoundError
    |   |-- CheckpointNotFoundError (FileNotFoundError)
    |   `-- TensorNotFoundError (KeyError)
    |-- OutOfRangeError (IndexError)
    |-- PermissionDeniedError (PermissionError)
    |-- ResourceExhaustedError (OSError)       the disk is full, or a documented limit is passed
    |-- UnavailableError (ConnectionError)     a service at a URL does not answer, or not as it should
    |-- UnimplementedError (NotImplementedError)
    `-- UnknownError                             what a function of the program raised

A message says what is wrong; the place (file, tensor, byte offset) and what to do next follow it. Lower floors know
the offset, the checkpoint floor adds file and tensor with :meth:`CheckpointError.locate`.

Source of the names: tensorflow/python/framework/errors_impl.py; of the codes: tsl/protobuf/error_codes.proto.
"""

from __future__ import annotations

from typing import Any, Self

__all__ = [
    "AbortedError",
    "CancelledError",
    "CheckpointError",
    "CheckpointNotFoundError",
    "ChecksumError",
    "DataLossError",
    "FailedPreconditionError",
    "GraphFileError",
    "InternalError",
    "InvalidArgumentError",
    "NotFoundError",
    "OutOfRangeError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "TargetRefusedError",
    "TensorMismatchError",
    "TensorNotFoundError",
    "TruncatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnknownError",
    "visible",
]


def visible(text: str | bytes) -> str:
    r"""Return a name or value from a file as text that is safe to print.

    Control characters, line ends, lone surrogates and bytes that are not UTF-8 become ``\xNN`` or ``\uNNNN``: a
    checkpoint must not be able to move the cursor or to fake a line of output.

    >>> visible(b"w\x1b[2J\xff")
    'w\\x1b[2J\\xff'
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(ch if ch.isprintable() else ch.encode("unicode_escape").decode("ascii") for ch in text)


class CheckpointError(Exception):
    """Anything that goes wrong with a checkpoint, its graph or its files.

    Args:
        given: What is wrong, what was wanted and what was found; as programs of TensorFlow raise it, after the node and
            the operation that it was in.
        file: The file concerned, as the user would write it.
        tensor: Name of the tensor concerned.
        offset: Where in ``file``, in bytes from its start.
        hint: What to do next, as a sentence.

    Attributes:
        op: The operation that failed in a session, or None.
        node_def: Its node, or None.
        error_code: TensorFlow's number for the kind of error; 2 (UNKNOWN) for one of no other kind.
    """

    op: Any = None
    node_def: Any = None
    error_code = 2

    def __init__(
        self,
        *given: Any,  # noqa: ANN401 -- the message, or TensorFlow's three
        file: str | None = None,
        tensor: str | bytes | None = None,
        offset: int | None = None,
        hint: str | None = None,
    ) -> None:
        message = given[-1] if given else ""
        super().__init__(message)
        if len(given) > 1:
            self.node_def, self.op = given[0], given[1]
        self.message = message
        self.file = file
        self.tensor = tensor
        self.offset = offset
        self.hint = hint

    def locate(self, *, file: str | None = None, tensor: str | bytes | None = None, hint: str | None = None) -> Self:
        """Fill in what the raiser could not know; what is already known stays. Returns the error itself."""
        self.file = self.file if self.file is not None else file
        self.tensor = self.tensor if self.tensor is not None else tensor
        self.hint = self.hint if self.hint is not None else hint
        return self

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions pickle as a call with their message alone; some of ours have required keywords.
        # The operation stays behind: it would take its whole graph along.
        return _unpickle, (type(self), self.args), {key: value for key, value in vars(self).items() if key != "op"}

    def __str__(self) -> str:
        place = []
        # What the system says begins with the path, as TensorFlow words it.
        if self.file is not None and not self.message.startswith(f"{visible(self.file)}; "):
            place.append(f"file {visible(self.file)}")
        if self.tensor is not None:
            place.append(f"tensor {visible(self.tensor)!r}")
        if self.offset is not None:
            place.append(f"byte {self.offset}")
        text = self.message
        if place:
            text += f" [{', '.join(place)}]"
        if self.hint:
            text += f". {self.hint}" if not text.endswith((".", "?", "\n")) else f" {self.hint}"
        return text


def _unpickle(cls: type[CheckpointError], args: tuple[object, ...]) -> CheckpointError:
    return cls.__new__(cls, *args)


class AbortedError(CheckpointError):
    """The operation gave up because of another one, and may be tried again."""

    error_code = 10


class CancelledError(CheckpointError):
    """Another thread ended the operation, or the session."""

    error_code = 1


class UnknownError(CheckpointError):
    """An error of no other class: mostly what a function of the program raised."""


class OutOfRangeError(CheckpointError, IndexError):
    """A position past the end of what is there."""

    error_code = 11


class DataLossError(CheckpointError, ValueError):
    """The bytes are not what the format says they should be."""

    error_code = 15


class ChecksumError(DataLossError):
    """A stored CRC-32C differs from the contents'.

    Args:
        message: What was checked.
        stored: The checksum in the file, unmasked.
        computed: The checksum that the contents give.
        offset: Where the contents start, in bytes from the start of the file.
    """

    def __init__(self, message: str, *, stored: int, computed: int, offset: int | None = None) -> None:
        super().__init__(message, offset=offset)
        self.stored = stored
        self.computed = computed


class TruncatedError(DataLossError, OutOfRangeError):
    """The file ends inside the part being read."""


class GraphFileError(DataLossError, OSError):
    """A file that should hold a graph cannot be parsed; programs of TensorFlow catch an IOError."""

    def __new__(cls, message: str, **_facts: object) -> Self:
        """Return a new error, made by the one of its two built-in parents that has more to store."""
        return OSError.__new__(cls, message)


class FailedPreconditionError(CheckpointError):
    """The object is not in a state that allows this, as reading a variable that was never set."""

    error_code = 9


class InternalError(CheckpointError):
    """An invariant of the format is broken in a way that TensorFlow reports as INTERNAL."""

    error_code = 13


class InvalidArgumentError(CheckpointError, ValueError):
    """What the caller asked for cannot be."""

    error_code = 3


class TargetRefusedError(InvalidArgumentError, RuntimeError):
    """An object does not take the value that a restore has for it; its own error is the cause of this one."""


class TensorMismatchError(InvalidArgumentError):
    """A tensor's dtype or shape differs from the stored one."""


class NotFoundError(CheckpointError):
    """Something that was named is not there."""

    error_code = 5


class CheckpointNotFoundError(NotFoundError, FileNotFoundError):
    """There is no checkpoint at the path."""


class TensorNotFoundError(NotFoundError, KeyError):
    """The checkpoint has no tensor of that name.

    Args:
        message: What was looked for and where.
        name: The name asked for.
        suggestions: The nearest names that the checkpoint has, best first.
    """

    def __init__(
        self, message: str, *, name: str | bytes, suggestions: tuple[str, ...] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.name = name
        self.suggestions = suggestions


class PermissionDeniedError(CheckpointError, PermissionError):
    """The file system refuses the access."""

    error_code = 7


class ResourceExhaustedError(CheckpointError, OSError):
    """The disk is full, or a file asks for more than the documented limits."""

    error_code = 8


class UnavailableError(CheckpointError, ConnectionError):
    """A service at a URL cannot be reached, or does not answer as it should."""

    error_code = 14


class UnimplementedError(CheckpointError, NotImplementedError):
    """TensorFlow has this and this package has not, or the format cannot hold it."""

    error_code = 12
