"""Files of any store as the streams of Python's ``io``, for those who know nothing but ``open``."""

from __future__ import annotations

import io
from typing import Any

from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.stored_file import StoredFile

__all__ = ["FileStream", "ReadStream", "WriteStream"]


class _BeforeStartError(OSError, ValueError):
    """What zipfile expects where it looks for more than an empty archive has, and what is damage elsewhere."""


class FileStream(io.RawIOBase):
    """An open file, read from a place in it on; it stays its owner's.

    Args:
        file: The file.

    Raises:
        NotFoundError: It is not there, which a store may find out now.
    """

    def __init__(self, file: StoredFile) -> None:
        self._file = file
        self._size = file.size
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the file."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise _BeforeStartError("a place before the start")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        """Fill the start of a buffer."""
        view = memoryview(buffer).cast("B")
        count = min(len(view), max(self._size - self._at, 0))
        self._file.read_into(self._at, view[:count], "file")
        self._at += count
        return count


class ReadStream(FileStream):
    """A file of a store, which is open as long as the stream is.

    Args:
        place: Of the file.

    Raises:
        NotFoundError: There is nothing of that name.
    """

    def __init__(self, place: Place) -> None:
        super().__init__(place.open())

    def close(self) -> None:
        """Give the file back."""
        if not self.closed:
            self._file.close()
        super().close()


class WriteStream(io.RawIOBase):
    """A file that is written from its start on, and is there when it is closed.

    Args:
        place: Of the file.
        appends: Begin with what is there.
    """

    def __init__(self, place: Place, *, appends: bool = False) -> None:
        self._place = place
        self._stage = place.directory.stage()
        self._file = self._stage.create(place.name, decides=True)
        if appends and place.is_file:
            with place.open() as former:
                for _ in self._file.copy(former, 0, former.size):
                    pass

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        """Append bytes."""
        view = memoryview(data).cast("B")
        self._file.write(view)
        return len(view)

    def close(self) -> None:
        """Put the file in place."""
        if not self.closed:
            with self._stage:
                self._stage.commit(self._file, self._place.name, "file")
        super().close()
