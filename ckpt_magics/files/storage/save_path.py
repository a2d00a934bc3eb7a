"""The path of a checkpoint that is to be saved."""

from __future__ import annotations

import os

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.storage.place import ABOVE, CURRENT, AnyPath, Place, place_of

__all__ = ["save_place"]


def save_place(path: AnyPath, *, may_be_bare: bool = False) -> Place:
    """Return the place of a checkpoint to be saved.

    Args:
        path: The path.
        may_be_bare: Allow one that ends in a separator: as in TensorFlow's Saver, the files are then ``.index`` and so
            on in that directory.

    Raises:
        UnimplementedError: It is not on this machine.
        InvalidArgumentError: It names no file: it is empty, ends in a separator, or is ``.`` or ``..``; or no file
            can have such a name.
    """
    place = place_of(path)
    text = place.name
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(f"{visible(text)!r} has a lone surrogate, which no file's name can hold") from error
    if place.stem in {"", CURRENT, ABOVE} and not (may_be_bare and text.endswith(place.store.rules.sep)):
        stem = (place / "model.ckpt").name
        raise InvalidArgumentError(
            f"{visible(text)!r} names no file to save to", hint=f"Add the stem of the files, as in {visible(stem)}"
        )
    return place
