"""The data files of one prefix, found by their exact names."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from ckpt_magics.errors import CheckpointError, visible
from ckpt_magics.files.storage.naming import parse_data_filename, parse_v1_shard
from ckpt_magics.files.storage.place import Place

__all__ = ["data_files", "remove_old_files", "v1_shards"]


def data_files(prefix: Place) -> dict[Place, int]:
    """Return the places of a prefix's data files, and of how many shards each says it is one."""
    found = ((name, parse_data_filename(name)) for name in _siblings(prefix))
    return {prefix.beside(name): parts[2] for name, parts in found if parts and parts[0] == prefix.stem}


def v1_shards(prefix: Place) -> dict[Place, int]:
    """Return the places of a prefix's V1 files, and of how many each says it is one."""
    found = ((name, parse_v1_shard(name)) for name in _siblings(prefix))
    return {
        prefix.beside(name): parts[2]
        for name, parts in found
        if parts and parts[0] == prefix.stem and parts[1] is not None
    }


def _siblings(prefix: Place) -> list[str]:
    try:
        return prefix.siblings()
    except CheckpointError:
        return []


def remove_old_files(places: Sequence[Place]) -> None:
    """Remove files that no checkpoint needs any more. One that cannot be removed is a warning: the save is done."""
    for place in places:
        try:
            place.remove()
        except CheckpointError as error:
            warnings.warn(f"{visible(str(error))}: data of an older version stays behind", UserWarning, stacklevel=4)
