"""Event files, which a run writes for TensorBoard.

Format: tensorflow/core/util/event.proto, in a file of records.
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import DecodeError

from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.files.formats.record_file import read_records
from ckpt_magics.files.storage.place import AnyPath, place_of
from ckpt_magics.proto.messages import Event

__all__ = ["read_events"]


def read_events(path: AnyPath) -> Iterator[Event]:
    """Yield the events of a file, in its order.

    Raises:
        DataLossError: A record is damaged, or the last one is not whole, as that of a run that goes on may be.
    """
    with place_of(path).open() as file:
        try:
            yield from map(Event.FromString, read_records(file))
        except DecodeError as error:
            raise DataLossError("a record is no event", file=file.name) from error
        except CheckpointError as error:
            error.locate(file=file.name)
            raise
