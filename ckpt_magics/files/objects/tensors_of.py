"""Whatever holds tensors, as tensors by name: a path, a reader, arrays, a program's objects."""

from __future__ import annotations

import os
from typing import Any

from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.object_graph.named_tensors import NamedTensors, tensors_behind
from ckpt_magics.files.objects.collected import tensors_on_demand
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.source import TensorSource

__all__ = ["tensors_of"]


def tensors_of(value: Any) -> NamedTensors[TensorSource]:  # noqa: ANN401 - a path, a reader, or anything that holds tensors
    """Return the tensors of a checkpoint's path, of a reader, or of anything that holds tensors.

    Raises:
        CheckpointNotFoundError: There is no checkpoint at the path.
        InvalidArgumentError: The value holds something that is no tensor.
    """
    if isinstance(value, str | bytes | os.PathLike):
        return open_tensors(value)
    return tensors_behind(value) or NamedTensors(ArraySource(tensors_on_demand(value)))
