"""What a service of objects is asked, whichever library asks it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ckpt_magics.errors import AbortedError, UnavailableError, UnimplementedError
from ckpt_magics.files.storage.store import ABSENT, Absent, FileInfo, Version

__all__ = ["DIRECTORY", "ObjectClient", "ObjectReply", "ShortReplyError", "Upload", "refuses_conflicts"]

DIRECTORY = FileInfo(is_file=False, is_directory=True, size=0, modified=float("-inf"), version=())
"""What is known of a directory: that something is in it."""


class ShortReplyError(UnavailableError):
    """Less came of an object than was asked for, and nothing of it can be used. The same request may succeed."""


class ObjectReply(NamedTuple):
    """What a service sent of an object.

    Attributes:
        data: Bytes from where they were asked for on; fewer than asked for if the object or the connection ended.
        info: The object that they are of.
    """

    data: memoryview
    info: FileInfo


class Upload(Protocol):
    """An object on its way: nobody sees it before it is finished."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes, which nobody changes any more."""
        ...

    def finish(self) -> None:
        """Put the object in place."""
        ...

    def abandon(self) -> None:
        """Give up what was sent; more calls, and one after the end, do nothing."""
        ...


class ObjectClient(Protocol):
    """A library that talks to one service.

    Keys have no slash at either end. Every method raises errors of our tree, with the URL and without secrets:
    NotFoundError where an object that must be there is not, PermissionDeniedError, AbortedError for a condition that
    does not hold, UnavailableError when the service cannot be reached or answers with nonsense. Whether a request that
    failed is sent again is the library's business alone; what came short is asked for again by `RemoteHandle` alone.
    """

    can_list: bool
    """Whether it can be asked what there is."""

    can_swap: bool
    """Whether it knows conditions; whether the service heeds them is another question."""

    def head(self, key: str) -> FileInfo | None:
        """Return what is known of an object, None if there is none."""
        ...

    def get(self, key: str, start: int, length: int) -> ObjectReply:
        """Return bytes of an object, one or more; none from its end on."""
        ...

    def entries(self, directory: str) -> dict[str, FileInfo]:
        """Return what is in a directory, by name: objects, and directories as `DIRECTORY`."""
        ...

    def put(self, key: str, data: bytes, if_match: Version | Absent | None) -> None:
        """Write an object in one request."""
        ...

    def upload(self, key: str) -> Upload:
        """Begin an object of any size."""
        ...

    def copy(self, source: str, key: str) -> None:
        """Put the contents of an object under another key too."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object; one that is not there is none the worse."""
        ...


_NOBODYS: Version = ('"none of ours"', "1", 1)
"""A version that no object has: a tag for most services, a generation for Google's."""


def refuses_conflicts(client: ObjectClient, key: str) -> bool:
    """Try whether a service heeds both conditions, with an object that is removed again."""
    try:
        client.put(key, b"1", ABSENT)
        return _is_refused(client, key, ABSENT) and _is_refused(client, key, _NOBODYS)
    except UnimplementedError:
        return False
    finally:
        client.remove(key)


def _is_refused(client: ObjectClient, key: str, if_match: Version | Absent) -> bool:
    try:
        client.put(key, b"2", if_match)
    except AbortedError:
        return True
    return False
