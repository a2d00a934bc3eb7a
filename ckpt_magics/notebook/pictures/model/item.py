"""One thing that can be drawn: an op, a scope with everything in it, or a series of numbered siblings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ckpt_magics.notebook.pictures.model.kinds import Kind
from ckpt_magics.proto import messages


@dataclass(slots=True)
class Item:
    """A node of the scope tree.

    Attributes:
        id: Position in the hierarchy's list of items.
        name: Full name; a scope and the node of the same name share it.
        label: Last part of the name, as it is drawn.
        kind: What it looks like; the scope of a variable looks like the variable.
        parent: Id of the scope around it.
        children: Ids, in the order of the graph; empty for a leaf.
        op: Op of a leaf, common op of a series of leaves, else ``""``.
        node: The NodeDef of a leaf, or of a call with the body of its function inside; None for scopes, series and
            variables known by name only.
        detail: Text for a variable known by name only.
        group: Aside group of :mod:`ckpt_magics.notebook.pictures.model.aside`, ``""`` for the main graph.
        own: For a scope that looks like the op of its own name, the id of that op inside it.
        op_count: Ops inside, itself included if it is a leaf.
        structure: Hash of what is inside, equal for scopes with the same ops; meaningless between processes.
    """

    id: int
    name: str
    label: str
    kind: Kind
    parent: int
    children: Sequence[int] = ()
    op: str = ""
    node: messages.NodeDef | None = None
    detail: str = ""
    group: str = ""
    own: int | None = None
    op_count: int = 0
    structure: int = 0

    @property
    def is_call(self) -> bool:
        """Whether it is a call with the body of its function inside."""
        return self.is_compound and self.node is not None

    @property
    def op_share(self) -> int:
        """Ops that it is of what it lies in; a call is one, whatever its function does."""
        return 1 if self.is_call else self.op_count

    @property
    def is_compound(self) -> bool:
        """Whether other items can be inside it."""
        return isinstance(self.children, list)
