"""A descriptor pool of our own, filled from compiled ``.proto`` files."""

from __future__ import annotations

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, wrappers_pb2


def build_pool(descriptor_set: bytes) -> tuple[descriptor_pool.DescriptorPool, list[str]]:
    """Return a new pool and the names of the files put into it, each after those that it imports.

    The default pool stays untouched, so that descriptors which another package put there can neither clash with ours
    nor replace them. ``google.protobuf.Any`` and ``BoolValue`` come from the installed protobuf.

    Args:
        descriptor_set: A serialized FileDescriptorSet without the files of protobuf itself.
    """
    pool = descriptor_pool.DescriptorPool()
    for well_known in (any_pb2, wrappers_pb2):
        pool.AddSerializedFile(well_known.DESCRIPTOR.serialized_pb)
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set).file
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    return pool, [file.name for file in files]
