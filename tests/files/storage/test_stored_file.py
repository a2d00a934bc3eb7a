"""Files are read by range, and what the system says comes as our errors."""

import errno
import os

import pytest

from ckpt_magics.errors import (
    CheckpointError,
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    TruncatedError,
)
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.storage.system_errors import system_errors


def open_at(path):
    return place_of(path).open()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(bytes(range(100)))
    return path


def test_ranges_are_read(path):
    with open_at(path) as file:
        assert file.size == 100
        assert file.read_at(10, 3, "x") == bytes([10, 11, 12])
        assert file.read_at(100, 0, "x") == b""
        buffer = bytearray(5)
        file.read_into(95, memoryview(buffer), "x")
        assert buffer == bytes(range(95, 100))
        assert bytes(file.map()[:3]) == bytes(range(3))


@pytest.mark.parametrize(("offset", "size"), [(99, 2), (101, 0), (-1, 1), (0, 1 << 62), (1 << 62, 1)])
def test_ranges_outside_are_refused_with_their_name(path, offset, size):
    with open_at(path) as file, pytest.raises(TruncatedError, match="the footer") as caught:
        file.read_at(offset, size, "the footer")
    assert caught.value.file == str(path)


def test_file_that_shrinks_while_open_is_truncated(path):
    with open_at(path) as file:
        os.truncate(path, 50)
        with pytest.raises(TruncatedError):
            file.read_at(40, 20, "x")
        with pytest.raises(TruncatedError):
            file.read_into(60, memoryview(bytearray(10)), "x")


def test_replaced_file_is_noticed(path):
    with open_at(path) as file:
        assert not file.replaced()
        other = path.with_name("other")
        other.write_bytes(b"x")
        os.replace(other, path)
        assert file.replaced()
        assert file.read_at(99, 1, "x") == b"\x63"
        os.remove(path)
        assert file.replaced()


def test_closed_file_says_so(path):
    file = open_at(path)
    file.close()
    with pytest.raises(FailedPreconditionError, match="closed"):
        file.read_at(0, 1, "x")


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="; No such file or directory"):
        open_at(tmp_path / "none")
    with pytest.raises(FailedPreconditionError, match="; Is a directory"):
        open_at(tmp_path)
    with pytest.raises(InvalidArgumentError, match="null"):
        open_at("a\0b")
    with pytest.raises(InvalidArgumentError, match="name too long"):
        open_at("x" * 10_000)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FailedPreconditionError, match="Not a regular file"):
        open_at(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, NotFoundError),
        (errno.EACCES, PermissionDeniedError),
        (errno.EMFILE, ResourceExhaustedError),
        (errno.EIO, DataLossError),
        (errno.ESTALE, CheckpointError),
    ],
)
def test_system_errors_become_ours(number, kind):
    with pytest.raises(kind) as caught, system_errors("name"):
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is kind
    assert caught.value.message == f"name; {os.strerror(number)}"


def test_missing_files_have_an_age_before_all_others(tmp_path):
    assert place_of(tmp_path / "none").modified == float("-inf")


def test_a_file_that_is_being_read_is_closed_when_the_read_is_over(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    file = open_at(path)
    read = os.preadv
    used = []

    def close_meanwhile(descriptor, buffers, offset):
        used.append(descriptor)
        file.close()
        return read(descriptor, buffers, offset)

    monkeypatch.setattr(os, "preadv", close_meanwhile)
    buffer = bytearray(3)
    file.read_into(0, memoryview(buffer), "value")
    assert buffer == b"abc"
    with pytest.raises(FailedPreconditionError, match="closed"):
        file.read_into(0, memoryview(buffer), "value")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(used[0])
