"""Versions and who may read them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError, InvalidArgumentError
from ckpt_magics.files.formats.versions import Versions
from ckpt_magics.proto import messages

INT32 = st.integers(-(2**31), 2**31 - 1)


def test_those_of_this_package():
    assert Versions().encode() == bytes.fromhex("0801")
    Versions().check()


@given(INT32, INT32, st.lists(INT32, max_size=3))
def test_reads_what_protobuf_writes(producer, min_consumer, bad):
    """Protobuf packs the list; the unpacked form, as written here, says the same."""
    message = messages.VersionDef(producer=producer, min_consumer=min_consumer, bad_consumers=bad)
    versions = Versions.decode(message.SerializeToString())
    assert versions == (producer, min_consumer, tuple(bad))
    assert Versions.decode(versions.encode()) == versions
    assert messages.VersionDef.FromString(versions.encode()) == message


@pytest.mark.parametrize("versions", [Versions(0), Versions(1000), Versions(1, 1), Versions(1, 0, (0, 2))])
def test_reads_what_allows_version_1(versions):
    versions.check()


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        (Versions(-1), "Checkpoint producer version -1 below min producer 0 supported"),
        (Versions(1, 2), "Checkpoint min consumer version 2 above current version 1"),
        (Versions(1, 0, (0, 1)), "Checkpoint disallows consumer version 1"),
    ],
)
def test_refuses_what_disallows_version_1(versions, message):
    with pytest.raises(InvalidArgumentError, match=message):
        versions.check()


@given(st.binary(max_size=20))
def test_any_bytes_give_versions_or_an_error(data):
    with contextlib.suppress(DataLossError):
        assert isinstance(Versions.decode(data), Versions)
