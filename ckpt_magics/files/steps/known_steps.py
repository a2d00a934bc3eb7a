"""The steps that there are. To add one is to add a row."""

from __future__ import annotations

from ckpt_magics.files.steps.choosing_steps import AVERAGES, EXCLUDE, INCLUDE, PREFER, WEIGHTS_ONLY
from ckpt_magics.files.steps.joining_steps import JOIN, SPLIT
from ckpt_magics.files.steps.layers_step import KERAS_2_OBJECTS, KERAS_3_OBJECTS, LAYERS, LEGACY_LAYERS
from ckpt_magics.files.steps.layout_step import LAYOUT
from ckpt_magics.files.steps.naming_steps import COPY, MAP, NUMBER_SHIFT, NUMBER_WIDTH, REPLACE, REROOT, SORT
from ckpt_magics.files.steps.shaping_steps import DROP_AXIS, ROWS, SHAPE, SQUEEZE, SWAP_BLOCKS, TRANSPOSE
from ckpt_magics.files.steps.value_steps import ADD, DTYPE, FILL, SET

__all__ = ["STEP_KINDS"]

STEP_KINDS = {
    kind.word: kind
    for kind in (
        INCLUDE,
        EXCLUDE,
        WEIGHTS_ONLY,
        MAP,
        REPLACE,
        REROOT,
        NUMBER_WIDTH,
        NUMBER_SHIFT,
        SORT,
        AVERAGES,
        PREFER,
        TRANSPOSE,
        LAYOUT,
        DTYPE,
        SHAPE,
        DROP_AXIS,
        SQUEEZE,
        ROWS,
        SPLIT,
        JOIN,
        SWAP_BLOCKS,
        SET,
        FILL,
        ADD,
        COPY,
        LAYERS,
        LEGACY_LAYERS,
        KERAS_2_OBJECTS,
        KERAS_3_OBJECTS,
    )
}
"""All steps by their words, in the order in which the help lists them."""
