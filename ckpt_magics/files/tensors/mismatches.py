"""Refusing a stored tensor that is not what the caller expects, in TensorFlow's words.

Format of the texts: tensorflow/core/kernels/restore_op.cc, save_restore_v2_ops.cc, save_restore_tensor.cc.
"""

from __future__ import annotations

from ckpt_magics.errors import TensorMismatchError, visible
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.tensors.source import Array, TensorSpec


def check_dtype(spec: TensorSpec, wanted: DType, *, version: int) -> None:
    """Refuse a tensor of another type than ``wanted``; the two formats have different texts.

    Raises:
        TensorMismatchError: It has another.
    """
    if spec.dtype.number == wanted.number:
        return
    name, stored = visible(spec.key), spec.dtype.c_name
    if version == 1:
        text = f"Expected to restore a tensor of type {wanted.c_name}, got a tensor of type {stored} instead: "
        text += f"tensor_name = {name}"
    else:
        text = f"tensor_name = {name}; expected dtype {wanted.c_name} does not equal original dtype {stored}"
    raise TensorMismatchError(text, tensor=spec.key)


def check_shape(spec: TensorSpec, shape: tuple[int, ...]) -> None:
    """Refuse a tensor of another shape than the one in a shape_and_slice spec.

    Raises:
        TensorMismatchError: It has another.
    """
    if spec.shape != shape:
        raise TensorMismatchError(
            f"tensor_name = {visible(spec.key)}; shape in shape_and_slice spec {format_shape(shape)} does not match "
            f"the shape stored in checkpoint: {format_shape(spec.shape)}",
            tensor=spec.key,
        )


def check_out(out: Array, spec: TensorSpec, shape: tuple[int, ...]) -> None:
    """Refuse an array that a tensor, or the part of it that has ``shape``, cannot be read into.

    Raises:
        TensorMismatchError: It has another type or shape, or is read-only.
    """
    if out.shape == shape and out.dtype == spec.dtype.numpy and out.flags.writeable:
        return
    raise TensorMismatchError(
        f"the array given has dtype {out.dtype} and shape {format_shape(out.shape)}"
        f"{'' if out.flags.writeable else ' and is read-only'}; a writeable one of dtype {spec.dtype.numpy} and shape "
        f"{format_shape(shape)} is needed",
        tensor=spec.key,
    )
