"""Where one part of a partitioned variable lies in the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ckpt_magics.graphs.graph.names import prepend_scope, strip_scope
from ckpt_magics.proto.messages import SaveSliceInfoDef

__all__ = ["SaveSliceInfo"]


@dataclass(frozen=True, slots=True)
class SaveSliceInfo:
    """The place of a part.

    Attributes:
        full_name: Name of the whole variable, under which a checkpoint holds it.
        full_shape: Its shape.
        var_offset: First index of the part in each dimension.
        var_shape: Shape of the part.
    """

    full_name: str
    full_shape: tuple[int, ...]
    var_offset: tuple[int, ...]
    var_shape: tuple[int, ...]

    @property
    def spec(self) -> str:
        """The place as the Save and Restore ops write it.

        >>> SaveSliceInfo("w", (5, 2), (2, 0), (2, 2)).spec
        '5 2 2,2:0,2'
        """
        sizes = "".join(f"{size} " for size in self.full_shape)
        return sizes + ":".join(f"{o},{s}" for o, s in zip(self.var_offset, self.var_shape, strict=True))

    @classmethod
    def from_proto(cls, message: SaveSliceInfoDef, import_scope: str | None = None) -> Self:
        """Return the place that a VariableDef tells, within ``import_scope``."""
        return cls(
            prepend_scope(message.full_name, import_scope),
            tuple(message.full_shape),
            tuple(message.var_offset),
            tuple(message.var_shape),
        )

    def to_proto(self, export_scope: str | None = None) -> SaveSliceInfoDef | None:
        """Return the place for a VariableDef, or None if the variable is outside ``export_scope``."""
        if export_scope and not self.full_name.startswith(export_scope):
            return None
        return SaveSliceInfoDef(
            full_name=strip_scope(self.full_name, export_scope),
            full_shape=self.full_shape,
            var_offset=self.var_offset,
            var_shape=self.var_shape,
        )
