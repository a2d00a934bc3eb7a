"""What a kind of file beside TensorFlow's checkpoints says about itself: one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ckpt_magics.files.formats.pieces import Box
from ckpt_magics.files.tensors.source import Array, TensorFile

__all__ = ["Kind", "PlainFile"]


class PlainFile(TensorFile, Protocol):
    """An open file of one of these kinds: each tensor in one piece, no index beside it."""

    def verify(self, key: bytes, advance: Callable[[int], object]) -> None:
        """Check that a tensor can be read; ``advance`` is called with the bytes of each part."""
        ...

    def slice_pieces(self, name: bytes) -> Iterator[tuple[bytes, Iterator[tuple[Box, Array]]]]:
        """Yield nothing: no tensor has slices."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that holds named tensors.

    Attributes:
        name: What it is called, also where people choose it.
        recognise: Tells it from its first bytes, `START_SIZE` or all of a shorter one.
        open: Opens a file by its path for reading. What is in no file of this kind is a DataLossError.
    """

    name: str
    recognise: Callable[[bytes], bool]
    open: Callable[[str], PlainFile]
