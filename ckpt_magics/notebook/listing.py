"""The two one-call functions: list a checkpoint, load one variable."""

from __future__ import annotations

from ckpt_magics.notebook.reader import CheckpointPath, TensorValue, load_checkpoint


def list_variables(ckpt_dir_or_file: CheckpointPath) -> list[tuple[str, list[int]]]:
    """Return (name, shape) of every variable of a checkpoint, sorted by name.

    Args:
        ckpt_dir_or_file: Whatever :func:`load_checkpoint` takes.

    Raises:
        CheckpointNotFoundError: There is no checkpoint.
        DataLossError: It is something else, or damaged.
    """
    with load_checkpoint(ckpt_dir_or_file) as reader:
        return sorted(reader.get_variable_to_shape_map().items())


def load_variable(ckpt_dir_or_file: CheckpointPath, name: str) -> TensorValue:
    """Return the value of one variable of a checkpoint.

    Args:
        ckpt_dir_or_file: Whatever :func:`load_checkpoint` takes.
        name: Of the variable; ``:0`` at its end, as tensors of a graph have it, is taken off.

    Raises:
        TensorNotFoundError: The checkpoint has no variable of that name.
        DataLossError: The value is damaged.
    """
    with load_checkpoint(ckpt_dir_or_file) as reader:
        return reader.get_tensor(name.removesuffix(":0"))
