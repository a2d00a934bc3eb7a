"""What checkpoints of objects see of this package's objects: what each holds by name, and what waits for it.

Format: tensorflow/python/trackable/base.py.
"""

# ruff: noqa: ANN401 - what an object holds may be anything

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from ckpt_magics.files.object_graph.object_walk import LiveObject

__all__ = ["Trackable", "Tracking", "Waiting", "tracking_of"]

NEVER = -1


class Waiting(Protocol):
    """A saved object that waits for the one of the program."""

    @property
    def restore_number(self) -> int:
        """Number of the restore: of several, the last one counts."""
        ...

    def restore(self, value: Any) -> None:
        """Give an object, and all that it holds, what was saved of it."""
        ...


@dataclass(slots=True)
class Tracking:
    """What is known of one trackable object.

    Attributes:
        children: What it holds, by name, in the order of tracking.
        waiting: What was saved of children that are not there yet, by name.
        restored_by: Number of the last restore that gave it its values; -1 before the first.
    """

    children: dict[str, Any] = field(default_factory=dict)
    waiting: dict[str, list[Waiting]] = field(default_factory=dict)
    restored_by: int = NEVER

    def track(self, name: str, child: Any) -> None:
        """Hold a child under a name, and give it what waits for it."""
        self.children[name] = child
        self.settle(name, child)

    def settle(self, name: str, child: Any) -> None:
        """Give a child what waits for one of its name."""
        for one in sorted(self.waiting.pop(name, ()), key=lambda one: one.restore_number, reverse=True):
            one.restore(child)

    def defer(self, name: str, saved: Waiting) -> None:
        """Keep what was saved until there is a child of that name."""
        self.waiting.setdefault(name, []).append(saved)


class Trackable:
    """An object that checkpoints can hold. Its class need not call the constructor."""

    def as_live_object(self) -> LiveObject:
        """Return what a checkpoint sees of it."""
        return LiveObject(self, list(tracking_of(self).children.items()))


def tracking_of(value: Trackable) -> Tracking:
    """Return what is known of an object; made when it is first asked for."""
    known: Tracking | None = value.__dict__.get("_self_tracking")
    if known is None:
        known = value.__dict__["_self_tracking"] = Tracking()
    return known
