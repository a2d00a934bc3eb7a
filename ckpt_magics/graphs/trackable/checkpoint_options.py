"""How a checkpoint of objects is written and read, by TensorFlow's names.

Format: tensorflow/python/checkpoint/checkpoint_options.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["CheckpointOptions"]


class CheckpointOptions:
    """Options of `Checkpoint`.

    Args:
        experimental_io_device: Kept for programs: there is one device.
        experimental_enable_async_checkpoint: The former name of ``enable_async``.
        experimental_write_callbacks: Called when a checkpoint is written, with its path if they take an argument.
        enable_async: Make the counter of saves, as TensorFlow then does; a save that returns is whole all the same.
        experimental_skip_slot_variables: Leave optimizers' variables for others alone.
        experimental_sharding_callback: Must be None: all goes into one data file.

    Attributes:
        experimental_io_device: As given.
        experimental_enable_async_checkpoint: As ``enable_async``.
        experimental_write_callbacks: As given.
        enable_async: As given, by either name.
        experimental_skip_slot_variables: As given.
        experimental_sharding_callback: None.

    Raises:
        ValueError: A callback takes more than one argument, or there is one for sharding.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        experimental_io_device: str | None = None,
        experimental_enable_async_checkpoint: bool = False,
        experimental_write_callbacks: Sequence[Callable[..., object]] | None = None,
        enable_async: bool = False,
        experimental_skip_slot_variables: bool = False,
        experimental_sharding_callback: Any = None,  # noqa: ANN401 - a class of TensorFlow's
    ) -> None:
        for callback in experimental_write_callbacks or ():
            if len(inspect.signature(callback).parameters) > 1:
                raise ValueError(f"Callback functions for checkpoint take no argument or the path, and {callback} more")
        if experimental_sharding_callback is not None:
            raise ValueError("experimental_sharding_callback: a checkpoint of objects has one data file here")
        self.experimental_io_device = experimental_io_device
        self.enable_async = experimental_enable_async_checkpoint or enable_async
        self.experimental_enable_async_checkpoint = self.enable_async
        self.experimental_write_callbacks = experimental_write_callbacks
        self.experimental_skip_slot_variables = experimental_skip_slot_variables
        self.experimental_sharding_callback = experimental_sharding_callback

    def written(self, path: str) -> None:
        """Call the callbacks."""
        for callback in self.experimental_write_callbacks or ():
            callback(*[path][: len(inspect.signature(callback).parameters)])
