"""Readers of files whose names come from a queue, and what reads or finds files.

Format: tensorflow/python/ops/io_ops.py.
"""

from __future__ import annotations

from typing import Any

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.build import apply, output
from ckpt_magics.graphs.nodes.queues import Queue

__all__ = [
    "FileReader",
    "FixedLengthRecordReader",
    "IdentityReader",
    "TFRecordReader",
    "TextLineReader",
    "WholeFileReader",
    "matching_files",
    "read_file",
    "write_file",
]


class FileReader:
    """A reader of the default graph.

    Args:
        reader_ref: What nodes take for it.
    """

    def __init__(self, reader_ref: Tensor) -> None:
        self.reader_ref = reader_ref

    def read(self, queue: Any, name: str | None = None) -> tuple[Tensor, Tensor]:  # noqa: ANN401 -- a queue or its tensor
        """Add what stands next in the files: a string that says where, and what; the files' names are a queue's.

        A run raises OutOfRangeError where all is read and the queue closed.
        """
        key, value = apply("ReaderReadV2", self.reader_ref, _reference(queue), name=name)
        return key, value

    def read_up_to(self, queue: Any, num_records: object, name: str | None = None) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        """Add the next ``num_records`` of what stands in the files, fewer at a file's end; see `read`."""
        keys, values = apply("ReaderReadUpToV2", self.reader_ref, _reference(queue), num_records, name=name)
        return keys, values

    def num_records_produced(self, name: str | None = None) -> Tensor:
        """Add how many were read."""
        return output("ReaderNumRecordsProducedV2", self.reader_ref, name=name)

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        """Add how many files were read to their ends."""
        return output("ReaderNumWorkUnitsCompletedV2", self.reader_ref, name=name)

    def reset(self, name: str | None = None) -> Operation:
        """Add a node that lets it begin anew, with the next file."""
        done: Operation = apply("ReaderResetV2", self.reader_ref, name=name)
        return done


def _reference(queue: Any) -> Any:  # noqa: ANN401 -- a queue or its tensor
    return queue.queue_ref if isinstance(queue, Queue) else queue


class TextLineReader(FileReader):
    """Reads lines, without their ends.

    Args:
        skip_header_lines: Lines to leave out at the beginning of each file.
        name: Of the node.
    """

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None) -> None:
        super().__init__(output("TextLineReaderV2", skip_header_lines=skip_header_lines or 0, name=name))


class TFRecordReader(FileReader):
    """Reads records, from files that an option may say are packed."""

    def __init__(self, name: str | None = None, options: Any = None) -> None:  # noqa: ANN401 -- TFRecordOptions
        packing = "" if options is None else options.packing
        super().__init__(output("TFRecordReaderV2", compression_type=packing, name=name))


class WholeFileReader(FileReader):
    """Reads whole files; their names are the keys."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(output("WholeFileReaderV2", name=name))


class IdentityReader(FileReader):
    """Gives the names themselves."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(output("IdentityReaderV2", name=name))


class FixedLengthRecordReader(FileReader):
    """Reads parts of one length.

    Args:
        record_bytes: Bytes of a part.
        header_bytes: Bytes before the first part.
        footer_bytes: Bytes behind the last one.
        hop_bytes: Bytes from the beginning of a part to that of the next; None for their length.
        name: Of the node.
        encoding: ``"ZLIB"`` or ``"GZIP"`` for packed files.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        hop_bytes: int | None = None,
        name: str | None = None,
        encoding: str | None = None,
    ) -> None:
        sizes = {
            "header_bytes": header_bytes or 0,
            "record_bytes": record_bytes,
            "footer_bytes": footer_bytes or 0,
            "hop_bytes": hop_bytes or 0,
        }
        super().__init__(output("FixedLengthRecordReaderV2", **sizes, encoding=encoding or "", name=name))


def read_file(filename: object, name: str | None = None) -> Tensor:
    """Add what stands in a file, bytes."""
    return output("ReadFile", filename, name=name)


def write_file(filename: object, contents: object, name: str | None = None) -> Operation:
    """Add a node that writes a file, whose directory it makes."""
    written: Operation = apply("WriteFile", filename, contents, name=name)
    return written


def matching_files(pattern: object, name: str | None = None) -> Tensor:
    """Add the names of the files that a pattern, or one of several, fits; sorted."""
    return output("MatchingFiles", pattern, name=name)
