"""Gradient descent, with momentum, and with penalties on large weights.

Format: tensorflow/python/training/gradient_descent.py, momentum.py and proximal_gradient_descent.py.
"""

from __future__ import annotations

from typing import Any

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices
from ckpt_magics.graphs.nodes.mathematics import cast
from ckpt_magics.graphs.training.optimizers.single_op import SingleOpOptimizer
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["GradientDescentOptimizer", "MomentumOptimizer", "ProximalGradientDescentOptimizer"]


class GradientDescentOptimizer(SingleOpOptimizer):
    """Moves variables against their gradients.

    Args:
        learning_rate: How far.
        use_locking: Kept in the nodes.
        name: See `Optimizer`.
    """

    op = "GradientDescent"
    inputs = "learning_rate grad"

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:  # noqa: ANN401 -- a number or tensor
        super().__init__(use_locking, name, {"learning_rate": learning_rate})

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Variable) -> Any:  # noqa: ANN401 -- a tensor
        delta = grad.values * cast(self._tensors["learning_rate"], var.dtype)
        return apply("ScatterSub", var.handle, grad.indices, delta, use_locking=self._use_locking)

    def _resource_apply_sparse_duplicate_indices(self, grad: Tensor, handle: Variable, indices: Tensor) -> Any:  # noqa: ANN401 -- an operation
        delta = -grad * cast(self._tensors["learning_rate"], grad.dtype)
        return apply("ResourceScatterAdd", handle.handle, indices, delta)


class MomentumOptimizer(SingleOpOptimizer):
    """Moves variables by a running sum of their gradients.

    Args:
        learning_rate: How far.
        momentum: How much of the sum stays at each step.
        use_locking: Kept in the nodes.
        name: See `Optimizer`.
        use_nesterov: Whether to look ahead, as Nesterov's method does.
    """

    op = "Momentum"
    slot_order = ("momentum",)
    inputs = "learning_rate grad momentum"

    def __init__(
        self,
        learning_rate: Any,  # noqa: ANN401 -- a number or tensor
        momentum: Any,  # noqa: ANN401
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name, {"learning_rate": learning_rate, "momentum": momentum})
        self._use_nesterov = use_nesterov

    def _attrs(self) -> dict[str, Any]:
        return {"use_nesterov": self._use_nesterov}


class ProximalGradientDescentOptimizer(SingleOpOptimizer):
    """Moves variables against their gradients, and towards 0.

    Args:
        learning_rate: How far.
        l1_regularization_strength: Penalty on the weights' sizes.
        l2_regularization_strength: Penalty on their squares.
        use_locking: Kept in the nodes.
        name: See `Optimizer`.
    """

    op = "ProximalGradientDescent"
    inputs = "learning_rate l1_regularization_strength l2_regularization_strength grad"
    converts = False

    def __init__(
        self,
        learning_rate: Any,  # noqa: ANN401 -- a number or tensor
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalGradientDescent",
    ) -> None:
        penalties = {
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
        }
        super().__init__(use_locking, name, {"learning_rate": learning_rate, **penalties})
