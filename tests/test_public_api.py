"""The names that users may rely on."""

import ast
from pathlib import Path

import pytest

import ckpt_magics
from ckpt_magics import errors

PUBLIC_NAMES = [
    "AbortedError",
    "CancelledError",
    "Checkpoint",
    "CheckpointError",
    "CheckpointManager",
    "CheckpointNotFoundError",
    "CheckpointOptions",
    "CheckpointReader",
    "ChecksumError",
    "ConvertOptions",
    "DataLossError",
    "FailedPreconditionError",
    "Graph",
    "GraphFileError",
    "InternalError",
    "InvalidArgumentError",
    "NotFoundError",
    "OutOfRangeError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "SavedCheckpoint",
    "Saver",
    "Session",
    "TargetRefusedError",
    "TensorMismatchError",
    "TensorNotFoundError",
    "TruncatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnknownError",
    "Variable",
    "average_checkpoints",
    "checkpoint_exists",
    "compare_checkpoints",
    "convert_checkpoint",
    "describe_bytes",
    "describe_checkpoint",
    "export_meta_graph",
    "freeze_graph",
    "get_checkpoint_state",
    "import_meta_graph",
    "latest_checkpoint",
    "list_checkpoints",
    "list_recipes",
    "list_variables",
    "load_checkpoint",
    "load_graph",
    "load_ipython_extension",
    "load_variable",
    "read_scalars",
    "repair_state",
    "restore_checkpoint",
    "salvage_checkpoint",
    "save_checkpoint",
    "show_bytes",
    "show_checkpoint",
    "show_graph",
    "stand_in",
    "unload_ipython_extension",
    "use_storage_options",
    "verify_checkpoint",
    "zarr_references",
]


def test_public_names_are_these():
    assert ckpt_magics.__all__ == sorted(PUBLIC_NAMES)


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_public_name_is_documented(name):
    assert getattr(ckpt_magics, name).__doc__


def test_every_error_is_public():
    assert {name for name in errors.__all__ if name.endswith("Error")} <= set(PUBLIC_NAMES)


def test_public_names_are_listed_by_dir():
    assert set(PUBLIC_NAMES) <= set(dir(ckpt_magics))


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'load_chekpoint'"):
        ckpt_magics.load_chekpoint  # noqa: B018


def test_type_checkers_see_the_same_names():
    """The imports for type checkers and the table of lazy names say the same."""
    tree = ast.parse(Path(ckpt_magics.__file__).read_text("utf-8"))
    seen = {
        alias.name: node.module.removeprefix("ckpt_magics.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("ckpt_magics.")
        for alias in node.names
    }
    assert seen == ckpt_magics._HOMES
