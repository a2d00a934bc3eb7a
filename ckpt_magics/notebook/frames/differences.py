"""What differs between two sets of tensors, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from ckpt_magics.files.jobs.comparison import STATUSES, TensorDifference, compare, under_new_names
from ckpt_magics.files.objects.tensors_of import tensors_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare_checkpoints", "difference_frame"]

_MEASURES = ("norm", "largest", "relative")
_COLUMNS = ("name", "status", "dtype", "shape", "elements", "bytes", "was", "changed", *_MEASURES, "group")


def compare_checkpoints(
    before: Any,  # noqa: ANN401 - as tensors_of
    after: Any,  # noqa: ANN401 - as tensors_of
    *,
    mapping: Mapping[str, str] | None = None,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Compare two checkpoints, or a checkpoint and values in memory, by the names of their tensors.

    Args:
        before: A prefix or another path of a checkpoint, a reader, or a dict or module that holds tensors.
        after: Likewise.
        mapping: From a name of the second side to one of the first, where they differ; scopes and patterns too.
        executor: Who compares them, many tensors at a time: threads, processes, or ``client.get_executor()`` of a dask
            cluster.

    Returns:
        A row per tensor; see :func:`difference_frame`.

        Names that one side has, and the other may have lost because its listing is damaged, are left out; a warning
        has said which.

    Raises:
        InvalidArgumentError: A name that the map takes is not there.
        CheckpointError: A tensor that both sides have cannot be read.
    """
    first, second = under_new_names(tensors_of(before), mapping or {}), tensors_of(after)
    return difference_frame(compare(first, second, executor=executor))


def difference_frame(found: Iterable[TensorDifference]) -> pd.DataFrame:
    """Return what a comparison found as a table.

    Args:
        found: What became of each tensor.

    Returns:
        A row per name, sorted: ``name``, ``status`` (one of `STATUSES`), ``dtype`` and ``shape`` (of the second side
        where it has the tensor), ``elements``, ``bytes``, ``was`` (dtype and shape of the first side where they
        differ), ``changed`` (elements that differ; Int64, missing where shapes differ), ``norm``, ``largest`` and
        ``relative`` (see `Distance`; float64, NaN where there is none), ``group``.
    """
    import pandas as pd

    frame = pd.DataFrame(map(_row, found), columns=list(_COLUMNS))
    frame["status"] = pd.Categorical(frame["status"], list(STATUSES))
    frame["changed"] = frame["changed"].astype("Int64")
    return frame.astype({"elements": "int64", "bytes": "int64", **dict.fromkeys(_MEASURES, "float64")})


def _row(tensor: TensorDifference) -> tuple[object, ...]:
    spec, distance = tensor.spec, tensor.distance
    return (
        tensor.name,
        tensor.status,
        spec.dtype.name,
        spec.shape,
        spec.elements,
        spec.nbytes,
        tensor.was,
        None if distance is None else distance.changed,
        *(None if distance is None else getattr(distance, measure) for measure in _MEASURES),
        tensor.group,
    )
