"""The colourings that a graph view offers: what it knows of each op beyond its kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from ckpt_magics.files.formats.dtypes import dtype_by_number
from ckpt_magics.files.jobs.comparison import TensorDifference, compare
from ckpt_magics.notebook.pictures.drawing.coloring import (
    Coloring,
    boxes_of,
    color_by_kind,
    color_by_number,
    color_by_state,
    color_by_word,
    leaves_of,
)
from ckpt_magics.notebook.pictures.graph_model import GraphModel
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.views.view import View
from ckpt_magics.notebook.widgets.graph.graph_state import COLORS
from ckpt_magics.notebook.widgets.graph.painted_numbers import PaintedNumbers, number_text
from ckpt_magics.notebook.widgets.graph.saved_variables import SavedVariables, is_variable

if TYPE_CHECKING:
    from ckpt_magics.files.object_graph.named_tensors import NamedTensors
    from ckpt_magics.files.tensors.source import TensorSource

__all__ = ["GraphColors", "size_text"]

_MUCH: Final = 0.1
"""Norm of a change, as a share of the norm of what was there, from which on it is much."""

# Most telling first: a scope shows the first that a variable in it has.
_STATES: Final[Mapping[str, str]] = {
    "another shape": "hue4",
    "another dtype": "hue6",
    "only in this checkpoint": "hue2",
    "only in the other": "hue3",
    "changed by 10 % or more": "hue1",
    "changed by less": "hue5",
    "same": "hue0",
}
_STATE_OF: Final = {
    "reshaped": "another shape",
    "retyped": "another dtype",
    "added": "only in this checkpoint",
    "removed": "only in the other",
    "same": "same",
}


class GraphColors:
    """Colours the views of one graph.

    Args:
        model: The graph.
        saved: Its variables in a checkpoint.
        tensors: That checkpoint.
        compare: An earlier checkpoint, for what differs.

    Attributes:
        painted: Numbers that the user gave.
    """

    def __init__(
        self,
        model: GraphModel,
        saved: SavedVariables | None,
        tensors: NamedTensors[TensorSource] | None,
        compare: NamedTensors[TensorSource] | None,
    ) -> None:
        self._model = model
        self._saved = saved
        self._tensors = tensors
        self._compare = compare
        self._states: dict[str, str] | None = None
        self.painted: PaintedNumbers | None = None

    @property
    def offered(self) -> list[str]:
        """The colourings that make sense for this graph."""
        has_device = any(node.device for node in self._model.graph_def.node)
        differs = self._compare is not None and self._tensors is not None
        present = {"device": has_device, "difference": differs, "numbers": self.painted is not None}
        return [color for color in COLORS if present.get(color, True)]

    def color(self, view: View, by: str) -> Coloring:
        """Return the colours of a view."""
        hierarchy = self._model.hierarchy
        if by == "op":
            return color_by_word(hierarchy, view, lambda leaf: leaf.op, "several ops")
        if by == "device":
            return color_by_word(hierarchy, view, _device, "no device, or several")
        if by == "size":
            sizes = {node.id: sum(map(self._size, leaves_of(hierarchy, node))) or None for node in boxes_of(view)}
            return color_by_number(sizes, lambda size: size_text(int(size)), "nothing saved")
        if by == "numbers" and self.painted is not None:
            numbers = {node.id: self.painted.number_of(node.members or (node.id,)) for node in boxes_of(view)}
            return color_by_number(numbers, number_text, "no number")
        if by == "difference":
            states = self.find_differences()
            return color_by_state(hierarchy, view, lambda leaf: states.get(self._tensor(leaf), ""), _STATES)
        return color_by_kind(view)

    def find_differences(self, progress: Callable[[int, int], None] | None = None) -> Mapping[str, str]:
        """Compare the two checkpoints, the first time; returns the state by name of a tensor.

        Args:
            progress: Called with the number of tensors compared and their total.

        Raises:
            CheckpointError: A tensor cannot be read.
        """
        if self._states is None:
            self._states = {}
            if self._compare is not None and self._tensors is not None:
                found = compare(self._compare, self._tensors, progress)
                self._states = {tensor.name: _state(tensor) for tensor in found}
        return self._states

    def _tensor(self, leaf: Item) -> str:
        """Name of the tensor of a variable; its own name where this checkpoint does not have it."""
        if leaf.node is None or self._saved is None or not is_variable(leaf.node):
            return ""
        return self._saved.find(leaf.node).name or leaf.node.name

    def _size(self, leaf: Item) -> int:
        """Bytes of a variable's value; those that the graph declares where no checkpoint is there."""
        if leaf.node is None or not is_variable(leaf.node):
            return 0
        dtype = dtype_by_number(leaf.node.attr["dtype"].type, allow_ref=True) if leaf.node.attr["dtype"].type else None
        dims = [dim.size for dim in leaf.node.attr["shape"].shape.dim] if "shape" in leaf.node.attr else []
        return math.prod(max(size, 0) for size in dims) * (dtype.itemsize if dtype is not None else 0)


def size_text(size: int) -> str:
    """Return bytes as people read them: ``512 bytes``, ``1.5 MiB``."""
    power = min(max(size.bit_length() - 1, 0) // 10, 4)
    return f"{size:,} bytes" if power == 0 else f"{size / 1024**power:.3g} {('KiB', 'MiB', 'GiB', 'TiB')[power - 1]}"


def _device(leaf: Item) -> str:
    return "" if leaf.node is None else leaf.node.device


def _state(tensor: TensorDifference) -> str:
    if tensor.status != "changed":
        return _STATE_OF[tensor.status]
    # Of strings, and where the first side is all zeros, there is no such share.
    relative = None if tensor.distance is None else tensor.distance.relative
    return "changed by less" if relative is not None and relative < _MUCH else "changed by 10 % or more"
