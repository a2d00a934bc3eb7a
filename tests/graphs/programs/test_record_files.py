"""Files of records for programs: packed and plain, damaged and cut."""

import pytest

from ckpt_magics.compat.v1 import python_io
from ckpt_magics.errors import CheckpointError, DataLossError, FailedPreconditionError

RECORDS = [b"one", b"", b"three" * 1000]


def _write(path, options=None):
    with python_io.TFRecordWriter(path, options) as writer:
        for record in RECORDS:
            writer.write(record)


@pytest.mark.parametrize("packing", [None, "", "GZIP", "ZLIB", 0, 1, 2])
def test_records_come_back(tmp_path, packing):
    _write(tmp_path / "x", packing)
    assert list(python_io.tf_record_iterator(tmp_path / "x", packing)) == RECORDS


def test_levels_of_packing(tmp_path):
    sizes = []
    for level in (0, 9):
        _write(tmp_path / "x", python_io.TFRecordOptions("GZIP", compression_level=level))
        sizes.append((tmp_path / "x").stat().st_size)
    assert sizes[1] < sizes[0] / 10


def test_another_packing_is_said(tmp_path):
    _write(tmp_path / "x", "GZIP")
    with pytest.raises(DataLossError):
        list(python_io.tf_record_iterator(tmp_path / "x"))
    with pytest.raises(DataLossError, match="not packed by zlib"):
        list(python_io.tf_record_iterator(tmp_path / "x", "ZLIB"))


def test_a_packed_file_that_is_cut(tmp_path):
    _write(tmp_path / "x", "GZIP")
    (tmp_path / "x").write_bytes((tmp_path / "x").read_bytes()[:-9])
    with pytest.raises(DataLossError, match="ends within"):
        list(python_io.tf_record_iterator(tmp_path / "x", "GZIP"))


def test_an_unknown_packing(tmp_path):
    with pytest.raises(ValueError, match="Not a valid compression_type"):
        python_io.TFRecordWriter(tmp_path / "x", "SNAPPY")


def test_flush_and_close(tmp_path):
    writer = python_io.TFRecordWriter(tmp_path / "x")
    writer.write(b"a")
    writer.flush()
    assert list(python_io.tf_record_iterator(tmp_path / "x")) == [b"a"]
    writer.close()
    writer.close()
    with pytest.raises(FailedPreconditionError, match="closed"):
        writer.write(b"b")


def test_a_missing_directory(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        python_io.TFRecordWriter(tmp_path / "nowhere" / "x")
