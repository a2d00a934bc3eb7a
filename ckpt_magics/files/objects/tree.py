"""A value taken apart into named tensors, and put together again with new ones."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, visible
from ckpt_magics.files.object_graph.graph_keys import SLOT_MARK
from ckpt_magics.files.objects.containers import ContainerKind, container_kind
from ckpt_magics.files.objects.leaves import DECLARED, NEW_VALUE, LeafKind, leaf_kind
from ckpt_magics.files.objects.library_errors import as_ours
from ckpt_magics.files.objects.python_values import is_plain, is_text, new_plain
from ckpt_magics.files.objects.state_values import has_state_dict, is_optimizer_state, new_entry
from ckpt_magics.files.tensors.spec import Array, Spec, dtype_family
from ckpt_magics.phrasing import an

__all__ = ["Node", "joined", "take_apart"]


@dataclass(slots=True, eq=False)
class Node:
    """One value of the tree: a tensor when ``leaf`` is set, else a holder of ``children``.

    Attributes:
        name: Its name in the checkpoint, keys joined with ``/``.
        key: Its key in its parent.
        value: The object.
        leaf: How to treat the tensor.
        container: How to treat the holder.
        children: The nodes below it, by key.
        in_state: Whether it is part of an object's state dict, which is loaded as a whole and not changed in place.
        has_settings: Whether it is part of any state dict, where None is a setting and no place for a value.
    """

    name: str
    key: Any
    value: Any
    leaf: LeafKind | None = None
    container: ContainerKind | None = None
    children: dict[Any, Node] = field(default_factory=dict)
    in_state: bool = False
    has_settings: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it takes names that it does not have yet."""
        return self.leaf is NEW_VALUE or (self.container is not None and self.container.is_open(self.value))

    @property
    def in_place(self) -> bool:
        """Whether the object stays and only its contents change."""
        return self.leaf is not None and (self.in_state or self.leaf.in_place) and not isinstance(self.value, tuple)

    @property
    def spec(self) -> Spec:
        """What the place accepts. A state dict's own numbers are settings, and the saved ones count."""
        if self.leaf is None or (self.in_state and is_plain(self.value)):
            return Spec(())
        try:
            return self.leaf.spec(self.value)
        except CheckpointError:
            raise
        except Exception as error:
            text = f"{visible(self.name)!r}, {an(self.leaf.word)}, does not say what it takes"
            raise as_ours(error, text) from error

    def nodes(self) -> Iterator[Node]:
        """Yield this node and those below it, holders before what they hold, in order."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.children.values()))

    def leaves(self) -> Iterator[Node]:
        """Yield the tensors at and below this node, in order."""
        return (node for node in self.nodes() if node.leaf is not None)

    def assigned(self, array: Array) -> Any:
        """Return the object that holds the array in this leaf's place."""
        if self.leaf is None:
            return array
        if self.in_state and is_plain(self.value):
            return new_plain(_setting(self.value, array), array)
        if self.in_state and self.leaf is NEW_VALUE:
            return new_entry(array)
        # What a state dict hands out may be its holder's own memory, and the holder has a say yet.
        assign = self.leaf.renew if self.in_state and self.leaf.renew else self.leaf.assign
        return assign(self.value, array)

    def updated(self, children: dict[Any, Any]) -> Any:
        """Return the object that holds new children in this holder's place."""
        return self.value if self.container is None else self.container.update(self.value, children)

    def snapshot(self) -> Any:
        """Return what `undo` needs to make the object what it is now; an object that does not change needs nothing."""
        row = self._changing_row
        return None if row is None else row.snapshot(self.value)

    def undo(self, snapshot: Any) -> None:
        """Make the object what it was when its snapshot was taken."""
        row = self._changing_row
        if row is not None:
            row.undo(self.value, snapshot)

    @property
    def _changing_row(self) -> LeafKind | ContainerKind | None:
        if self.leaf is None:
            return self.container
        return self.leaf if self.leaf.in_place and not (self.in_state and self.leaf.renew) else None


def _setting(old: Any, array: Array) -> Any:
    """A value of the type that a state dict's setting gets: its own for text, else that of what was saved."""
    if dtype_family(array.dtype) != "string":
        return array.item()
    return old if is_text(old) else ""


def joined(name: str, key: object) -> str:
    """Return the name of a child: the keys on the way to it, joined with ``/``."""
    return f"{name}/{key}" if name else str(key)


def take_apart(value: Any, name: str = "") -> Node:
    """Return the tree of a value's tensors.

    None stands for a place that holds nothing yet.

    Raises:
        InvalidArgumentError: Something in it is neither a tensor nor a holder of some, or holds itself; the message
            names its path.
    """
    root = _node(name, "", value)
    ancestors = {id(root.value)}
    stack = [(root, _children(root))]
    while stack:
        parent, remaining = stack[-1]
        child = next(remaining, None)
        if child is None:
            ancestors.discard(id(parent.value))
            stack.pop()
            continue
        parent.children[child.key] = child
        if child.container is not None:
            if id(child.value) in ancestors:
                raise InvalidArgumentError(f"{visible(child.name)!r} holds itself", tensor=child.name)
            ancestors.add(id(child.value))
            stack.append((child, _children(child)))
    return root


def _node(name: str, key: Any, value: Any, *, in_state: bool = False) -> Node:
    if value is None:
        return Node(name, key, value, NEW_VALUE, in_state=in_state)
    try:
        leaf = leaf_kind(value)
        container = None if leaf else container_kind(value)
        if leaf is None and container is None and DECLARED.matches(value):
            leaf = DECLARED
    except Exception as error:
        raise as_ours(error, f"{_shown(name)}, {_kind(value)}, does not say what it is") from error
    if leaf is None and container is None:
        raise InvalidArgumentError(
            f"{_shown(name)} is {_kind(value)}, which is no tensor and holds none that can be found",
            hint="Give its arrays by name, as a dict",
        )
    return Node(name, key, value, leaf, container, in_state=in_state)


def _shown(name: str) -> str:
    return repr(visible(name) or "the value")


def _kind(value: object) -> str:
    return an(f"{type(value).__module__}.{type(value).__qualname__}")


def _refuse_twins(node: Node, word: str, keys: list[Any]) -> None:
    if len(set(keys)) == len(keys):
        return
    key, count = Counter(keys).most_common(1)[0]
    what = "columns" if word == "pandas DataFrame" else "parts"
    raise InvalidArgumentError(
        f"{_shown(node.name)}, {an(word)}, has {count} {what} called {visible(str(key))!r}",
        hint="Give each a name of its own; tensors are saved and restored by name",
    )


def _children(node: Node) -> Iterator[Node]:
    if node.container is None:
        return
    in_state = node.in_state or has_state_dict(node.value)
    has_settings = in_state or node.has_settings or is_optimizer_state(node.value)
    try:
        children = node.container.children(node.value)
    except CheckpointError:
        raise
    except Exception as error:
        text = f"{_shown(node.name)}, {an(node.container.word)}, does not say what it holds"
        raise as_ours(error, text) from error
    # Before the first is looked at: by a name that two columns have, pandas gives both of them, and so on for ever.
    _refuse_twins(node, node.container.word, [key for key, _ in children])
    for key, child in children:
        if child is None and has_settings:
            continue
        if not isinstance(key, str | int):
            raise InvalidArgumentError(
                f"{_shown(node.name)} has the key {key!r}, {an(type(key).__name__)}; names are made "
                "of strings and whole numbers"
            )
        found = _node(_child_name(node.name, str(key)), key, child, in_state=in_state)
        found.has_settings = has_settings
        yield found


def _child_name(name: str, key: str) -> str:
    """The name of a child; that of a slot has the way to its optimizer in it, which begins above it too."""
    if name and SLOT_MARK in key:
        key = key.replace(SLOT_MARK, f"{SLOT_MARK}{name}/", 1)
    return joined(name, key)
