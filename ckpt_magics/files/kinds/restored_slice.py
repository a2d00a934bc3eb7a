"""A tensor as TensorFlow's restore ops read it: by its exact name, refused if it is not what they expect."""

from __future__ import annotations

from ckpt_magics.errors import visible
from ckpt_magics.files.formats.dtypes import as_dtype
from ckpt_magics.files.formats.tensor_slice import parse_shape_and_slice
from ckpt_magics.files.kinds.open_checkpoint import OpenCheckpoint
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.mismatches import check_dtype, check_shape
from ckpt_magics.files.tensors.source import Array

__all__ = ["restore_slice"]


def restore_slice(
    tensors: NamedTensors[OpenCheckpoint], name: str | bytes, shape_and_slice: str, dtype: object
) -> Array:
    """Return a tensor or the part of it that a spec like ``4 3 0,2:-`` says, as TensorFlow's RestoreV2 does.

    Args:
        tensors: Of the checkpoint.
        name: Of the tensor.
        shape_and_slice: Full shape and slice; empty for the whole tensor.
        dtype: Type that the caller expects.

    Raises:
        TensorNotFoundError: There is no such tensor.
        TensorMismatchError: It has another type or shape.
        InvalidArgumentError: The spec is malformed.
    """
    spec = tensors.spec_or_none(name)
    version = tensors.source.found.version
    if spec is None:
        error = tensors.not_found(name, exact=True)
        if version == 1:
            error.message = f'Tensor name "{visible(name)}" not found in checkpoint files {visible(tensors.origin)}'
        raise error
    check_dtype(spec, as_dtype(dtype), version=version)
    if not shape_and_slice:
        return tensors.read(name)
    shape, part, _ = parse_shape_and_slice(shape_and_slice)
    check_shape(spec, shape)
    return tensors.read(name, part)
