"""What is visible of a graph: options that choose it, and the nodes, edges and notes that are left to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.notebook.pictures.choices import DIRECTIONS, GROUPS, Direction
from ckpt_magics.notebook.pictures.model.kinds import Kind

# Above these a picture is neither laid out quickly nor read: the caller opens one scope after another instead.
NODE_BUDGET: Final = 150
EDGE_BUDGET: Final = 300
# The first picture opens scopes by itself up to here: about a screen.
FIRST_PICTURE_NODES: Final = 40
FIRST_PICTURE_EDGES: Final = 70

SPLINES: Final = ("spline", "polyline", "line", "ortho")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewOptions:
    """What to show.

    Attributes:
        depth: Open all scopes above this depth (0 is the collapsed top level); None opens what a screen can hold.
        open: Full names of scopes, series or functions to open; those around them are opened too.
        close: Full names of scopes to keep closed.
        show: Aside groups, or full names, to draw in the main graph.
        hide: Aside groups, or full names, to leave out altogether.
        pull: Full names to draw aside, whatever else says they are in the main graph.
        hide_ops: Ops to leave out; a line to such an op's consumer starts where the op's first input comes from.
        node_budget: Most nodes to draw; given, the first picture also opens scopes up to it.
        edge_budget: Most edges to draw.
        direction: Where the edges point.

    Raises:
        InvalidArgumentError: An option has a value that is not allowed.
    """

    depth: int | None = None
    open: tuple[str, ...] = ()
    close: tuple[str, ...] = ()
    show: frozenset[str] = frozenset()
    hide: frozenset[str] = frozenset()
    pull: frozenset[str] = frozenset()
    hide_ops: frozenset[str] = frozenset()
    node_budget: int | None = None
    edge_budget: int = EDGE_BUDGET
    direction: Direction = "TB"

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise InvalidArgumentError(f"direction is {self.direction!r}; it can be {', '.join(DIRECTIONS)}")
        for name, value in (
            ("depth", self.depth),
            ("node_budget", self.node_budget),
            ("edge_budget", self.edge_budget),
        ):
            if value is not None and value < (name != "depth"):
                raise InvalidArgumentError(f"{name} is {value}; it must be at least {int(name != 'depth')}")

    @property
    def max_nodes(self) -> int:
        """Most nodes to draw."""
        return NODE_BUDGET if self.node_budget is None else self.node_budget

    @property
    def comfortable_nodes(self) -> int:
        """Nodes up to which scopes are opened unasked."""
        return FIRST_PICTURE_NODES if self.node_budget is None else self.node_budget

    @property
    def comfortable_edges(self) -> int:
        """Edges up to which scopes are opened unasked."""
        return min(self.edge_budget, FIRST_PICTURE_EDGES) if self.node_budget is None else self.edge_budget


@dataclass(frozen=True, slots=True)
class ViewNode:
    """A box of the picture.

    Attributes:
        id: Unique in the view; the id of the item, or a number above all items for a bundle.
        label: Last part of the name.
        name: Full name.
        kind: What it looks like.
        series: Whether it stands for several alike, drawn as a pile.
        detail: Second line: op, dtype and shape, or a count.
        facts: Lines of the tooltip below the name.
        cluster: Id of the open scope around it; None at the top level.
        members: Ids of the items that a bundle stands for.
        group: Aside group that a bundle of the strip stands for.
    """

    id: int
    label: str
    name: str
    kind: Kind
    series: bool
    detail: str
    facts: tuple[str, ...]
    cluster: int | None
    members: tuple[int, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class ViewEdge:
    """A metaedge: everything that goes from one box to another.

    Attributes:
        source: Id of a ViewNode.
        target: Id of another ViewNode.
        count: Tensors and control inputs bundled.
        is_control: Nothing but control inputs.
        label: dtype and shape, or how many tensors.
        elements: About how many numbers go along it for one value of each unknown dimension; 0 is unknown.
    """

    source: int
    target: int
    count: int
    is_control: bool
    label: str
    elements: int = 0


@dataclass(frozen=True, slots=True)
class ViewCluster:
    """An open scope, drawn around its nodes.

    Attributes:
        id: Id of the item.
        label: Last part of the name.
        name: Full name.
        kind: What the scope looks like when closed.
        parent: Id of the open scope around it; None at the top level.
    """

    id: int
    label: str
    name: str
    kind: Kind
    parent: int | None


@dataclass(frozen=True, slots=True)
class View:
    """A cut through a graph, ready to be laid out.

    Attributes:
        nodes: Boxes of the main graph.
        edges: Metaedges between them, at most one per direction of a pair.
        clusters: Open scopes, outer before inner.
        aside: Boxes without edges for what was pulled aside.
        notes: Sentences on what the picture leaves out.
        direction: Where the edges point.
        op_count: Ops of the whole graph, function bodies not counted.
    """

    nodes: tuple[ViewNode, ...]
    edges: tuple[ViewEdge, ...]
    clusters: tuple[ViewCluster, ...]
    aside: tuple[ViewNode, ...]
    notes: tuple[str, ...]
    direction: Direction
    op_count: int


def split_choices(choices: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Divide what to show or hide into aside groups and full names."""
    return choices & frozenset(GROUPS), choices - frozenset(GROUPS)
