"""What programs do with ``tf.gfile``, and the files that their ops read, at URLs."""

import fsspec
import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.graphs.ops.state.vocabularies import file_words, remap_vocabulary


@pytest.fixture(autouse=True)
def memory():
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield
    system.store.clear()


def write(name, text):
    with tf.gfile.GFile(name, "w") as file:
        file.write(text)


def test_files_are_written_read_found_and_removed():
    tf.gfile.MakeDirs("memory://run/a")
    write("memory://run/a/text", "größe\nzwei\n")
    write("memory://run/b/text", "x")
    with tf.gfile.GFile("memory://run/a/text", "a") as file:
        file.write("drei")
    with tf.gfile.GFile("memory://run/a/text") as file:
        assert list(file) == ["größe\n", "zwei\n", "drei"]
    with tf.gfile.GFile("memory://run/a/text", "rb") as file:
        file.seek(-4, 2)
        assert file.read() == b"drei"
        assert file.tell() == 17
        assert not file.read()
    assert tf.gfile.Glob("memory://run/*/te?t") == ["memory://run/a/text", "memory://run/b/text"]
    assert tf.gfile.Glob(["memory://run/[b]/*", "memory://run/a/none*"]) == ["memory://run/b/text"]
    assert tf.gfile.Glob("memory://run/a/text") == ["memory://run/a/text"]
    tf.gfile.DeleteRecursively("memory://run/a")
    assert not tf.gfile.Exists("memory://run/a")
    assert tf.gfile.Exists("memory://run/b/text")


def test_what_is_not_there_is_told():
    for call in (tf.gfile.DeleteRecursively, tf.gfile.GFile, tf.gfile.Remove):
        with pytest.raises(tf.errors.NotFoundError):
            call("memory://run/none")
    with pytest.raises(tf.errors.UnimplementedError, match="cannot be opened as 'r\\+'"):
        tf.gfile.GFile("memory://run/none", "r+")


def test_vocabularies_are_read():
    write("memory://run/new", "c\r\nb\nd\n")
    write("memory://run/old", "a\nb\nc")
    assert list(file_words(b"memory://run/new", 1, None)) == [b"b", b"d"]
    assert np.array_equal(remap_vocabulary("memory://run/new", "memory://run/old", 0, 3, -1), [2, 1, -1])
