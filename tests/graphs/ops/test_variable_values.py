"""Variables keep values that nobody can change behind their back."""

import numpy as np
import pytest

from ckpt_magics.errors import FailedPreconditionError
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.graphs.ops.variable_values import SessionVariable, SessionVariables


@pytest.fixture
def variable():
    return SessionVariable("w", "", FLOAT, (2, None))


def test_array_that_owns_its_memory_is_kept_without_a_copy(variable):
    array = np.zeros((2, 3), np.float32)
    variable.assign(array)
    assert variable.value is array
    assert not array.flags.writeable


def test_view_is_copied(variable):
    array = np.zeros((4, 3), np.float32)
    variable.assign(array[:2])
    array[:] = 1
    assert not variable.value.any()


def test_reading_a_variable_without_a_value_says_what_that_means(variable):
    with pytest.raises(FailedPreconditionError, match=r"Could not find variable w\. This could mean .* uninitialized"):
        variable.read()


def test_shape_is_checked_where_it_is_known(variable):
    assert variable.accepts((2, 7))
    assert not variable.accepts((3, 7))
    assert not variable.accepts((2,))


def test_store_tells_variables_apart_by_kind_container_and_name():
    store = SessionVariables()
    found = {
        store.find(kind, "w", container, FLOAT, ()) for kind in ("reference", "resource") for container in ("", "c")
    }
    assert len(found) == 4
    assert store.find("resource", "w", "c", FLOAT, ()) in found
    assert set(store) == found
    store.clear()
    assert not list(store)
