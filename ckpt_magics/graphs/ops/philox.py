"""TensorFlow's random numbers: the Philox generator, and what it makes of its bits.

Philox enciphers a counter: block ``i`` of a stream needs none of the blocks before it, so all blocks of a tensor are
made together. A block is four uint32.

Follows tsl/lib/random/{philox_random,random_distributions,random_distributions_utils}.h,
tensorflow/core/util/guarded_philox_random.h and tensorflow/core/kernels/random_op_cpu.h.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ckpt_magics.graphs.ops.glibc_floats import log_float, sin_cos_float

__all__ = ["RESERVED", "Philox", "Words", "normal_pairs", "scrambled", "unit_doubles", "unit_floats"]

Words = npt.NDArray[np.uint32]

RESERVED = 256
"""Blocks that a stream moves on for each number that is drawn, whatever the distribution takes of them."""

_ROUNDS = 10
_RAISES = 0x9E3779B9, 0xBB67AE85
_FACTORS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MASK_64 = (1 << 64) - 1
_MASK_128 = (1 << 128) - 1

_SCRAMBLING = 0x02461E29_3EC8F720
"""Key of the generator that seeds are scrambled by."""

_AT_ONCE = 1 << 14
"""Blocks that are enciphered together: their intermediate values stay in the processor's cache."""


class Philox:
    """The stream of an operation, which goes on from one run to the next.

    Args:
        seed: The key; of both seeds 0 stand for another stream each time.
        seed2: The upper half of the counter.
    """

    def __init__(self, seed: int, seed2: int) -> None:
        if not seed and not seed2:
            seed, seed2 = secrets.randbits(64), secrets.randbits(64)
        self._key = seed & _MASK_64
        self._counter = (seed2 & _MASK_64) << 64
        self._lock = threading.Lock()

    def reserve(self, count: int) -> int:
        """Move the stream on by some blocks, and return the counter of the first of them."""
        with self._lock:
            counter = self._counter
            self._counter = (counter + count) & _MASK_128
        return counter

    def words(self, counter: int, offsets: npt.NDArray[np.uint64]) -> Words:
        """Return the blocks that lie by some offsets behind a counter, uint32 [offsets, 4]."""
        words = np.empty((len(offsets), 4), np.uint32)
        for start in range(0, len(offsets), _AT_ONCE):
            part = offsets[start : start + _AT_ONCE]
            for column, values in enumerate(self._enciphered(counter, part)):
                words[start : start + len(part), column] = values
        return words

    def _enciphered(self, counter: int, offsets: npt.NDArray[np.uint64]) -> Iterator[npt.NDArray[np.uint64]]:
        first, upper = counter & _MASK_64, counter >> 64
        low = offsets + np.uint64(first)
        carried = (low < np.uint64(first)).astype(np.uint64)
        high = carried + np.uint64(upper)
        a, b, c, d = low & _LOW, low >> _HALF, high & _LOW, high >> _HALF
        keys = self._key & 0xFFFFFFFF, self._key >> 32
        for _ in range(_ROUNDS):
            product, other = a * _FACTORS[0], c * _FACTORS[1]
            a = (other >> _HALF) ^ b ^ np.uint64(keys[0])
            c = (product >> _HALF) ^ d ^ np.uint64(keys[1])
            b, d = other & _LOW, product & _LOW
            keys = (keys[0] + _RAISES[0]) & 0xFFFFFFFF, (keys[1] + _RAISES[1]) & 0xFFFFFFFF
        yield from (a, b, c, d)


def scrambled(seed: int, seed2: int) -> Philox:
    """Return the stream of two numbers, either of which may be weak: what the generator makes of them.

    Follows tensorflow/core/kernels/stateless_random_ops.cc, GenerateKey.
    """
    mixer = Philox(_SCRAMBLING, 0)
    [words] = mixer.words((seed2 & _MASK_64) << 64 | seed & _MASK_64, np.zeros(1, np.uint64)).astype(object)
    return Philox(words[0] | words[1] << 32, words[2] | words[3] << 32)


def unit_floats(words: Words) -> npt.NDArray[np.float32]:
    """Return float32 of [0, 1) from the lower 23 bits of words."""
    bits = words & np.uint32(0x7FFFFF)
    bits |= np.uint32(127 << 23)
    numbers = bits.view(np.float32)
    numbers -= np.float32(1)
    return numbers


def unit_doubles(words: Words) -> npt.NDArray[np.float64]:
    """Return float64 of [0, 1) from pairs of words, [..., 2]: 20 bits of the first, all of the second."""
    bits = (words[..., 0] & np.uint32(0xFFFFF)).astype(np.uint64) << _HALF
    bits |= words[..., 1]
    bits |= np.uint64(1023 << 52)
    numbers = bits.view(np.float64)
    numbers -= 1.0
    return numbers


def normal_pairs(words: Words, dtype: np.dtype[np.floating]) -> npt.NDArray[np.floating]:
    """Return normally distributed numbers from blocks [n, 4]: four float32 of each, or two float64."""
    numbers = np.empty((len(words), 16 // dtype.itemsize), dtype)
    for start in range(0, len(words), _AT_ONCE):
        part = words[start : start + _AT_ONCE]
        numbers[start : start + _AT_ONCE] = _box_muller(part, dtype)
    return numbers


def _box_muller(words: Words, dtype: np.dtype[np.floating]) -> npt.NDArray[np.floating]:
    """Return two normal numbers for each two even ones."""
    if dtype == np.float32:
        even = unit_floats(words)
        radius = np.sqrt(np.float32(-2) * log_float(np.maximum(even[:, ::2], np.float32(1e-7))))
        sines, cosines = sin_cos_float((2 * np.pi * even[:, 1::2].astype(np.float64)).astype(np.float32))
    else:
        double = unit_doubles(words.reshape(-1, 2, 2))
        radius = np.sqrt(-2.0 * np.log(np.maximum(double[:, :1], 1e-7)))
        angles = 2 * np.pi * double[:, 1:]
        sines, cosines = np.sin(angles), np.cos(angles)
    return np.stack([sines * radius, cosines * radius], -1).reshape(len(words), -1)
