"""The base of all optimizers, which programs derive their own from.

The methods that begin with an underscore are those that TensorFlow's class has for its subclasses: `_prepare`,
`_create_slots`, `_apply_dense`, `_resource_apply_dense`, `_apply_sparse`, `_resource_apply_sparse`, `_finish`.

Follows tensorflow/python/training/optimizer.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Final

from ckpt_magics.files.formats.dtypes import BFLOAT16, DOUBLE, FLOAT, HALF, DType
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.arrays import shape
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, group, name_scope, output
from ckpt_magics.graphs.nodes.gates import gated
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices
from ckpt_magics.graphs.training.gradients import gradients
from ckpt_magics.graphs.training.optimizers.optimizer_slots import create_slot, create_zeros_slot
from ckpt_magics.graphs.training.rule import Gradient
from ckpt_magics.graphs.variables.initialization import trainable_variables
from ckpt_magics.graphs.variables.partition import PartitionedVariable
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["GradientsAndVariables", "Optimizer"]

GradientsAndVariables = Sequence[tuple[Any, Any]]
"""Pairs of a gradient, which may be None, and its variable."""


class Optimizer:
    """Adds the operations that train variables.

    Args:
        use_locking: Kept in the nodes.
        name: Scope of the operations, and last part of the slots' names.

    Raises:
        ValueError: There is no name.
    """

    GATE_NONE: Final = 0
    GATE_OP: Final = 1
    GATE_GRAPH: Final = 2
    VALID: ClassVar[frozenset[DType]] = frozenset({HALF, BFLOAT16, FLOAT, DOUBLE})

    def __init__(self, use_locking: bool, name: str) -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._slots: dict[str, dict[tuple[Graph, str], Variable]] = {}
        self._non_slot_dict: dict[tuple[str, Graph], Variable] = {}

    def get_name(self) -> str:
        """Return the name that the optimizer was given."""
        return self._name

    def minimize(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        loss: Any,  # noqa: ANN401 -- a tensor
        global_step: Variable | None = None,
        var_list: Iterable[Any] | None = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,  # noqa: ANN401 -- a tensor
    ) -> Any:  # noqa: ANN401 -- an operation, or what a subclass returns
        """Add a step of training: `compute_gradients`, then `apply_gradients`.

        Raises:
            ValueError: No variable has a gradient.
        """
        pairs = self.compute_gradients(
            loss, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, grad_loss
        )
        if all(gradient is None for gradient, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not support gradients, "
                f"between variables {[str(variable) for _, variable in pairs]} and loss {loss}."
            )
        return self.apply_gradients(pairs, global_step=global_step, name=name)

    def compute_gradients(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        loss: Any,  # noqa: ANN401 -- a tensor
        var_list: Iterable[Any] | None = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,  # noqa: ANN401 -- a tensor
    ) -> list[tuple[Gradient | None, Any]]:
        """Add the gradients of a loss.

        Args:
            loss: What is to become small, or a function that adds it.
            var_list: Variables to train. Default: the trainable ones of the graph.
            gate_gradients: Whether to wait, before one is used, for all gradients of an operation (``GATE_OP``) or of
                the graph (``GATE_GRAPH``).
            aggregation_method: See `gradients`.
            colocate_gradients_with_ops: See `gradients`.
            grad_loss: What the loss' elements count.

        Returns:
            Pairs of a gradient, which may be None, and its variable.

        Raises:
            ValueError: There are no variables, or something has no type that can be trained.
        """
        if callable(loss):
            loss = loss()
        if gate_gradients not in {self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH}:
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH.  "
                f"Not {gate_gradients}"
            )
        self._assert_valid_dtypes([loss] if grad_loss is None else [loss, grad_loss])
        targets = trainable_variables() if var_list is None else list(_flat(var_list))
        if not targets:
            raise ValueError("No variables to optimize.")
        found = gradients(
            loss,
            targets,
            grad_ys=grad_loss,
            gate_gradients=gate_gradients == self.GATE_OP,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        found = gated(found) if gate_gradients == self.GATE_GRAPH else found
        pairs = list(zip(found, targets, strict=True))
        self._assert_valid_dtypes([target for gradient, target in pairs if gradient is not None])
        return pairs

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Any]], global_step: Variable | None = None, name: str | None = None
    ) -> Any:  # noqa: ANN401 -- an operation, or what a subclass returns
        """Add the operation that changes variables by their gradients.

        Args:
            grads_and_vars: Pairs as `compute_gradients` returns them.
            global_step: Variable to count up once all others are changed.
            name: Scope of the nodes, and name of the operation. Default: the optimizer's.

        Raises:
            TypeError: A gradient is none.
            ValueError: There are no gradients.
        """
        given = list(grads_and_vars)
        if not given:
            raise ValueError("No variables provided.")
        pairs = [(_as_gradient(gradient), variable) for gradient, variable in given]
        trained = [variable for gradient, variable in pairs if gradient is not None]
        if not trained:
            raise ValueError(f"No gradients provided for any variable: {[str(variable) for _, variable in pairs]}.")
        graph = get_default_graph()
        with graph.init_scope():
            self._create_slots(trained)
        with name_scope(name, self._name) as scope:
            self._prepare()
            updates = [self._update(gradient, variable) for gradient, variable in pairs if gradient is not None]
            if global_step is None:
                made = self._finish(updates, scope)
            else:
                with graph.control_dependencies([self._finish(updates, "update")]):
                    made = _count(global_step, scope)
        made = made.op if isinstance(made, Tensor) else made
        train_ops = graph.get_collection_ref(GraphKeys.TRAIN_OP)
        if made not in train_ops:
            train_ops.append(made)
        return made

    def _update(self, gradient: Gradient, variable: Any) -> Any:  # noqa: ANN401 -- what a subclass returns
        """Add the update of one variable, and what keeps it within its constraint."""
        if not isinstance(variable, Variable):
            raise NotImplementedError("Trying to update a Tensor ", variable)
        if variable.constraint is not None and isinstance(gradient, IndexedSlices):
            raise RuntimeError("Cannot use a constraint function on a sparse variable.")
        graph = variable.graph
        with name_scope(f"update_{variable.op.name}"), graph.colocate_with(variable.op):
            made = self._apply(gradient, variable)
            if variable.constraint is None:
                return made
            with graph.control_dependencies([made]):
                return variable.assign(variable.constraint(variable))  # type: ignore[arg-type]  # read by what it adds

    def _apply(self, gradient: Gradient, variable: Variable) -> Any:  # noqa: ANN401 -- what a subclass returns
        if isinstance(gradient, Tensor):
            return (self._resource_apply_dense if variable.is_resource else self._apply_dense)(gradient, variable)
        if variable.is_resource:
            return self._resource_apply_sparse_duplicate_indices(gradient.values, variable, gradient.indices)
        return self._apply_sparse_duplicate_indices(gradient, variable)

    # Slots and other variables

    def get_slot(self, var: Variable, name: str) -> Variable | None:
        """Return the slot of a variable, or None if there is none of the name."""
        return self._slots.get(name, {}).get(_key(var))

    def get_slot_names(self) -> list[str]:
        """Return the names of the slots that variables have."""
        return sorted(self._slots)

    def variables(self) -> list[Variable]:
        """Return the slots and the other variables that the optimizer keeps in the default graph, by name."""
        slots = [slot for named in self._slots.values() for slot in named.values()]
        kept = [*self._non_slot_variables(), *slots]
        return sorted((item for item in kept if item.graph is get_default_graph()), key=lambda item: item.name)

    def _non_slot_variables(self) -> Iterable[Variable]:
        return self._non_slot_dict.values()

    def _create_non_slot_variable(self, initial_value: object, name: str, colocate_with: Variable) -> Variable:
        """Make a variable that goes with no other, once per graph."""
        key = name, colocate_with.graph
        if key not in self._non_slot_dict:
            with colocate_with.graph.colocate_with(colocate_with.op):
                self._non_slot_dict[key] = Variable(
                    initial_value, name=name, trainable=False, use_resource=colocate_with.is_resource
                )
        return self._non_slot_dict[key]

    def _get_non_slot_variable(self, name: str, graph: Graph | None = None) -> Variable | None:
        return self._non_slot_dict.get((name, get_default_graph() if graph is None else graph))

    def _slot_dict(self, slot_name: str) -> dict[tuple[Graph, str], Variable]:
        return self._slots.setdefault(slot_name, {})

    def _get_or_make_slot(self, var: Variable, val: Tensor, slot_name: str, op_name: str) -> Variable:
        """Return the slot of a variable, made with a first value if there is none."""
        named = self._slot_dict(slot_name)
        if _key(var) not in named:
            named[_key(var)] = create_slot(var, val, op_name)
        return named[_key(var)]

    def _get_or_make_slot_with_initializer(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self, var: Variable, initializer: object, shape: TensorShape, dtype: DType, slot_name: str, op_name: str
    ) -> Variable:
        """Return the slot of a variable, made with an initializer if there is none."""
        named = self._slot_dict(slot_name)
        if _key(var) not in named:
            named[_key(var)] = create_slot(var, initializer, op_name, shape, dtype)
        return named[_key(var)]

    def _zeros_slot(self, var: Variable, slot_name: str, op_name: str) -> Variable:
        """Return the slot of a variable, made with zeros if there is none."""
        named = self._slot_dict(slot_name)
        if _key(var) not in named:
            named[_key(var)] = create_zeros_slot(var, op_name)
        return named[_key(var)]

    # What subclasses define

    def _assert_valid_dtypes(self, tensors: Iterable[Any]) -> None:
        for tensor in tensors:
            if tensor.dtype not in self._valid_dtypes():
                valid = sorted(dtype.name for dtype in self._valid_dtypes())
                raise ValueError(f"Invalid type {tensor.dtype!r} for {tensor.name}, expected: {valid}.")

    def _valid_dtypes(self) -> Iterable[DType]:
        """Return the types that loss and variables may have."""
        return self.VALID

    def _call_if_callable(self, param: Any) -> Any:  # noqa: ANN401 -- a number, tensor, or function
        return param() if callable(param) else param

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        """Make the slots of variables."""

    def _prepare(self) -> None:
        """Add the tensors that all updates need; the scope of the nodes is open."""

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:  # noqa: ANN401 -- an operation or tensor
        """Add the update of a reference variable."""
        raise NotImplementedError

    def _resource_apply_dense(self, grad: Tensor, handle: Variable) -> Any:  # noqa: ANN401 -- likewise
        """Add the update of a resource variable."""
        raise NotImplementedError

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Variable) -> Any:  # noqa: ANN401 -- likewise
        """Add the update of some rows, of which several may have one index; by default those are added up first."""
        values, indices = _added_up(grad.values, grad.indices)
        return self._apply_sparse(IndexedSlices(values, indices, grad.dense_shape), var)

    def _apply_sparse(self, grad: IndexedSlices, var: Variable) -> Any:  # noqa: ANN401 -- likewise
        """Add the update of some rows of a reference variable, each with an index of its own."""
        raise NotImplementedError

    def _resource_apply_sparse_duplicate_indices(self, grad: Tensor, handle: Variable, indices: Tensor) -> Any:  # noqa: ANN401 -- likewise
        """Add the update of some rows, of which several may have one index; by default those are added up first."""
        values, own = _added_up(grad, indices)
        return self._resource_apply_sparse(values, handle, own)

    def _resource_apply_sparse(self, grad: Tensor, handle: Variable, indices: Tensor) -> Any:  # noqa: ANN401 -- likewise
        """Add the update of some rows of a resource variable, each with an index of its own."""
        raise NotImplementedError

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:  # noqa: ANN401 -- likewise
        """Add the operation that runs all updates."""
        return group(*update_ops, name=name_scope)


def _key(variable: Variable) -> tuple[Graph, str]:
    return variable.op.graph, variable.op.name


def _flat(items: Any) -> Iterator[Any]:  # noqa: ANN401 -- nested lists
    for item in items:
        if isinstance(item, (list, tuple, PartitionedVariable)):
            yield from _flat(item)
        else:
            yield item


def _as_gradient(gradient: object) -> Gradient | None:
    if gradient is None or isinstance(gradient, (Tensor, IndexedSlices)):
        return gradient
    try:
        return convert_to_tensor(gradient)
    except TypeError as error:
        raise TypeError(f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {gradient}") from error


def _added_up(values: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Add the sums of rows that have one index, and the indices without repetition."""
    own, positions = apply("Unique", indices)
    return output("UnsortedSegmentSum", values, positions, shape(own)[0]), own


def _count(global_step: Variable, name: str) -> Operation | Tensor:
    """Add the increment of the global step."""
    with global_step.graph.colocate_with(global_step.op):
        made: Operation | Tensor = (
            apply("AssignAddVariableOp", global_step.handle, convert_to_tensor(1, global_step.dtype), name=name)
            if global_step.is_resource
            else global_step.assign_add(1, name=name)
        )
        return made
