"""The step that takes kernels from TensorFlow's order of dimensions to PyTorch's, or back.

==============  =========================  ===========================
what            TensorFlow                 PyTorch
==============  =========================  ===========================
dense           (in, out)                  (out, in)
convolution     (spatial…, in, out)        (out, in, spatial…)
depthwise       (h, w, channels, m)        (channels · m, 1, h, w)
==============  =========================  ===========================

A TF-1 LSTM cell has its gates as i, j, f, o, which PyTorch has as i, f, j, o; a Keras GRU has z, r, h for r, z, n.
Which tensor is a kernel only its name tells: others stay as they are, and so do kernels of three dimensions that are
not called a convolution's, since attention layers have such too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.steps.shaping_steps import in_other_order, reshaped, transposed
from ckpt_magics.files.steps.step import Step, StepKind
from ckpt_magics.files.steps.stepped_tensors import SteppedTensor, SteppedTensors

__all__ = ["LAYOUT"]

_ATTRIBUTE = "/.ATTRIBUTES/VARIABLE_VALUE"
_KERNEL = re.compile(r"(?:pointwise_|recurrent_)?(?:kernel|weights?)(?:_\d+)?(?::0)?")
_DEPTHWISE = re.compile(r"depthwise_(?:kernel|weights?)(?::0)?")
_TABLES = re.compile(r"embed|wte|wpe|lookup|norm|bn(?:\d|\b|_)", re.IGNORECASE)
_CONVOLUTION = re.compile(r"conv", re.IGNORECASE)
_DEPTHWISE_SCOPE = re.compile(r"depthwise|conv_dw|dwconv", re.IGNORECASE)

_TO_TORCH = {2: (1, 0), 3: (2, 1, 0), 4: (3, 2, 0, 1), 5: (4, 3, 0, 1, 2)}
_TO_TENSORFLOW = {2: (1, 0), 3: (2, 1, 0), 4: (2, 3, 1, 0), 5: (2, 3, 4, 1, 0)}
_LSTM_GATES = [0, 2, 1, 3]
_GRU_GATES = [1, 0, 2]


def _layout(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    for target in step.patterns:
        if target not in _DIRECTIONS:
            raise InvalidArgumentError(f"{visible(target)!r} is no layout; there are torch and tensorflow")
        change = _DIRECTIONS[target]
        tensors = tensors.changed({name: change(name, one, tensors) for name, one in tensors.items()})
    return tensors


def _to_torch(name: str, tensor: SteppedTensor, names: SteppedTensors) -> SteppedTensor:
    scope, last = _divided(name, "/")
    shape = tensor.values.shape
    for order in _gate_orders(scope, last, names):
        tensor = in_other_order(name, tensor, order, len(shape) - 1)
    if _DEPTHWISE.fullmatch(last) and len(shape) == 4:
        height, width, channels, multiplier = shape
        return reshaped(transposed(tensor, (2, 3, 0, 1)), (channels * multiplier, 1, height, width))
    if _KERNEL.fullmatch(last) and not _TABLES.search(scope) and _is_plain(shape, scope):
        return transposed(tensor, _TO_TORCH[len(shape)])
    return tensor


def _to_tensorflow(name: str, tensor: SteppedTensor, names: SteppedTensors) -> SteppedTensor:  # noqa: ARG001 - as above
    scope, last = _divided(name, "." if "." in name else "/")
    shape = tensor.values.shape
    if not _KERNEL.fullmatch(last) or _TABLES.search(scope) or not _is_plain(shape, scope):
        return tensor
    if len(shape) == 4 and shape[1] == 1 and _DEPTHWISE_SCOPE.search(scope):
        return transposed(tensor, (2, 3, 0, 1))
    return transposed(tensor, _TO_TENSORFLOW[len(shape)])


def _is_plain(shape: tuple[int, ...], scope: str) -> bool:
    """Whether a kernel of this shape is known to be what its rank says."""
    return len(shape) in _TO_TORCH and (len(shape) != 3 or bool(_CONVOLUTION.search(scope)))


def _gate_orders(scope: str, last: str, names: SteppedTensors) -> Iterator[list[int]]:
    """The order that the gates of a recurrent cell have to be brought to, if it is another."""
    cell = scope.rpartition("/")[2]
    is_keras = f"{scope}/recurrent_kernel" in names or f"{scope}/recurrent_kernel{_ATTRIBUTE}" in names
    if re.fullmatch(r"(?:basic_)?lstm_cell(?:_\d+)?", cell) and not is_keras and last in {"kernel", "bias"}:
        yield _LSTM_GATES
    if re.fullmatch(r"gru(?:_cell)?(?:_\d+)?", cell) and is_keras and last in {"kernel", "recurrent_kernel", "bias"}:
        yield _GRU_GATES


def _divided(name: str, separator: str) -> tuple[str, str]:
    scope, _, last = name.removesuffix(_ATTRIBUTE).rpartition(separator)
    return scope, last


_DIRECTIONS = {"torch": _to_torch, "tensorflow": _to_tensorflow}

LAYOUT = StepKind(
    "layout",
    ("target",),
    "torch|tensorflow",
    "Bring kernels that are known by their names into the order of dimensions, and gates, of one of the two.",
    _layout,
)
