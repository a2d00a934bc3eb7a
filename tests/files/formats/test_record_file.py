"""Files of records: what is written is read, what is damaged is said, TensorFlow reads and writes the same bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import ChecksumError, DataLossError, TruncatedError
from ckpt_magics.files.formats.random_access import BytesFile
from ckpt_magics.files.formats.record_file import encode_record, is_record_start, read_records

RECORDS = [b"first", b"", b"\x00" * 3]


def _read(data):
    return list(read_records(BytesFile(data)))


@given(st.lists(st.binary(max_size=50)))
def test_every_record_comes_back(records):
    assert _read(b"".join(map(encode_record, records))) == records


def test_records_larger_than_what_is_read_ahead():
    records = [bytes([number]) * size for number, size in enumerate((3_000_000, 5, 1_048_560, 1_048_561, 0))]
    assert _read(b"".join(map(encode_record, records))) == records


@given(st.binary(max_size=60))
def test_any_bytes_are_records_or_data_loss(data):
    try:
        records = _read(data)
    except DataLossError:
        return
    assert b"".join(map(encode_record, records)) == data


def test_every_cut_is_seen():
    data = b"".join(map(encode_record, RECORDS))
    ends = [sum(len(encode_record(one)) for one in RECORDS[:count]) for count in range(4)]
    for size in range(len(data)):
        if size in ends:
            assert _read(data[:size]) == RECORDS[: ends.index(size)]
        else:
            with pytest.raises(TruncatedError):
                _read(data[:size])


def test_every_flipped_byte_is_seen():
    data = encode_record(b"values")
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x20
        with pytest.raises(ChecksumError):
            _read(damaged)


def test_a_start_is_told_from_its_checksum():
    assert is_record_start(encode_record(b"x"))
    assert not is_record_start(b"")
    assert not is_record_start(b"\x01" * 12)


@pytest.mark.tensorflow
def test_tensorflow_reads_and_writes_the_same_bytes(tf, tmp_path):
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for record in RECORDS:
            writer.write(record)
    assert (tmp_path / "theirs").read_bytes() == b"".join(map(encode_record, RECORDS))
