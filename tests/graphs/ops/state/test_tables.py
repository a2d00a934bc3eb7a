"""Tables give what they were filled with, for as long as their session."""

import numpy as np
import pytest

from ckpt_magics.compat import v1 as tf
from ckpt_magics.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def op(kind, *inputs, **attrs):
    return tf.get_default_graph().create_op(kind, [tf.convert_to_tensor(item) for item in inputs], attrs=attrs)


def table(version, keys=tf.string, values=tf.int64, **attrs):
    return op(f"HashTable{version}", key_dtype=keys, value_dtype=values, **attrs).outputs[0]


@pytest.mark.parametrize("version", ["", "V2"])
class TestTables:
    def test_finds_what_it_was_filled_with(self, version):
        handle = table(version)
        fill = op(f"InitializeTable{version}", handle, [b"a", b"b"], np.array([5, 7]))
        found = op(f"LookupTableFind{version}", handle, [[b"b", b"x", b"a"]], np.array(-1)).outputs[0]
        size = op(f"LookupTableSize{version}", handle).outputs[0]
        with tf.Session() as session:
            session.run(fill)
            assert session.run(found).tolist() == [[7, -1, 5]]
            assert session.run(size) == 2
            session.run(fill)

    def test_an_empty_table_finds_nothing(self, version):
        found = op(f"LookupTableFind{version}", table(version), [b"a"], np.array(-1)).outputs[0]
        with pytest.raises(FailedPreconditionError, match="not initialized"):
            tf.Session().run(found)

    def test_is_not_filled_anew_with_something_else(self, version):
        handle = table(version)
        fills = [op(f"InitializeTable{version}", handle, [b"a"], np.array([value])) for value in (1, 2)]
        session = tf.Session()
        session.run(fills[0])
        with pytest.raises(FailedPreconditionError, match="already initialized"):
            session.run(fills[1])

    def test_takes_its_entries_from_a_vocabulary(self, version, tmp_path):
        (tmp_path / "words.txt").write_bytes(b"# words\nthe\t3.5\nof\t1\n")
        path = str(tmp_path / "words.txt").encode()
        settings = {"vocab_size": 2, "offset": 1}
        ids, weights = table(version, shared_name="ids"), table(version, values=tf.float32, shared_name="weights")
        fill = f"InitializeTableFromTextFile{version}"
        fills = [
            op(fill, ids, path, key_index=0, value_index=-1, **settings),
            op(fill, weights, path, key_index=0, value_index=1, **settings),
        ]
        find = f"LookupTableFind{version}"
        number = op(find, ids, b"of", np.array(-1)).outputs[0]
        weight = op(find, weights, b"the", np.float32(0)).outputs[0]
        with tf.Session() as session:
            session.run(fills)
            assert session.run([number, weight]) == [1, 3.5]

    @pytest.mark.parametrize(("column", "size"), [(3, 2), (0, 9)])
    def test_refuses_a_vocabulary_that_lacks_something(self, version, tmp_path, column, size):
        (tmp_path / "words.txt").write_bytes(b"the\nof\n")
        path = str(tmp_path / "words.txt").encode()
        attrs = {"key_index": column, "value_index": -1, "vocab_size": size}
        fill = op(f"InitializeTableFromTextFile{version}", table(version), path, **attrs)
        with pytest.raises(InvalidArgumentError):
            tf.Session().run(fill)

    def test_a_vocabulary_that_is_not_there_is_named(self, version, tmp_path):
        path = str(tmp_path / "lost.txt").encode()
        fill = op(f"InitializeTableFromTextFile{version}", table(version), path, key_index=-2, value_index=-1)
        with pytest.raises(NotFoundError, match=r"lost\.txt"):
            tf.Session().run(fill)
