"""Write a directory's state file anew from the checkpoints that are there."""

from __future__ import annotations

from ckpt_magics.errors import CheckpointNotFoundError, DataLossError, visible
from ckpt_magics.files.directory.inventory import (
    HALF,
    LISTED,
    SALVAGE_HINT,
    UNLISTED,
    FoundFiles,
    Inventory,
    take_inventory,
)
from ckpt_magics.files.directory.listed import replace_list
from ckpt_magics.files.directory.state import update_checkpoint_state
from ckpt_magics.files.directory.state_file import read_state, read_state_text, stem_of
from ckpt_magics.files.directory.state_text import CheckpointState, parse_state
from ckpt_magics.files.kinds.directory import is_whole
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.store import Absent, Version, WrittenFile

__all__ = ["rewrite_state"]


def rewrite_state(directory: Place, latest_filename: str | None = None) -> WrittenFile | None:
    """Write the state file anew if it is damaged, missing, or names what is not there.

    A state file that can be read keeps its order and its times, without what is gone; of one that cannot, every whole
    checkpoint takes its place, the oldest first. The latest is the one that every reader of the directory gets. Paths
    that lead elsewhere, as those of a directory that was moved, and what only we can read, such as a byte-order mark,
    are written as TensorFlow reads them.

    Args:
        directory: The directory.
        latest_filename: Name of the state file, ``checkpoint`` by default.

    Returns:
        The file written, None if nothing was wrong with it.

    Raises:
        CheckpointNotFoundError: No checkpoint in the directory is whole.
        CheckpointError: The disk refuses.
    """
    return replace_list(directory, latest_filename, lambda former: _rewrite(directory, latest_filename, former))


def _rewrite(directory: Place, latest_filename: str | None, former: Version | Absent | None) -> WrittenFile | None:
    inventory = take_inventory(directory, latest_filename)
    whole = [one for one in inventory.checkpoints if one.status in {LISTED, UNLISTED}]
    if not whole:
        raise CheckpointNotFoundError(
            f"no checkpoint in {visible(directory.shown.name)} is whole, so that there is none to list",
            hint=SALVAGE_HINT if any(one.status == HALF for one in inventory.checkpoints) else None,
        )
    try:
        state = read_state(directory, latest_filename)
    except DataLossError:
        state = None
    if state is not None and _is_right(inventory, state) and _is_plain(directory, latest_filename):
        return None
    listed = [one for one in whole if not one.is_pinned and (one.is_listed or state is None)]
    latest = next((one for one in whole if one.is_latest), whole[-1])
    if state is not None:
        order = list(map(stem_of, state.all_model_checkpoint_paths))
        listed.sort(key=lambda one: _position(order, one.place.stem))
    paths = [one.prefix for one in listed if one is not latest] + [latest.prefix]
    times = _times(state, [one for one in listed if one is not latest] + [latest])
    return update_checkpoint_state(
        directory,
        latest.prefix,
        paths,
        latest_filename,
        times,
        None if state is None else state.last_preserved_timestamp or None,
        save_relative_paths=True,
        if_match=former,
    )


def _is_right(inventory: Inventory, state: CheckpointState) -> bool:
    """Whether all that a readable state file lists is whole and where it says, its latest among them."""
    listed = [one for one in inventory.checkpoints if one.is_listed]
    paths = {*state.all_model_checkpoint_paths, state.model_checkpoint_path}
    lead_there = all(is_whole(inventory.directory / path) for path in paths)
    return lead_there and all(one.status == LISTED for one in listed) and any(one.is_latest for one in listed)


def _is_plain(directory: Place, latest_filename: str | None) -> bool:
    """Whether a state file that can be read is one that TensorFlow can read too."""
    try:
        parse_state(read_state_text(directory, latest_filename) or b"")
    except DataLossError:
        return False
    return True


def _position(order: list[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def _times(state: CheckpointState | None, listed: list[FoundFiles]) -> list[float] | None:
    """Return when each checkpoint was saved, if the state file had times."""
    if state is None or not state.all_model_checkpoint_timestamps:
        return None
    known = zip(state.all_model_checkpoint_paths, state.all_model_checkpoint_timestamps, strict=False)
    saved = {stem_of(path): time for path, time in known}
    return [saved.get(one.place.stem, one.modified or 0.0) for one in listed]
