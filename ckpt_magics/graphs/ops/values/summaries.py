"""Ops that describe tensors for TensorBoard: numbers, histograms, pictures and sounds as messages.

Format: tensorflow/core/framework/summary.proto, tensorflow/core/lib/histogram/histogram.cc.
"""

from __future__ import annotations

import io
import sys
import wave
from functools import cache

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import FLOAT, UINT8
from ckpt_magics.files.formats.png_image import encode_png
from ckpt_magics.files.formats.tensor_proto import array_to_tensor_proto, tensor_proto_to_array
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, types
from ckpt_magics.graphs.ops.shape_rules import scalar
from ckpt_magics.graphs.ops.type_sets import REAL_NUMBERS, dtypes
from ckpt_magics.graphs.ops.values.strings import text_scalar
from ckpt_magics.proto.messages import HistogramProto, Summary, SummaryMetadata, TensorProto, TensorShapeProto

__all__ = ["ROWS", "histogram_of"]

_DARK = 1e-6
"""A picture whose brightest value is less than this is black."""


def _message(summary: Summary) -> Array:
    return text_scalar(summary.SerializeToString(deterministic=True))


def _text(value: Array) -> str:
    data: bytes = np.asarray(value, object).item()
    return data.decode("utf-8", "surrogateescape")


def _scalars(_ctx: KernelContext, tags: Array, values: Array) -> Array:
    if np.shape(tags) != np.shape(values):
        raise InvalidArgumentError(
            f"tags and values are not the same shape: {list(np.shape(tags))} != {list(np.shape(values))}"
        )
    summary = Summary()
    for tag, value in zip(np.asarray(tags, object).flat, np.asarray(values).flat, strict=True):
        summary.value.add(tag=tag.decode(), simple_value=np.float32(value))
    return _message(summary)


def _histogram(_ctx: KernelContext, tag: Array, values: Array) -> Array:
    values = np.asarray(values).astype(np.float64).reshape(-1)
    for is_wrong, what in ((np.isnan, "Nan"), (np.isinf, "Infinity")):
        if is_wrong(values).any():
            raise InvalidArgumentError(f"{what} in summary histogram for: {visible(_text(tag))}")
    return _message(Summary(value=[Summary.Value(tag=_text(tag), histo=histogram_of(values))]))


def histogram_of(values: Array) -> HistogramProto:
    """Return how values spread over limits that grow by a tenth; neighbouring empty ranges are one.

    Args:
        values: float64 [n], finite.
    """
    limits = _limits()
    # A value belongs to the first range whose limit is greater.
    counts = np.bincount(np.searchsorted(limits, values, "right").clip(max=limits.size - 1), minlength=limits.size)
    # Of a run of empty ranges the last is written.
    is_written = (counts > 0) | np.append(counts[1:] > 0, [True])
    return HistogramProto(
        min=values.min(initial=sys.float_info.max),
        max=values.max(initial=-sys.float_info.max),
        num=values.size,
        sum=values.sum(),
        sum_squares=np.square(values).sum(),
        bucket_limit=limits[is_written],
        bucket=counts[is_written].astype(np.float64),
    )


@cache
def _limits() -> Array:
    positive = []
    limit = 1e-12
    while limit < 1e20:
        positive.append(limit)
        limit *= 1.1
    positive.append(sys.float_info.max)
    return np.array([*(-limit for limit in reversed(positive)), 0.0, *positive])


def _images(ctx: KernelContext, tag: Array, tensor: Array) -> Array:
    if tensor.ndim != 4 or not 1 <= tensor.shape[3] <= 4 or tensor.shape[3] == 2:
        raise InvalidArgumentError(
            f"Tensor must be 4-D with last dim 1, 3, or 4, not {list(tensor.shape)}: summary of {visible(_text(tag))}"
        )
    bad_color = tensor_proto_to_array(ctx.attr("bad_color"))[: tensor.shape[3]]
    summary = Summary()
    shown = tensor[: ctx.attr("max_images")]
    for index, image in enumerate(shown):
        pixels = image if image.dtype == np.uint8 else _brightness(image.astype(np.float32), bad_color)
        value = summary.value.add(tag=_part_tag(_text(tag), "image", index, ctx.attr("max_images")))
        value.image.CopyFrom(
            Summary.Image(
                height=image.shape[0],
                width=image.shape[1],
                colorspace=image.shape[2],
                encoded_image_string=encode_png(pixels),
            )
        )
    return _message(summary)


def _brightness(image: Array, bad_color: Array) -> Array:
    """Return numbers as bytes: from 0 to the largest one, or about 128 if one is negative; others have a colour."""
    is_finite = np.isfinite(image).all(axis=-1)
    finite = image[is_finite]
    low, high = finite.min(initial=np.float32(np.inf)), finite.max(initial=np.float32(-np.inf))
    offset, span = (128.0, 127.0) if low < 0 else (0.0, 255.0)
    largest = np.maximum(abs(low), abs(high)) if low < 0 else high
    scale = np.float32(0.0 if not finite.size or largest < _DARK else span / largest)
    pixels = np.empty(image.shape, np.uint8)
    pixels[is_finite] = (finite * scale + np.float32(offset)).astype(np.uint8)
    pixels[~is_finite] = bad_color
    return pixels


def _part_tag(tag: str, kind: str, index: int, most: int) -> str:
    return f"{tag}/{kind}/{index}" if most > 1 else f"{tag}/{kind}"


def _sounds(ctx: KernelContext, tag: Array, tensor: Array, sample_rate: Array) -> Array:
    if tensor.ndim not in {2, 3}:
        raise InvalidArgumentError(f"Tensor must be 3-D or 2-D, got: {list(tensor.shape)}")
    frames = tensor.reshape(*tensor.shape[:2], -1)
    rate = np.asarray(sample_rate).item()
    if rate <= 0:
        raise InvalidArgumentError(f"sample_rate must be > 0, got {rate}")
    summary = Summary()
    for index, sound in enumerate(frames[: ctx.attr("max_outputs")]):
        value = summary.value.add(tag=_part_tag(_text(tag), "audio", index, ctx.attr("max_outputs")))
        value.audio.CopyFrom(
            Summary.Audio(
                sample_rate=rate,
                num_channels=sound.shape[1],
                length_frames=sound.shape[0],
                content_type="audio/wav",
                encoded_audio_string=_wav(sound, int(rate)),
            )
        )
    return _message(summary)


def _wav(sound: Array, rate: int) -> bytes:
    """Return sound, float32 [frames, channels] from -1 to 1, as a WAV file of 16 bits."""
    samples = np.clip(_rounded(sound * np.float32(1 << 15)), -32768, 32767).astype("<i2")
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((sound.shape[1], 2, rate, 0, "NONE", "not compressed"))
        file.writeframes(samples.tobytes())
    return target.getvalue()


def _rounded(values: Array) -> Array:
    """Return the nearest whole numbers, those further from zero where two are as near."""
    rounded: Array = np.copysign(np.floor(np.abs(values) + 0.5), values)
    return rounded


def _tensor(ctx: KernelContext, tag: Array, tensor: Array, metadata: Array) -> Array:
    value = Summary.Value(tag=_text(tag), tensor=array_to_tensor_proto(np.asarray(tensor), ctx.attr("T")))
    value.metadata.CopyFrom(SummaryMetadata.FromString(np.asarray(metadata, object).item()))
    return _message(Summary(value=[value]))


def _merged(_ctx: KernelContext, *summaries: Array) -> Array:
    merged, seen = Summary(), set()
    for data in (item for one in summaries for item in np.asarray(one, object).flat):
        for value in Summary.FromString(data).value:
            if value.tag in seen:
                raise InvalidArgumentError(f"Duplicate tag {visible(value.tag)} found in summary inputs")
            seen.add(value.tag)
            merged.value.add().CopyFrom(value)
    return _message(merged)


_RED = TensorProto(
    dtype=UINT8.number,
    tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=4)]),
    int_val=[255, 0, 0, 255],
)

ROWS: tuple[Op, ...] = (
    Op("ScalarSummary", "tags: string, values: T -> summary: string", (types("T", REAL_NUMBERS),), scalar, _scalars),
    Op(
        "HistogramSummary",
        "tag: string, values: T -> summary: string",
        (types("T", REAL_NUMBERS, FLOAT),),
        scalar,
        _histogram,
    ),
    Op(
        "ImageSummary",
        "tag: string, tensor: T -> summary: string",
        (
            Attr("max_images", "int", 3, minimum=1),
            types("T", dtypes("uint8 float half double"), FLOAT),
            Attr("bad_color", "tensor", _RED),
        ),
        scalar,
        _images,
    ),
    Op(
        "AudioSummaryV2",
        "tag: string, tensor: float, sample_rate: float -> summary: string",
        (Attr("max_outputs", "int", 3, minimum=1),),
        scalar,
        _sounds,
    ),
    Op(
        "TensorSummaryV2",
        "tag: string, tensor: T, serialized_summary_metadata: string -> summary: string",
        (types("T"),),
        scalar,
        _tensor,
    ),
    Op("MergeSummary", "inputs: N * string -> summary: string", (Attr("N", "int", minimum=1),), scalar, _merged),
)
