"""The data files of one prefix, found by their exact names."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence

from ckpt_magics.errors import CheckpointError, visible
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.naming import parse_data_filename, parse_v1_shard

__all__ = ["data_files", "remove_old_files", "v1_shards"]


def data_files(prefix: str) -> dict[str, int]:
    """Return the paths of a prefix's data files, and of how many shards each says it is one."""
    directory, base = os.path.split(prefix)
    found = ((name, parse_data_filename(name)) for name in disk.list_names(directory) if name.startswith(base))
    return {os.path.join(directory, name): parts[2] for name, parts in found if parts and parts[0] == base}


def v1_shards(prefix: str) -> dict[str, int]:
    """Return the paths of a prefix's V1 files, and of how many each says it is one."""
    directory, base = os.path.split(prefix)
    found = ((name, parse_v1_shard(name)) for name in disk.list_names(directory) if name.startswith(base))
    return {
        os.path.join(directory, name): parts[2]
        for name, parts in found
        if parts and parts[0] == base and parts[1] is not None
    }


def remove_old_files(paths: Sequence[str]) -> None:
    """Remove files that no checkpoint needs any more. One that cannot be removed is a warning: the save is done."""
    for path in paths:
        try:
            disk.remove_file(path)
        except CheckpointError as error:
            warnings.warn(f"{visible(str(error))}: data of an older version stays behind", UserWarning, stacklevel=4)
