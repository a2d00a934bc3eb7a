"""Small checkpoints for the tests of reading, written by this package's own writers."""

from collections.abc import Mapping

import numpy as np

from ckpt_magics.files.formats.bundle_records import BundleHeader, encode_entry, encode_header
from ckpt_magics.files.formats.dtypes import dtype_of
from ckpt_magics.files.formats.table import TableReader, TableWriter
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.jobs import saving
from ckpt_magics.files.kinds.known import kind_to_write
from ckpt_magics.files.kinds.sinks import write_tensors
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.arrays_to_save import PartToSave, arrays_by_name, arrays_in_parts
from ckpt_magics.files.tensors.save_options import SaveOptions

PLAIN_HEADER = BundleHeader()


def as_tensors(tensors):
    """Return arrays by name, or parts in an order of their own, as what can be saved."""
    return arrays_by_name(tensors) if isinstance(tensors, Mapping) else arrays_in_parts(tensors)


def write_checkpoint(prefix, tensors, *, meta_graph=None, **options):
    """Save tensors, with the options said one by one."""
    return saving.write_checkpoint(prefix, as_tensors(tensors), SaveOptions(**options), meta_graph=meta_graph)


def write_sink(prefix, tensors, *, companions=None, **options):
    """Write the files of a checkpoint alone."""
    found = as_tensors(tensors)
    return write_tensors(prefix, found.specs, found, SaveOptions(**options), companions=companions)


def write_kind(path, arrays, kind=None, **options):
    """Write arrays, a mapping or a source of them, in their order as a kind of file, by itself the one of the path."""
    source = arrays if isinstance(arrays, ArraySource) else ArraySource(arrays)
    specs = list(map(source.spec, source.in_file_order()))
    found = SaveOptions(**{"durable": False, **options})
    return write_tensors(path, specs, source, found, kind=kind or kind_to_write(path))


def write_bundle(prefix, tensors, **options):
    """Write the files of a V2 checkpoint and return them."""
    return write_sink(prefix, tensors, **options).written


def write_slice_table(path, tensors, **options):
    """Write a V1 file and return it."""
    return write_sink(path, tensors, write_version=1, **options).written


def write_slice_shards(prefix, tensors, num_shards, **options):
    """Write V1 files and return their pattern and them."""
    sink = write_sink(prefix, tensors, write_version=1, num_shards=num_shards, **options)
    return sink.path, sink.written


def to_save(tensors: Mapping[str, np.ndarray]) -> list[PartToSave]:
    return [
        PartToSave(name.encode("utf-8", "surrogateescape"), value, dtype_of(value))
        for name, value in sorted(tensors.items())
    ]


def save_v2(prefix, tensors, *, num_shards=1):
    """Save a V2 checkpoint and return its prefix."""
    write_bundle(str(prefix), to_save(tensors), num_shards=num_shards, durable=False)
    return str(prefix)


def save_v1(prefix, tensors):
    """Save a V1 checkpoint and return its path."""
    write_slice_table(str(prefix), to_save(tensors), durable=False)
    return str(prefix)


def save_slices(prefix, name, value, specs, *, version=2):
    """Save one tensor in slices, each given as ``"0,2:-"``."""
    dtype, sizes = dtype_of(value), " ".join(map(str, value.shape))
    tensors = [
        PartToSave(name.encode(), value[TensorSlice.parse(spec).resolve(value.shape)], dtype, f"{sizes} {spec}")
        for spec in specs
    ]
    write = write_bundle if version == 2 else write_slice_table
    write(str(prefix), tensors, durable=False)
    return str(prefix)


def write_index(prefix, entries, header=PLAIN_HEADER):
    """Write an index by hand, for what no writer would write; ``entries``: key -> BundleEntry or raw bytes."""
    with open(f"{prefix}.index", "wb") as file:
        table = TableWriter(file.write)
        if header is not None:
            table.add(b"", encode_header(header))
        for key, entry in sorted(entries.items()):
            table.add(key, entry if isinstance(entry, bytes) else encode_entry(entry))
        table.finish()
    return str(prefix)


def read_index(prefix):
    """Return every record of an index but the header, as stored."""
    with place_of(f"{prefix}.index").open() as file:
        return {key: bytes(value) for key, value in TableReader(file).iter_from() if key}


def as_array(value):
    """Return what a reader gave as an array; the string of a scalar would become fixed-width text otherwise."""
    return np.array(value, object) if isinstance(value, bytes) else np.asarray(value)
