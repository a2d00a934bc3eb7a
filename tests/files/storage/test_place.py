"""What is taken for a path, and what becomes of it."""

import os
from pathlib import Path

import pytest

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError
from ckpt_magics.files.storage.place import local_path, spelled_as


class Bytes:
    """A path that gives itself in bytes."""

    def __fspath__(self):
        return b"~/m"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("m", "m"),
        ("./m", "./m"),
        ("", ""),
        (b"m", "m"),
        (b"\xff", "\udcff"),
        (Path("runs/m"), "runs/m"),
        (Path("~/m"), "/home/me/m"),
        (Bytes(), "/home/me/m"),
        ("~", "/home/me"),
        ("~/m", "/home/me/m"),
        (b"~/m", "/home/me/m"),
        ("./~/m", "./~/m"),
        ("m~", "m~"),
        ("~nobody-of-that-name/m", "~nobody-of-that-name/m"),
        ("file:///runs/m", "/runs/m"),
        (b"file:///runs/m", "/runs/m"),
        ("file://localhost/runs/m", "/runs/m"),
        ("file:///", "/"),
        ("file:///~/m", "/~/m"),
        ("file:///a%20b#c?d", "/a%20b#c?d"),
        ("file:m", "file:m"),
        ("C:\\runs\\m", "C:\\runs\\m"),
        ("a://b", "a://b"),
    ],
)
def test_every_form_is_a_path(given, path):
    assert local_path(given) == path


@pytest.mark.parametrize("given", [None, 3, 1.5, ["m"], bytearray(b"m")])
def test_what_is_none_is_a_type_error(given):
    with pytest.raises(TypeError):
        local_path(given)


@pytest.mark.parametrize("given", ["gs://bucket/m", "s3://b/m", b"hdfs://h/m", "https://example.org/m", "ram://m"])
def test_other_machines_are_refused(given):
    with pytest.raises(UnimplementedError, match=r"scheme '\w+' not implemented: only files on this machine"):
        local_path(given)


def test_a_name_that_only_looks_like_a_url_is_one_if_it_is_there():
    os.makedirs("gs:/bucket")
    assert local_path("gs://bucket") == "gs://bucket"


@pytest.mark.parametrize("given", ["file://runs/m", "file://m", "file://", "file://other-host/m"])
def test_a_file_url_without_three_slashes_is_refused_with_the_one_that_has(given):
    with pytest.raises(InvalidArgumentError, match=r"three slashes: file:///"):
        local_path(given)


def test_results_are_spelled_as_what_was_given():
    assert spelled_as("file:///runs", "/runs/m") == "file:///runs/m"
    assert spelled_as(b"file:///runs", "/runs/m") == "file:///runs/m"
    assert spelled_as(Path("/runs"), "/runs/m") == spelled_as("~", "/runs/m") == "/runs/m"
