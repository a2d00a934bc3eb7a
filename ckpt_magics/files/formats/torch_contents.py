"""What the pickle in a PyTorch file holds: its tensors and numbers by name, and what is refused.

Names are the keys on the way to a tensor, joined by ``/``; those of lists and tuples are counted from 0. A single
tensor without a name is called ``tensor``. Numbers of Python are tensors without dimensions: bool, int64 (uint64 above
it), float64 and complex128. Text, None, dtypes and objects without tensors are left out. What holds a tensor in another
way is refused by name: nothing of a file is ever called or imported.

Format: torch/serialization.py of PyTorch 2.13; `torch_pickle`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, DataLossError, InvalidArgumentError, UnimplementedError
from ckpt_magics.files.formats.pickle_tree import Applied, Global, Items, Persistent, Pickle
from ckpt_magics.files.formats.torch_pickle import PLAIN_HELP, StridedPlace, plain_value, tensor_of_call

__all__ = ["Contents", "read_contents"]

_ROOT_NAME = "tensor"
_MAX_DEPTH = 100
"""Containers within one another."""
_BYTES_PER_BYTE = 512
"""Bytes that names and descriptions of tensors may take for each byte of the pickle, which a shared list multiplies."""
_MOST_BYTES = 1 << 30
_VISIT, _LEAF = 16, 400
"""Bytes that a value takes while it is looked at, and one that is kept."""

_HINTS = {
    "torch._utils._rebuild_sparse_tensor": "Save tensor.to_dense() in its place.",
    "torch._utils._rebuild_qtensor": "Save tensor.dequantize() in its place, or tensor.int_repr() and its scale.",
    "torch._utils._rebuild_meta_tensor_no_storage": "It has no values: save the model after they were loaded.",
    "numpy": "torch.load(weights_only=True) refuses it too. Save torch.from_numpy(array), or value.item().",
}
"""What helps with what is refused, by name or package."""


class Contents(NamedTuple):
    """What a file holds.

    Attributes:
        tensors: Where each tensor lies, by key.
        numbers: Numbers of Python, as arrays without dimensions, by key.
        refused: What cannot be read, by key.
    """

    tensors: dict[bytes, StridedPlace]
    numbers: dict[bytes, npt.NDArray[Any]]
    refused: dict[bytes, CheckpointError]


def read_contents(pickle: Pickle, size: int) -> Contents:
    """Return what a pickle holds.

    Args:
        pickle: Its tree.
        size: Its bytes, which say how much it may ask for.

    Raises:
        DataLossError: It would take more memory than its size justifies.
        UnimplementedError: It is an object, and not tensors in containers.
    """
    contents = Contents({}, {}, {})
    walk = _Walk(size)
    for key, value in walk.leaves(pickle.root):
        found: StridedPlace | np.generic | None = None
        try:
            found = _value(value)
            if isinstance(value, Applied) and found is None:
                walk.refuse_object(value)
        except CheckpointError as error:
            if not key:
                raise
            contents.refused[key] = error.locate(tensor=key)
        name = key or _ROOT_NAME.encode()
        if found is None:
            continue
        if name in contents.tensors or name in contents.numbers or name in contents.refused:
            _refuse_twice(contents, name)
        elif isinstance(found, StridedPlace):
            contents.tensors[name] = found
        else:
            contents.numbers[name] = np.asarray(found)
    return contents


def _refuse_twice(contents: Contents, name: bytes) -> None:
    contents.tensors.pop(name, None)
    contents.numbers.pop(name, None)
    contents.refused[name] = InvalidArgumentError("two values of the file have this name, joined by /", tensor=name)


class _Walk:
    """Finds what lies in containers, with a limit to what a small pickle may unfold to."""

    def __init__(self, size: int) -> None:
        self._left = min(_BYTES_PER_BYTE * (size + 100), _MOST_BYTES)

    def leaves(self, value: object, name: str = "", depth: int = 0) -> Iterator[tuple[bytes, object]]:
        """Yield what is no container, with its key: the empty one if it is all there is."""
        self._spend(_VISIT + len(name))
        children = _children(value)
        if children is None:
            self._spend(_LEAF)
            yield name.encode("utf-8", "surrogatepass"), value
            return
        if depth == _MAX_DEPTH:
            raise DataLossError(f"the values are more than {_MAX_DEPTH} containers deep")
        for key, child in children:
            yield from self.leaves(child, f"{name}/{key}" if depth else key, depth + 1)

    def refuse_object(self, call: Applied) -> None:
        """Refuse an object that holds tensors, or is made by functions that make tensors.

        Raises:
            UnimplementedError: It is one.
        """
        package = call.function.module.partition(".")[0]
        is_tensor = package == "numpy" or call.function.name.startswith("_rebuild")
        if is_tensor or self._holds_storage(call):
            raise UnimplementedError(
                f"it is made by {call.function}, and only plain tensors are read of a pickle, which could run any code",
                hint=_hint(call.function, package),
            )

    def _holds_storage(self, value: object) -> bool:
        """Tell whether a storage is anywhere in an object."""
        waiting, seen = [value], set()
        while waiting:
            one = waiting.pop()
            if isinstance(one, Persistent):
                return True
            if not (isinstance(one, list | Applied) or type(one) is tuple) or id(one) in seen:
                continue
            self._spend(_VISIT)
            seen.add(id(one))
            waiting += (one.arguments, one.items, one.appended, one.state) if isinstance(one, Applied) else one
        return False

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise DataLossError("the pickle unfolds to more than its size justifies: a bomb")


def _children(value: object) -> Iterator[tuple[str, object]] | None:
    """Return the children of a container by name; None of what is none. Of keys that stand twice the last counts."""
    if isinstance(value, Applied):
        value = plain_value(value)
    if isinstance(value, Items):
        named = {name: child for key, child in value if (name := _key_name(key)) is not None}
        return iter(named.items())
    if isinstance(value, list) or type(value) is tuple:
        return ((str(position), child) for position, child in enumerate(value))
    return None


def _key_name(key: object) -> str | None:
    """Return a key as text; None of what is neither text nor a whole number, which names nothing."""
    if isinstance(key, bytes):
        return key.decode("utf-8", "backslashreplace")
    return key if isinstance(key, str) else str(key) if type(key) is int else None


def _value(value: object) -> StridedPlace | np.generic | None:
    """Return what a leaf is; None of what is left out."""
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, int):
        return np.int64(value) if -1 << 63 <= value < 1 << 63 else np.uint64(value) if 0 < value < 1 << 64 else None
    if isinstance(value, float):
        return np.float64(value)
    if isinstance(value, Persistent):
        raise UnimplementedError("it is a storage without a tensor", hint=PLAIN_HELP)
    if isinstance(value, Applied):
        return _complex(value) if value.function.name == "complex" else tensor_of_call(value)
    return None


def _complex(call: Applied) -> np.generic | None:
    parts = call.arguments if type(call.arguments) is tuple else ()
    is_number = len(parts) == 2 and all(isinstance(part, float) for part in parts)
    return np.complex128(complex(parts[0], parts[1])) if is_number else None


def _hint(function: Global, package: str) -> str:
    return _HINTS.get(f"{function.module}.{function.name}") or _HINTS.get(package) or PLAIN_HELP
