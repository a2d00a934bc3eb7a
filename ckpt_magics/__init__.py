"""TensorFlow's checkpoint Saver and Reader for Jupyter, without TensorFlow.

In a notebook, ``%load_ext ckpt_magics`` brings the magics. From Python, every public name is an attribute of this
package; the module behind a name is imported when the name is first used, so that ``import ckpt_magics`` costs next
to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckpt_magics.checkpoint.listing import list_variables as list_variables
    from ckpt_magics.checkpoint.listing import load_variable as load_variable
    from ckpt_magics.checkpoint.reader import CheckpointReader as CheckpointReader
    from ckpt_magics.checkpoint.reader import load_checkpoint as load_checkpoint
    from ckpt_magics.checkpoint.saving import SavedCheckpoint as SavedCheckpoint
    from ckpt_magics.checkpoint.state import checkpoint_exists as checkpoint_exists
    from ckpt_magics.checkpoint.state import get_checkpoint_state as get_checkpoint_state
    from ckpt_magics.checkpoint.state import latest_checkpoint as latest_checkpoint
    from ckpt_magics.errors import AbortedError as AbortedError
    from ckpt_magics.errors import CheckpointError as CheckpointError
    from ckpt_magics.errors import CheckpointNotFoundError as CheckpointNotFoundError
    from ckpt_magics.errors import ChecksumError as ChecksumError
    from ckpt_magics.errors import DataLossError as DataLossError
    from ckpt_magics.errors import FailedPreconditionError as FailedPreconditionError
    from ckpt_magics.errors import GraphFileError as GraphFileError
    from ckpt_magics.errors import InternalError as InternalError
    from ckpt_magics.errors import InvalidArgumentError as InvalidArgumentError
    from ckpt_magics.errors import NotFoundError as NotFoundError
    from ckpt_magics.errors import OutOfRangeError as OutOfRangeError
    from ckpt_magics.errors import PermissionDeniedError as PermissionDeniedError
    from ckpt_magics.errors import ResourceExhaustedError as ResourceExhaustedError
    from ckpt_magics.errors import TargetRefusedError as TargetRefusedError
    from ckpt_magics.errors import TensorMismatchError as TensorMismatchError
    from ckpt_magics.errors import TensorNotFoundError as TensorNotFoundError
    from ckpt_magics.errors import TruncatedError as TruncatedError
    from ckpt_magics.errors import UnimplementedError as UnimplementedError
    from ckpt_magics.frames.differences import compare_checkpoints as compare_checkpoints
    from ckpt_magics.graph.graph import Graph as Graph
    from ckpt_magics.graph.variable import Variable as Variable
    from ckpt_magics.magics import load_ipython_extension as load_ipython_extension
    from ckpt_magics.magics import unload_ipython_extension as unload_ipython_extension
    from ckpt_magics.render.contents import describe_checkpoint as describe_checkpoint
    from ckpt_magics.render.graph_contents import show_graph as show_graph
    from ckpt_magics.saver.arrays import save_checkpoint as save_checkpoint
    from ckpt_magics.saver.directory_listing import list_checkpoints as list_checkpoints
    from ckpt_magics.saver.directory_listing import repair_state as repair_state
    from ckpt_magics.saver.meta_graphs import export_meta_graph as export_meta_graph
    from ckpt_magics.saver.meta_graphs import import_meta_graph as import_meta_graph
    from ckpt_magics.saver.restore import restore_checkpoint as restore_checkpoint
    from ckpt_magics.saver.saver import Saver as Saver
    from ckpt_magics.saver.verification import salvage_checkpoint as salvage_checkpoint
    from ckpt_magics.saver.verification import verify_checkpoint as verify_checkpoint
    from ckpt_magics.session import Session as Session
    from ckpt_magics.widgets.show import show_checkpoint as show_checkpoint

# Public name -> the module of this package that defines it. Type checkers read the imports above instead.
_HOMES = {
    "AbortedError": "errors",
    "CheckpointError": "errors",
    "CheckpointNotFoundError": "errors",
    "CheckpointReader": "checkpoint.reader",
    "ChecksumError": "errors",
    "DataLossError": "errors",
    "FailedPreconditionError": "errors",
    "Graph": "graph.graph",
    "GraphFileError": "errors",
    "InternalError": "errors",
    "InvalidArgumentError": "errors",
    "NotFoundError": "errors",
    "OutOfRangeError": "errors",
    "PermissionDeniedError": "errors",
    "ResourceExhaustedError": "errors",
    "SavedCheckpoint": "checkpoint.saving",
    "Saver": "saver.saver",
    "Session": "session",
    "TargetRefusedError": "errors",
    "TensorMismatchError": "errors",
    "TensorNotFoundError": "errors",
    "TruncatedError": "errors",
    "UnimplementedError": "errors",
    "Variable": "graph.variable",
    "checkpoint_exists": "checkpoint.state",
    "compare_checkpoints": "frames.differences",
    "describe_checkpoint": "render.contents",
    "export_meta_graph": "saver.meta_graphs",
    "get_checkpoint_state": "checkpoint.state",
    "import_meta_graph": "saver.meta_graphs",
    "latest_checkpoint": "checkpoint.state",
    "list_checkpoints": "saver.directory_listing",
    "list_variables": "checkpoint.listing",
    "load_checkpoint": "checkpoint.reader",
    "load_ipython_extension": "magics",
    "load_variable": "checkpoint.listing",
    "repair_state": "saver.directory_listing",
    "restore_checkpoint": "saver.restore",
    "salvage_checkpoint": "saver.verification",
    "save_checkpoint": "saver.arrays",
    "show_checkpoint": "widgets.show",
    "show_graph": "render.graph_contents",
    "unload_ipython_extension": "magics",
    "verify_checkpoint": "saver.verification",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(globals().keys() | _HOMES.keys())
