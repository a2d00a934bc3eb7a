"""Hypothesis strategies for the values that travel through checkpoints."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ckpt_magics.files.formats.dtypes import DTYPES, DType

# What V2 can hold; resources have no bytes of their own, and variants are nothing that a user could make.
SAVEABLE = tuple(dtype for dtype in DTYPES if dtype.name not in {"resource", "variant"})
NUMERIC = tuple(dtype for dtype in SAVEABLE if dtype.itemsize)

# The bits of its byte that an element of less than a byte uses.
_USED_BITS = {"int4": 0x0F, "uint4": 0x0F, "float4_e2m1fn": 0x0F, "int2": 0x03, "uint2": 0x03, "bool": 0x01}


def shapes(*, max_rank: int = 4, max_side: int = 5, min_side: int = 0) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of small tensors, scalars and (with ``min_side=0``) empty ones included."""
    return hnp.array_shapes(min_dims=0, max_dims=max_rank, min_side=min_side, max_side=max_side)


def dtypes(among: Sequence[DType] = SAVEABLE) -> st.SearchStrategy[DType]:
    """Element types."""
    return st.sampled_from(among)


def strings() -> st.SearchStrategy[bytes]:
    """Elements of string tensors: any bytes, and now and then more than a one-byte length can count."""
    return st.binary(max_size=40) | st.integers(120, 300).map(lambda size: b"x" * size)


@st.composite
def arrays(draw, dtype=None, shape=None):
    """Arrays of every bit pattern that ``dtype`` has: NaNs with payloads, both zeros, infinities, denormals.

    Args:
        draw: Given by hypothesis.
        dtype: A DType or a strategy of them; any that can be saved when left out.
        shape: A tuple or a strategy of them; any small shape when left out.
    """
    if dtype is None or isinstance(dtype, st.SearchStrategy):
        dtype = draw(dtypes() if dtype is None else dtype)
    if shape is None or isinstance(shape, st.SearchStrategy):
        shape = draw(shapes() if shape is None else shape)
    count = int(np.prod(shape))
    if dtype.name == "string":
        array = np.empty(count, object)
        array[:] = draw(st.lists(strings(), min_size=count, max_size=count))
        return array.reshape(shape)
    size = count * dtype.itemsize
    data = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.uint8).copy()
    if dtype.name in _USED_BITS:
        data &= _USED_BITS[dtype.name]
    return data.view(dtype.numpy).reshape(shape)


def names() -> st.SearchStrategy[bytes]:
    """Names of tensors: scopes as TensorFlow writes them, text of any script, and any bytes at all."""
    scopes = st.lists(st.from_regex(r"[a-zA-Z0-9._]{1,8}", fullmatch=True), min_size=1, max_size=4)
    return st.one_of(
        scopes.map(lambda parts: "/".join(parts).encode()),
        st.text(min_size=1, max_size=20).map(lambda text: text.encode()),
        st.binary(min_size=1, max_size=20),
    )


@st.composite
def slices_of(draw, shape):
    """Parts of a tensor of a shape, as one ``slice`` with a start and a stop for each dimension; never empty.

    Every dimension of ``shape`` must be at least 1.
    """
    parts = []
    for size in shape:
        start = draw(st.integers(0, size - 1))
        parts.append(slice(start, draw(st.integers(start + 1, size))))
    return tuple(parts)
