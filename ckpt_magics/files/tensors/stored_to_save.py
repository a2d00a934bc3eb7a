"""What a source has, to be saved again under the same keys: its values are read as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box
from ckpt_magics.files.tensors.source import Array, TensorSource

__all__ = ["StoredToSave"]


class StoredToSave:
    """Tensors of a source, of each its dtype as it is stored; what was stored in slices is whole.

    Args:
        source: The source.
        keys: Which of them, in the order in which they are to be stored.

    Attributes:
        specs: What they are.

    Raises:
        CheckpointError: The source cannot say it.
    """

    def __init__(self, source: TensorSource, keys: Sequence[bytes]) -> None:
        self._source = source
        self.specs = [replace(source.spec(key), slices=()) for key in keys]

    def read_many(self, keys: Sequence[bytes]) -> Mapping[bytes, Array]:
        """Return several values."""
        return self._source.read_many(keys)

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over region and elements of a value's pieces."""
        return self._source.pieces(key, at_most)
