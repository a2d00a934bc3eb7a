"""PyTorch's tensors as arrays, and the way back. PyTorch is never imported here; see `library_values`."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ckpt_magics.files.tensors.spec import Array, Spec

__all__ = ["set_torch", "snapshot_torch", "torch_from_array", "torch_spec", "torch_to_array", "undo_torch"]


# PyTorch has element types that it cannot hand to NumPy; their bits travel as integers of the same width.


def _torch_carrier(tensor: Any) -> tuple[Any, np.dtype[Any]] | None:
    import ml_dtypes

    name = str(tensor.dtype).removeprefix("torch.")
    kind = getattr(ml_dtypes, name, None)
    if kind is None or not name.startswith(("bfloat16", "float8")):
        return None
    torch = sys.modules["torch"]
    return (torch.int16 if tensor.element_size() == 2 else torch.uint8), np.dtype(kind)


def torch_to_array(tensor: Any) -> Array:
    """Return a dense torch tensor's values; on the CPU they are shared, not copied."""
    if getattr(tensor, "is_sparse", False) or str(tensor.layout) != "torch.strided":
        message = "a sparse tensor has no place in a checkpoint; save its .to_dense()"
        raise TypeError(message)
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
    carrier = _torch_carrier(tensor)
    if carrier is None:
        return np.asarray(tensor.numpy())
    return np.asarray(tensor.contiguous().view(carrier[0]).numpy()).view(carrier[1])


def torch_spec(tensor: Any) -> Spec:
    """The tensor's own shape and dtype."""
    carrier = _torch_carrier(tensor)
    dtype = carrier[1] if carrier else np.dtype(str(tensor.dtype).removeprefix("torch."))
    return Spec(tuple(tensor.shape), dtype)


def torch_from_array(array: Array) -> Any:
    """Return a new torch tensor with these values, in the same dtype."""
    torch = sys.modules["torch"]
    array = np.array(array, order="C")
    kind = getattr(torch, array.dtype.name, None)
    if kind is None:
        message = f"PyTorch has no {array.dtype.name}"
        raise TypeError(message)
    if array.dtype.name.startswith(("bfloat16", "float8")):
        return torch.from_numpy(array.view(np.int16 if array.itemsize == 2 else np.uint8)).view(kind)
    return torch.from_numpy(array)


def set_torch(tensor: Any, array: Array) -> Any:
    """Copy values into a torch tensor or parameter, in place and outside of any gradient."""
    with sys.modules["torch"].no_grad():
        tensor.copy_(torch_from_array(array))
    return tensor


def snapshot_torch(tensor: Any) -> Any:
    """Return a copy of a tensor's values in the computer's memory: an accelerator's may not hold them twice."""
    copied = tensor.detach().cpu()
    return copied.clone() if tensor.device.type == "cpu" else copied


def undo_torch(tensor: Any, before: Any) -> None:
    """Give a tensor its values back."""
    with sys.modules["torch"].no_grad():
        tensor.copy_(before)
