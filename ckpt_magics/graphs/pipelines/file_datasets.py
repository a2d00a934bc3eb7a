"""Datasets of what stands in files.

Format: tensorflow/python/data/ops/readers.py.
"""

from __future__ import annotations

from typing import Any

from ckpt_magics.files.formats.dtypes import INT64, STRING
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import convert_to_tensor, output
from ckpt_magics.graphs.pipelines.dataset import Dataset
from ckpt_magics.graphs.pipelines.elements import ElementKind

__all__ = ["FixedLengthRecordDataset", "TFRecordDataset", "TextLineDataset"]

BUFFER = 256 * 1024
"""Bytes that TensorFlow reads at once."""

TEXT = ElementKind.told(STRING, [])


class TextLineDataset(Dataset):
    """A dataset of the lines of text files.

    Args:
        filenames: Names of files, any shape, or a dataset of them.
        compression_type: ``"GZIP"``, ``"ZLIB"``, or nothing.
        buffer_size: Bytes that TensorFlow reads at once.
        num_parallel_reads: Without use.
        name: Of the node.
    """

    def __init__(
        self,
        filenames: Any,  # noqa: ANN401 -- see Args
        compression_type: object = None,
        buffer_size: object = None,
        num_parallel_reads: object = None,  # noqa: ARG002 -- nothing runs side by side
        name: str | None = None,
    ) -> None:
        def of_files(names: Tensor) -> Tensor:
            return output("TextLineDataset", names, _packing(compression_type), _buffer(buffer_size), name=name)

        super().__init__(_of_each(filenames, of_files), TEXT)


class TFRecordDataset(Dataset):
    """A dataset of the records of files; arguments as of `TextLineDataset`."""

    def __init__(
        self,
        filenames: Any,  # noqa: ANN401 -- as above
        compression_type: object = None,
        buffer_size: object = None,
        num_parallel_reads: object = None,  # noqa: ARG002 -- nothing runs side by side
        name: str | None = None,
    ) -> None:
        def of_files(names: Tensor) -> Tensor:
            return output("TFRecordDataset", names, _packing(compression_type), _buffer(buffer_size), name=name)

        super().__init__(_of_each(filenames, of_files), TEXT)


class FixedLengthRecordDataset(Dataset):
    """A dataset of the parts of files, all of one length.

    Args:
        filenames: As of `TextLineDataset`.
        record_bytes: Bytes of a part.
        header_bytes: Bytes before the first part.
        footer_bytes: Bytes behind the last one.
        buffer_size: As of `TextLineDataset`.
        compression_type: As of `TextLineDataset`.
        num_parallel_reads: Without use.
        name: Of the node.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        filenames: Any,  # noqa: ANN401 -- as above
        record_bytes: object,
        header_bytes: object = None,
        footer_bytes: object = None,
        buffer_size: object = None,
        compression_type: object = None,
        num_parallel_reads: object = None,  # noqa: ARG002 -- nothing runs side by side
        name: str | None = None,
    ) -> None:
        def of_files(names: Tensor) -> Tensor:
            sizes = [convert_to_tensor(value or 0, INT64) for value in (header_bytes, record_bytes, footer_bytes)]
            packing = _packing(compression_type)
            return output("FixedLengthRecordDatasetV2", names, *sizes, _buffer(buffer_size), packing, name=name)

        super().__init__(_of_each(filenames, of_files), TEXT)


def _packing(compression_type: object) -> Tensor:
    return convert_to_tensor(compression_type or "", STRING, "compression_type")


def _buffer(size: object) -> Tensor:
    return convert_to_tensor(BUFFER if size is None else size, INT64, "buffer_size")


def _of_each(filenames: Any, of_files: Any) -> Tensor:  # noqa: ANN401 -- names and a function
    """Return the dataset of files, whose names may be a dataset themselves."""
    if not isinstance(filenames, Dataset):
        names: Tensor = convert_to_tensor(filenames, STRING, "filenames")
        handle: Tensor = of_files(names)
        return handle
    return filenames.flat_map(lambda name: Dataset(of_files(name), TEXT)).handle
