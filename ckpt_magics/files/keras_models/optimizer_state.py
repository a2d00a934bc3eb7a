"""The state of an optimizer in the order in which optimizers of today keep it.

========================  ======================================================================================
optimizer                 its state
========================  ======================================================================================
Keras 3                   ``_variables``: iteration, learning rate, then the slots of each variable in turn
Keras 2 since 2.11        the same without the learning rate, which is ``_learning_rate``
Keras 2 before, legacy    ``iter``, ``learning_rate``, and slots of variables: ``m`` and ``v`` of Adam
========================  ======================================================================================

One that scales losses has ``_variables`` too, which end in its count of steps and its scale, and the optimizer in it as
``inner_optimizer``. That of Keras 2 has the state of the one in it, and beside it ``loss_scale``, which says the same.

Variables are in the order of the model's trained weights. A learning rate that follows a schedule is no variable.

Follows: keras/src/optimizers of Keras 3.15, tf_keras/src/optimizers of tf_keras 2.21.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from ckpt_magics.files.keras_models.model_part import UNTRAINED, ModelPart, Weight
from ckpt_magics.files.object_graph.graph_nodes import GraphNode

__all__ = ["is_optimizer", "optimizer_state"]

_MARKS = frozenset({"_iterations", "iter", "iterations", "_learning_rate", "beta1_power"})

_SLOTS = (
    (("m", "v"),),
    (("m", "v"), ("vhat",)),
    (("momentum",),),
    (("rms",),),
    (("rms",), ("momentum",)),
    (("rms",), ("mg",)),
    (("rms",), ("momentum",), ("mg",)),
    (("accumulator",),),
    (("accumulator", "linear"),),
    (("accum_grad", "accum_var"),),
)
"""Slots of Adam, Adamax, AMSGrad, SGD, RMSprop, Adagrad, Ftrl and Adadelta, which are named otherwise today.

They are in the same order: those of one bracket of a variable together, and after those of all variables the next.
"""

_LISTED = "_variables"
_INNER = "inner_optimizer"

_Path = tuple[str, ...]


def is_optimizer(node: GraphNode) -> bool:
    """Tell whether an object is an optimizer of Keras or TensorFlow."""
    return any(edge.name in _MARKS for edge in node.children)


def optimizer_state(
    nodes: Sequence[GraphNode], optimizer: GraphNode, variables: Mapping[str, Weight], model: ModelPart
) -> dict[_Path, str]:
    """Return what the caller calls the tensors of an optimizer's state, by where Keras 3 has them and in its order.

    Args:
        nodes: The graph of objects.
        optimizer: The optimizer's node.
        variables: All variables, by their keys in the checkpoint.
        model: Whose weights it trains.

    Returns:
        The tensors; none if the optimizer is of no known kind, or not all of its state is there.
    """
    own = {edge.name: edge.node_id for edge in optimizer.children}
    state = _own_state(_StateReader(nodes, variables), own, optimizer, model)
    scaling = _scaling(_StateReader(nodes, variables), own.get("loss_scale"), nodes)
    if scaling and state:
        return {**_listed(state[:2] + scaling), **_listed(state, _INNER)}
    found = _listed(state)
    # The graph may be of any shape, and an optimizer in an optimizer has no further one.
    if _INNER not in own or nodes[own[_INNER]] is optimizer:
        return found
    inner = nodes[own[_INNER]]
    below = {edge.name: edge.node_id for edge in inner.children}
    state = _own_state(_StateReader(nodes, variables), below, inner, model)
    return {**found, **_listed(state, _INNER)} if found and state else {}


def _listed(state: Sequence[str], *path: str) -> dict[_Path, str]:
    return {(*path, _LISTED, str(at)): name for at, name in enumerate(state)}


def _scaling(reader: _StateReader, loss_scale: int | None, nodes: Sequence[GraphNode]) -> list[str]:
    """What an optimizer of Keras 2 that scales losses has of its own, in the order of Keras 3."""
    held = {} if loss_scale is None else {edge.name: edge.node_id for edge in nodes[loss_scale].children}
    found = [reader.variable(held.get(name)) for name in ("good_steps", "current_loss_scale")]
    return [one.tensor for one in found if one is not None] if all(found) else []


def _own_state(reader: _StateReader, own: Mapping[str, int], optimizer: GraphNode, model: ModelPart) -> list[str]:
    if _LISTED in own:
        listed = reader.elements(own[_LISTED])
        rate = reader.variable(own.get("_learning_rate"))
        has_rate = rate is None or rate in listed
        found = listed if has_rate else [*listed[:1], rate, *listed[1:]]
    else:
        first = [reader.variable(own[name]) for name in ("iter", "learning_rate") if name in own]
        found = [*first, *reader.slots(optimizer, model)]
    tensors = [one.tensor for one in found if one is not None]
    return tensors if len(tensors) == len(found) and len(tensors) > 1 else []


class _StateReader:
    """Finds variables of an optimizer."""

    def __init__(self, nodes: Sequence[GraphNode], variables: Mapping[str, Weight]) -> None:
        self._nodes = nodes
        self._variables = variables

    def variable(self, node_id: int | None) -> Weight | None:
        """Return the variable that a node is."""
        keys = () if node_id is None else [saved.checkpoint_key for saved in self._nodes[node_id].attributes]
        return next((self._variables[key] for key in keys if key in self._variables), None)

    def elements(self, node_id: int) -> list[Weight | None]:
        """Return the variables in a list."""
        found = {edge.name: edge.node_id for edge in self._nodes[node_id].children}
        return [self.variable(found.get(str(number))) for number in range(len(found))]

    def slots(self, optimizer: GraphNode, model: ModelPart) -> Iterator[Weight | None]:
        """Yield the slots of each trained variable; None for what is not there, or if the slots are not known."""
        table = {
            (self.variable(slot.original_variable_node_id), slot.slot_name): self.variable(slot.slot_variable_node_id)
            for slot in optimizer.slots
        }
        names = {name for _, name in table}
        kinds = [slots for slots in _SLOTS if names == set(chain(*slots))]
        if not kinds:
            yield None
        trained = [weight for path, weight in model.deep_weights() if path[-1] not in UNTRAINED]
        having = [weight for weight in trained if any((weight, name) in table for name in names)]
        for together in kinds[0] if kinds else ():
            yield from (table.get((weight, name)) for weight in having for name in together)
