"""Nodes that describe tensors for TensorBoard: the functions of ``tf.summary``.

Format: tensorflow/python/summary/summary.py, tensorflow/python/ops/summary_op_util.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.proto.messages import SummaryMetadata

__all__ = ["audio", "histogram", "image", "merge", "merge_all", "scalar", "tensor_summary", "text"]

_FORBIDDEN = re.compile(r"[^-/\w.]")


def scalar(
    name: str,
    tensor: object,
    collections: Sequence[str] | None = None,
    family: str | None = None,
) -> Tensor:
    """Add a summary of one number.

    Args:
        name: Of the node, and with its scope what the number is called.
        tensor: Real scalar.
        collections: To put the summary into; by default that which `merge_all` merges.
        family: What the name begins with in TensorBoard.

    Returns:
        The message, a string scalar, when a session runs it.
    """
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        return _collected(output("ScalarSummary", tag, tensor, name=scope), collections)


def histogram(name: str, values: object, collections: Sequence[str] | None = None, family: str | None = None) -> Tensor:
    """Add a summary of how real numbers spread, of any shape; see `scalar`."""
    with _summary_scope(name, family, [values], "HistogramSummary") as (tag, scope):
        return _collected(output("HistogramSummary", tag, values, name=scope), collections)


def image(
    name: str,
    tensor: object,
    max_outputs: int = 3,
    collections: Sequence[str] | None = None,
    family: str | None = None,
) -> Tensor:
    """Add a summary of pictures, uint8 or float [pictures, height, width, channels], of 1, 3 or 4 channels."""
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        summary = output("ImageSummary", tag, tensor, max_images=max_outputs, name=scope)
        return _collected(summary, collections)


def audio(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    name: str,
    tensor: object,
    sample_rate: object,
    max_outputs: int = 3,
    collections: Sequence[str] | None = None,
    family: str | None = None,
) -> Tensor:
    """Add a summary of sounds, float32 [sounds, frames] or [sounds, frames, channels] from -1 to 1."""
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        rate = convert_to_tensor(sample_rate, "float32", "sample_rate")
        summary = output("AudioSummaryV2", tag, tensor, rate, max_outputs=max_outputs, name=scope)
        return _collected(summary, collections)


def text(name: str, tensor: object, collections: Sequence[str] | None = None) -> Tensor:
    """Add a summary of strings, of any shape, which TensorBoard shows as text."""
    value = convert_to_tensor(tensor, "string")
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return tensor_summary(name, value, summary_metadata=metadata, collections=collections)


def tensor_summary(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    name: str,
    tensor: object,
    summary_description: str | None = None,
    collections: Sequence[str] | None = None,
    summary_metadata: SummaryMetadata | None = None,
    family: str | None = None,
    display_name: str | None = None,
) -> Tensor:
    """Add a summary that holds a tensor as it is.

    Args:
        name: As in `scalar`.
        tensor: Of any type and shape.
        summary_description: What TensorBoard says of it.
        collections: As in `scalar`.
        summary_metadata: Which plugin of TensorBoard shows it.
        family: As in `scalar`.
        display_name: What TensorBoard calls it.
    """
    metadata = SummaryMetadata()
    if summary_metadata is not None:
        metadata.CopyFrom(summary_metadata)
    if summary_description:
        metadata.summary_description = summary_description
    if display_name:
        metadata.display_name = display_name
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        data = metadata.SerializeToString(deterministic=True)
        return _collected(output("TensorSummaryV2", tag, tensor, data, name=scope), collections)


def merge(inputs: Sequence[Tensor], collections: Sequence[str] | None = None, name: str | None = None) -> Tensor:
    """Add a summary of all values of others, none of whose tags may be there twice."""
    name = _clean(name) if name else None
    with name_scope(name, "Merge", list(inputs)):
        summary = output("MergeSummary", list(inputs), name=name)
    _collect(summary, collections or ())
    return summary


def merge_all(key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None) -> Tensor | None:
    """Merge the summaries in a collection of the default graph; None if there are none."""
    found = get_default_graph().get_collection(key, scope)
    return merge(found, name=name) if found else None


@contextmanager
def _summary_scope(
    name: str, family: str | None, values: Sequence[object], default_name: str | None = None
) -> Iterator[tuple[str, str]]:
    """Enter the scope of a summary's node; yields its tag and its own name."""
    name = _clean(name)
    family = _clean(family) if family else None
    base = f"{family}/{name}" if family else name
    with name_scope(base, default_name, values) as scope:
        tag = scope.rstrip("/")
        yield f"{family}/{tag}" if family else tag, scope


def _clean(name: str) -> str:
    """Return a name without what no node's name can have."""
    return _FORBIDDEN.sub("_", name).lstrip("/")


def _collected(summary: Tensor, collections: Sequence[str] | None) -> Tensor:
    _collect(summary, [GraphKeys.SUMMARIES] if collections is None else collections)
    return summary


def _collect(summary: Tensor, collections: Sequence[str]) -> None:
    for collection in collections:
        summary.graph.add_to_collection(collection, summary)
