"""What each byte of whatever a path means is, and where in it the bytes of one tensor are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ckpt_magics.errors import CheckpointError, DataLossError, NotFoundError
from ckpt_magics.files.directory.finding import find_checkpoint
from ckpt_magics.files.formats.maps.byte_range import ByteRange
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.byte_map import FileMap, map_unread
from ckpt_magics.files.kinds.known import kind_named
from ckpt_magics.files.storage.place import AnyPath, Place, place_of

__all__ = ["RangePath", "find_tensor_ranges", "map_bytes", "range_at"]

RangePath = tuple[int, ...]
"""Where a range is in the trees: the number of its file, then of the range in it, then of the one inside of that."""


def map_bytes(path: AnyPath) -> Sequence[FileMap]:
    """Return the maps of all files of a checkpoint, or of a file of another kind.

    Nothing that is in a file is an error: what cannot be read is a range that says why.

    Args:
        path: Whatever :func:`open_tensors.open_tensors` takes.

    Raises:
        CheckpointNotFoundError: There is nothing of that name.
        CheckpointError: A file cannot be opened.
    """
    try:
        found = find_checkpoint(path)
    except NotFoundError:
        raise
    except CheckpointError as error:
        return [_unknown(place_of(path), error)]
    try:
        return kind_named(found.kind_name).byte_map(found.place)
    except DataLossError as error:
        return [_unknown(found.place, error)]


def _unknown(place: Place, error: CheckpointError) -> FileMap:
    if not place.is_file:
        raise error
    return map_unread(place, error)


def range_at(maps: Sequence[FileMap], path: Sequence[int]) -> tuple[FileMap, ByteRange]:
    """Return the range that a path leads to, and its file.

    Raises:
        IndexError: There is none.
    """
    file, *positions = path
    found = maps[file].ranges[positions[0]]
    for position in positions[1:]:
        found = maps[file].inside(found)[position]
    return maps[file], found


def find_tensor_ranges(maps: Sequence[FileMap], key: bytes) -> Iterator[RangePath]:
    """Yield where the bytes of a tensor are: its values and its records, those of its slices too.

    Args:
        maps: What to look in.
        key: Of the tensor.
    """
    for number, file in enumerate(maps):
        before = b""
        for position, one in enumerate(file.ranges):
            if one.last_key is None:
                if _is_of(one.key, key):
                    yield number, position
                continue
            # Only blocks whose keys go round the tensor's are read.
            if _may_hold(before, one.last_key, key):
                inside = enumerate(file.inside(one))
                yield from ((number, position, at) for at, part in inside if _is_of(part.key, key))
            before = one.last_key


def _is_of(found: bytes, key: bytes) -> bool:
    if found == key:
        return bool(found)
    try:
        return found.startswith(b"\0") and TensorSlice.decode_key(found)[0] == key
    except DataLossError:
        return False


def _may_hold(before: bytes, last: bytes, key: bytes) -> bool:
    # The keys of a tensor's slices begin with this, and more follows.
    start = TensorSlice.full(0).encode_key(key)[:-1]
    return before <= key <= last or before[: len(start)] <= start <= last
