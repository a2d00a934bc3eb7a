"""Files that come with a graph: which nodes name them, and their copies inside the SavedModel.

Format: tensorflow/python/saved_model/builder_impl.py.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ckpt_magics.errors import CheckpointNotFoundError, visible
from ckpt_magics.files.storage.place import Place, place_of
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.static_values import get_static_value
from ckpt_magics.graphs.saved_models.model_layout import ASSETS_DIRECTORY, ASSETS_KEY
from ckpt_magics.proto.messages import Any, AssetFileDef, TensorInfo

__all__ = ["add_assets"]


def add_assets(export_dir: Place, assets: Sequence[Tensor] | None) -> None:
    """Copy the files that constants name into a SavedModel, and list them in the graph's collection of assets.

    Args:
        export_dir: The SavedModel.
        assets: Constants that hold one path each.

    Raises:
        ValueError: A tensor is no constant with a path.
        CheckpointError: A file cannot be read or written.
    """
    copies: dict[str, bytes] = {}
    for tensor in assets or ():
        contents = _contents(place_of(_path(tensor)))
        filename = _free_name(os.path.basename(_path(tensor)), contents, copies)
        copies[filename] = contents
        listed = AssetFileDef(filename=filename, tensor_info=TensorInfo(name=tensor.name))
        get_default_graph().add_to_collection(ASSETS_KEY, _packed(listed))
    for filename, contents in copies.items():
        place = export_dir / ASSETS_DIRECTORY / filename
        place.store.make_directory(place.directory.name, parents=True)
        place.put(contents)


def _path(tensor: object) -> str:
    value = get_static_value(tensor) if isinstance(tensor, Tensor) and tensor.op.type == "Const" else None
    path = value.item() if value is not None and value.size == 1 and value.dtype == object else None
    if not path:
        raise ValueError(f"Invalid asset filepath tensor {tensor}: a constant with one path is wanted")
    return os.fsdecode(path)


def _contents(place: Place) -> bytes:
    if not place.is_file:
        raise CheckpointNotFoundError(f"the asset {visible(place.name)} does not exist")
    with place.open() as file:
        return file.read_at(0, file.size, "asset")


def _free_name(filename: str, contents: bytes, copies: dict[str, bytes]) -> str:
    """Return a name for a copy; files that are equal share one."""
    name, number = filename, 1
    while copies.get(name, contents) != contents:
        name, number = f"{filename}_{number}", number + 1
    return name


def _packed(asset: AssetFileDef) -> Any:
    return Any(type_url="type.googleapis.com/tensorflow.AssetFileDef", value=asset.SerializeToString())
