"""Values of a checkpoint put into variables and arrays: all of them or, with everything taken back, none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ckpt_magics.errors import TensorMismatchError, TensorNotFoundError, visible
from ckpt_magics.files.formats.dtypes import as_dtype
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.object_graph.object_walk import LiveObject
from ckpt_magics.files.objects.containers import OBJECT_STATE
from ckpt_magics.files.objects.leaves import LeafKind, leaf_kind
from ckpt_magics.files.objects.putting import put
from ckpt_magics.files.objects.tree import Node
from ckpt_magics.files.storage.interrupts import uninterrupted
from ckpt_magics.files.tensors.mismatches import check_dtype
from ckpt_magics.files.tensors.source import TensorSource, TensorSpec
from ckpt_magics.graphs.graph.shape import TensorShape

__all__ = ["put_values"]


def put_values(
    tensors: NamedTensors[TensorSource],
    targets: Mapping[str, LiveObject],
    states: Sequence[tuple[LiveObject, Mapping[str, str]]] = (),
) -> None:
    """Read values by key and put each into its object; nothing changes before all are read.

    Args:
        tensors: Where they are.
        targets: Variables and arrays by the key of the value.
        states: What has a state, with the keys of its values by what it calls them.

    Raises:
        TensorNotFoundError: There is no such tensor.
        TensorMismatchError: An object has another shape or dtype.
        TargetRefusedError: An object does not take its value.
    """
    places = {}
    for key, live in targets.items():
        leaf = leaf_kind(live.value)
        assert leaf is not None  # noqa: S101 - what has a full name is a variable or an array
        _check(_spec(tensors, key), live.value, leaf)
        places[key] = Node(key, key, live.value, leaf)
    for live, keys in states:
        holder = _place_of_state(tensors, live, keys)
        places[holder.name] = holder
    names = [leaf.name for place in places.values() for leaf in place.leaves()]
    arrays = tensors.read_many(names) if names else {}
    with uninterrupted():
        put(Node("", "", None, children=places), arrays)


def _place_of_state(tensors: NamedTensors[TensorSource], live: LiveObject, keys: Mapping[str, str]) -> Node:
    holder = Node(" ".join(keys.values()), "", live, container=OBJECT_STATE)
    for name, part in OBJECT_STATE.children(live):
        leaf = Node(keys[part.attribute] + part.suffix, name, part, leaf_kind(part))
        check_dtype(_spec(tensors, leaf.name), part.dtype, version=2)
        holder.children[name] = leaf
    return holder


def _spec(tensors: NamedTensors[TensorSource], key: str) -> TensorSpec:
    spec = tensors.spec_or_none(key)
    if spec is None:
        raise TensorNotFoundError(f"Key {visible(key)} not found in checkpoint", name=key)
    return spec


def _check(spec: TensorSpec, value: Any, leaf: LeafKind) -> None:  # noqa: ANN401 - a variable of any library
    wanted = leaf.spec(value)
    if wanted.dtype is not None:
        check_dtype(spec, as_dtype(wanted.dtype), version=2)
    if not TensorShape(wanted.shape).is_compatible_with(spec.shape):
        name = getattr(value, "name", None) or visible(spec.key)
        raise TensorMismatchError(
            f"Received incompatible tensor with shape {spec.shape} when attempting to restore variable with shape "
            f"{TensorShape(wanted.shape)} and name {name}.",
            tensor=spec.key,
        )
