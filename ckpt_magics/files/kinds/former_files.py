"""What a save leaves of the checkpoint that its prefix stood for before, in whichever format that was: nothing.

A reader who is given a prefix looks for an index first, then for a V1 file of that very name, then for V1 files in
several. So a V1 checkpoint that is saved over another is hidden until the former one's first file is gone, and if that
one stayed, the prefix would load the old values.
"""

from __future__ import annotations

from collections.abc import Collection

from ckpt_magics.files.kinds.claimed_names import whole_sets
from ckpt_magics.files.kinds.data_files import data_files, remove_old_files, v1_shards
from ckpt_magics.files.kinds.table_file import first_record, is_bundle_header, is_table
from ckpt_magics.files.storage.naming import INDEX_SUFFIX, index_filename
from ckpt_magics.files.storage.place import Place

__all__ = ["is_v1_file", "remove_former_files"]

_DAY = 86400.0
"""Seconds after which a file that no index names is not that of a save under way."""


def remove_former_files(
    prefix: Place, written: Collection[Place], *, durable: bool, former: Collection[Place] | None = None
) -> None:
    """Remove all files of a prefix but those of its new version; those that hide it first, and for certain.

    To be called under the directory's lock. Meta graphs stay: one that a save did not write may still be right.

    Args:
        prefix: Of the checkpoint.
        written: Places of the files that the new version consists of, which are in place.
        durable: Sync the directory before anything goes that a file which hides the new version would need.
        former: The data files of the version before, where others may be those of a save under way; of those, only the
            ones go that are a day older than the new version, and V1 files of which none is missing. None where no
            lock is missing and all go.

    Raises:
        CheckpointError: A file that hides the new version cannot be removed.
    """
    index = prefix.at(index_filename(prefix.name))
    single = [prefix] if prefix not in written and is_v1_file(prefix) else []
    if index not in written:
        hiding = [index] if prefix in written else [index, *single]
        removed = [place.remove() for place in hiding]
        if durable and any(removed):
            prefix.directory.sync()
    shards = v1_shards(prefix)
    others = [*single, *data_files(prefix), *shards]
    gone = None if former is None else {*single, *former, *whole_sets(shards)}
    remove_old_files([place for place in others if place not in written and (gone is None or place in gone)])
    if former is not None:
        limit = max(place.modified for place in written) - _DAY
        remove_old_files([place for place in others if place not in written and place.modified < limit])


def is_v1_file(place: Place) -> bool:
    """Tell whether a file is a V1 checkpoint, damaged or not; an index is a table too, of another prefix maybe."""
    return is_table(place) and not place.name.endswith(INDEX_SUFFIX) and not is_bundle_header(first_record(place))
