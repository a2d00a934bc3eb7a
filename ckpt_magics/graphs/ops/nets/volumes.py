"""Ops that slide a window over volumes: convolution and pooling in three dimensions, and their gradients.

Most kernels are those for images; the rows say what is told otherwise.

Format: tensorflow/core/ops/nn_ops.cc; core/kernels/conv_ops_3d.cc, conv_grad_ops_3d.cc, pooling_ops_3d.cc.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.files.formats.dtypes import FLOAT, INT32
from ckpt_magics.graphs.ops.nets.window_gradients import (
    POOLED,
    avg_pool_grad,
    check_positions,
    conv_filter,
    conv_input,
    max_pool_grad_grad,
    told_shape,
)
from ckpt_magics.graphs.ops.nets.windows import (
    PADDING,
    as_given,
    avg_pool,
    channels_last,
    conv,
    conv_shape,
    lowest,
    max_pool,
    pool_shape,
    pool_window,
)
from ckpt_magics.graphs.ops.partial_shapes import Array, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, types
from ckpt_magics.graphs.ops.type_sets import FLOATS, INDEX, REAL_NUMBERS, dtypes

__all__ = ["ROWS"]

RANK = 5


def _max_pool_grad(ctx: KernelContext, orig_input: Array, orig_output: Array, grad: Array) -> Array:
    """Give each position's gradient to all elements under the window that are what the pool gave, unlike for images."""
    volumes, pooled, backprop = (channels_last(ctx, item) for item in (orig_input, orig_output, grad))
    window = pool_window(ctx)
    for given in (pooled, backprop):
        check_positions(window, volumes.shape, given)
    values = window.padded(volumes, lowest(volumes.dtype))
    total = window.padded(np.zeros(volumes.shape, grad.dtype), 0)
    for part in window.parts(backprop.shape[1:-1]):
        total[part] += np.where(values[part] == pooled, backprop, grad.dtype.type(0))
    return as_given(ctx, np.ascontiguousarray(window.without_margins(total, volumes.shape[1:-1])))


STRIDES = Attr("strides", "list(int)", minimum=RANK)
LAYOUT = Attr("data_format", "string", b"NDHWC", allowed=(b"NDHWC", b"NCDHW"))
POOL = (Attr("ksize", "list(int)", minimum=RANK), STRIDES, PADDING, LAYOUT)
CONV = (types("T", FLOATS), STRIDES, PADDING, LAYOUT, Attr("dilations", "list(int)", (1,) * RANK))
SHORT_FLOATS = dtypes("half bfloat16 float")

ROWS: tuple[Op, ...] = (
    Op("Conv3D", "input: T, filter: T -> output: T", CONV, conv_shape, conv),
    Op(
        "Conv3DBackpropInputV2",
        "input_sizes: Tshape, filter: T, out_backprop: T -> output: T",
        (*CONV, types("Tshape", INDEX, INT32)),
        told_shape(0, RANK),
        conv_input,
    ),
    Op(
        "Conv3DBackpropFilterV2",
        "input: T, filter_sizes: int32, out_backprop: T -> output: T",
        CONV,
        told_shape(1, RANK),
        conv_filter,
    ),
    Op("MaxPool3D", "input: T -> output: T", (*POOL, types("T", SHORT_FLOATS)), pool_shape, max_pool),
    Op(
        "MaxPool3DGrad",
        POOLED.replace("orig_input: T, orig_output: T", "orig_input: TInput, orig_output: TInput"),
        (*POOL, types("T", SHORT_FLOATS, FLOAT), types("TInput", SHORT_FLOATS, FLOAT)),
        lambda ctx: [with_rank(ctx.shape(0), RANK)],
        _max_pool_grad,
    ),
    Op("MaxPool3DGradGrad", POOLED, (*POOL, types("T", REAL_NUMBERS)), pool_shape, max_pool_grad_grad),
    Op("AvgPool3D", "input: T -> output: T", (*POOL, types("T", FLOATS)), pool_shape, avg_pool),
    Op(
        "AvgPool3DGrad",
        "orig_input_shape: int32, grad: T -> output: T",
        (*POOL, types("T", FLOATS)),
        told_shape(0, RANK),
        avg_pool_grad,
    ),
)
