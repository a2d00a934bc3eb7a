"""The checkpoint of one global step, found from a prefix without the step or from its directory."""

from __future__ import annotations

import os
import re

from ckpt_magics.errors import CheckpointNotFoundError, InvalidArgumentError, visible
from ckpt_magics.files.storage.files import list_directory

__all__ = ["checkpoint_at_step", "known_steps"]


def checkpoint_at_step(source: str, step: int) -> str:
    """Return the prefix of a step's checkpoint.

    Args:
        source: A prefix without its step, such as ``model.ckpt`` for ``model.ckpt-500``, or a directory.
        step: The global step.

    Raises:
        CheckpointNotFoundError: There is no such step; the hint names those that are there.
        InvalidArgumentError: A directory has several checkpoints of that step.
    """
    directory, stem = (source, None) if os.path.isdir(source) else os.path.split(source)
    steps = _steps(directory or ".", stem)
    found = [name for name, number in steps.items() if number == step]
    if len(found) == 1:
        return os.path.join(directory, found[0])
    if found:
        names = ", ".join(map(visible, sorted(found)))
        raise InvalidArgumentError(f"{visible(source)} has several checkpoints of step {step}: {names}")
    known = ", ".join(str(number) for number in sorted(set(steps.values())))
    raise CheckpointNotFoundError(
        f"no checkpoint of step {step} at {visible(source)}", hint=f"There are the steps {known}" if known else None
    )


def known_steps(source: str) -> list[int]:
    """Return the steps that `checkpoint_at_step` finds for a prefix or directory, sorted.

    Raises:
        CheckpointError: The directory cannot be listed.
    """
    directory, stem = (source, None) if os.path.isdir(source) else os.path.split(source)
    return sorted(set(_steps(directory or ".", stem).values()))


def _steps(directory: str, stem: str | None) -> dict[str, int]:
    """Step by file name of prefix, of the index files and V1 files in a directory."""
    steps: dict[str, int] = {}
    for entry in list_directory(directory):
        # The shards of a V1 checkpoint have their number behind the step; the reader takes their pattern.
        name = re.sub(r"-\d{5}(-of-\d{5})$", r"-?????\1", entry.removesuffix(".index"))
        match = re.fullmatch(r"(.*)-(\d+)(-\?{5}-of-\d{5})?", name, re.DOTALL)
        if match and ".data-" not in name and (stem is None or match[1] == stem):
            steps[name] = int(match[2])
    return steps
