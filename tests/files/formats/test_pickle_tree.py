"""Pickles as trees: Python's own pickles of plain values come back, and nothing of a pickle is ever run."""

import collections
import contextlib
import io
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import CheckpointError, DataLossError, TruncatedError
from ckpt_magics.files.formats import pickle_tree
from ckpt_magics.files.formats.pickle_tree import Applied, Global, Items, read_pickle

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 100), 1 << 100)
    | st.floats(allow_nan=False)
    | st.text(max_size=300)
    | st.binary(max_size=300)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(st.text(max_size=9) | st.integers(), inner, max_size=5)
    ),
    max_leaves=40,
)


def plain(tree):
    """A tree with dicts in place of their items."""
    if isinstance(tree, Items):
        return {key: plain(value) for key, value in tree}
    if isinstance(tree, list | tuple) and not isinstance(tree, Global):
        return type(tree)(map(plain, tree))
    if isinstance(tree, Applied) and tree.function == Global("_codecs", "encode"):
        return tree.arguments[0].encode(tree.arguments[1])
    if isinstance(tree, Applied) and tree.function.name == "bytes":
        return b""
    return tree


@given(values, st.sampled_from([2, 3, 4, 5]))
def test_plain_values_come_back(value, protocol):
    data = pickle.dumps(value, protocol)
    found = read_pickle(b"xx" + data + b"more", 2)
    assert plain(found.root) == value
    assert found.end == 2 + len(data)
    assert found.persistent == []


def test_calls_and_what_lies_elsewhere_are_noted():
    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return ("here", 7) if value is collections else None

    stream = io.BytesIO()
    made = collections.OrderedDict(a=1)
    made.mark = [2]
    Pickler(stream, 2).dump([made, collections, {3}, frozenset({4})])
    found = read_pickle(stream.getvalue())
    ordered, elsewhere, a_set, _ = found.root
    assert (str(ordered.function), ordered.arguments, ordered.items) == ("collections.OrderedDict", (), [("a", 1)])
    assert plain(ordered.state) == {"mark": [2]}
    assert found.persistent == [elsewhere]
    assert elsewhere.value == ("here", 7)
    assert (a_set.function.name, a_set.arguments) == ("set", ([3],))


class Trap:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_nothing_is_run_or_imported(protocol):
    trap = Trap(exec, "raise AssertionError('run')")
    found = read_pickle(pickle.dumps({"w": trap}, protocol)).root
    assert found[0][1].function.name == "exec"
    lost = read_pickle(b"\x80\x02cno_such_module\nno_such_name\n)R.").root
    assert lost.function == Global("no_such_module", "no_such_name")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"R.", "a stack"),
        (b"NR.", "a stack"),
        (b"N(0.", "a stack"),
        (b"t.", "a stack"),
        (b"h\x05.", "a memo"),
        (b"(K\x01Ke)R.", "has not imported"),
        (b"N)R.", "has not imported"),
        (b"]Nb.", "no object"),
        (b"}Na.", "no list"),
        (b"]NNs.", "no dict"),
        (b"}(Nu.", "without a value"),
        (b"NN\x93.", "no name"),
        (b"X\x01\x00\x00\x00\xff.", "no UTF-8"),
        (b"\x8b\xff\xff\xff\xff.", "negative"),
        (b"\x8a\x11" + bytes(17) + b".", "17 bytes"),
        (b"c" + b"x" * 2000 + b"\nx\n.", "without an end"),
        (b"I1\n.", "opcode 0x49"),
        (b"\x82\x01.", "opcode 0x82"),
        (b"(i__builtin__\nexec\n.", "opcode 0x69"),
        (b"(cos\nsystem\no.", "opcode 0x6f"),
    ],
)
def test_what_is_no_pickle_of_values_is_said(data, message):
    with pytest.raises(DataLossError, match=message):
        read_pickle(data)


def test_every_truncation_is_said():
    data = pickle.dumps({"a": [1, 2.5, (3, b"x" * 300)], "b": collections.OrderedDict(c="d")}, 4)
    for size in range(len(data)):
        with pytest.raises(TruncatedError):
            read_pickle(data[:size])


@pytest.mark.parametrize(
    "data",
    [
        b"X\xff\xff\xff\xffx",
        b"\x8d" + b"\xff" * 8 + b"x",
        b"\x96" + b"\xff" * 8 + b"x",
        b"\x8b\xff\xff\xff\x7fx",
    ],
)
def test_what_is_claimed_and_not_there_takes_no_memory(data):
    with pytest.raises(TruncatedError):
        read_pickle(data)


def test_a_place_in_the_memo_takes_no_memory_before_it():
    assert read_pickle(b"Nr\xff\xff\xff\xff.").root is None


def test_keys_are_not_hashed():
    # Both are 0 modulo 2**61 - 1, which Python takes for the hash of a number: many of them would take for ever.
    keys = [number * ((1 << 61) - 1) for number in (1, 2)]
    data = b"".join(b"\x8a\x0c" + key.to_bytes(12, "little") + b"N" for key in keys)
    found = read_pickle(b"}(" + data + data + b"u.").root
    assert found == [(key, None) for key in (*keys, *keys)]
    assert read_pickle(b"}]Ns.").root == [([], None)]


def test_too_many_opcodes_end_it(monkeypatch):
    monkeypatch.setattr(pickle_tree, "MAX_STEPS", 1000)
    with pytest.raises(DataLossError, match="more than 1,000 opcodes"):
        read_pickle(b"N" * 2000 + b".")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_tree_or_an_error_of_ours(data):
    with contextlib.suppress(CheckpointError):
        assert read_pickle(data).end <= len(data)


@given(st.lists(st.sampled_from(sorted(pickle_tree._STEPS)), max_size=60), st.data())
def test_any_opcodes_are_a_tree_or_an_error_of_ours(opcodes, data):
    parts = (bytes([opcode]) + data.draw(st.binary(max_size=2)) for opcode in opcodes)
    with contextlib.suppress(CheckpointError):
        read_pickle(b"".join(parts) + b".")
