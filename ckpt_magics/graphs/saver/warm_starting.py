"""First values of variables from an older model's checkpoint, also where the vocabulary has changed: ``warm_start``.

Format: tensorflow/python/training/warm_starting_util.py, checkpoint_ops.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.storage.place import AnyPath, name_of
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import concat
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.state.vocabularies import remap_vocabulary
from ckpt_magics.graphs.saver.from_checkpoint import initialize_from, variables_by_whole
from ckpt_magics.graphs.variables.initializers import Initializer, Zeros
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["VocabInfo", "warm_start"]


@dataclass(frozen=True)
class VocabInfo:
    """How the rows or columns of a matrix of weights follow from a list of words.

    Attributes:
        new_vocab: File of the new words, one per line.
        new_vocab_size: How many of them the variable has.
        num_oov_buckets: Rows or columns behind these, for words that are in no list.
        old_vocab: File of the words of the checkpoint.
        old_vocab_size: How many of them the checkpoint has; -1 for all of the file.
        backup_initializer: Makes the values of what the checkpoint does not have; zeros by default.
        axis: Of the words: 0 for rows, as of embeddings, 1 for columns, as of an output layer.

    Raises:
        InvalidArgumentError: Another axis is given.
    """

    new_vocab: AnyPath
    new_vocab_size: int
    num_oov_buckets: int
    old_vocab: AnyPath
    old_vocab_size: int = -1
    backup_initializer: Initializer | None = None
    axis: int = 0

    def __post_init__(self) -> None:
        if self.axis not in {0, 1}:
            raise InvalidArgumentError(
                f"The only supported values for the axis argument are 0 and 1.  Provided axis: {self.axis}"
            )


def warm_start(
    ckpt_to_initialize_from: AnyPath,
    vars_to_warm_start: str | Sequence[str] | Sequence[Variable] | None = ".*",
    var_name_to_vocab_info: Mapping[str, VocabInfo] | None = None,
    var_name_to_prev_var_name: Mapping[str, str] | None = None,
) -> None:
    """Let variables take their first values from the checkpoint of another model, when their initializers run.

    Args:
        ckpt_to_initialize_from: The checkpoint, or the directory whose latest one is meant.
        vars_to_warm_start: A regular expression of trainable variables' names, None for all of these; several of names
            of any variables; or variables.
        var_name_to_vocab_info: By the name of a variable, what its rows or columns stand for, before and now.
        var_name_to_prev_var_name: By the name of a variable, that of its tensor in the checkpoint where it differs.

    Raises:
        InvalidArgumentError: The checkpoint lacks a tensor, a vocabulary does not fit its variable, or a name in a map
            is that of no variable that is warm-started.
        TensorMismatchError: A tensor has another shape than its variable.
    """
    vocabularies, former_names = dict(var_name_to_vocab_info or {}), dict(var_name_to_prev_var_name or {})
    variables = variables_by_whole(_chosen(vars_to_warm_start))
    _check_used("var_name_to_prev_var_name", former_names, variables)
    _check_used("var_name_to_vocab_info", vocabularies, variables)
    with open_tensors(ckpt_to_initialize_from) as tensors:
        for name, parts in variables.items():
            former = former_names.get(name, name)
            if name not in vocabularies:
                initialize_from(tensors, former, parts)
                continue
            vocabulary = _Vocabulary(vocabularies[name], parts)
            for part in parts:
                vocabulary.initialize(part, tensors.origin, former)


def _chosen(wanted: str | Sequence[str] | Sequence[Variable] | None) -> list[Variable]:
    graph = get_default_graph()
    if wanted is None or isinstance(wanted, str):
        return graph.get_collection(GraphKeys.TRAINABLE_VARIABLES, wanted)
    if not isinstance(wanted, (list, tuple)):
        raise InvalidArgumentError(f"`vars_to_warm_start must be a `list` or `str`.  Given type is {type(wanted)}")
    if all(isinstance(one, str) for one in wanted):
        return [one for scope in wanted for one in graph.get_collection(GraphKeys.GLOBAL_VARIABLES, str(scope))]
    if not all(isinstance(one, Variable) for one in wanted):
        raise InvalidArgumentError(
            "If `vars_to_warm_start` is a list, it must be all `Variable` or all `str`.  Given types are "
            f"{[type(one) for one in wanted]}"
        )
    return list(wanted)


def _check_used(argument: str, names: Iterable[str], variables: Iterable[str]) -> None:
    unused = sorted(set(names) - set(variables))
    if unused:
        raise InvalidArgumentError(
            f"You provided the following variables in {argument} that were not used: {visible(str(unused))}.  Perhaps "
            f"you misspelled them?  Here is the list of viable variable names: {visible(str(sorted(variables)))}"
        )


class _Vocabulary:
    """One variable, whole or in parts along its rows, whose rows or columns are words."""

    def __init__(self, info: VocabInfo, parts: Sequence[Variable]) -> None:
        self._info = info
        self._initializer = info.backup_initializer or Zeros()
        for part in parts:
            _check_matrix(part)
        rows = sum(_sizes(part)[0] for part in parts)
        self._words = (rows, _sizes(parts[0])[1])[info.axis] - info.num_oov_buckets
        if self._words != info.new_vocab_size:
            raise InvalidArgumentError(
                f"{parts[0].name} has {self._words + info.num_oov_buckets} {'columns' if info.axis else 'rows'}, and "
                f"new_vocab_size ({info.new_vocab_size}) + num_oov_buckets ({info.num_oov_buckets}) is another number"
            )

    def initialize(self, part: Variable, prefix: str, name: str) -> None:
        """Give a part its values from a tensor of a checkpoint, and others where that has none."""
        graph, info = part.graph, part.save_slice_info
        first_row = 0 if info is None else info.var_offset[0]
        with graph.as_default(), graph.init_scope(), graph.device(part.device), graph.device("/cpu:0"):
            value = self._value(prefix, name, first_row, *_sizes(part))
            value.set_shape(part.shape)
            assigned = part.assign(value)
        part.set_initializer(assigned.op, value)

    def _value(self, prefix: str, name: str, first_row: int, num_rows: int, num_cols: int) -> Tensor:
        """Return the rows from one on: those of words from the checkpoint, behind them or beside them the others."""
        nothing = np.empty(0, np.int64)
        if self._info.axis:
            rows, columns = np.arange(first_row, first_row + num_rows), self._places(0, self._words)
        else:
            count = max(0, min(num_rows, self._words - first_row))
            rows, columns = self._places(first_row, count) if count else nothing, nothing
        width = columns.size or num_cols
        value = self._loaded(prefix, name, rows, columns, width)
        more_rows, more_columns = num_rows - rows.size, num_cols - width
        if more_rows:
            value = concat([value, self._others(more_rows, width)], 0)
        return concat([value, self._others(num_rows, more_columns)], 1) if more_columns else value

    def _places(self, offset: int, count: int) -> Array:
        info = self._info
        return remap_vocabulary(name_of(info.new_vocab), name_of(info.old_vocab), offset, count, info.old_vocab_size)

    def _loaded(self, prefix: str, name: str, rows: Array, columns: Array, width: int) -> Tensor:
        present = np.count_nonzero(rows >= 0) * (np.count_nonzero(columns >= 0) if columns.size else width)
        first = self._others(rows.size * width - present, 1)
        maps = constant(rows, np.int64), constant(columns, np.int64)
        value: Tensor = apply("LoadAndRemapMatrix", prefix, name, *maps, first, num_rows=rows.size, num_cols=width)
        return value

    def _others(self, *shape: int) -> Tensor:
        return convert_to_tensor(self._initializer(shape), FLOAT)


def _sizes(part: Variable) -> tuple[int, int]:
    rows, columns = (size or 0 for size in part.shape.as_list())
    return rows, columns


def _check_matrix(part: Variable) -> None:
    if part.shape.ndims != 2 or not part.shape.is_fully_defined() or part.dtype.base_dtype != FLOAT:
        raise InvalidArgumentError(
            f"{part.name} is {part.dtype.base_dtype.name} {part.shape}, and a vocabulary orders the rows or columns of "
            "a matrix of float32"
        )
    info = part.save_slice_info
    if info is not None and info.full_shape[1] != part.shape[1]:
        raise InvalidArgumentError(f"{part.name} is a part along the columns, and parts along the rows are wanted")
