"""Print what a checkpoint holds, as TensorFlow's tool of the same name does.

Format: tensorflow/python/tools/inspect_checkpoint.py.
"""

from __future__ import annotations

import math
import re

from ckpt_magics.errors import CheckpointError, visible
from ckpt_magics.files.storage.place import AnyPath, name_of
from ckpt_magics.notebook.reader import CheckpointReader
from ckpt_magics.notebook.train_readers import new_checkpoint_reader

__all__ = ["print_tensors_in_checkpoint_file"]


def print_tensors_in_checkpoint_file(
    file_name: AnyPath,
    tensor_name: str | None,
    all_tensors: bool,
    all_tensor_names: bool = False,
    count_exclude_pattern: str = "",
) -> None:
    """Print tensors of a checkpoint and the number of their elements; what is wrong is printed, not raised.

    Args:
        file_name: The prefix.
        tensor_name: A tensor to print; without it, and without the next two, a line for each tensor is printed.
        all_tensors: Print all tensors.
        all_tensor_names: Print name, dtype and shape of all tensors.
        count_exclude_pattern: A regular expression; tensors whose names it finds do not count.
    """
    try:
        with new_checkpoint_reader(name_of(file_name)) as reader:
            _print_tensors(reader, tensor_name, all_tensors=all_tensors, names=all_tensor_names)
            if tensor_name and not (all_tensors or all_tensor_names) and tensor_name not in reader:
                return
            _print_count(reader, count_exclude_pattern)
    except CheckpointError as error:
        print(error)  # noqa: T201 - as all of this module


def _print_tensors(reader: CheckpointReader, tensor_name: str | None, *, all_tensors: bool, names: bool) -> None:
    if all_tensors or names:
        for name in sorted(reader):
            _print_tensor(reader, name, with_value=all_tensors)
    elif not tensor_name:
        lines = reader.debug_string().decode("utf-8", "backslashreplace").split("\n")
        print("\n".join(map(visible, lines)))  # noqa: T201
    elif tensor_name in reader:
        _print_tensor(reader, tensor_name, with_value=True)
    else:
        print(f"Tensor {visible(tensor_name)} not found in checkpoint")  # noqa: T201


def _print_tensor(reader: CheckpointReader, name: str, *, with_value: bool) -> None:
    entry = reader.entry(name)
    print(f"tensor: {visible(name)} ({entry.dtype.name}) {list(entry.shape)}")  # noqa: T201
    if with_value:
        print(reader.get_tensor(name))  # noqa: T201


def _print_count(reader: CheckpointReader, exclude: str) -> None:
    sizes = {name: math.prod(shape) for name, shape in reader.get_variable_to_shape_map().items()}
    left_out = [name for name in sizes if exclude and re.search(exclude, name)]
    if left_out:
        count = sum(sizes.pop(name) for name in left_out)
        print(f"# Excluding {len(left_out)} tensors ({count} params) that match {exclude} when counting.")  # noqa: T201
    print(f"# Total number of params: {sum(sizes.values())}")  # noqa: T201
