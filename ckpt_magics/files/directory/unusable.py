"""Why the files of a checkpoint cannot be used: which of them is what in place of what it should be, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError, DataLossError, visible
from ckpt_magics.files.kinds.bundle.bundle_index import BundleIndex
from ckpt_magics.files.kinds.directory import checkpoint_files
from ckpt_magics.files.kinds.table_file import is_table
from ckpt_magics.files.storage import naming
from ckpt_magics.files.storage.foreign import START_SIZE, ForeignFile, recognise
from ckpt_magics.files.storage.place import Place

__all__ = ["Fault", "describe_file", "fault_of", "foreign_file"]

_MAX_FILES = 100
"""Files of a directory that are looked into."""


class Fault(NamedTuple):
    """What is wrong with a checkpoint.

    Attributes:
        text: The file, what is wrong with it, and what to do.
        opens: Whether the checkpoint can be opened all the same, for what is good of it.
    """

    text: str
    opens: bool


def fault_of(prefix: Place) -> Fault | None:
    """Return what is wrong with a checkpoint of which a file is there; None if nothing is, values aside."""
    if prefix.at(naming.index_filename(prefix.name)).is_file:
        return _fault_of_bundle(prefix)
    broken = next((file for file in checkpoint_files(prefix) if not is_table(file)), None)
    described = None if broken is None else describe_file(broken)
    return None if described is None else Fault(described, opens=False)


def describe_file(place: Place) -> str | None:
    """Return a sentence that says what a file is that is no table, and what to do; None if it cannot be read."""
    kind = _kind_of(place)
    return None if kind is None else _describe(place.name, kind)


def _describe(name: str, kind: ForeignFile) -> str:
    return f"{visible(name)} is {kind.what}. {kind.hint}"


def foreign_file(directory: Place, names: Iterable[str], *, called_ckpt: bool) -> str | None:
    """Return what a file is that may be taken for a checkpoint, as :func:`describe_file` does.

    Args:
        directory: Where the files are.
        names: Of the files.
        called_ckpt: Look at those with "ckpt" in their names; otherwise at those that say themselves what they are.
    """
    wanted = (name for name in names if ("ckpt" in name.lower()) == called_ckpt and not name.startswith("."))
    for _, name in zip(range(_MAX_FILES), wanted, strict=False):
        place = directory / name
        kind = None if name == naming.STATE_FILENAME else _kind_of(place)
        if kind is None or not (called_ckpt or kind.is_model):
            continue
        if name.endswith(f".{naming.META_GRAPH_SUFFIX}") and (kind.is_graph or kind.is_unknown):
            return f"{visible(place.name)} holds a graph, and the files with the values are not here"
        return _describe(place.name, kind)
    return None


def _kind_of(place: Place) -> ForeignFile | None:
    try:
        is_other = place.is_file and not is_table(place)
        return recognise(place.read_start(START_SIZE), place.name) if is_other else None
    except CheckpointError:
        return None


def _fault_of_bundle(prefix: Place) -> Fault | None:
    try:
        index = BundleIndex(prefix)
    except CheckpointError as error:
        name = visible(naming.index_filename(prefix.name))
        return Fault(f"{name}: {error.message.rstrip('. ')}. {error.hint or ''}".rstrip(), opens=False)
    try:
        listing = index.listing()
    except CheckpointError as error:
        return Fault(str(error), opens=True)
    finally:
        index.close()
    if listing.damage:
        return Fault(str(listing.damage[0].locate(file=index.file.name)), opens=True)
    count = index.header.num_shards
    try:
        needed = listing.data_sizes(count)
    except DataLossError as error:
        return Fault(f"{visible(index.file.name)} is damaged: {error.message}", opens=True)
    places = (prefix.at(naming.data_filename(prefix.name, shard_id, count)) for shard_id in range(count))
    # A damaged header may claim any number: the first file that is not there ends this.
    return next(filter(None, map(_fault_of_data, places, needed.tolist())), None)


def _fault_of_data(place: Place, needed: int) -> Fault | None:
    name = place.name
    if not place.is_file:
        return Fault(f"{visible(name)} is missing: the save did not finish, or it was not copied", opens=True)
    try:
        size = place.size()
    except CheckpointError as error:
        return Fault(str(error), opens=True)
    if size >= needed:
        return None
    kind = _kind_of(place)
    if kind is not None and (kind.is_model or not size):
        return Fault(_describe(name, kind), opens=True)
    return Fault(f"{visible(name)} has {size} bytes of {needed}: the save or the copy broke off", opens=True)
