"""Decoders that are written out step by step, and the loss of sequences.

Format: tensorflow/contrib/legacy_seq2seq/python/ops/seq2seq.py of TensorFlow 1.15.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.layers.recurrence import Cell, static_rnn
from ckpt_magics.graphs.layers.recurrent_cell import Scope, State
from ckpt_magics.graphs.nodes.arrays import reshape, shape
from ckpt_magics.graphs.nodes.build import name_scope
from ckpt_magics.graphs.nodes.cross_entropies import sparse_softmax_cross_entropy_with_logits
from ckpt_magics.graphs.nodes.mathematics import add_n, cast
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.variables.variable_scope import get_variable_scope, variable_scope

__all__ = ["basic_rnn_seq2seq", "rnn_decoder", "sequence_loss", "sequence_loss_by_example", "tied_rnn_seq2seq"]

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments

Decoded = tuple[list[Tensor], State]
"""The outputs of each step, and the state after the last one."""

Loss = Callable[..., Tensor]


def rnn_decoder(
    decoder_inputs: Sequence[Any],
    initial_state: State,
    cell: Cell,
    loop_function: Callable[[Tensor, int], Any] | None = None,
    scope: Scope = None,
) -> Decoded:
    """Add a step of a cell for each input.

    Args:
        decoder_inputs: One for each step, shape [batch, size].
        initial_state: Before the first step.
        cell: The cell.
        loop_function: Makes the input of a step from the output of the one before, and the step's number; the given
            inputs then count for the first step only.
        scope: Scope of the cell's variables.
    """
    outputs: list[Tensor] = []
    state = initial_state
    with variable_scope(scope or "rnn_decoder"):
        for step, given in enumerate(decoder_inputs):
            inputs = given
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    inputs = loop_function(outputs[-1], step)
            if step:
                get_variable_scope().reuse_variables()
            result, state = cell(inputs, state)
            outputs.append(result)
    return outputs, state


def basic_rnn_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    cell: Cell,
    dtype: object = FLOAT,
    scope: Scope = None,
) -> Decoded:
    """Add a net that reads one sequence, and from where that has brought it begins the other one."""
    with variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    cell: Cell,
    loop_function: Callable[[Tensor, int], Any] | None = None,
    dtype: object = FLOAT,
    scope: Scope = None,
) -> Decoded:
    """Do as `basic_rnn_seq2seq`, with the same variables for both sequences."""
    with variable_scope("combined_tied_rnn_seq2seq"):
        own = scope or "tied_rnn_seq2seq"
        _, state = static_rnn(cell, encoder_inputs, dtype=dtype, scope=own)
        get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function, own)


def sequence_loss_by_example(
    logits: Sequence[Tensor],
    targets: Sequence[Tensor],
    weights: Sequence[Tensor],
    average_across_timesteps: bool = True,
    softmax_loss_function: Loss | None = None,
    name: str | None = None,
) -> Tensor:
    """Add the weighted cross-entropy of each sequence of a batch.

    Args:
        logits: One for each step, shape [batch, classes].
        targets: Classes, one int tensor for each step, shape [batch].
        weights: How much each counts, one float tensor for each step, shape [batch].
        average_across_timesteps: Divide by the sum of the weights.
        softmax_loss_function: Called with ``labels`` and ``logits``, in place of the cross-entropy.
        name: Name of the scope.

    Raises:
        ValueError: The lists are not of one length.
    """
    if not len(targets) == len(logits) == len(weights):
        raise ValueError(
            f"Lengths of logits, weights, and targets must be the same {len(logits)}, {len(weights)}, {len(targets)}."
        )
    with name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        steps = zip(logits, targets, weights, strict=True)
        total = add_n([_entropy(softmax_loss_function, *step) * step[2] for step in steps])
        if not average_across_timesteps:
            return total
        return total / (add_n(weights) + 1e-12)


def _entropy(loss: Loss | None, logit: Tensor, target: Tensor, _: Tensor) -> Tensor:
    if loss is not None:
        return loss(labels=target, logits=logit)
    return sparse_softmax_cross_entropy_with_logits(labels=reshape(target, [-1]), logits=logit)


def sequence_loss(
    logits: Sequence[Tensor],
    targets: Sequence[Tensor],
    weights: Sequence[Tensor],
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Loss | None = None,
    name: str | None = None,
) -> Tensor:
    """Add the cross-entropy of a batch of sequences as one number; see `sequence_loss_by_example`."""
    with name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        cost = reduce_sum(
            sequence_loss_by_example(logits, targets, weights, average_across_timesteps, softmax_loss_function)
        )
        return cost / cast(shape(targets[0])[0], cost.dtype) if average_across_batch else cost
