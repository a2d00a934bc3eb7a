"""Objects that hold what is assigned to their attributes.

Format: tensorflow/python/trackable/autotrackable.py.
"""

# ruff: noqa: ANN401 - what an object holds may be anything

from __future__ import annotations

from typing import Any, ClassVar

from ckpt_magics.graphs.trackable.trackable import Trackable, tracking_of
from ckpt_magics.graphs.trackable.tracked_containers import as_tracked

__all__ = ["AutoTrackable"]


class AutoTrackable(Trackable):
    """Holds what is assigned to its attributes, as far as checkpoints can hold that.

    Lists and dicts become ones of the same contents that notice what is added to them.
    """

    _self_saves_arrays: ClassVar[bool] = False
    """Whether arrays are values to save: modules have them for constants."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__ and self.__dict__[name] is value:
            return
        tracked = as_tracked(value, saves_arrays=self._self_saves_arrays)
        object.__setattr__(self, name, value if tracked is None else tracked)
        if tracked is None:
            tracking_of(self).children.pop(name, None)
        else:
            tracking_of(self).track(name, tracked)

    def __delattr__(self, name: str) -> None:
        tracking_of(self).children.pop(name, None)
        object.__delattr__(self, name)
