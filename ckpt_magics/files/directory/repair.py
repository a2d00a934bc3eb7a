"""Write a directory's state file anew from the checkpoints that are there."""

from __future__ import annotations

import os

from ckpt_magics.errors import CheckpointNotFoundError, DataLossError, visible
from ckpt_magics.files.directory.inventory import HALF, LISTED, SALVAGE_HINT, UNLISTED, Inventory, take_inventory
from ckpt_magics.files.directory.state import update_checkpoint_state
from ckpt_magics.files.directory.state_file import places_of, read_state, read_state_text
from ckpt_magics.files.directory.state_text import CheckpointState, parse_state
from ckpt_magics.files.kinds.directory import is_whole
from ckpt_magics.files.storage.atomic import WrittenFile
from ckpt_magics.files.storage.locking import directory_lock

__all__ = ["rewrite_state"]


def rewrite_state(directory: str, latest_filename: str | None = None) -> WrittenFile | None:
    """Write the state file anew if it is damaged, missing, or names what is not there.

    A state file that can be read keeps its order and its times, without what is gone; of one that cannot, every whole
    checkpoint takes its place, the oldest first. The latest is the one that every reader of the directory gets. Paths
    that lead elsewhere, as those of a directory that was moved, and what only we can read, such as a byte-order mark,
    are written as TensorFlow reads them.

    Args:
        directory: The directory; the empty string is the current one.
        latest_filename: Name of the state file, ``checkpoint`` by default.

    Returns:
        The file written, None if nothing was wrong with it.

    Raises:
        CheckpointNotFoundError: No checkpoint in the directory is whole.
        CheckpointError: The disk refuses.
    """
    with directory_lock(directory):
        inventory = take_inventory(directory, latest_filename)
        whole = [one for one in inventory.checkpoints if one.status in {LISTED, UNLISTED}]
        if not whole:
            raise CheckpointNotFoundError(
                f"no checkpoint in {visible(directory or os.curdir)} is whole, so that there is none to list",
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
            order = list(map(_name_of, state.all_model_checkpoint_paths))
            listed.sort(key=lambda one: _position(order, os.path.basename(one.prefix)))
        paths = [one.prefix for one in listed if one is not latest] + [latest.prefix]
        times = _times(state, {one.prefix: one.modified or 0.0 for one in [*listed, latest]}, paths)
        return update_checkpoint_state(
            directory,
            latest.prefix,
            paths,
            latest_filename,
            times,
            None if state is None else state.last_preserved_timestamp or None,
            save_relative_paths=True,
        )


def _is_right(inventory: Inventory, state: CheckpointState) -> bool:
    """Whether all that a readable state file lists is whole and where it says, its latest among them."""
    listed = [one for one in inventory.checkpoints if one.is_listed]
    paths = {*state.all_model_checkpoint_paths, state.model_checkpoint_path}
    lead_there = all(is_whole(os.path.join(inventory.directory, path)) for path in paths)
    return lead_there and all(one.status == LISTED for one in listed) and any(one.is_latest for one in listed)


def _is_plain(directory: str, latest_filename: str | None) -> bool:
    """Whether a state file that can be read is one that TensorFlow can read too."""
    try:
        parse_state(read_state_text(directory, latest_filename) or b"")
    except DataLossError:
        return False
    return True


def _name_of(path: str) -> str:
    return os.path.basename(places_of("", path)[-1])


def _position(order: list[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def _times(state: CheckpointState | None, modified: dict[str, float], paths: list[str]) -> list[float] | None:
    """Return when each checkpoint was saved, if the state file had times."""
    if state is None or not state.all_model_checkpoint_timestamps:
        return None
    known = zip(state.all_model_checkpoint_paths, state.all_model_checkpoint_timestamps, strict=False)
    saved = {_name_of(path): time for path, time in known}
    return [saved.get(os.path.basename(path), modified[path]) for path in paths]
