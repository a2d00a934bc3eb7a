"""TensorFlow's checkpoint Saver and Reader for Jupyter, without TensorFlow.

In a notebook, ``%load_ext ckpt_magics`` brings the magics. From Python, every public name is an attribute of this
package; the module behind a name is imported when the name is first used, so that ``import ckpt_magics`` costs next
to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckpt_magics.errors import AbortedError as AbortedError
    from ckpt_magics.errors import CancelledError as CancelledError
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
    from ckpt_magics.errors import UnavailableError as UnavailableError
    from ckpt_magics.errors import UnimplementedError as UnimplementedError
    from ckpt_magics.errors import UnknownError as UnknownError
    from ckpt_magics.files.directory.state import checkpoint_exists as checkpoint_exists
    from ckpt_magics.files.directory.state import get_checkpoint_state as get_checkpoint_state
    from ckpt_magics.files.directory.state import latest_checkpoint as latest_checkpoint
    from ckpt_magics.files.jobs.converting import ConvertOptions as ConvertOptions
    from ckpt_magics.files.jobs.saving import SavedCheckpoint as SavedCheckpoint
    from ckpt_magics.files.jobs.zarr_references import zarr_references as zarr_references
    from ckpt_magics.files.restore.restore import restore_checkpoint as restore_checkpoint
    from ckpt_magics.files.storage.remote.storage_options import use_storage_options as use_storage_options
    from ckpt_magics.graphs.graph.graph import Graph as Graph
    from ckpt_magics.graphs.programs.standing_in import stand_in as stand_in
    from ckpt_magics.graphs.saver.array_saving import save_checkpoint as save_checkpoint
    from ckpt_magics.graphs.saver.meta_graphs import export_meta_graph as export_meta_graph
    from ckpt_magics.graphs.saver.meta_graphs import import_meta_graph as import_meta_graph
    from ckpt_magics.graphs.saver.saver import Saver as Saver
    from ckpt_magics.graphs.session import Session as Session
    from ckpt_magics.graphs.trackable.checkpoint import Checkpoint as Checkpoint
    from ckpt_magics.graphs.trackable.checkpoint_manager import CheckpointManager as CheckpointManager
    from ckpt_magics.graphs.trackable.checkpoint_options import CheckpointOptions as CheckpointOptions
    from ckpt_magics.graphs.variables.variable import Variable as Variable
    from ckpt_magics.notebook.frames.differences import compare_checkpoints as compare_checkpoints
    from ckpt_magics.notebook.frames.scalar_frame import read_scalars as read_scalars
    from ckpt_magics.notebook.listing import list_variables as list_variables
    from ckpt_magics.notebook.listing import load_variable as load_variable
    from ckpt_magics.notebook.magics import load_ipython_extension as load_ipython_extension
    from ckpt_magics.notebook.magics import unload_ipython_extension as unload_ipython_extension
    from ckpt_magics.notebook.magics.notebook_graph import load_graph as load_graph
    from ckpt_magics.notebook.reader import CheckpointReader as CheckpointReader
    from ckpt_magics.notebook.reader import load_checkpoint as load_checkpoint
    from ckpt_magics.notebook.reports.byte_report import describe_bytes as describe_bytes
    from ckpt_magics.notebook.reports.contents import describe_checkpoint as describe_checkpoint
    from ckpt_magics.notebook.reports.conversion_report import average_checkpoints as average_checkpoints
    from ckpt_magics.notebook.reports.conversion_report import convert_checkpoint as convert_checkpoint
    from ckpt_magics.notebook.reports.conversion_report import list_recipes as list_recipes
    from ckpt_magics.notebook.reports.directory_listing import list_checkpoints as list_checkpoints
    from ckpt_magics.notebook.reports.directory_listing import repair_state as repair_state
    from ckpt_magics.notebook.reports.frozen_report import freeze_graph as freeze_graph
    from ckpt_magics.notebook.reports.graph_contents import show_graph as show_graph
    from ckpt_magics.notebook.reports.verification_report import salvage_checkpoint as salvage_checkpoint
    from ckpt_magics.notebook.reports.verification_report import verify_checkpoint as verify_checkpoint
    from ckpt_magics.notebook.show import show_bytes as show_bytes
    from ckpt_magics.notebook.show import show_checkpoint as show_checkpoint

# Public name -> the module of this package that defines it. Type checkers read the imports above instead.
_HOMES = {
    "AbortedError": "errors",
    "CancelledError": "errors",
    "Checkpoint": "graphs.trackable.checkpoint",
    "CheckpointError": "errors",
    "CheckpointManager": "graphs.trackable.checkpoint_manager",
    "CheckpointNotFoundError": "errors",
    "CheckpointOptions": "graphs.trackable.checkpoint_options",
    "CheckpointReader": "notebook.reader",
    "ChecksumError": "errors",
    "ConvertOptions": "files.jobs.converting",
    "DataLossError": "errors",
    "FailedPreconditionError": "errors",
    "Graph": "graphs.graph.graph",
    "GraphFileError": "errors",
    "InternalError": "errors",
    "InvalidArgumentError": "errors",
    "NotFoundError": "errors",
    "OutOfRangeError": "errors",
    "PermissionDeniedError": "errors",
    "ResourceExhaustedError": "errors",
    "SavedCheckpoint": "files.jobs.saving",
    "Saver": "graphs.saver.saver",
    "Session": "graphs.session",
    "TargetRefusedError": "errors",
    "TensorMismatchError": "errors",
    "TensorNotFoundError": "errors",
    "TruncatedError": "errors",
    "UnavailableError": "errors",
    "UnimplementedError": "errors",
    "UnknownError": "errors",
    "Variable": "graphs.variables.variable",
    "average_checkpoints": "notebook.reports.conversion_report",
    "checkpoint_exists": "files.directory.state",
    "compare_checkpoints": "notebook.frames.differences",
    "convert_checkpoint": "notebook.reports.conversion_report",
    "describe_bytes": "notebook.reports.byte_report",
    "describe_checkpoint": "notebook.reports.contents",
    "export_meta_graph": "graphs.saver.meta_graphs",
    "freeze_graph": "notebook.reports.frozen_report",
    "get_checkpoint_state": "files.directory.state",
    "import_meta_graph": "graphs.saver.meta_graphs",
    "latest_checkpoint": "files.directory.state",
    "list_checkpoints": "notebook.reports.directory_listing",
    "list_recipes": "notebook.reports.conversion_report",
    "list_variables": "notebook.listing",
    "load_checkpoint": "notebook.reader",
    "load_graph": "notebook.magics.notebook_graph",
    "load_ipython_extension": "notebook.magics",
    "load_variable": "notebook.listing",
    "read_scalars": "notebook.frames.scalar_frame",
    "repair_state": "notebook.reports.directory_listing",
    "restore_checkpoint": "files.restore.restore",
    "salvage_checkpoint": "notebook.reports.verification_report",
    "save_checkpoint": "graphs.saver.array_saving",
    "show_bytes": "notebook.show",
    "show_checkpoint": "notebook.show",
    "show_graph": "notebook.reports.graph_contents",
    "stand_in": "graphs.programs.standing_in",
    "unload_ipython_extension": "notebook.magics",
    "use_storage_options": "files.storage.remote.storage_options",
    "verify_checkpoint": "notebook.reports.verification_report",
    "zarr_references": "files.jobs.zarr_references",
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
