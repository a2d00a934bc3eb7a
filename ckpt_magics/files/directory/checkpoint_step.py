"""The checkpoint of one global step, found from a prefix without the step or from its directory."""

from __future__ import annotations

import re

from ckpt_magics.errors import CheckpointNotFoundError, InvalidArgumentError, visible
from ckpt_magics.files.storage.place import Place

__all__ = ["checkpoint_at_step", "known_steps"]


def checkpoint_at_step(source: Place, step: int) -> Place:
    """Return the prefix of a step's checkpoint.

    Args:
        source: A prefix without its step, such as ``model.ckpt`` for ``model.ckpt-500``, or a directory.
        step: The global step.

    Raises:
        CheckpointNotFoundError: There is no such step; the hint names those that are there.
        InvalidArgumentError: A directory has several checkpoints of that step.
    """
    directory, steps = _steps(source)
    found = [name for name, number in steps.items() if number == step]
    if len(found) == 1:
        return directory / found[0]
    if found:
        names = ", ".join(map(visible, sorted(found)))
        raise InvalidArgumentError(f"{visible(source.name)} has several checkpoints of step {step}: {names}")
    known = ", ".join(str(number) for number in sorted(set(steps.values())))
    raise CheckpointNotFoundError(
        f"no checkpoint of step {step} at {visible(source.name)}",
        hint=f"There are the steps {known}" if known else None,
    )


def known_steps(source: Place) -> list[int]:
    """Return the steps that `checkpoint_at_step` finds for a prefix or directory, sorted.

    Raises:
        CheckpointError: The directory cannot be listed.
    """
    return sorted(set(_steps(source)[1].values()))


def _steps(source: Place) -> tuple[Place, dict[str, int]]:
    """The directory, and the step by file name of prefix, of the index files and V1 files in it."""
    is_directory = source.is_directory
    directory, stem = (source, None) if is_directory else (source.directory, source.stem)
    steps: dict[str, int] = {}
    for entry in directory.names():
        # The shards of a V1 checkpoint have their number behind the step; the reader takes their pattern.
        name = re.sub(r"-\d{5}(-of-\d{5})$", r"-?????\1", entry.removesuffix(".index"))
        match = re.fullmatch(r"(.*)-(\d+)(-\?{5}-of-\d{5})?", name, re.DOTALL)
        if match and ".data-" not in name and (stem is None or match[1] == stem):
            steps[name] = int(match[2])
    return directory, steps
