"""Text in arrays of every kind: bytes objects in the checkpoint, str or bytes in the program."""

from __future__ import annotations

from typing import Any

import numpy as np

from ckpt_magics.errors import TensorMismatchError
from ckpt_magics.files.tensors.spec import Array
from ckpt_magics.phrasing import an

__all__ = ["TEXT_KINDS", "as_text", "bytes_of", "decoded", "encoded", "like_elements", "text_like"]

TEXT_KINDS = "OSUT"
"""Kinds of NumPy's dtypes that hold text: objects, bytes, str, and the str of any length of NumPy 2."""


def bytes_of(text: str | bytes | bytearray) -> bytes:
    """Return text as UTF-8; bytes that were read as text become the same bytes again.

    Raises:
        ValueError: It holds surrogates that no bytes, or other bytes, would be read as.
    """
    if not isinstance(text, str):
        # Kept as it is: a variant read from a checkpoint is a kind of bytes of its own.
        return text if isinstance(text, bytes) and not isinstance(text, np.bytes_) else bytes(text)
    try:
        return text.encode()
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogateescape")
    if as_text(data) != text:
        message = "its surrogates stand for bytes that are other text"
        raise ValueError(message)
    return data


def as_text(data: bytes) -> str:
    """Return bytes as str; those that are not UTF-8 become surrogates, which `bytes_of` knows."""
    return bytes(data).decode("utf-8", "surrogateescape")


def text_like(old: object, data: bytes) -> Any:  # noqa: ANN401 - any subclass of str and bytes
    """Return bytes of a checkpoint as the type of an old value, which is str, bytes or bytearray; else as they are."""
    if isinstance(old, str):
        return as_text(data) if type(old) is str else type(old)(as_text(data))
    return data if type(old) is bytes or not isinstance(old, bytes | bytearray) else type(old)(data)


def encoded(array: Array) -> Array:
    """Return an array of text as a new one of bytes objects.

    Raises:
        TypeError: An element is no text.
    """
    strings = np.empty(array.shape, dtype=object)
    flat = strings.ravel()
    for position, item in enumerate(array.ravel()):
        if not isinstance(item, str | bytes | bytearray):
            message = (
                f"element {position} of it is {an(type(item).__name__)}; an array of objects can hold strings only"
            )
            raise TypeError(message)
        flat[position] = bytes_of(item)
    return strings


def decoded(array: Array, dtype: np.dtype[Any], name: str) -> Array:
    """Return bytes objects as an array of a dtype of text: ``S``, ``U`` or NumPy 2's StringDType.

    Args:
        array: Of bytes objects.
        dtype: The dtype wanted.
        name: The tensor's name, for messages.

    Raises:
        TensorMismatchError: A string does not fit in the dtype, which would cut it off.
    """
    items = array.ravel().tolist() if dtype.kind == "S" else list(map(as_text, array.ravel().tolist()))
    texts = np.empty(array.shape, dtype=object)
    texts.ravel()[:] = items
    try:
        result = texts.astype(dtype)
    except UnicodeEncodeError as error:
        raise TensorMismatchError(f"a string is no UTF-8, which {dtype} holds alone", tensor=name) from error
    cut = next((item for item, kept in zip(items, result.ravel().tolist(), strict=True) if item != kept), None)
    if cut is not None:
        raise TensorMismatchError(_why_cut(cut, dtype), tensor=name)
    return result


def _why_cut(item: str | bytes, dtype: np.dtype[Any]) -> str:
    width = dtype.itemsize // (4 if dtype.kind == "U" else 1)
    unit = "characters" if dtype.kind == "U" else "bytes"
    if len(item) > width:
        return f"a string of {len(item)} {unit} does not fit in the array's {width} {unit}"
    return f"a string ends with a NUL, which an array of {dtype.str} cuts off; an array of objects holds it"


def like_elements(old: Array, new: Array) -> Array:
    """Return bytes objects in the types that the elements of an array of objects have now, place by place."""
    result = np.empty(new.shape, dtype=object)
    result.ravel()[:] = list(map(text_like, old.ravel().tolist(), new.ravel().tolist()))
    return result
