"""Gradients: the nodes that say how tensors change when others do.

From the ``ys`` back to the ``xs``, each operation is visited once all gradients of its outputs are there; its rule
turns them into gradients of its inputs.

Follows tensorflow/python/ops/gradients_util.py, _GradientsHelper: nodes have the same names, in the same order.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from ckpt_magics.errors import visible
from ckpt_magics.files.formats.dtypes import RESOURCE
from ckpt_magics.graphs.graph.flow import EXITS
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import identity, shape, zeros_like
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.gates import gated
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices
from ckpt_magics.graphs.training.aggregation import aggregate
from ckpt_magics.graphs.training.flow_walk import FlowWalk, is_loop_switch
from ckpt_magics.graphs.training.registered_gradients import is_registered, registered_gradient
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, is_differentiable
from ckpt_magics.graphs.training.rules import CALL_RULES, NO_GRADIENT, RULES
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.phrasing import names_text

__all__ = ["gradients"]

MAX_NAMED = 20
"""Ops without a rule that one message names."""


def gradients(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    ys: object,
    xs: object,
    grad_ys: object = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    stop_gradients: object = None,
    unconnected_gradients: object = "none",
) -> list[Any]:
    """Add the derivatives of the sum of all ``ys`` by each of the ``xs``.

    Args:
        ys: Tensors to differentiate, or one.
        xs: Tensors or variables to differentiate by, or one.
        grad_ys: For each of the ``ys`` what its elements count; None for 1.
        name: Scope of the nodes.
        colocate_gradients_with_ops: Put the nodes where the operations are that they are the gradients of.
        gate_gradients: Let no gradient of an operation be used before all of them are there.
        aggregation_method: One of those of `AggregationMethod`.
        stop_gradients: Tensors to take for constants.
        unconnected_gradients: ``"zero"`` to get zeros, not None, where the ``ys`` do not depend on one of the ``xs``.

    Returns:
        For each of the ``xs`` a tensor, `IndexedSlices`, or None.

    Raises:
        LookupError: Ops on the way have no derivative; the message names all of them.
        TypeError: ``grad_ys`` does not go with the ``ys``.
        ValueError: An argument has a value that it can't have.
    """
    wanted, targets = _as_list(ys), [_target(x) for x in _as_list(xs)]
    given = [None] * len(wanted) if grad_ys is None else _as_list(grad_ys)
    stops = [convert_to_tensor(item) for item in _as_list(stop_gradients)] if stop_gradients is not None else []
    kind = str(getattr(unconnected_gradients, "value", unconnected_gradients)).lower()
    if kind not in {"none", "zero"}:
        raise ValueError(f"Unknown value for unconnected_gradients: {unconnected_gradients!r}")
    if len(given) != len(wanted):
        raise ValueError(f"Length mismatch. Passed {len(given)} grad_ys for {len(wanted)} ys")
    with name_scope(name, "gradients", [*wanted, *targets, *stops, *given]):
        tensors = [convert_to_tensor(y, name=f"y_{index}") for index, y in enumerate(wanted)]
        walk = _WayBack(colocate_gradients_with_ops, gate_gradients, aggregation_method)
        for index, (y, grad) in enumerate(zip(tensors, given, strict=True)):
            with walk.place(y.op):
                walk.give(y, _first_gradient(y, grad, index))
        walk.begin(tensors, targets, stops)
        walk.run()
    walk.finish()
    return [walk.result(x, zeros=kind == "zero") for x in targets]


def _as_list(items: object) -> list[Any]:
    return list(items) if isinstance(items, (list, tuple)) else [items]


def _target(x: object) -> Tensor:
    """Return what gradients by a tensor or variable are collected at: a variable's reference or handle."""
    return x.handle if isinstance(x, Variable) else convert_to_tensor(x, name="x")


def _first_gradient(y: Tensor, grad: Any, index: int) -> Gradient:  # noqa: ANN401 -- what can become a tensor
    if grad is None:
        if y.dtype.is_complex:
            raise TypeError(f"Gradients of complex tensors ({y}) must set grad_ys (y.dtype = {y.dtype.name})")
        if not (y.dtype.is_floating or y.dtype.is_integer):
            raise TypeError(f"Tensor {y} with type {y.dtype.name} must be numeric to obtain a default gradient")
        return build.ones(shape(y), y.dtype, name=f"grad_ys_{index}")
    if isinstance(grad, IndexedSlices):
        parts = (grad.values, "values"), (grad.indices, "indices"), (grad.dense_shape, "shape")
        copies = [None if item is None else identity(item, f"grad_ys_{index}_{part}") for item, part in parts]
        return IndexedSlices(*copies)  # type: ignore[arg-type]  # only the shape can be None
    tensor = convert_to_tensor(grad, name=f"grad_y_{index}")
    if tensor.dtype.is_complex != y.dtype.is_complex:
        raise TypeError(f"Gradient type {tensor.dtype.name} generated for tensor {y} with type {y.dtype.name}")
    return identity(tensor, name=f"grad_ys_{index}")


class _WayBack:
    """The way from some tensors back to others, and the gradients that were collected on it."""

    def __init__(self, colocates: bool, gates: bool, method: int | None) -> None:
        self._colocates, self._gates, self._method = colocates, gates, method
        self._given: dict[Tensor, list[Gradient]] = {}
        self._sums: dict[Tensor, Gradient | None] = {}

    def begin(self, ys: Sequence[Tensor], xs: Sequence[Tensor], stops: Sequence[Tensor]) -> None:
        """Find the operations between the ``ys`` and the ``xs``."""
        reached = _reached([x.op for x in xs])
        self._between = _backwards([y.op for y in ys], reached)
        self._flow = FlowWalk(ys[0].graph, self._between, self.place)
        self._between.update(dict.fromkeys(self._flow.exits))
        self._pending = Counter(x.op for op in self._between for x in op.inputs if x.op in self._between)
        starts = [op for op in dict.fromkeys(y.op for y in ys) if op in reached and not self._pending[op]]
        self._queue = deque(starts)
        for outcome in self._flow.first_exits(self._pending, starts):
            if is_differentiable(outcome):
                self.give(outcome, self._flow.zeros_for_exit(outcome))
                self._queue.append(outcome.op)
        first = {x.op for x in xs if all(self._pending[tensor.op] <= 0 for tensor in x.op.inputs)}
        self._stops = first | {tensor.op for tensor in stops}

    @contextmanager
    def place(self, op: Operation) -> Iterator[None]:
        """Put nodes where ``op`` is, if that is wanted."""
        if not self._colocates:
            yield
            return
        with op.graph.colocate_with(op):
            yield

    def give(self, tensor: Tensor, gradient: Gradient) -> None:
        """Note a gradient that reached a tensor."""
        self._given.setdefault(tensor, []).append(gradient)

    def result(self, x: Tensor, *, zeros: bool) -> Gradient | None:
        """Return what was collected at a tensor."""
        found = self._sums.get(x)
        if found is not None or not zeros:
            return found
        return build.zeros(output("VariableShape", x)) if x.dtype is RESOURCE else zeros_like(x)

    def run(self) -> None:
        """Visit the operations, each when all that use its outputs have been visited."""
        while self._queue:
            op = self._queue.popleft()
            with self.place(op):
                self._visit(op)
            for tensor in op.inputs:
                self._pending[tensor.op] -= 1
                pending = self._pending[tensor.op]
                # What goes around in a loop is visited twice: from outside, and from the iteration after.
                if not pending or (self._flow and pending > 0 and is_loop_switch(tensor.op)):
                    self._make_ready(tensor)

    def finish(self) -> None:
        """Close the loops that the way went back through."""
        self._flow.finish()

    def _make_ready(self, tensor: Tensor) -> None:
        if not self._flow or tensor.op.type not in EXITS:
            self._queue.append(tensor.op)
            return
        ops, zeros = self._flow.after_exit(tensor, self._given)
        for outcome in zeros:
            self.give(outcome, self._flow.zeros_for_exit(outcome))
        self._queue.extend(ops)

    def _visit(self, op: Operation) -> None:
        with self._flow.back(op, outputs=True):
            for tensor in op.outputs:
                given = self._given.pop(tensor, ())
                if given or tensor not in self._sums:
                    self._sums[tensor] = aggregate(given, self._method, op.name)
        grads = [self._sums[tensor] for tensor in op.outputs]
        if op in self._stops or all(grad is None for grad in grads) or _rule_name(op) in NO_GRADIENT:
            return
        if not _is_ruled(op):
            self._refuse(op)
        with self._flow.back(op):
            self._pass_back(op, grads)

    def _pass_back(self, op: Operation, grads: list[Gradient | None]) -> None:
        for index, (tensor, grad) in enumerate(zip(op.outputs, grads, strict=True)):
            if grad is None and is_differentiable(tensor) and op.type not in CALL_RULES:
                grads[index] = self._flow.zeros(op, index)
        backs = self._apply(op, grads)
        for tensor, back in zip(op.inputs, backs, strict=True):
            if back is not None:
                _check_shape(op, tensor, back)
                self.give(tensor, back)

    def _apply(self, op: Operation, grads: Gradients) -> Gradients:
        with op.graph.name_scope(f"{op.name}_grad"):
            backs = _rule(op)(op, *grads)
            if self._gates and sum(back is not None for back in backs) > 1:
                with op.graph.device(None), op.graph.colocate_with(None, ignore_existing=True):
                    return gated(backs)
            return backs

    def _refuse(self, op: Operation) -> None:
        """Raise LookupError that names all ops on the way that have no rule."""
        wanted = {_rule_name(other) for other in self._between if not _is_ruled(other)}
        missing = sorted(wanted - NO_GRADIENT)
        raise LookupError(
            f"No gradient defined for operation '{visible(op.name)}' (op type: {visible(_rule_name(op))}). Ops without "
            f"a gradient on the way: {names_text(missing, MAX_NAMED)}. tf.stop_gradient takes a tensor for a constant."
        )


def _rule_name(op: Operation) -> str:
    """Return the name of the rule for an operation: its op, or what its program wanted instead, as custom gradients do.

    Calls have names of this kind too, which only the process knows that wrote them: their functions tell the gradient.
    """
    if op.type in CALL_RULES or "_gradient_op_type" not in op.attrs:
        return op.type
    name: str = op.attrs["_gradient_op_type"].s.decode(errors="replace")
    return name


def _rule(op: Operation) -> Rule:
    """Return the rule of an op; that of one that calls functions takes what differentiates.

    Raises:
        LookupError: There is none.
    """
    if op.type in CALL_RULES:
        return partial(CALL_RULES[op.type], gradients)
    name = _rule_name(op)
    return registered_gradient(name) if name not in RULES else RULES[name]


def _is_ruled(op: Operation) -> bool:
    name = _rule_name(op)
    return op.type in CALL_RULES or name in RULES or is_registered(name)


def _reached(ops: Sequence[Operation]) -> set[Operation]:
    """Return the operations that some operations lead to through tensors that can change by little."""
    reached: set[Operation] = set()
    queue = deque(ops)
    while queue:
        op = queue.popleft()
        if op not in reached:
            reached.add(op)
            queue.extend(other for tensor in op.outputs if is_differentiable(tensor) for other in tensor.consumers())
    return reached


def _backwards(ops: Sequence[Operation], reached: set[Operation]) -> dict[Operation, None]:
    """Return those of the reached operations that some operations depend on, in the order in which they are met."""
    between: dict[Operation, None] = {}
    queue = deque(ops)
    while queue:
        op = queue.popleft()
        if op in reached and op not in between:
            between[op] = None
            queue.extend(tensor.op for tensor in op.inputs)
    return between


def _check_shape(op: Operation, tensor: Tensor, gradient: Gradient) -> None:
    if not isinstance(gradient, Tensor) or tensor.dtype is RESOURCE:
        return
    try:
        gradient.set_shape(tensor.shape)
    except ValueError as error:
        raise ValueError(
            f"Incompatible shapes between op input and calculated input gradient. Forward operation: {op.name}. "
            f"Original input shape: {tensor.shape}. Calculated input gradient shape: {gradient.shape}"
        ) from error
