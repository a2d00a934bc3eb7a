"""Every error number becomes one class, whether the file was read or written."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from ckpt_magics.errors import CheckpointError, DataLossError, FailedPreconditionError, NotFoundError
from ckpt_magics.files.storage.disk import writing_to
from ckpt_magics.files.storage.error_table import class_for, class_for_writing
from ckpt_magics.files.storage.system_errors import system_errors

DIFFERENT = {
    errno.ENOTDIR: (NotFoundError, FailedPreconditionError),
    errno.EIO: (DataLossError, CheckpointError),
}


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_reading_and_writing_agree_on_an_error_number(number: int, tmp_path: Path) -> None:
    """The two seams say the same of all numbers but two, whose reasons stand in the table."""
    path = str(tmp_path / "m")
    with pytest.raises(CheckpointError) as read, system_errors(path):
        raise OSError(number, "no")
    with pytest.raises(CheckpointError) as written, writing_to(path):
        raise OSError(number, "no")
    same = class_for(number)
    assert (read.type, written.type) == DIFFERENT.get(number, (same, same))
    assert written.type is class_for_writing(number)


def test_an_error_without_a_number_has_the_root_class() -> None:
    assert (class_for(None), class_for_writing(None)) == (CheckpointError, CheckpointError)
