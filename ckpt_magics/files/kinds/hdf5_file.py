"""HDF5 files: the datasets of numbers and text, called by their paths, read through h5py.

Nothing but the file itself is ever read: links to other places are not followed, and a dataset whose values lie in
another file is refused, as is one that only a plugin could unpack. HDF5 opens no file at all here; it asks for bytes by
their place. What a dataset's header promises is compared with what is stored before anything is allocated.

bfloat16 and other types that NumPy has not by itself are opaque bytes with an attribute ``dtype``, as Keras writes
them.

HDF5 itself is a library in C, which some damaged bytes keep busy or bring down. What was found to do so is avoided.

Format: HDF5 File Format Specification 3.0; keras/src/saving/saving_lib.py (H5Entry) of Keras 3.15 for bfloat16.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice, takewhile
from typing import Any, NamedTuple

import numpy as np

from ckpt_magics.errors import CheckpointError, DataLossError, FailedPreconditionError, UnimplementedError, visible
from ckpt_magics.files.formats.dtypes import STRING, DType, as_dtype, dtype_of
from ckpt_magics.files.formats.pieces import Box, cut_shape, elements_of, region_shape
from ckpt_magics.files.formats.tensor_data import empty_array
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.flat_file import FlatFile
from ckpt_magics.files.storage.file_streams import FileStream
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.source import Array, TensorSpec
from ckpt_magics.files.tensors.spec import native
from ckpt_magics.files.tensors.text_values import encoded

__all__ = [
    "DTYPE_ATTRIBUTE",
    "LAYERS",
    "MAX_DEPTH",
    "MAX_ENTRIES",
    "OF_NO_LAYER",
    "WEIGHTS_OF_LAYER",
    "dataset_places",
    "hdf5_library",
    "is_hdf5",
    "open_hdf5",
]

LAYERS, WEIGHTS_OF_LAYER = "layer_names", "weight_names"
"""The attributes in which Keras lists layers, and the weights of a layer, in order."""

OF_NO_LAYER = b"top_level_model_weights"
"""The group of what a model has itself, which is listed among no layers."""

_MOST_LISTED = 1_000_000
"""Weights that are looked up in such lists: groups may be one and the same under many names."""

_WHOLE_MODEL = b"model_weights"
"""The group that the layers are in where a whole model was saved."""

DTYPE_ATTRIBUTE = "dtype"
"""The attribute with the name of a type that HDF5 has not, on a dataset of its bytes."""

_MAGIC = b"\x89HDF\r\n\x1a\n"
_MAGIC_PLACES = (0, 512, 1024, 2048)

MAX_DEPTH = 100
"""Groups inside groups."""

MAX_ENTRIES = 10_000
"""What lies in one group: HDF5 finds the last of so many by counting from the first."""

_MOST_PACKED = 1032
"""Bytes that deflate makes of one at most."""
_UNPACKED = 1 << 20
"""Bytes that a dataset may have that was never filled: HDF5 stores nothing of it."""

_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})
"""deflate, shuffle, fletcher32, szip, nbit, scaleoffset, lzf: those that h5py has by itself."""

_RAISED = (OSError, ValueError, KeyError, IndexError, RuntimeError, TypeError, AttributeError, ArithmeticError)
"""What h5py raises about bytes that are no such file."""


def hdf5_library() -> Any:  # noqa: ANN401 - h5py has no types
    """Return h5py.

    Raises:
        FailedPreconditionError: It is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise FailedPreconditionError(
            "HDF5 files need h5py, which is not installed", hint="pip install 'ckpt_magics[hdf5]'"
        ) from error
    return h5py


class _Hdf5Stream(FileStream):
    """A file as the stream that HDF5 asks for, all of each part or none. It keeps what went wrong, which HDF5 loses."""

    def __init__(self, file: StoredFile) -> None:
        super().__init__(file)
        self.failure: BaseException | None = None

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        view = memoryview(buffer).cast("B")
        try:
            self._file.read_into(self._at, view, "HDF5 file")
        except BaseException as error:
            self.failure = error
            raise
        self._at += len(view)
        return len(view)


class _Contents:
    """An HDF5 file that is open in h5py."""

    def __init__(self, file: StoredFile) -> None:
        self.h5py = hdf5_library()
        self.file = file
        self._stream = _Hdf5Stream(file)
        with self.reading():
            self._root = self.h5py.File(self._stream, "r")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn what h5py raises into errors of our tree."""
        try:
            yield
        except CheckpointError:
            raise
        except _RAISED as error:
            failure, self._stream.failure = self._stream.failure, None
            if failure is not None:
                raise failure from None
            raise DataLossError(f"the HDF5 file is damaged: {visible(str(error)[:300])}") from error

    def open(self, path: bytes) -> Any:  # noqa: ANN401 - h5py has no types
        """Return the object at a path."""
        return self.h5py.h5o.open(self._root.id, path or b".")

    def texts(self, path: bytes, name: str) -> list[bytes]:
        """Return the texts of a group's attribute, or of those with numbers that it was cut into; none without it."""
        if path and path not in self._root:
            return []
        attributes = self.h5py.Group(self.open(path)).attrs
        parts = [name] if name in attributes else takewhile(attributes.__contains__, map(f"{name}{{}}".format, count()))
        return [_bytes(text) for part in parts for text in np.asarray(attributes[part]).reshape(-1)]

    def datasets(self) -> Iterator[tuple[bytes, Any]]:
        """Yield the path of each dataset with it, or with the error that says why there is none.

        A group that lies in several others counts in one, so that groups in a ring come to an end.
        """
        groups = [b""]
        seen = {self._address(self.open(b""))}
        while groups:
            group = groups.pop()
            for path, is_link in self._links_of(group):
                try:
                    found = self._open_listed(path, is_link=is_link)
                except CheckpointError as error:
                    yield path, error
                    continue
                if isinstance(found, self.h5py.h5d.DatasetID):
                    yield path, found
                elif isinstance(found, self.h5py.h5g.GroupID) and self._address(found) not in seen:
                    seen.add(self._address(found))
                    groups.append(path)

    def _open_listed(self, path: bytes, *, is_link: bool) -> Any:  # noqa: ANN401 - h5py has no types
        if is_link:
            raise UnimplementedError("this is a link to another place, which is not followed")
        if path.count(b"/") > MAX_DEPTH:
            raise DataLossError(f"groups lie in more than {MAX_DEPTH} others")
        with self.reading():
            return self.open(path)

    def _links_of(self, group: bytes) -> list[tuple[bytes, bool]]:
        """Return the paths of what is in a group, and whether each is no part of it but a link to another place."""
        found: dict[bytes, bool] = {}

        opened = self.open(group)
        count = opened.get_num_objs()
        if count > MAX_ENTRIES:
            raise UnimplementedError(f"a group has {count} entries; {MAX_ENTRIES} are the most")
        # One by one: to walk over a damaged group in one call writes to memory that is not HDF5's own (1.14.6).
        for number in range(count):
            name = opened.get_objname_by_idx(number)
            info = opened.links.get_info(name)
            path = group + b"/" + name if group else name
            # HDF5 takes a name for a path, and of two that are equal any one: either could lead through a link.
            found[path] = path in found or b"/" in name or info.type != self.h5py.h5l.TYPE_HARD
        return list(found.items())

    def _address(self, group: Any) -> int:  # noqa: ANN401 - h5py has no types
        return int(self.h5py.h5o.get_info(group).addr)


class _StoredType(NamedTuple):
    """How elements lie in a dataset.

    Attributes:
        numpy: What h5py reads them as.
        dtype: What they are.
    """

    numpy: np.dtype[Any]
    dtype: DType


@dataclass(frozen=True, slots=True)
class _Dataset:
    """A dataset."""

    contents: _Contents
    stored: np.dtype[Any]
    spec: TensorSpec

    def read(self, region: TensorSlice | None) -> Array:
        """Return it, or a region of it."""
        shape = self.spec.shape
        return self._read((TensorSlice.full(len(shape)) if region is None else region).resolve(shape))

    def parts(self, size: int) -> Iterator[Array]:
        """Yield all elements of numbers in C order, in flat arrays of at most so many bytes."""
        for box in cut_shape(self.spec.shape, elements_of(size, self.spec.dtype.itemsize)):
            yield self._read(box).reshape(-1)

    def _read(self, box: Box) -> Array:
        with self.contents.reading():
            dataset = self.contents.h5py.Dataset(self.contents.open(self.spec.key))
            if self.spec.dtype == STRING:
                return _text(dataset[box])
            value = empty_array(region_shape(box), self.spec.dtype)
            if value.size:
                # A scalar has no regions.
                dataset.read_direct(value.view(self.stored), box or None)
        return value


def _text(values: Any) -> Array:  # noqa: ANN401 - an array, or one text
    array = np.asarray(values)
    if array.dtype.kind == "S":
        return encoded(array)
    whole = np.empty(array.shape, object)
    whole.reshape(-1)[:] = [_bytes(value) for value in array.reshape(-1)]
    return whole


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


def is_hdf5(start: bytes) -> bool:
    """Tell an HDF5 file from its first bytes; a block of the user's own may stand before it."""
    return any(start.startswith(_MAGIC, place) for place in _MAGIC_PLACES)


def open_hdf5(place: Place) -> FlatFile:
    """Open a file and read the headers of its datasets.

    Raises:
        DataLossError: It is none, or damaged.
        FailedPreconditionError: h5py is not installed.
    """
    file = place.open()
    try:
        contents = _Contents(file)
        members, unread = _members(contents)
    except BaseException as error:
        file.close()
        if isinstance(error, CheckpointError):
            error.locate(file=place.name)
        raise
    # Without checksums only the listing and the time tell one version from another.
    specs = [(member.spec, member.stored.str) for member in members.values()]
    identity = repr((file.size, file.info.modified, specs)).encode()
    return FlatFile([file], members, identity, unread, order=_listed_order(contents))


def _listed_order(contents: _Contents) -> list[bytes]:
    """Return the paths of the weights of Keras' layers as the attributes of groups list them; none of other files."""
    try:
        with contents.reading():
            return list(islice(_listed_weights(contents), _MOST_LISTED))
    except CheckpointError:
        # Damage, of which reading tells where it matters, or attributes of somebody else.
        return []


def _listed_weights(contents: _Contents) -> Iterator[bytes]:
    for model in (b"", _WHOLE_MODEL):
        for layer in dict.fromkeys([*contents.texts(model, LAYERS), OF_NO_LAYER]):
            group = model + b"/" + layer if model else layer
            yield from (group + b"/" + weight for weight in contents.texts(group, WEIGHTS_OF_LAYER))


def _members(contents: _Contents) -> tuple[dict[bytes, _Dataset], dict[bytes, CheckpointError]]:
    members: dict[bytes, _Dataset] = {}
    unread: dict[bytes, CheckpointError] = {}
    with contents.reading():
        for path, found in contents.datasets():
            try:
                if isinstance(found, CheckpointError):
                    raise found
                with contents.reading():
                    members[path] = _member(contents, path, found)
            except CheckpointError as error:
                unread[path] = error.locate(tensor=path)
    return members, unread


def _member(contents: _Contents, path: bytes, dataset: Any) -> _Dataset:  # noqa: ANN401 - h5py has no types
    _check_place(contents, dataset)
    stored = _stored_type(contents, dataset)
    space = dataset.get_space()
    if space.get_simple_extent_type() == contents.h5py.h5s.NULL:
        raise UnimplementedError("the dataset has no values and no shape")
    shape = tuple(map(int, dataset.shape))
    size = _check_size(contents, dataset, math.prod(shape) * max(stored.numpy.itemsize, 1))
    offset = dataset.get_offset() if size else None
    numbers = native(stored.numpy) if stored.dtype.itemsize else stored.numpy
    return _Dataset(contents, numbers, TensorSpec(path, stored.dtype, shape, (), 0, offset, size))


def _check_place(contents: _Contents, dataset: Any) -> None:  # noqa: ANN401 - h5py has no types
    """Refuse a dataset whose values are not in the file itself, or not to be unpacked."""
    properties = dataset.get_create_plist()
    if properties.get_external_count() or properties.get_layout() == contents.h5py.h5d.VIRTUAL:
        raise UnimplementedError("the values lie in other files, which are not opened")
    filters = {properties.get_filter(number)[0] for number in range(properties.get_nfilters())}
    if not filters <= _FILTERS:
        raise UnimplementedError(f"the values are packed by a plugin (filter {min(filters - _FILTERS)})")


def _check_size(contents: _Contents, dataset: Any, nbytes: int) -> int:  # noqa: ANN401 - h5py has no types
    """Return the bytes that a dataset takes in the file, after a comparison with those that it would take in memory."""
    size = int(dataset.get_storage_size())
    most = size * (_MOST_PACKED if dataset.get_create_plist().get_nfilters() else 1)
    if size > contents.file.size or nbytes > max(most, _UNPACKED):
        raise DataLossError(f"the dataset would have {nbytes} bytes, and {min(size, contents.file.size)} are stored")
    return size


def _stored_type(contents: _Contents, dataset: Any) -> _StoredType:  # noqa: ANN401 - h5py has no types
    h5py = contents.h5py
    kind = dataset.get_type()
    found: np.dtype[Any] = dataset.dtype
    if found.kind == "S" or h5py.check_string_dtype(found) is not None:
        return _StoredType(found, STRING)
    if isinstance(kind, h5py.h5t.TypeOpaqueID):
        return _named_type(found, h5py.Dataset(dataset).attrs.get(DTYPE_ATTRIBUTE))
    if found.hasobject or found.names or found.subdtype:
        raise UnimplementedError(f"values of HDF5 type {_type_name(kind)} have no counterpart in TensorFlow")
    try:
        return _StoredType(found, dtype_of(np.empty(0, native(found))))
    except TypeError as error:
        raise UnimplementedError(f"dtype {found} has no counterpart in TensorFlow") from error


def _named_type(stored: np.dtype[Any], name: object) -> _StoredType:
    """Return the type of opaque bytes, which an attribute names."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    try:
        dtype = as_dtype(text) if isinstance(text, str) else None
    except TypeError:
        dtype = None
    if dtype is None or not dtype.itemsize or dtype.itemsize != stored.itemsize:
        raise UnimplementedError("opaque bytes have no counterpart in TensorFlow")
    return _StoredType(stored, dtype)


def _type_name(kind: Any) -> str:  # noqa: ANN401 - h5py has no types
    """Return the HDF5 name of a type: compound, vlen, array, reference."""
    return type(kind).__name__.removeprefix("Type").removesuffix("ID").lower()


def dataset_places(place: Place) -> list[tuple[int, int, bytes]]:
    """Return where the bytes of a file's datasets lie: offset, size, key, for each chunk one.

    Raises:
        DataLossError: It is none, or damaged.
    """
    with place.open() as file:
        contents = _Contents(file)
        with contents.reading():
            listed = list(contents.datasets())
            return [place for key, found in listed for place in _places(contents, key, found)]


def _places(contents: _Contents, key: bytes, found: Any) -> Iterator[tuple[int, int, bytes]]:  # noqa: ANN401 - no types
    if isinstance(found, CheckpointError):
        return
    if found.get_create_plist().get_layout() == contents.h5py.h5d.CHUNKED:
        for number in range(found.get_num_chunks()):
            chunk = found.get_chunk_info(number)
            yield int(chunk.byte_offset), int(chunk.size), key
    elif found.get_storage_size() and found.get_offset() is not None:
        yield int(found.get_offset()), int(found.get_storage_size()), key
