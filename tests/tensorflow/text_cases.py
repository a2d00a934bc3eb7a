"""Generated inputs for ops on strings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from ckpt_magics.files.formats.dtypes import DType
from tests.tensorflow.kernel_cases import Case, Maker, Rng, data

SPECIAL = [0.0, -0.0, 1.5, -12345.678, 1e-7, 1e20, np.inf, -np.inf, np.nan, 100.0]
FORMS = [
    {},
    {"precision": 2},
    {"scientific": True},
    {"shortest": True, "precision": 3},
    {"width": 12},
    {"width": 9, "fill": b"0", "precision": 1},
    {"width": 8, "fill": b"-"},
    {"width": 8, "fill": b"+"},
    {"fill": b"x"},
    {"scientific": True, "shortest": True},
]
WORDS = [b"", b"a", b"aab", b"x-y_z", "Ä über".encode(), b"12 + 345 = 357", b"line\nline\n", b"abxd"]
REPLACED = [
    (rb"[aeiou]", b"*"), (rb"(\w)(\w)", rb"\2\1"), (rb"x*", b"-"), (rb"\d+", rb"<\0>"), (rb"e$", b"E"), (rb"^a+", b""),
    (rb"\s", rb"\\"), (rb".", b"."), (rb"(a", b""), (rb"[$]|b", b"$"), (rb"\W", b""),
]  # fmt: skip


def written(rng: Rng, dtype: DType) -> Iterator[Case]:
    special = [number for number in SPECIAL if dtype.name != "float16" or abs(number) != 1e20]
    values = np.array(special).astype(dtype.numpy) if dtype.is_floating else data(rng, dtype, (2, 3))
    for attrs in FORMS:
        yield Case([values], attrs)


def texts(values: list[bytes]) -> np.ndarray:
    return np.array([*values, None], object)[:-1]


def hashed(**attrs: object) -> Maker:
    def make(rng: Rng, dtype: DType) -> Iterator[Case]:
        lengths = [*range(70), 127, 128, 129, 300]
        strings = [bytes(rng.integers(0, 256, length).astype(np.uint8)) for length in lengths]
        for count in (1, 1000, 2**62 + 1):
            yield Case([texts(strings)], {"num_buckets": count, **attrs})

    return make


def full_match(rng: Rng, dtype: DType) -> Iterator[Case]:
    for pattern in (b"a*b", b"[a-z_-]+", rb"\S.*", b"", "Ä .*".encode(), b"(", b".*$"):
        yield Case([texts(WORDS), np.array(pattern, object)])


def replaced(rng: Rng, dtype: DType) -> Iterator[Case]:
    for (pattern, rewrite), everywhere in itertools.product(REPLACED, [True, False]):
        inputs = [texts(WORDS), np.array(pattern, object), np.array(rewrite, object)]
        yield Case(inputs, {"replace_global": everywhere})


def replaced_by_attributes(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in replaced(rng, dtype):
        words, pattern, rewrite = case.inputs
        yield Case([words], {"pattern": pattern.item(), "rewrite": rewrite.item(), **case.attrs})


def joined(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, axes in [((2, 3), [0]), ((2, 3), [0, 1]), ((2, 3), [1, 0]), ((2, 3, 2), [-1, 0]), ((2, 3), []), ((), []),
                        ((0, 2), [0]), ((2, 0), [0]), ((2, 3), [0, 0])]:  # fmt: skip
        for keep in (False, True):
            inputs = [data(rng, dtype, shape), np.array(axes, np.int32)]
            yield Case(inputs, {"separator": b"-", "keep_dims": keep}, frozenset({1}))


def encoded(rng: Rng, dtype: DType) -> Iterator[Case]:
    strings = [bytes(rng.integers(0, 256, length).astype(np.uint8)) for length in range(9)]
    for pad in (False, True):
        yield Case([texts(strings)], {"pad": pad})


def decoded(rng: Rng, dtype: DType) -> Iterator[Case]:
    for text in (b"", b"AA", b"AA==", b"AAA", b"AAA=", b"-_8=", b"A", b"AA=", b"+/8=", b"AAAA", b"AA A", b"AAAAA"):
        yield Case([texts([text])])


MAKERS: dict[str, Maker] = {
    "AsString": written, "ReduceJoin": joined, "EncodeBase64": encoded, "DecodeBase64": decoded,
    "StringToHashBucket": hashed(), "StringToHashBucketFast": hashed(),
    "StringToHashBucketStrong": hashed(key=[123, 2**62]),
    "RegexFullMatch": full_match, "RegexReplace": replaced, "StaticRegexReplace": replaced_by_attributes,
}  # fmt: skip
