"""Names of files at URLs: the whole URL, without what is secret in it.

A name begins with the root of its store: ``s3://bucket/``, ``https://host:8443/``, ``memory://``. What follows is the
key. No name leads out of its store: one from another root, or from the root of a disk, is a name below like any other.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

__all__ = ["UrlParts", "UrlRules", "split_url", "without_secrets"]

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://(?P<rest>.*)", re.DOTALL)
_ANY_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:[^/?#\s'\"]*@)?(?P<path>[^?#\s'\"]*)(?:[?#][^\s'\"]*)?"
)

_WITHOUT_HOST = frozenset({"memory", "zip", "tar", "hf", "ftp+memory"})
"""Schemes whose first part is one of a path like the others."""

_WITH_QUERY = frozenset({"http", "https", "abfs", "abfss", "az", "azure", "adl"})
"""Schemes that let a question mark begin what is no part of the name."""


class UrlParts(NamedTuple):
    """A URL taken apart.

    Attributes:
        root: What all names of the store begin with; ends with a slash.
        key: The rest of the name.
        user: Name and password before the host; empty if there are none.
        query: What stands behind the name, the question mark included; empty if nothing does.
    """

    root: str
    key: str
    user: str = ""
    query: str = ""

    @property
    def scheme(self) -> str:
        """What stands before ``://``."""
        return self.root.partition(":")[0]

    @property
    def host(self) -> str:
        """The machine and port, or the bucket; empty where there are none."""
        return self.root.partition("://")[2].rstrip("/")


def split_url(url: str) -> UrlParts:
    """Take a URL apart.

    >>> split_url("s3://bucket/run/m-1")
    UrlParts(root='s3://bucket/', key='run/m-1', user='', query='')
    >>> split_url("https://me:pw@host/m?sig=x")
    UrlParts(root='https://host/', key='m', user='me:pw', query='?sig=x')

    Raises:
        ValueError: It is none.
    """
    found = _URL.match(url)
    if found is None:
        raise ValueError(url)
    scheme, rest = found["scheme"].lower(), found["rest"]
    if scheme in _WITHOUT_HOST:
        return UrlParts(f"{scheme}://", rest.lstrip("/"))
    host, _, key = rest.partition("/")
    query = ""
    if scheme in _WITH_QUERY:
        key, mark, query = key.partition("?")
        query = mark + query
    user, at, machine = host.rpartition("@")
    if scheme in {"abfs", "abfss"} and at:
        # The container stands before the account.
        return UrlParts(f"{scheme}://{host}/", key, "", query)
    return UrlParts(f"{scheme}://{machine}/", key, user, query)


def without_secrets(text: str) -> str:
    """Return a text with no passwords, signatures and other queries in its URLs.

    >>> without_secrets("GET https://me:pw@host/m?sig=x failed")
    'GET https://host/m failed'
    """
    return _ANY_URL.sub(lambda found: found["scheme"] + found["path"], text)


@dataclass(frozen=True, slots=True)
class UrlRules:
    """How names below one root are put together; see `PathRules`.

    Attributes:
        root: What all of them begin with.
    """

    root: str
    sep: ClassVar[str] = "/"

    def key(self, name: str) -> str:
        """Return a name below the root, without parts that stand for nothing; empty for the root itself.

        >>> UrlRules("s3://bucket/").key("s3://bucket/run/./x/../../../m")
        'm'
        """
        return posixpath.normpath("/" + self._below(name)).lstrip("/")

    def join(self, path: str, /, *paths: str) -> str:
        """Return a name below another; one that begins with the root stands alone."""
        for part in paths:
            if self.isabs(part):
                path = part
            else:
                path = posixpath.join(path, part.lstrip("/")) if path else self.root + part.lstrip("/")
        return path

    def split(self, p: str, /) -> tuple[str, str]:
        """Return what stands before the last part of a name, and that part."""
        directory, slash, stem = self._below(p).rpartition("/")
        head = self.root + (directory.rstrip("/") if slash else "")
        return head, stem

    def isabs(self, s: str, /) -> bool:
        """Tell whether a name begins with the root."""
        return s.startswith(self.root) or s == self.root.rstrip("/")

    def normpath(self, path: str, /) -> str:
        """Return a name without parts that stand for nothing."""
        return self.root + self.key(path)

    def relpath(self, path: str, start: str) -> str:
        """Return a name as it is written from a directory."""
        return posixpath.relpath("/" + self.key(path), "/" + self.key(start))

    def _below(self, name: str) -> str:
        return name.removeprefix(self.root) if name.startswith(self.root) else name if not self.isabs(name) else ""
