"""Strings as bytes and bytes as strings, by the names of ``tf.compat``.

Format: tensorflow/python/util/compat.py.
"""

from __future__ import annotations

import os

bytes_or_text_types = (bytes, str)


def as_bytes(bytes_or_text: bytes | bytearray | str, encoding: str = "utf-8") -> bytes:
    """Return bytes as they are, and text encoded.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes(bytes_or_text)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


def as_text(bytes_or_text: bytes | str, encoding: str = "utf-8") -> str:
    """Return text as it is, and bytes decoded.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


def as_str_any(value: object, encoding: str = "utf-8") -> str:
    """Return bytes decoded, and anything else as ``str`` gives it."""
    return as_text(value, encoding) if isinstance(value, bytes) else str(value)


def path_to_str(path: object) -> object:
    """Return a path as text; what is no path stays as it is."""
    return as_str_any(os.fspath(path)) if isinstance(path, os.PathLike) else path
