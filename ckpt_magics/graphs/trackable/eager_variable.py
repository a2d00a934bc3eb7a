"""Variables without a graph: an array with a name that can be assigned to, as ``tf.Variable`` of TensorFlow 2.

Format: tensorflow/python/ops/resource_variable_ops.py, executing eagerly.
"""

# ruff: noqa: ANN401, ARG002 - values of any kind, and arguments that only graphs and devices have a use for

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.files.object_graph.object_walk import LiveObject
from ckpt_magics.files.tensors.source import Array
from ckpt_magics.files.tensors.text_values import TEXT_KINDS, encoded
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape, as_shape
from ckpt_magics.graphs.nodes.constants import to_array
from ckpt_magics.graphs.trackable.eager_names import scoped
from ckpt_magics.graphs.trackable.trackable import Trackable

__all__ = ["EagerVariable"]


class EagerVariable(NDArrayOperatorsMixin, Trackable):
    """An array that has a name and keeps its shape and dtype.

    In arithmetic and for NumPy it is its array.

    Args:
        initial_value: First value: number, text, nested lists, array, another variable, or a function that makes it.
        trainable: Whether training changes it.
        validate_shape: Kept for programs.
        caching_device: Kept for programs.
        name: Its name, in the scopes that are open; ``Variable`` by default.
        variable_def: Must be None: that is of graphs.
        dtype: Type of the elements; by default what TensorFlow chooses: float32 for Python floats, int32 for ints.
        import_scope: Kept for programs.
        constraint: Kept for optimizers.
        synchronization: Kept for programs.
        aggregation: Kept for programs.
        shape: Shape to have in place of the first value's, such as one with unknown sizes.

    Attributes:
        trainable: As given; by default true.
        constraint: As given.

    Raises:
        ValueError: There is no first value, or it does not fit the shape.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: str | None = None,
        name: str | None = None,
        variable_def: object = None,
        dtype: object = None,
        import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: object = None,
        aggregation: object = None,
        shape: ShapeLike = None,
    ) -> None:
        if initial_value is None or variable_def is not None:
            raise ValueError(
                "The `initial_value` arg to `tf.Variable` must be specified except when you are not providing a "
                "`variable_def`. You provided neither."
            )
        self.trainable = trainable is not False
        self.constraint = constraint
        self._name = scoped(name or "Variable")
        value = initial_value() if callable(initial_value) else initial_value
        array, self._dtype = _array_of(value, None if dtype is None else as_dtype(dtype))
        self._shape = TensorShape(array.shape) if shape is None else as_shape(shape)
        if not self._shape.is_compatible_with(array.shape):
            raise ValueError(f"The initial value's shape ({array.shape}) is not compatible with the explicitly "
                             f"supplied `shape` argument ({self._shape}).")  # fmt: skip
        self._array = array.copy()

    @property
    def name(self) -> str:
        """The name, with ``:0`` behind it."""
        return f"{self._name}:0"

    @property
    def dtype(self) -> DType:
        """Type of the elements."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """The shape that values have to have."""
        return self._shape

    @property
    def device(self) -> str:
        """Where TensorFlow has variables on a machine without accelerators."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def get_shape(self) -> TensorShape:
        """Return the shape."""
        return self._shape

    def numpy(self) -> Any:
        """Return a copy of the value: an array, or a scalar if the rank is 0."""
        return self._array.copy() if self._array.ndim else self._array[()]

    def value(self) -> Any:
        """Return a copy of the value."""
        return self.numpy()

    read_value = value

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Self:
        """Give it another value of its shape and dtype.

        Raises:
            ValueError: The shape is another.
            TypeError: The value cannot be of the dtype.
        """
        array, _ = _array_of(value, self._dtype)
        self._check_shape(array)
        self._array = array.copy()
        return self

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Self:
        """Add to the value."""
        return self._assign_changed(np.add, delta)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Self:
        """Subtract from the value."""
        return self._assign_changed(np.subtract, delta)

    def is_initialized(self) -> bool:
        """Return True: without a graph it has its first value at once."""
        return True

    def ref(self) -> Reference:
        """Return something to be a key in a dict, which the variable itself is not."""
        return Reference(self)

    def as_live_object(self) -> LiveObject:
        """Return what a checkpoint sees of it."""
        return LiveObject(self, full_name=self._name)

    def _assign_changed(self, change: Callable[[Array, Array], Array], delta: object) -> Self:
        array = change(self._array, _array_of(delta, self._dtype)[0])
        self._check_shape(array)
        self._array = np.asarray(array)
        return self

    def _check_shape(self, array: Array) -> None:
        if not self._shape.is_compatible_with(array.shape):
            raise InvalidArgumentError(
                f"Cannot assign value to variable ' {self.name}': Shape mismatch.The variable shape {self._shape}, and "
                f"the assigned value shape {array.shape} are incompatible."
            )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self._array, dtype) if copy is not False else self._array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
        # ``variable += 1`` is another value and no assignment, as TensorFlow has it.
        if any(isinstance(out, EagerVariable) for out in settings.get("out", ())):
            del settings["out"]
        arrays = [each.__array__(copy=False) if isinstance(each, EagerVariable) else each for each in inputs]
        return getattr(ufunc, method)(*arrays, **settings)

    def __getitem__(self, at: Any) -> Any:
        return self._array.copy()[at]

    def __len__(self) -> int:
        return len(self._array)

    def __bool__(self) -> bool:
        return bool(self._array)

    def __int__(self) -> int:
        return int(self._array)

    def __float__(self) -> float:
        return float(self._array)

    def __index__(self) -> int:
        return int(self._array.__index__())

    def __hash__(self) -> int:
        raise TypeError("Variable is unhashable. Instead, use variable.ref() as the key.")

    def __repr__(self) -> str:
        value = np.array2string(self._array, separator=", ") if self._array.ndim else repr(self._array.item())
        return f"<tf.Variable '{self.name}' shape={self._shape} dtype={self._dtype.name}, numpy={value}>"


class Reference:
    """Stands for a variable as a key: equal to others for the same one.

    Args:
        variable: The variable.
    """

    def __init__(self, variable: EagerVariable) -> None:
        self._variable = variable

    def deref(self) -> EagerVariable:
        """Return the variable."""
        return self._variable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and other._variable is self._variable

    def __hash__(self) -> int:
        return id(self._variable)


def _array_of(value: Any, dtype: DType | None) -> tuple[Array, DType]:
    if hasattr(type(value), "__array__") and not isinstance(value, np.ndarray | np.generic):
        value = np.asarray(value)
    array, chosen = to_array(value, dtype)
    return (encoded(array) if array.dtype.kind in TEXT_KINDS else array), chosen
