"""Every checkpoint that TensorFlow wrote reads back bit for bit, whole and in parts."""

from pathlib import Path

import numpy as np
import pytest

from ckpt_magics.errors import DataLossError, InvalidArgumentError
from ckpt_magics.files.formats.dtypes import VariantBytes
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import as_array
from tests.truth import CORPUS, GOLDEN, digest, iter_cases

GOLDEN_CASES = list(iter_cases(GOLDEN))
CORPUS_CASES = list(iter_cases(CORPUS))


def check(case, **options):
    with load_checkpoint(case.prefix, **options) as reader:
        assert sorted(reader) == sorted(case.tensors)
        assert reader.version == case.version
        shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
        for name, expected in case.tensors.items():
            assert tuple(shapes[name]) == expected.shape
            assert expected.number in {None, types[name].number}
        for name, expected in case.readable.items():
            expected.check(as_array(reader.get_tensor(name)))


@pytest.mark.parametrize("case", GOLDEN_CASES, ids=lambda case: case.label)
def test_golden_checkpoint_reads_back(case):
    check(case)


@pytest.mark.parametrize("case", GOLDEN_CASES, ids=lambda case: case.label)
def test_golden_checkpoint_reads_back_from_a_map(case):
    check(case, mmap=True)


def test_whole_corpus_reads_back(corpus):
    assert len(CORPUS_CASES) > 100
    for case in CORPUS_CASES:
        check(case)


def halves(shape):
    """Cut every dimension in two: the regions together are the tensor."""
    for corner in np.ndindex(*[2] * len(shape)):
        yield tuple(
            slice(0, size // 2) if side == 0 else slice(size // 2, size)
            for side, size in zip(corner, shape, strict=True)
        )


def check_ranges(case):
    with load_checkpoint(case.prefix) as reader:
        for name, expected in case.readable.items():
            if len(expected.shape) > 6:
                continue
            whole = as_array(reader.get_tensor(name))
            built = np.empty_like(whole)
            for region in halves(expected.shape):
                built[(*region, ...)] = reader.get_slice(name, region)
            assert digest(built) == expected.sha256, name


@pytest.mark.parametrize("case", GOLDEN_CASES, ids=lambda case: case.label)
def test_golden_checkpoint_reads_back_in_ranges(case):
    check_ranges(case)


def test_whole_corpus_reads_back_in_ranges(corpus):
    for case in CORPUS_CASES:
        if len(case.tensors) < 1000:
            check_ranges(case)


@pytest.mark.parametrize("case", [case for case in GOLDEN_CASES if "odd_slices" in case.label], ids=lambda c: c.label)
def test_missing_rows_are_an_error_and_the_others_read(case):
    with load_checkpoint(case.prefix) as reader:
        with pytest.raises(InvalidArgumentError, match="sufficient slices for partitioned tensor holes"):
            reader.get_tensor("holes")
        rows = reader.get_slice("holes", slice(0, 2))
        np.testing.assert_array_equal(rows, reader.get_tensor("plain")[:2])
        with pytest.raises(InvalidArgumentError, match="sufficient slices"):
            reader.get_slice("holes", slice(1, 3))


def test_variants_are_given_as_bytes():
    case = next(case for case in GOLDEN_CASES if case.label == "tf2.21.0/object_state")
    with load_checkpoint(case.prefix) as reader:
        (name,) = [name for name, dtype in reader.get_variable_to_dtype_map().items() if dtype.name == "variant"]
        value = reader.get_tensor(name)
        assert value.dtype == object
        assert all(isinstance(element, VariantBytes) and element for element in value)


@pytest.mark.parametrize("case", [case for case in GOLDEN_CASES if case.version == 2], ids=lambda case: case.label)
def test_every_truncation_of_the_data_is_noticed(case, tmp_path):
    """A shard cut by one byte: whatever still reads is right."""
    with load_checkpoint(case.prefix) as reader:
        for file in reader.files:
            data = Path(file).read_bytes()
            (tmp_path / file.rpartition("/")[2]).write_bytes(data if file.endswith(".index") else data[:-1])
    failed = []
    with load_checkpoint(tmp_path / case.prefix.rpartition("/")[2]) as reader:
        for name, expected in case.readable.items():
            try:
                expected.check(as_array(reader.get_tensor(name)))
            except DataLossError as error:
                failed.append(error)
    assert failed or not case.readable
    assert all(error.tensor is not None and error.file is not None for error in failed)
