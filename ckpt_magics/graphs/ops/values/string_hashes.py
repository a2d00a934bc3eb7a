"""Ops that give strings numbers: hashes over a count of buckets.

``Fast`` is the fingerprint of FarmHash, ``Strong`` is SipHash-2-4 under a key; the oldest one is MurmurHash64A.

Format: farmhash.cc, namespace farmhashna; tsl/platform/hash.cc, Hash64; highwayhash/sip_hash.h;
tensorflow/core/kernels/string_to_hash_bucket_op.h.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import unpack_from

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op
from ckpt_magics.graphs.ops.shape_rules import like_input
from ckpt_magics.graphs.ops.values.string_values import of_each

__all__ = ["ROWS", "fingerprint", "murmur_hash", "sip_hash"]

MASK = (1 << 64) - 1

_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
"""FarmHash' primes between 2^63 and 2^64."""

_BLOCK = 64


def _word(text: bytes, place: int) -> int:
    return int(unpack_from("<Q", text, place)[0])


def _turned(value: int, right: int) -> int:
    value &= MASK
    return (value >> right | value << (64 - right)) & MASK


def _mixed(value: int) -> int:
    value &= MASK
    return value ^ value >> 47


def _of_two(u: int, v: int, factor: int) -> int:
    a = _mixed((u ^ v) * factor)
    return _mixed((v & MASK ^ a) * factor) * factor & MASK


def fingerprint(text: bytes) -> int:
    """Return FarmHash' fingerprint, 64 bits that never change."""
    if len(text) > _BLOCK:
        return _of_blocks(text)
    if len(text) > 32:
        return _up_to_64(text)
    return _up_to_32(text) if len(text) > 16 else _up_to_16(text)


def _up_to_16(text: bytes) -> int:
    size = len(text)
    factor = _K2 + size * 2
    if size >= 8:
        a, b = _word(text, 0) + _K2, _word(text, size - 8)
        return _of_two(_turned(b, 37) * factor + a, (_turned(a, 25) + b) * factor, factor)
    if size >= 4:
        first, last = unpack_from("<I", text)[0], unpack_from("<I", text, size - 4)[0]
        return _of_two(size + (first << 3), last, factor)
    if size:
        y, z = text[0] + (text[size >> 1] << 8), size + (text[-1] << 2)
        return _mixed(y * _K2 ^ z * _K0) * _K2 & MASK
    return _K2


def _two_sums(text: bytes, first: int) -> tuple[int, int, int]:
    """Return what both of the middle sizes begin with: the first word's product, and two sums."""
    size = len(text)
    factor = _K2 + size * 2
    a, b = _word(text, 0) * first, _word(text, 8)
    c, d = _word(text, size - 8) * factor, _word(text, size - 16) * _K2
    return a, _turned(a + b, 43) + _turned(c, 30) + d, a + _turned(b + _K2, 18) + c


def _up_to_32(text: bytes) -> int:
    _, one, other = _two_sums(text, _K1)
    return _of_two(one, other, _K2 + len(text) * 2)


def _up_to_64(text: bytes) -> int:
    size = len(text)
    factor = _K2 + size * 2
    a, y, other = _two_sums(text, _K2)
    z = _of_two(y, other, factor)
    e, f = _word(text, 16) * factor, _word(text, 24)
    g, h = (y + _word(text, size - 32)) * factor, (z + _word(text, size - 24)) * factor
    return _of_two(_turned(e + f, 43) + _turned(g, 30) + h, e + _turned(f + a, 18) + g, factor)


def _weak(text: bytes, place: int, a: int, b: int) -> tuple[int, int]:
    """Return two words made of four of the text and of two others."""
    w, x, y, z = unpack_from("<4Q", text, place)
    a += w
    b = _turned(b + a + z, 21)
    c = a
    a += x + y
    return a + z & MASK, b + _turned(a, 44) + c & MASK


def _of_blocks(text: bytes) -> int:
    seed = 81
    y = seed * _K1 + 113 & MASK
    x, z, v, w = seed * _K2 + _word(text, 0) & MASK, _mixed(y * _K2 + 113) * _K2 & MASK, (0, 0), (0, 0)
    rest = (len(text) - 1) % _BLOCK
    for place in range(0, len(text) - 1 - rest, _BLOCK):
        x, y, z, v, w = _of_block(text, place, (x, y, z, v, w), _K1, 1)
    factor = _K1 + ((z & 0xFF) << 1)
    w = w[0] + rest, w[1]
    v = v[0] + w[0] & MASK, v[1]
    w = w[0] + v[0] & MASK, w[1]
    x, y, z, v, w = _of_block(text, len(text) - _BLOCK, (x, y, z, v, w), factor, 9)
    first = _of_two(v[0], w[0], factor) + _mixed(y) * _K0 + z
    return _of_two(first, _of_two(v[1], w[1], factor) + x, factor)


_State = tuple[int, int, int, tuple[int, int], tuple[int, int]]


def _of_block(text: bytes, place: int, state: _State, factor: int, weight: int) -> _State:
    x, y, z, v, w = state
    x = _turned(x + y + v[0] + _word(text, place + 8), 37) * factor & MASK
    y = _turned(y + v[1] + _word(text, place + 48), 42) * factor & MASK
    x ^= w[1] * weight & MASK
    y = y + v[0] * weight + _word(text, place + 40) & MASK
    z = _turned(z + w[0], 33) * factor & MASK
    v = _weak(text, place, v[1] * factor, x + w[0])
    w = _weak(text, place + 32, z + w[1], y + _word(text, place + 16))
    return z, y, x, v, w


def murmur_hash(text: bytes) -> int:
    """Return MurmurHash64A under TensorFlow's seed."""
    factor = 0xC6A4A7935BD1E995
    total = 0xDECAFCAFFE ^ len(text) * factor & MASK
    whole = len(text) // 8 * 8
    for place in range(0, whole, 8):
        word = _mixed(_word(text, place) * factor) * factor & MASK
        total = (total ^ word) * factor & MASK
    if whole < len(text):
        total = (total ^ int.from_bytes(text[whole:], "little")) * factor & MASK
    return _mixed(_mixed(total) * factor)


def sip_hash(text: bytes, key: tuple[int, int]) -> int:
    """Return SipHash-2-4 under a key of two words of 64 bits."""
    constants = 0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573
    state = [constant ^ key[index % 2] & MASK for index, constant in enumerate(constants)]
    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) & 0xFF])
    for (word,) in (unpack_from("<Q", padded, place) for place in range(0, len(padded), 8)):
        state[3] ^= word
        state = _rounds(state, 2)
        state[0] ^= word
    state[2] ^= 0xFF
    a, b, c, d = _rounds(state, 4)
    return a ^ b ^ c ^ d


def _rounds(state: list[int], count: int) -> list[int]:
    a, b, c, d = state
    for _ in range(count):
        a, c = a + b & MASK, c + d & MASK
        b, d = _turned(b, 51) ^ a, _turned(d, 48) ^ c
        a = _turned(a, 32)
        a, c = a + d & MASK, c + b & MASK
        d, b = _turned(d, 43) ^ a, _turned(b, 47) ^ c
        c = _turned(c, 32)
    return [a, b, c, d]


def _buckets(hashed: Callable[[KernelContext, bytes], int]) -> Kernel:
    """Return the kernel that puts strings into buckets by a hash."""

    def kernel(ctx: KernelContext, texts: Array) -> Array:
        count = ctx.attr("num_buckets")
        return of_each(lambda text: hashed(ctx, text) % count, texts, np.int64)

    return kernel


def _strong(ctx: KernelContext, text: bytes) -> int:
    key = ctx.attr("key")
    if len(key) != 2:
        raise InvalidArgumentError(f"Key must have 2 elements, got {len(key)}")
    return sip_hash(text, (key[0], key[1]))


BUCKETS = Attr("num_buckets", "int", minimum=1)

ROWS: tuple[Op, ...] = (
    Op(
        "StringToHashBucket",
        "string_tensor: string -> output: int64",
        (BUCKETS,),
        like_input(),
        _buckets(lambda _, text: murmur_hash(text)),
    ),
    Op(
        "StringToHashBucketFast",
        "input: string -> output: int64",
        (BUCKETS,),
        like_input(),
        _buckets(lambda _, text: fingerprint(text)),
    ),
    Op(
        "StringToHashBucketStrong",
        "input: string -> output: int64",
        (BUCKETS, Attr("key", "list(int)")),
        like_input(),
        _buckets(_strong),
    ),
)
