"""Values put in place in a program's objects, all of them or, with everything taken back, none."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from ckpt_magics.errors import CheckpointError, TargetRefusedError, visible
from ckpt_magics.files.objects.library_errors import as_ours, first_line
from ckpt_magics.files.objects.tree import Node
from ckpt_magics.files.tensors.spec import Array
from ckpt_magics.phrasing import an, names_text

__all__ = ["put", "unchanged_without"]

_UNCHANGED = "Nothing was changed"
"""What an error says of the program's objects."""


def put(root: Node, arrays: MutableMapping[str, Array], bind: Callable[[Any], None] | None = None) -> Any:
    """Assign arrays by name, holders last.

    Args:
        root: The places.
        arrays: What goes there; each is taken out when it is in its place, so that the copy of what was there before
            takes no more memory than that.
        bind: Called with the result when all is in place; if it raises, everything is taken back too.

    Returns:
        The object that holds what ``root`` does, from now on.

    Raises:
        TargetRefusedError: An object does not take its value, or a holder what it is to hold. Everything is as it was.
        ResourceExhaustedError: There is not enough memory. Everything is as it was.
    """
    changes = _Changes(_changed(root, arrays))
    try:
        value = changes.make(root, arrays)
        if bind is not None:
            bind(value)
    except BaseException as error:
        _say(error, changes.take_back())
        raise
    return value


def _changed(root: Node, arrays: MutableMapping[str, Array]) -> list[Node]:
    """The nodes that get a value or new children, holders after what they hold."""
    changed: dict[Node, None] = {}
    for node in reversed(list(root.nodes())):
        is_changed = node.name in arrays if node.leaf else any(child in changed for child in node.children.values())
        if is_changed:
            changed[node] = None
    return list(changed)


class _Changes:
    """What a restore changes, and how to take back what is changed so far."""

    def __init__(self, nodes: list[Node]) -> None:
        self._nodes = nodes
        self._done: list[tuple[Node, Any]] = []

    def make(self, root: Node, arrays: MutableMapping[str, Array]) -> Any:
        values: dict[Node, Any] = {}
        holders: dict[Node, Any] = {}
        # Of what holds others first, since it may hand out memory that they change.
        for node in self._nodes:
            if not node.leaf:
                with _named(node):
                    holders[node] = node.snapshot()
        for node in self._nodes:
            with _named(node):
                self._done.append((node, node.snapshot() if node.leaf else holders[node]))
                if node.leaf:
                    values[node] = node.assigned(arrays.pop(node.name))
                else:
                    values[node] = node.updated(
                        {key: values[child] for key, child in node.children.items() if child in values}
                    )
        return values.get(root, root.value)

    def take_back(self) -> list[str]:
        """Undo all changes, the last one first; return the names of what could not be made as it was."""
        stuck = []
        while self._done:
            node, snapshot = self._done.pop()
            try:
                node.undo(snapshot)
            except BaseException:  # noqa: BLE001 - whatever it is, the others have to be undone too
                stuck.append(_called(node))
        return stuck


def _called(node: Node) -> str:
    return visible(node.name) or "the target"


@contextmanager
def _named(node: Node) -> Iterator[None]:
    """Give errors of other libraries the name of the tensor or the holder that they are about."""
    try:
        yield
    except CheckpointError as error:
        error.locate(tensor=node.name or None, hint=_advice(node))
        raise
    except MemoryError as error:
        raise as_ours(error, "it cannot be put in place", tensor=node.name or None, hint=_advice(node)) from error
    except Exception as error:
        raise TargetRefusedError(_refusal(node, error), tensor=_tensor(node), hint=_advice(node)) from error


def unchanged_without(pattern: str) -> str:
    """Return the advice of a restore that was refused for what a pattern matches."""
    return f"{_UNCHANGED}; exclude {visible(pattern)} to restore the others"


def _advice(node: Node) -> str:
    return unchanged_without(node.name if node.leaf else f"{node.name}/*") if node.name else _UNCHANGED


def _refusal(node: Node, error: Exception) -> str:
    reason = f"{type(error).__name__}: {first_line(error)}" if str(error) else type(error).__name__
    if node.leaf is not None:
        return f"{_called(node)}, {an(node.leaf.word)}, does not take its value: {reason}"
    word = node.container.word if node.container is not None else "value"
    held = names_text([leaf.name for leaf in node.leaves()])
    return f"{_called(node)}, {an(word)}, does not take its values ({held}): {reason}"


def _tensor(node: Node) -> str | None:
    """The one tensor that an error is about."""
    names = [leaf.name for leaf in node.leaves()]
    return names[0] if len(names) == 1 else None


def _say(error: BaseException, stuck: list[str]) -> None:
    """Add to an error what could not be made as it was."""
    if not stuck:
        return
    text = f"These do not take their former values back, everything else is as it was: {names_text(stuck)}"
    if isinstance(error, CheckpointError):
        error.hint = text
    else:
        error.add_note(text)
