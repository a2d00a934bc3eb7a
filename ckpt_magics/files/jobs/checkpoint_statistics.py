"""The statistics of all tensors, one after the other: which layer has a NaN?"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.jobs.tensor_statistics import TensorStatistics, stored_statistics
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.parallel.tensor_tasks import on_each
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.source import TensorSource, TensorSpec

__all__ = ["DescribedTensor", "checkpoint_statistics"]


@dataclass(frozen=True, slots=True)
class DescribedTensor:
    """What is known about a tensor and its values.

    Attributes:
        name: What it is called.
        spec: What is known without reading it.
        statistics: What its values are like; None if it cannot be read.
        problem: Why not, or "".
    """

    name: str
    spec: TensorSpec
    statistics: TensorStatistics | None
    problem: str = ""

    def facts(self) -> Mapping[str, float | int | None]:
        """Return the numbers under the names that a table of them has; None where there is none.

        ``min`` and ``max`` of the finite values (exact for integers), their ``mean`` and ``std``, and how many are
        ``zeros``, ``nans`` and ``infs``.
        """
        found = self.statistics
        if found is None:
            return dict.fromkeys(("min", "max", "mean", "std", "zeros", "nans", "infs"))
        return {
            "min": found.minimum,
            "max": found.maximum,
            "mean": found.mean,
            "std": found.std,
            "zeros": found.zeros,
            "nans": found.nans,
            "infs": found.infs,
        }


def checkpoint_statistics(
    tensors: NamedTensors[TensorSource], progress: Progress | None = None, *, executor: Executor | None = None
) -> list[DescribedTensor]:
    """Return the statistics of every tensor, sorted by name; a few pieces of one are in memory.

    Args:
        tensors: Where they are read from.
        progress: Called with the bytes read and in all.
        executor: Who reads them; None for this thread.
    """
    specs = {name: tensors.spec(name) for name in tensors}
    return list(on_each(_described, specs, [tensors], progress=progress, executor=executor).values())


def _described(name: str, tensors: NamedTensors[TensorSource]) -> DescribedTensor:
    spec = tensors.spec(name)
    try:
        return DescribedTensor(name, spec, stored_statistics(tensors, name))
    except CheckpointError as error:
        return DescribedTensor(name, spec, None, str(error))
