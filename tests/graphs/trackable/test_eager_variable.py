"""Variables without a graph are arrays that can be assigned to."""

import numpy as np
import pytest

from ckpt_magics.files.formats.dtypes import FLOAT, INT64, STRING
from ckpt_magics.graphs.trackable.eager_names import EagerNameScope
from ckpt_magics.graphs.trackable.eager_variable import EagerVariable
from ckpt_magics.graphs.trackable.module import Module
from ckpt_magics.notebook.frames.differences import compare_checkpoints


def test_first_value_says_shape_and_dtype():
    made = [EagerVariable(1.5), EagerVariable(np.zeros((2, 3), np.int64)), EagerVariable(["a", "b"])]
    assert [(one.dtype, one.shape.as_list()) for one in made] == [(FLOAT, []), (INT64, [2, 3]), (STRING, [2])]
    assert EagerVariable(lambda: 1, dtype=INT64).numpy() == np.int64(1)
    assert EagerVariable(EagerVariable([1.0])).get_shape() == [1]
    with pytest.raises(ValueError, match="must be specified"):
        EagerVariable()
    with pytest.raises(ValueError, match="not compatible"):
        EagerVariable([1.0], shape=[2])
    assert EagerVariable([1.0], shape=[None]).assign([1.0, 2.0]).numpy().tolist() == [1.0, 2.0]


def test_values_are_copies():
    given = np.zeros(2)
    variable = EagerVariable(given)
    given[:] = 1
    variable.numpy()[:] = 2
    variable.value()[:] = 3
    np.asarray(variable)[:] = 4
    variable[:][:] = 5
    assert variable.read_value().tolist() == [0.0, 0.0]


def test_assigning_keeps_shape_and_dtype():
    variable = EagerVariable([1, 2], name="w")
    assert variable.assign([3, 4]) is variable
    assert variable.assign_add([1, 1]).assign_sub(2).numpy().tolist() == [2, 3]
    with pytest.raises(ValueError, match=r"Cannot assign value to variable ' w:0': Shape mismatch"):
        variable.assign([1])
    with pytest.raises(ValueError, match="Shape mismatch"):
        variable.assign_add([[1, 1]] * 2)
    with pytest.raises(TypeError):
        variable.assign([1.5, 2.5])
    assert variable.numpy().dtype == np.int32


def test_arithmetic_is_that_of_its_array():
    variable = EagerVariable([1.0, 2.0])
    assert (2 * variable + 1).tolist() == [3.0, 5.0]
    assert np.sum(variable) == 3.0
    assert (variable == [1.0, 0.0]).tolist() == [True, False]
    assert (len(variable), variable[1], list(variable)) == (2, 2.0, [1.0, 2.0])
    one = EagerVariable(1)
    assert (int(one), float(one), bool(one), [5, 6][one]) == (1, 1.0, True, 6)
    kept = one
    one += 1
    assert (int(one), int(kept)) == (2, 1)


def test_a_variable_is_no_key_and_its_reference_is():
    variable = EagerVariable(1)
    with pytest.raises(TypeError, match=r"use variable\.ref\(\)"):
        hash(variable)
    assert {variable.ref(): 1}[variable.ref()] == 1
    assert variable.ref() != EagerVariable(1).ref()
    assert variable.ref().deref() is variable


def test_names_begin_with_the_scopes_that_are_open():
    with EagerNameScope("outer") as outer, EagerNameScope("inner") as inner:
        names = [outer, inner, EagerVariable(1).name, EagerVariable(1, name="w").name]
    assert names == ["outer/", "outer/inner/", "outer/inner/Variable:0", "outer/inner/w:0"]
    assert EagerVariable(1).name == "Variable:0"
    assert repr(EagerVariable([1, 2])) == "<tf.Variable 'Variable:0' shape=(2,) dtype=int32, numpy=[1, 2]>"
    with pytest.raises(ValueError, match="must be a string"):
        EagerNameScope(1)


def test_module_has_the_variables_that_it_holds():
    class TwoLayers(Module):
        @Module.with_name_scope
        def build(self, size):
            self.w = EagerVariable(np.zeros(size))
            return size

    outer, inner = TwoLayers(), TwoLayers("inner")
    assert (outer.build(2), inner.build(3)) == (2, 3)
    outer.parts = {"b": [inner], "a": EagerVariable(1, trainable=False)}
    assert [one.name for one in outer.variables] == ["Variable:0", "two_layers/Variable:0", "inner/Variable:0"]
    assert [one.name for one in outer.trainable_variables] == ["two_layers/Variable:0", "inner/Variable:0"]
    assert len(outer.non_trainable_variables) == 1
    assert [one.name for one in outer.submodules] == ["inner"]
    with pytest.raises(ValueError, match="not a valid module name"):
        Module("1st")


def test_it_is_compared_as_a_value():
    compared = compare_checkpoints({"w": EagerVariable([1.0])}, {"w": np.ones(1, np.float32)})
    assert compared["status"].tolist() == ["same"]
