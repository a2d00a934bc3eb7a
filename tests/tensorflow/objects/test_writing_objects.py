"""Checkpoints of objects are byte for byte those that TensorFlow writes for the same program."""

import pytest

import ckpt_magics.compat.v2 as stand_in
from tests.tensorflow.objects.object_programs import PROGRAMS

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf():
    import tensorflow

    return tensorflow


def _files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_files_are_those_of_tensorflow(tf, program, tmp_path):
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    expected = [path.replace(str(theirs), "") for path in program(tf, theirs)]
    assert [path.replace(str(ours), "") for path in program(stand_in, ours)] == expected
    wanted, written = _files(theirs), _files(ours)
    assert written.keys() == wanted.keys()
    assert [name for name in wanted if written[name] != wanted[name]] == []
