"""Open a checkpoint as a view."""

from __future__ import annotations

from ckpt_magics.errors import CheckpointNotFoundError, visible
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.notebook.reader import opened_on_demand
from ckpt_magics.notebook.reports.byte_report import describe_bytes
from ckpt_magics.notebook.widgets.bytes.bytes_view import BytesView
from ckpt_magics.notebook.widgets.linked_view import LinkedView, linked_view
from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView

__all__ = ["show_bytes", "show_checkpoint", "with_graph"]


def show_checkpoint(source: AnyPath, *, graph: bool = False) -> VariablesView | LinkedView:
    """Return a view of a checkpoint's variables, to be displayed.

    Args:
        source: A prefix, any file of the checkpoint, or a directory, whose latest checkpoint it is.
        graph: Show the graph that was saved beside it too: a row leads to its node, and a node to its row.

    Raises:
        CheckpointNotFoundError: There is no checkpoint, or no graph beside it.
        DataLossError: It is something else, or damaged.
    """
    table = VariablesView(opened_on_demand(source))
    return with_graph(table) if graph else table


def with_graph(table: VariablesView) -> LinkedView:
    """Return a table below the graph that was saved beside its checkpoint.

    Raises:
        CheckpointNotFoundError: There is no graph beside it.
        DataLossError: The file beside it holds no graph.
    """
    view = linked_view(table)
    if view is None:
        prefix = visible(table.source.named_tensors.origin)
        raise CheckpointNotFoundError(
            f"no meta graph ({prefix}.meta) is beside this checkpoint",
            hint=f"%graph {prefix} draws the scopes of its variables",
        )
    return view


def show_bytes(source: AnyPath, *, tensor: str | None = None) -> BytesView:
    """Return a view of what each byte of the files of a checkpoint is, to be displayed.

    Args:
        source: A prefix, any file of the checkpoint, a directory, or a file of another kind.
        tensor: The tensor whose bytes to look at first.

    Raises:
        CheckpointNotFoundError: There is no checkpoint.
        TensorNotFoundError: No bytes are those of the tensor.
    """
    return BytesView(describe_bytes(source, tensor=tensor))
