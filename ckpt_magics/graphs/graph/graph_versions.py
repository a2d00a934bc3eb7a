"""Versions of the GraphDef format: what a graph's writer says of its readers, and a graph made of several.

Format: tensorflow/core/framework/versions.proto, and GraphConstructor::UpdateVersionDef in graph_constructor.cc.
"""

from __future__ import annotations

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.proto.messages import VersionDef

__all__ = [
    "GRAPH_DEF_PRODUCER",
    "GRAPH_DEF_VERSION_MIN_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER",
    "TENSORFLOW_VERSION",
    "check_versions",
    "joined_versions",
]

TENSORFLOW_VERSION = "2.21.0"
"""The TensorFlow whose MetaGraphs ours are like; readers ask for it to know what a VariableDef tells."""

GRAPH_DEF_PRODUCER = 2474
"""``versions.producer`` of the graphs that TensorFlow 2.21 writes, and the version that it reads graphs as."""

GRAPH_DEF_VERSION_MIN_PRODUCER = GRAPH_DEF_VERSION_MIN_CONSUMER = 0
"""The oldest writers and readers of graphs that count; no other ones ever were."""


def check_versions(versions: VersionDef) -> None:
    """Raise InvalidArgumentError if a graph's writer says that this version cannot read it."""
    if versions.producer < GRAPH_DEF_VERSION_MIN_PRODUCER:
        raise InvalidArgumentError(
            f"GraphDef producer version {versions.producer} below min producer {GRAPH_DEF_VERSION_MIN_PRODUCER} "
            f"supported by TensorFlow {TENSORFLOW_VERSION}.  Please regenerate your graph."
        )
    if versions.min_consumer > GRAPH_DEF_PRODUCER:
        raise InvalidArgumentError(
            f"GraphDef min consumer version {versions.min_consumer} above current version {GRAPH_DEF_PRODUCER} for "
            f"TensorFlow {TENSORFLOW_VERSION}.  Please upgrade TensorFlow."
        )
    if GRAPH_DEF_PRODUCER in versions.bad_consumers:
        raise InvalidArgumentError(
            f"GraphDef disallows consumer version {GRAPH_DEF_PRODUCER}, which this package reads graphs as"
        )


def joined_versions(ours: VersionDef, theirs: VersionDef) -> VersionDef:
    """Return the versions of a graph that takes in another: what was written and may be read by both."""
    return VersionDef(
        producer=min(ours.producer, theirs.producer),
        min_consumer=max(ours.min_consumer, theirs.min_consumer),
        bad_consumers=sorted({*ours.bad_consumers, *theirs.bad_consumers}),
    )
