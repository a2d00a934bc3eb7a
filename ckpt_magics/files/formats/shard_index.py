"""The index of safetensors or PyTorch files that hold one model together: which tensor is in which file.

UTF-8, one JSON object: ``metadata`` -> an object, of which ``total_size`` is the bytes of all values, and
``weight_map`` -> an object of tensor name -> name of a file beside the index. Keys are sorted, indented by two blanks.

Format: huggingface_hub/serialization/_torch.py (save_torch_model) and transformers/modeling_utils.py (save_pretrained).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from ckpt_magics.errors import DataLossError, visible

__all__ = ["ShardIndex", "encode_index", "looks_like_index", "names_files", "parse_index"]

_WEIGHT_MAP = "weight_map"


class ShardIndex(NamedTuple):
    """What an index says.

    Attributes:
        files: Name of the file of each tensor.
        damage: The tensors of which it says no file that can be, and why.
    """

    files: dict[str, str]
    damage: dict[str, DataLossError]


def looks_like_index(start: bytes) -> bool:
    """Tell an index from its first bytes."""
    return start.lstrip()[:1] == b"{" and (f'"{_WEIGHT_MAP}"'.encode() in start or b'"total_size"' in start)


def names_files(start: bytes, suffix: str) -> bool:
    """Tell whether an index names files with a suffix, from its first bytes: that of each kind has the same form."""
    return f'{suffix}"'.encode() in start


def encode_index(files: Mapping[str, str], total_size: int) -> bytes:
    """Return an index as the libraries write it.

    Args:
        files: Name of the file of each tensor.
        total_size: Bytes of all values.
    """
    index = {"metadata": {"total_size": total_size}, _WEIGHT_MAP: files}
    return (json.dumps(index, indent=2, sort_keys=True) + "\n").encode()


def parse_index(data: bytes) -> ShardIndex:
    """Return what an index says.

    Raises:
        DataLossError: It is no such JSON.
    """
    try:
        # As pairs, so that a name that stands twice is seen.
        content = json.loads(data.decode("utf-8"), object_pairs_hook=tuple)
    except (ValueError, RecursionError) as error:
        raise DataLossError(f"the index is no JSON: {error}") from error
    pairs = dict(content).get(_WEIGHT_MAP) if isinstance(content, tuple) else None
    if not isinstance(pairs, tuple):
        raise DataLossError(f"the index has no {_WEIGHT_MAP}, which says the file of each tensor")
    files: dict[str, str] = {}
    damage: dict[str, DataLossError] = {}
    for name, file in pairs:
        fault = _fault(file)
        if name in files and files[name] != file:
            fault = f"the index says two files of it, {visible(files[name])} and {file!r:.100}"
        if fault:
            damage[name] = DataLossError(fault)
        else:
            files[name] = file
    return ShardIndex({name: file for name, file in files.items() if name not in damage}, damage)


def _fault(file: Any) -> str:  # noqa: ANN401 - whatever JSON gave
    """Return what is wrong with the name of a file, which has to be one of the index's own directory."""
    if not isinstance(file, str):
        return f"the index says {file!r:.100} where a file's name should be"
    # Whichever system the files are taken to.
    separators = {"/", "\\"}
    if file in {"", ".", ".."} or not separators.isdisjoint(file) or not file.isprintable():
        return f"the index names {visible(file)[:100]!r}, which is no file of its own directory"
    return ""
