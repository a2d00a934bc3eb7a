"""Nodes and datasets that the program's own functions give values for.

Format: tensorflow/python/ops/script_ops.py, tensorflow/python/data/ops/from_generator_op.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import INT64, DType, as_dtype
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, output
from ckpt_magics.graphs.ops.flow.python_calls import PythonFunction, told_array
from ckpt_magics.graphs.pipelines.elements import ElementKind, leaves_up_to
from ckpt_magics.graphs.pipelines.traced_functions import trace

__all__ = ["Passes", "py_func"]


def py_func(
    func: Callable[..., Any],
    inp: Sequence[object],
    Tout: Any,  # noqa: ANN401, N803 -- TensorFlow's name
    stateful: bool = True,
    name: str | None = None,
) -> Any:  # noqa: ANN401 -- see Returns
    """Add a node that calls a function of this program, which no other program has.

    Args:
        func: Takes and returns arrays.
        inp: What it is called with.
        Tout: Types of what it returns, one or a list.
        stateful: Whether it may return something else for the same inputs.
        name: Of the node.

    Returns:
        A tensor; for a list of types a list of them; for an empty one the operation.
    """
    function = PythonFunction(func)
    _keep(get_default_graph(), function)
    several = isinstance(Tout, (list, tuple))
    types = [as_dtype(dtype) for dtype in (Tout if several else [Tout])]
    inputs = [convert_to_tensor(value) for value in inp]
    made = apply(
        "PyFunc" if stateful else "PyFuncStateless",
        inputs,
        token=function.token,
        Tin=[tensor.dtype for tensor in inputs],
        Tout=types,
        name=name,
    )
    return made if several else made[0]


def _keep(graph: Graph, function: PythonFunction) -> None:
    """Let a function live as long as the graph, or the one that it is part of."""
    outermost = getattr(graph, "outermost", graph)
    outermost.scope_state.setdefault("functions of the program", []).append(function)


class Passes:
    """The passes over a generator that go on at the moment, by number.

    Args:
        generator: Returns something that can be gone through.
        kind: What it yields.
        args: What it is called with.

    Raises:
        TypeError: ``generator`` cannot be called.
    """

    def __init__(self, generator: Callable[..., Iterable[Any]], kind: ElementKind, args: Sequence[object]) -> None:
        if not callable(generator):
            raise TypeError("`generator` must be a Python callable.")
        self._generator = generator
        self._kind = kind
        self._args = [convert_to_tensor(value) for value in args]
        self._numbers = count()
        self._open: dict[int, Iterator[Any]] = {}

    def dataset(self, dummy: Tensor) -> Tensor:
        """Add a dataset that is one pass.

        Args:
            dummy: Without use; TensorFlow's node has it too.
        """
        number = ElementKind.told(INT64, [])
        init = trace(lambda _: py_func(self.begin, self._args, INT64), ElementKind.of(dummy), _one, "generator_init")
        step = trace(self.add_next, number, _several, "generator_next")
        end = trace(lambda index: py_func(self.end, [index], INT64), number, _one, "generator_finalize")
        return output(
            "GeneratorDataset",
            [dummy, *init.captured],
            step.captured,
            end.captured,
            init_func=init.attr,
            next_func=step.attr,
            finalize_func=end.attr,
            **self._kind.attrs,
        )

    def begin(self, *args: Any) -> np.int64:  # noqa: ANN401 -- arrays
        """Begin a pass; returns its number."""
        number = next(self._numbers)
        self._open[number] = iter(self._generator(*args))
        return np.int64(number)

    def add_next(self, number: Tensor) -> list[Tensor]:
        """Add a node that gives the next element of a pass."""
        tensors: list[Tensor] = py_func(self.advance, [number], self._kind.flat_types)
        for tensor, shape in zip(tensors, self._kind.flat_shapes, strict=True):
            tensor.set_shape(shape)
        return tensors

    def advance(self, number: Any) -> list[Any]:  # noqa: ANN401 -- an array
        """Return the arrays of a pass's next element.

        Raises:
            StopIteration: There is none.
            TypeError: It is not what was promised.
        """
        yielded = next(self._open[int(number)])
        try:
            leaves = leaves_up_to(self._kind.types, yielded)
        except ValueError as error:
            raise TypeError(
                "`generator` yielded an element that did not match the expected structure. The expected structure was "
                f"{self._kind.types}, but the yielded element was {yielded}."
            ) from error
        return [
            _checked(leaf, dtype, shape)
            for leaf, dtype, shape in zip(leaves, self._kind.flat_types, self._kind.flat_shapes, strict=True)
        ]

    def end(self, number: Any) -> np.int64:  # noqa: ANN401 -- an array
        """Forget a pass."""
        self._open.pop(int(number), None)
        return np.int64(0)


def _one(tensor: Tensor) -> tuple[Any, list[Tensor]]:
    return tensor, [tensor]


def _several(tensors: list[Tensor]) -> tuple[Any, list[Tensor]]:
    return tensors, tensors


def _checked(leaf: object, dtype: DType, shape: TensorShape) -> Any:  # noqa: ANN401 -- an array
    try:
        array = told_array(leaf, dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(
            "`generator` yielded an element that could not be converted to the expected type. The expected type was "
            f"{dtype.name}, but the yielded element was {leaf}."
        ) from error
    if not shape.is_compatible_with(array.shape):
        raise TypeError(
            f"`generator` yielded an element of shape {format_shape(array.shape)} where an element of shape {shape} "
            "was expected."
        )
    return array
