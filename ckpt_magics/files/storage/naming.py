"""Names of a checkpoint's files, all made from its prefix.

======================================  ======================================================
``PREFIX.index``                        V2: the table of tensors
``PREFIX.data-00000-of-00002``          V2: the values; shard 0 of 2
``PREFIX``                              V1: everything
``PREFIX-00000-of-00002``               V1 in several files; shard 0 of 2
``PREFIX-?????-of-00002``               V1: what stands for all of them, in state files too
``PREFIX.meta``                         the meta graph
======================================  ======================================================

Format: tensorflow/core/util/tensor_bundle/naming.cc; tensorflow/python/checkpoint/checkpoint_management.py.
"""

from __future__ import annotations

import re

INDEX_SUFFIX = ".index"
META_GRAPH_SUFFIX = "meta"
STATE_FILENAME = "checkpoint"

_DATA = re.compile(r"(?P<prefix>.+)\.data-(?P<shard>\d{5,})-of-(?P<shards>\d{5,})", re.DOTALL)
_V1_SHARD = re.compile(r"(?P<prefix>.+)-(?P<shard>\d{5,}|\?{5,})-of-(?P<shards>\d{5,})", re.DOTALL)
_STEP = re.compile(r"(?P<stem>.*)-(?P<step>\d{1,18})", re.DOTALL | re.ASCII)
# What TensorFlow's own saves leave when they are killed: files before their atomic renames, parts of sharded saves.
_FOREIGN_TEMPORARY = re.compile(r"\.tempstate\d+|_temp_[0-9a-f]{32}|_temp/?\Z|\.tmp[0-9a-f]*\Z")
# What TensorFlow cuts off before it appends ".meta".
_SHARD_PART = re.compile(r"-[\d?]+-of-\d+$")


def index_filename(prefix: str) -> str:
    """Return the name of a V2 checkpoint's index."""
    return prefix + INDEX_SUFFIX


def data_filename(prefix: str, shard_id: int, num_shards: int) -> str:
    """Return the name of one data file of a V2 checkpoint.

    >>> data_filename("run/model.ckpt", 0, 2)
    'run/model.ckpt.data-00000-of-00002'
    """
    return f"{prefix}.data-{shard_id:05d}-of-{num_shards:05d}"


def meta_graph_filename(prefix: str, suffix: str = META_GRAPH_SUFFIX) -> str:
    """Return the name of a checkpoint's meta graph; ``prefix`` may be a V1 shard or pattern.

    >>> meta_graph_filename("a-1-?????-of-00005")
    'a-1.meta'
    """
    return f"{_SHARD_PART.sub('', prefix)}.{suffix}"


def v1_shard_filename(prefix: str, shard_id: int, num_shards: int) -> str:
    """Return the name of one file of a V1 checkpoint in several files."""
    return f"{prefix}-{shard_id:05d}-of-{num_shards:05d}"


def v1_shard_pattern(prefix: str, num_shards: int) -> str:
    """Return what stands for all files of a V1 checkpoint in several files."""
    return f"{prefix}-?????-of-{num_shards:05d}"


def parse_data_filename(path: str) -> tuple[str, int, int] | None:
    """Return (prefix, shard, number of shards) of a V2 data file's name, None of any other name."""
    found = _DATA.fullmatch(path)
    return (found["prefix"], int(found["shard"]), int(found["shards"])) if found else None


def parse_v1_shard(path: str) -> tuple[str, int | None, int] | None:
    """Return (prefix, shard, number of shards) of a V1 shard's name or pattern (shard None), None of any other name."""
    found = _V1_SHARD.fullmatch(path)
    if found is None or parse_data_filename(path):
        return None
    shard = None if found["shard"].startswith("?") else int(found["shard"])
    return found["prefix"], shard, int(found["shards"])


def split_step(prefix: str) -> tuple[str, int | None]:
    """Return a prefix, or the pattern of a V1 checkpoint, without the step at its end, and the step.

    >>> split_step("run/m-12"), split_step("m-3-?????-of-00002"), split_step("best")
    (('run/m', 12), ('m', 3), ('best', None))
    """
    name = _SHARD_PART.sub("", prefix)
    found = _STEP.fullmatch(name)
    return (found["stem"], int(found["step"])) if found else (name, None)


def is_foreign_temporary(name: str) -> bool:
    """Tell whether TensorFlow, killed in a save, leaves files or directories of such names."""
    return _FOREIGN_TEMPORARY.search(name) is not None


def prefix_of(path: str) -> str:
    """Return the prefix of the checkpoint that a file belongs to, going by its name.

    >>> prefix_of("m-7.data-00000-of-00001"), prefix_of("m-7.index"), prefix_of("m-7.meta"), prefix_of("m-7")
    ('m-7', 'm-7', 'm-7', 'm-7')
    >>> prefix_of("m-7-00001-of-00002")
    'm-7-?????-of-00002'
    """
    data = parse_data_filename(path)
    if data:
        return data[0]
    shard = parse_v1_shard(path)
    if shard:
        return v1_shard_pattern(shard[0], shard[2])
    for suffix in (INDEX_SUFFIX, "." + META_GRAPH_SUFFIX):
        if path.endswith(suffix) and len(path) > len(suffix):
            return path[: -len(suffix)]
    return path
