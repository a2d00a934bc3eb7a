"""Names of tensors: bytes in files, text for people.

A name that is not UTF-8 has a lone surrogate in place of each byte that is not, as file names have in Python, so that
every name can be given back.
"""

from __future__ import annotations

from ckpt_magics.errors import InvalidArgumentError


def name_to_key(name: object) -> bytes | None:
    """Return a name as it is stored, None for text that no stored name gives.

    Raises:
        TypeError: It is neither text nor bytes.
    """
    if isinstance(name, bytes):
        return name
    if not isinstance(name, str):
        raise TypeError(f"Expected binary or unicode string, got {name!r}")
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None


def key_to_name(key: bytes) -> str:
    """Return a stored name as text."""
    return key.decode("utf-8", "surrogateescape")


def encode_name(name: str) -> bytes:
    """Return the name of a tensor to be saved as it is stored.

    Raises:
        InvalidArgumentError: It holds half of a surrogate pair.
    """
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InvalidArgumentError("the name has a lone surrogate, which UTF-8 cannot hold", tensor=name) from error


def json_key(name: str) -> bytes:
    """Return the key of a name in JSON, which may hold half of a surrogate pair."""
    return name.encode("utf-8", "surrogatepass")
