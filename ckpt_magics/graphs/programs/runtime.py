"""Sessions, their settings and the switches of TensorFlow programs that have an effect here, or none.

Format: tensorflow/python/client/session.py and tensorflow/core/protobuf/config.proto.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from ckpt_magics.graphs.graph.default import current_session, use_resource_variables
from ckpt_magics.graphs.graph.default import get_default_graph as default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.session import Session


class Settings:
    """Settings of a runtime that is not here: takes every name and value, at any depth, and does nothing with them."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 -- whatever a program sets
        vars(self).update(settings)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("__"):
            raise AttributeError(name)
        value = Settings()
        setattr(self, name, value)
        return value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


class ConfigProto(Settings):
    """Settings of a session; none of them applies here."""


class GPUOptions(Settings):
    """Settings of GPUs; there are none here."""


class GraphOptions(Settings):
    """Settings of the graph's optimizers; there are none here."""


class OptimizerOptions(Settings):
    """Settings of the graph's optimizers; there are none here."""


class RunOptions(Settings):
    """Settings of one run; none of them applies here."""

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = range(4)


class RunMetadata(Settings):
    """Measurements of one run; none are made here."""


class InteractiveSession(Session):
    """A session that is the default one from its making until it is closed."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: object = None) -> None:
        super().__init__(target, graph, config)
        self._default = ExitStack()
        if graph is not None:
            self._default.enter_context(graph.as_default())
        self._default.enter_context(self.as_default())

    def close(self) -> None:
        """Forget the variables' values, and be the default no longer."""
        self._default.close()
        super().close()


def get_default_session() -> Any:  # noqa: ANN401 -- any session
    """Return the innermost session in whose ``with`` block this is, or None."""
    return current_session()


def executing_eagerly() -> bool:
    """Return False: operations become part of a graph."""
    return False


def disable_eager_execution() -> None:
    """Do nothing: graphs are all there is here."""


def disable_v2_behavior() -> None:
    """Make variables references, as before TensorFlow 2."""
    use_resource_variables(False)


def disable_resource_variables() -> None:
    """Make variables references where their makers do not say."""
    use_resource_variables(False)


def enable_resource_variables() -> None:
    """Make variables resources where their makers do not say."""
    use_resource_variables(True)


def set_random_seed(seed: int) -> None:
    """Set the seed of the default graph's random ops."""
    default_graph().seed = seed


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """Return the two seeds that a random op gets; (None, None) if neither the graph nor the op has one."""
    from ckpt_magics.graphs.nodes.random_values import get_seed as seeds

    if default_graph().seed is None and op_seed is None:
        return None, None
    return seeds(op_seed)
