"""HDF5 as a kind of file: read, whatever wrote it, such as Keras."""

from __future__ import annotations

from ckpt_magics.files.kinds.byte_map import ByteRange, map_file
from ckpt_magics.files.kinds.hdf5_file import dataset_places, is_hdf5, open_hdf5
from ckpt_magics.files.kinds.kind import Kind

__all__ = ["HDF5"]


def _byte_map(path: str) -> list[ByteRange]:
    size, places = dataset_places(path)
    return list(map_file(path, size, places, "HDF5 structure"))


HDF5 = Kind(name="hdf5", recognise=is_hdf5, open=open_hdf5, byte_map=_byte_map)
