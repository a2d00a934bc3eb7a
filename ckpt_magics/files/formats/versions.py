"""Versions that checkpoints of both kinds carry, and the check whether this reader understands them.

A VersionDef names the version of the writer (producer, 1), the oldest reader that understands the file (min_consumer,
2) and single readers that do not (bad_consumers, 3).

Format: tensorflow/core/framework/versions.proto, versions.cc.
"""

from __future__ import annotations

from typing import NamedTuple

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.wire.fields import VARINT, encode_varint_field, int32, iter_fields
from ckpt_magics.files.wire.varint import Buffer, decode_packed_varints

CHECKPOINT_VERSION = 1
"""Version of the format that this package reads and writes: TensorFlow's TF_CHECKPOINT_VERSION."""

MIN_PRODUCER = 0


class Versions(NamedTuple):
    """Who wrote a checkpoint and who may read it."""

    producer: int = CHECKPOINT_VERSION
    min_consumer: int = 0
    bad_consumers: tuple[int, ...] = ()

    def encode(self) -> bytes:
        """Return the VersionDef message; zeros are left out."""
        bad = b"".join(encode_varint_field(3, value) for value in self.bad_consumers)
        numbers = ((1, self.producer), (2, self.min_consumer))
        return b"".join(encode_varint_field(number, value) for number, value in numbers if value) + bad

    @staticmethod
    def decode(buffer: Buffer) -> Versions:
        """Return what a VersionDef message says.

        Raises:
            DataLossError: The bytes are no message.
        """
        numbers = {1: 0, 2: 0}
        bad: list[int] = []
        for number, wire_type, value in iter_fields(buffer):
            if number == 3:
                bad += map(int32, [value] if isinstance(value, int) else decode_packed_varints(value).tolist())
            elif number in numbers and wire_type == VARINT and isinstance(value, int):
                numbers[number] = int32(value)
        return Versions(numbers[1], numbers[2], tuple(bad))

    def check(self) -> None:
        """Refuse a checkpoint that says a reader of version CHECKPOINT_VERSION would not understand it.

        Raises:
            InvalidArgumentError: It says so.
        """
        if self.producer < MIN_PRODUCER:
            raise InvalidArgumentError(
                f"Checkpoint producer version {self.producer} below min producer {MIN_PRODUCER} supported.  "
                "Please regenerate your checkpoint."
            )
        if self.min_consumer > CHECKPOINT_VERSION:
            raise InvalidArgumentError(
                f"Checkpoint min consumer version {self.min_consumer} above current version {CHECKPOINT_VERSION}.  "
                "The file was written by software newer than this reader."
            )
        if CHECKPOINT_VERSION in self.bad_consumers:
            raise InvalidArgumentError(
                f"Checkpoint disallows consumer version {CHECKPOINT_VERSION}.  "
                "The file says that readers of this version would misread it."
            )
