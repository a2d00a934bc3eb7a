"""Which stored tensor every name of a restore comes from: worked out once, for all that plan, advise and report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from ckpt_magics.files.restore.restore_options import RestoreOptions
from ckpt_magics.files.restore.stored import StoredTensors
from ckpt_magics.files.steps.mapping import NameMap
from ckpt_magics.files.steps.patterns import Names
from ckpt_magics.files.steps.selection import Selection

__all__ = ["NameMatching"]


class NameMatching:
    """The names of a restore, matched with those of the stored tensors.

    Args:
        stored: What there is.
        options: How to restore.

    Attributes:
        stored: As given.
        options: As given.
        map: The map of the options.
        selection: The patterns of the options.

    Raises:
        InvalidArgumentError: An entry of the map has no meaning, or takes two tensors to one name; or a regular
            expression does not parse.
    """

    def __init__(self, stored: StoredTensors, options: RestoreOptions) -> None:
        self.stored = stored
        self.options = options
        self._keys = stored.keys()
        self.map = NameMap(options.mapping, stored, self._keys)
        self.selection = Selection(options.include, options.exclude, slots=options.slots)

    @cached_property
    def origins(self) -> dict[str, str]:
        """The name of every stored tensor that is restored to some name, by that name."""
        return {new: old for old in self.stored for new in self.map.new_names(old)}

    def origin(self, name: str) -> str:
        """Return the name of the stored tensor that a name is restored from, whether it is there or not."""
        return self.origins.get(name) or self.stored.known_name(self.map.stored_name(name))

    def named(self, origins: Mapping[str, str]) -> Names:
        """Return names to choose from, which go by the names and keys of their stored tensors too.

        Args:
            origins: The names of the stored tensors, by name.
        """
        keys = {name: self._keys[origin] for name, origin in origins.items() if origin in self._keys}
        return Names(origins, origins, keys)
