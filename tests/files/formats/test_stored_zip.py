"""Zip archives written front to back: what Python's zipfile finds in them is what was written, at any size."""

import io
import os
import struct
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.files.formats.stored_zip import StoredZip

members = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9),
    st.lists(st.binary(max_size=20), max_size=3),
    max_size=5,
)


def write(contents, align=1):
    file = io.BytesIO()
    archive = StoredZip(file.write)
    for name, parts in contents.items():
        archive.add(name, parts, align=align)
    archive.finish()
    return file


def check(file, contents, align=1):
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == list(contents)
        for info in archive.infolist():
            data = b"".join(contents[info.filename])
            assert archive.read(info) == data
            name, extra = struct.unpack_from("<HH", file.getvalue(), info.header_offset + 26)
            start = info.header_offset + 30 + name + extra
            assert start % align == 0
            assert file.getvalue()[start : start + len(data)] == data


@given(members, st.sampled_from([1, 8, 64]))
def test_zipfile_reads_what_was_written(contents, align):
    check(write(contents, align), contents, align)


def test_sizes_and_places_beyond_4_gib_are_said_in_zip64(tmp_path):
    zeros = bytes(1 << 26)
    path = tmp_path / "m.zip"
    with open(path, "wb") as file:
        # The file has holes, so that this takes no space.
        archive = StoredZip(lambda data: file.seek(len(data), os.SEEK_CUR) if data is zeros else file.write(data))
        archive.add("large", [zeros] * 65)
        archive.add("behind", [b"it"])
        archive.finish()
    with zipfile.ZipFile(path) as archive:
        large, behind = archive.infolist()
        assert (large.file_size, large.compress_size, large.header_offset) == (65 << 26, 65 << 26, 0)
        assert behind.header_offset > 1 << 32
        assert archive.read("behind") == b"it"


def test_more_members_than_the_old_count_holds():
    contents = {str(number): [b""] for number in range(65_536)}
    with zipfile.ZipFile(write(contents)) as archive:
        assert len(archive.namelist()) == 65_536
