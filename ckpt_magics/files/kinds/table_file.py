"""Opening a file as a table, with an error that says what it is when it is none."""

from __future__ import annotations

from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.files.formats.table import FOOTER_SIZE, TABLE_MAGIC, TableReader
from ckpt_magics.files.storage.foreign import START_SIZE, recognise
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.stored_file import StoredFile

_MAGIC_BYTES = TABLE_MAGIC.to_bytes(8, "little")


def open_table(place: Place) -> tuple[StoredFile, TableReader]:
    """Open a file and the table in it; the caller closes the file.

    Raises:
        NotFoundError: There is no such file.
        DataLossError: It is not a table; the message says what it seems to be. Or its index is damaged.
    """
    file = place.open()
    try:
        _refuse_foreign(file)
        return file, TableReader(file)
    except BaseException as error:
        file.close()
        if isinstance(error, CheckpointError):
            error.locate(file=place.name)
        raise


def is_table(place: Place) -> bool:
    """Tell whether a regular file that can be read ends as tables do."""
    try:
        with place.open() as file:
            return _ends_as_table(file)
    except CheckpointError:
        return False


def table_version(place: Place) -> int | None:
    """Return the version of the checkpoints that have such a table: 1 of slices, 2 of a bundle's index.

    None if the file is no table, or so damaged that its first record does not tell.
    """
    try:
        file, table = open_table(place)
        with file:
            key, value = next(table.iter_from(), (b"?", b""))
    except CheckpointError:
        return None
    # SavedTensorSlices begins with a message, BundleHeaderProto with a number.
    return {b"\x0a": 1, b"\x08": 2}.get(bytes(value[:1])) if key == b"" else None


def is_slice_table(place: Place) -> bool:
    """Tell whether a file is a table of a V1 checkpoint, or so damaged that it may be one."""
    return is_table(place) and table_version(place) != 2


def _ends_as_table(file: StoredFile) -> bool:
    return file.size >= FOOTER_SIZE and file.read_at(file.size - 8, 8, "magic number") == _MAGIC_BYTES


def _refuse_foreign(file: StoredFile) -> None:
    if _ends_as_table(file):
        return
    kind = recognise(file.read_at(0, min(START_SIZE, file.size), "start of the file"), file.name)
    # TensorFlow's words stay at the front, for those who search for them.
    words = "file is too short to be an sstable" if file.size < FOOTER_SIZE else "not an sstable (bad magic number)"
    raise DataLossError(f"{words}: this is {kind.what}", file=file.name, hint=kind.hint)


def first_record(place: Place) -> tuple[bytes, bytes] | None:
    """Return key and value of a table's first record; None if there is none, or it cannot be read."""
    try:
        file, table = open_table(place)
        with file:
            first = next(table.iter_from(), None)
    except CheckpointError:
        return None
    return None if first is None else (first[0], bytes(first[1]))


def is_bundle_header(record: tuple[bytes, bytes] | None) -> bool:
    """Tell the first record of an index: a BundleHeaderProto begins with a number, V1's record with a message."""
    return record is not None and record[0] == b"" and record[1][:1] == b"\x08"
