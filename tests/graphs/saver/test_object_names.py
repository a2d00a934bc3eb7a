"""A Saver restores object-based checkpoints by the names that their variables had in graphs."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.files.formats.dtypes import dtype_of
from ckpt_magics.notebook.reader import load_checkpoint
from tests.graphs.saver.programs import fresh_session
from tests.truth import GOLDEN, iter_cases

CASES = [case for case in iter_cases(GOLDEN) if case.objects is not None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_restores_every_variable_that_has_a_name(case):
    with load_checkpoint(case.prefix) as reader:
        names = reader.object_graph.full_names
        stored = {name: reader[key] for name, key in names.items()}
    assert stored
    with fresh_session() as session:
        variables = {
            name: tf.Variable(tf.zeros(np.shape(value), dtype_of(np.asarray(value)))) for name, value in stored.items()
        }
        tf.train.Saver(variables).restore(session, case.prefix)
        for name, value in session.run(variables).items():
            np.testing.assert_array_equal(value, stored[name])
