"""``import tensorflow`` gives this package's modules, where TensorFlow itself is not installed.

A finder on ``sys.meta_path`` answers for TensorFlow's modules, also to other libraries that only ask whether there is
one. What they hold is looked up in this package when it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

from ckpt_magics.errors import FailedPreconditionError, InvalidArgumentError
from ckpt_magics.graphs.programs.module_homes import module_homes

__all__ = ["is_stand_in", "stand_in"]

TENSORFLOW = "tensorflow"

_INSTEAD = (
    "Where TensorFlow is there too, a program says `import ckpt_magics.compat.v1 as tf`; or run it in an environment "
    "without TensorFlow"
)


def stand_in(version: int = 1) -> None:
    """Let ``import tensorflow as tf`` give this package's names from now on, in this process.

    So do ``import tensorflow.compat.v1 as tf`` and the modules below ``tensorflow.python`` that programs import.
    Calling it again changes nothing.

    Args:
        version: 1 or 2: whose names ``tf`` has, those of `ckpt_magics.compat.v1` or of `ckpt_magics.compat.v2`.

    Raises:
        FailedPreconditionError: TensorFlow is installed or imported, or the other version stands in already.
        InvalidArgumentError: There is no such version.
    """
    if version not in {1, 2}:
        raise InvalidArgumentError(f"TensorFlow has version 1 and 2, no {version}")
    standing = next((finder.version for finder in sys.meta_path if isinstance(finder, StandInFinder)), None)
    if standing is None:
        _check_absent()
        sys.meta_path.insert(0, StandInFinder(version))
    elif standing != version:
        raise FailedPreconditionError(
            f"this package stands in for TensorFlow {standing} already, and modules may have been imported",
            hint=f"For TensorFlow {version}, start a new process",
        )


def is_stand_in(module: ModuleType) -> bool:
    """Whether a module is one of this package that is called as one of TensorFlow's."""
    return module.__spec__ is not None and isinstance(module.__spec__.loader, _StandInLoader)


def _check_absent() -> None:
    if TENSORFLOW in sys.modules:
        raise FailedPreconditionError("TensorFlow is imported already", hint=_INSTEAD)
    spec = find_spec(TENSORFLOW)
    # A folder of that name that has no code is a namespace, which has no loader of its own.
    if spec is not None and spec.origin is not None:
        raise FailedPreconditionError("TensorFlow is installed", file=spec.origin, hint=_INSTEAD)


class StandInFinder(MetaPathFinder):
    """Finds TensorFlow's modules in this package.

    Args:
        version: 1 or 2.

    Attributes:
        version: As given.
    """

    def __init__(self, version: int) -> None:
        self.version = version
        self._homes = module_homes(version)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - importlib's signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return where a module comes from; None if it is not TensorFlow's, or nothing here stands for it."""
        if fullname not in self._homes:
            return None
        return ModuleSpec(fullname, _StandInLoader(self._homes[fullname]), origin="ckpt_magics", is_package=True)


class _StandInLoader(Loader):
    """Makes a module whose names are those of other modules.

    Args:
        homes: The modules, below this package.
    """

    def __init__(self, homes: Sequence[str]) -> None:
        self._homes = homes

    def exec_module(self, module: ModuleType) -> None:
        """Let the module have the names."""
        homes = [import_module(f"ckpt_magics.{home}") for home in self._homes]
        module.__doc__ = homes[0].__doc__ if homes else None
        names = sorted({name for home in homes for name in _names(home)})
        vars(module).update(__getattr__=partial(_find, module.__name__, homes), __dir__=lambda: names, __all__=names)


def _find(module: str, homes: Sequence[ModuleType], name: str) -> object:
    """The attribute of a module: a name of one of its homes, or a module below it."""
    for home in homes:
        if name in _names(home):
            return getattr(home, name)
    if not name.startswith("_") and find_spec(f"{module}.{name}") is not None:
        return import_module(f"{module}.{name}")
    if homes:
        # It says what there is instead.
        return getattr(homes[0], name)
    raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)


def _names(home: ModuleType) -> Sequence[str]:
    return getattr(home, "__all__", None) or dir(home)
