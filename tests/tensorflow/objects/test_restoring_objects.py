"""A restore of objects gives what TensorFlow's gives, in its words where something is left over or does not fit."""

import gc
import logging
import re

import pytest

import ckpt_magics.compat.v2 as stand_in
from tests.tensorflow.objects.restore_programs import PROGRAMS

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf():
    import tensorflow

    return tensorflow


def _plain(result, folder):
    if not isinstance(result, str):
        return result
    # Objects are shown as each package shows them; what is said of them is compared.
    text = re.sub(r"<[^<>]*(<[^<>]*>[^<>]*)*>", "<object>", result)
    return re.sub(r"\s+", " ", text.replace(str(folder), "FOLDER"))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_outcome_is_that_of_tensorflow(tf, program, tmp_path):
    results = []
    for module, folder in ((tf, tmp_path / "theirs"), (stand_in, tmp_path / "ours")):
        folder.mkdir()
        results.append([_plain(result, folder) for result in program(module, folder)])
    assert results[1] == results[0]


def test_what_is_left_is_told_when_the_objects_go(tf, tmp_path, caplog):
    path = stand_in.train.Checkpoint(a=stand_in.Variable(1.0), b=[stand_in.Variable(2.0)]).save(tmp_path / "m")
    told = []
    for module in (tf, stand_in):
        checkpoint = module.train.Checkpoint(a=module.Variable(0.0))
        gc.collect()
        caplog.clear()
        logger = logging.getLogger("tensorflow" if module is tf else "ckpt_magics")
        logger.addHandler(caplog.handler)
        with caplog.at_level(logging.WARNING, logger.name):
            checkpoint.restore(path)
            del checkpoint
            gc.collect()
        logger.removeHandler(caplog.handler)
        told.append(list(dict.fromkeys(record.getMessage() for record in caplog.records)))
    assert told[1][1:] == ["Value in checkpoint could not be found in the restored object: (root).b.0"]
    assert set(told[1][1:]) == set(told[0][1:])
    assert told[1][0] == told[0][0].partition(" See https")[0]
