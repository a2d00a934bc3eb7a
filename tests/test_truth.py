"""The expected values of the golden checkpoints are complete and agree with their digests."""

import numpy as np
import pytest

from tests.truth import GOLDEN, digest, iter_cases, numpy_dtype

CASES = list(iter_cases(GOLDEN))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_every_value_has_the_digest_that_tensorflow_saw(case):
    assert case.tensors
    for tensor in case.readable.values():
        array = tensor.array()
        assert array.shape == tensor.shape
        tensor.check(array)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_every_prefix_leads_to_files(case):
    folder, _, name = case.prefix.rpartition("/")
    stem = name.partition("-?????")[0]
    assert any(path.name.startswith(stem) for path in (case.folder / folder).iterdir())
    assert case.version == (1 if case.folder.name.endswith(("_v1", "_v1_renamed")) else 2)


def test_wrong_values_are_noticed():
    tensor = CASES[0].readable[next(iter(CASES[0].readable))]
    wrong = tensor.array()
    wrong.view(np.uint8).ravel()[-1] ^= 1
    with pytest.raises(AssertionError):
        tensor.check(wrong)


def test_big_endian_arrays_have_the_digest_of_little_endian_ones():
    assert digest(np.arange(3, dtype=">i4")) == digest(np.arange(3, dtype="<i4"))


def test_quantized_dtypes_are_plain_integers():
    assert numpy_dtype("quint8") == np.uint8
    assert numpy_dtype("variant").hasobject
