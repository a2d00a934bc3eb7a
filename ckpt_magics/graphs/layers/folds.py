"""Functions of each element of tensors in turn, as loops.

Format: tensorflow/python/ops/map_fn.py and functional_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ckpt_magics.files.formats.dtypes import as_dtype
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.arrays import shape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.loops import while_loop
from ckpt_magics.graphs.nodes.structures import assert_same_structure, flatten, map_structure, pack_like
from ckpt_magics.graphs.nodes.tensor_arrays import TensorArray
from ckpt_magics.graphs.variables.variable_scope import get_variable_scope

__all__ = ["foldl", "foldr", "map_fn", "scan"]

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments

Nest = Any
"""A tensor or a nesting of tensors."""

Step = Callable[..., Nest]


@contextmanager
def reading_outside() -> Iterator[None]:
    """Let variables that are made in the ``with`` block be read once, outside of the loop that is made there."""
    scope = get_variable_scope()
    was_none = scope.caching_device is None
    if was_none:
        scope.set_caching_device(own_device)
    try:
        yield
    finally:
        if was_none:
            scope.set_caching_device(None)


def own_device(op: Operation) -> str:
    """Return where an operation is: a caching device that reads a variable where it is kept."""
    return op.device


def _elements(elems: Nest) -> tuple[list[Tensor], Any]:
    """Return tensors and the number of their elements, as a number if it is known."""
    tensors = [convert_to_tensor(elem, name="elem") for elem in flatten(elems)]
    if not tensors:
        raise ValueError(
            f"elems must be a Tensor or (possibly nested) sequence of Tensors. Got {elems}, which does not contain any "
            "Tensors."
        )
    if tensors[0].shape.ndims == 0:
        raise ValueError("Elements in elems must be 1+ dimensional Tensors, not scalars")
    known = _count(tensors)
    return tensors, known or shape(tensors[0])[0]


def _count(tensors: Sequence[Tensor]) -> int | None:
    count = tensors[0].shape[0]
    for tensor in tensors[1:]:
        count.assert_is_compatible_with(tensor.shape[0])
    return count.value


def _unstacked(tensors: Sequence[Tensor], count: object, *, with_shapes: bool = False) -> list[TensorArray]:
    arrays = [
        TensorArray(tensor.dtype, count, element_shape=tensor.shape[1:] if with_shapes else None) for tensor in tensors
    ]
    return [array.unstack(tensor) for array, tensor in zip(arrays, tensors, strict=True)]


def _check_function(fn: object) -> None:
    if not callable(fn):
        raise TypeError(f"{fn} is not callable. Please provide a callable function.")


def map_fn(
    fn: Step,
    elems: Nest,
    dtype: Any = None,  # noqa: ANN401 -- a type or a nesting of types
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,  # noqa: ANN401 -- as dtype
) -> Nest:
    """Add the results of a function of each element, along the first dimension.

    Args:
        fn: Function of one element, in the nesting of ``elems``.
        elems: The elements.
        dtype: Types of the results, if they or their nesting are not as the elements'.
        parallel_iterations: Kept in the nodes.
        back_prop: Whether gradients go through it.
        swap_memory: Kept for TensorFlow.
        infer_shape: Whether all results have one shape.
        name: Name of the scope.
        fn_output_signature: The same as ``dtype``.

    Raises:
        TypeError: ``fn`` is no function.
        ValueError: The elements are none, or the results have another nesting than ``dtype`` says.
    """
    _check_function(fn)
    signature = dtype if fn_output_signature is None else fn_output_signature
    with name_scope(name, "map", flatten(elems)), reading_outside():
        tensors, count = _elements(elems)
        inputs = _unstacked(tensors, count)
        counter = constant(0)
        wanted = [tensor.dtype for tensor in tensors] if signature is None else flatten(signature)
        results = [TensorArray(as_dtype(kind), count, infer_shape=infer_shape) for kind in wanted]
        like = elems if signature is None else signature

        def compute(index: Any, arrays: list[TensorArray]) -> Nest:  # noqa: ANN401
            made = fn(pack_like(elems, [array.read(index) for array in inputs]))
            assert_same_structure(like, made)
            written = [array.write(index, value) for array, value in zip(arrays, flatten(made), strict=True)]
            return index + 1, written

        _, arrays = while_loop(
            lambda index, _: index < count,
            compute,
            (counter, results),
            parallel_iterations=parallel_iterations or 10,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=count,
        )
        return pack_like(like, _stacked(arrays, tensors))


def _stacked(arrays: Sequence[TensorArray], tensors: Sequence[Tensor]) -> list[Tensor]:
    results = [array.stack() for array in arrays]
    first = TensorShape([_count(tensors)])
    for result in results:
        result.set_shape(first.concatenate(result.shape[1:]))
    return results


def _fold(
    fn: Step, elems: Nest, initializer: Nest, options: dict[str, Any], name: str | None, *, backwards: bool
) -> Nest:
    _check_function(fn)
    with name_scope(name, "foldr" if backwards else "foldl", flatten(elems)), reading_outside():
        _, count = _elements(elems)
        arrays = map_structure(lambda elem: _unstacked([convert_to_tensor(elem)], count)[0], elems)

        def element(index: Any) -> Nest:  # noqa: ANN401
            return map_structure(lambda array: array.read(index), arrays)

        if initializer is None:
            end: Any = count - 1 if backwards else 0
            first = element(end)
            start: Any = end if backwards else constant(1)
        else:
            start, first = count if backwards else constant(0), initializer

        def compute(index: Any, so_far: Nest) -> list[Nest]:  # noqa: ANN401
            place = index - 1 if backwards else index
            made = fn(so_far, element(place))
            return [place if backwards else index + 1, made]

        return while_loop(
            lambda index, _: index > 0 if backwards else index < count,
            compute,
            [start, first],
            maximum_iterations=count,
            **options,
        )[1]


def foldl(
    fn: Step,
    elems: Nest,
    initializer: Nest = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Nest:
    """Add what a function makes of each element and of what it made of the ones before.

    Args:
        fn: Function of the result so far and of the next element.
        elems: The elements, along the first dimension.
        initializer: The result before the first element. Default: the first element.
        parallel_iterations: Kept in the nodes.
        back_prop: Whether gradients go through it.
        swap_memory: Kept for TensorFlow.
        name: Name of the scope.

    Raises:
        TypeError: ``fn`` is no function.
    """
    options = {"parallel_iterations": parallel_iterations, "back_prop": back_prop, "swap_memory": swap_memory}
    return _fold(fn, elems, initializer, options, name, backwards=False)


def foldr(
    fn: Step,
    elems: Nest,
    initializer: Nest = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Nest:
    """Add the same as `foldl`, from the last element to the first."""
    options = {"parallel_iterations": parallel_iterations, "back_prop": back_prop, "swap_memory": swap_memory}
    return _fold(fn, elems, initializer, options, name, backwards=True)


def scan(
    fn: Step,
    elems: Nest,
    initializer: Nest = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Nest:
    """Add all results of a fold, one for each element; see `foldl`.

    Args:
        fn: Function of the result so far and of the next element.
        elems: The elements, along the first dimension.
        initializer: The result before the first element. Default: the first element.
        parallel_iterations: Kept in the nodes.
        back_prop: Whether gradients go through it.
        swap_memory: Kept for TensorFlow.
        infer_shape: Whether all results have one shape.
        reverse: Whether to begin with the last element.
        name: Name of the scope.

    Raises:
        TypeError: ``fn`` is no function.
        ValueError: The results have another nesting than the first one.
    """
    _check_function(fn)
    like = elems if initializer is None else initializer
    with name_scope(name, "scan", flatten(elems)), reading_outside():
        tensors, count = _elements(elems)
        inputs = _unstacked(tensors, count, with_shapes=True)
        if initializer is None:
            first, done = [array.read(count - 1 if reverse else 0) for array in inputs], 1
        else:
            first, done = [convert_to_tensor(leaf) for leaf in flatten(initializer)], 0
        results = [
            TensorArray(one.dtype, count, element_shape=one.shape if infer_shape else None, infer_shape=infer_shape)
            for one in first
        ]
        if initializer is None:
            pairs = zip(results, first, strict=True)
            results = [array.write(count - 1 if reverse else 0, one) for array, one in pairs]

        def compute(index: Any, so_far: list[Tensor], arrays: list[TensorArray]) -> Nest:  # noqa: ANN401
            element = pack_like(elems, [array.read(index) for array in inputs])
            made = fn(pack_like(like, so_far), element)
            assert_same_structure(like, made)
            leaves = flatten(made)
            written = [array.write(index, leaf) for array, leaf in zip(arrays, leaves, strict=True)]
            return index - 1 if reverse else index + 1, leaves, written

        _, _, arrays = while_loop(
            lambda index, _, __: index >= 0 if reverse else index < count,
            compute,
            (count - 1 - done if reverse else done, first, results),
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=count,
        )
        return pack_like(like, _stacked(arrays, tensors))
