"""Texts in other forms: numbers as text, texts as numbers of buckets, replaced, joined and encoded.

Format: tensorflow/python/ops/string_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import expand_dims, rank
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import number_range
from ckpt_magics.graphs.nodes.old_names import either
from ckpt_magics.graphs.nodes.sparse_tensors import SparseTensor

__all__ = [
    "as_string",
    "decode_base64",
    "encode_base64",
    "reduce_join",
    "regex_full_match",
    "regex_replace",
    "split_strings",
    "string_to_hash_bucket",
    "string_to_hash_bucket_fast",
    "string_to_hash_bucket_strong",
]


def as_string(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    input: object,  # noqa: A002
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Tensor:
    """Add numbers as text.

    Args:
        input: Numbers, or strings.
        precision: Digits behind the point; 6 if not told.
        scientific: Whether to write powers of ten.
        shortest: Whether to leave out what says nothing.
        width: Least number of characters.
        fill: What to fill with: nothing or " " for spaces, "0"; "-" behind the number; "+" for a sign before all.
        name: Of the node.
    """
    attrs = {"precision": precision, "scientific": scientific, "shortest": shortest, "width": width, "fill": fill}
    return output("AsString", input, name=name, **attrs)


def regex_full_match(input: object, pattern: object, name: str | None = None) -> Tensor:  # noqa: A002
    """Add whether whole strings match a regular expression."""
    if isinstance(pattern, (str, bytes)):
        return output("StaticRegexFullMatch", input, pattern=pattern, name=name)
    return output("RegexFullMatch", input, pattern, name=name)


def regex_replace(
    input: object,  # noqa: A002
    pattern: object,
    rewrite: object,
    replace_global: bool = True,
    name: str | None = None,
) -> Tensor:
    """Add strings in which what matches a regular expression is replaced: all of it, or the first match.

    In ``rewrite`` a backslash and a digit stand for a group, 0 for the whole match.
    """
    if isinstance(pattern, (str, bytes)) and isinstance(rewrite, (str, bytes)):
        attrs = {"pattern": pattern, "rewrite": rewrite, "replace_global": replace_global}
        return output("StaticRegexReplace", input, name=name, **attrs)
    return output("RegexReplace", input, pattern, rewrite, replace_global=replace_global, name=name)


def string_to_hash_bucket(
    string_tensor: object = None,
    num_buckets: int | None = None,
    name: str | None = None,
    input: object = None,  # noqa: A002
) -> Tensor:
    """Add numbers below ``num_buckets``, the same for the same strings: what old programs take."""
    given = either("input", input, "string_tensor", string_tensor)
    return output("StringToHashBucket", given, num_buckets=num_buckets, name=name)


def string_to_hash_bucket_fast(input: object, num_buckets: int, name: str | None = None) -> Tensor:  # noqa: A002
    """Add numbers below ``num_buckets``, the same for the same strings."""
    return output("StringToHashBucketFast", input, num_buckets=num_buckets, name=name)


def string_to_hash_bucket_strong(
    input: object,  # noqa: A002
    num_buckets: int,
    key: Sequence[int],
    name: str | None = None,
) -> Tensor:
    """Add numbers below ``num_buckets``, which nobody can choose strings for who does not know the key, two ints."""
    return output("StringToHashBucketStrong", input, num_buckets=num_buckets, key=list(key), name=name)


def reduce_join(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    inputs: object,
    axis: object = None,
    keep_dims: bool | None = None,
    separator: str = "",
    name: str | None = None,
    reduction_indices: object = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Add strings put together along dimensions, the first one named the fastest; along all if none is."""
    told = either("axis", axis, "reduction_indices", reduction_indices)
    keeps = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    with name_scope(None, "ReduceJoin", [inputs, told]):
        texts = convert_to_tensor(inputs)
        along = _all_backwards(texts) if told is None else told
        return output("ReduceJoin", texts, along, keep_dims=keeps, separator=separator, name=name)


def _all_backwards(texts: Tensor) -> Tensor:
    count = texts.shape.ndims
    if count is not None:
        return constant(list(range(count - 1, -1, -1)), "int32")
    return number_range(rank(texts) - 1, -1, -1)


def encode_base64(input: object, pad: bool = False, name: str | None = None) -> Tensor:  # noqa: A002
    """Add strings in the letters, digits, "-" and "_" of base 64 for addresses."""
    return output("EncodeBase64", input, pad=pad, name=name)


def decode_base64(input: object, name: str | None = None) -> Tensor:  # noqa: A002
    """Add the bytes that strings in base 64 for addresses say."""
    return output("DecodeBase64", input, name=name)


def split_strings(  # noqa: PLR0917 -- as TensorFlow has it
    input: object = None,  # noqa: A002
    sep: object = None,
    maxsplit: int = -1,
    result_type: str = "SparseTensor",
    source: object = None,
    name: str | None = None,
) -> SparseTensor:
    """Add the pieces of each of some strings, as Python's ``split`` gives them.

    Args:
        input: A vector of strings, or one string.
        sep: What parts them; white space if not told.
        maxsplit: Most often; -1 for no limit.
        result_type: ``"SparseTensor"``; there are no ragged tensors here.
        source: The same as ``input``.
        name: Of the scope.

    Raises:
        ValueError: Another type of result is asked for.
    """
    if result_type != "SparseTensor":
        raise ValueError(f"result_type must be 'SparseTensor', not {result_type!r}: there are no ragged tensors")
    given = either("input", input, "source", source)
    with name_scope(name, "StringSplit", [given]):
        strings = convert_to_tensor(given)
        strings = strings if strings.shape.ndims != 0 else expand_dims(strings, 0)
        return SparseTensor(*apply("StringSplitV2", strings, "" if sep is None else sep, maxsplit=maxsplit))
