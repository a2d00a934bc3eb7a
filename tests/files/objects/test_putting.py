"""A restore that something refuses half-way leaves every object as it was, and says which one refused."""

import _thread
import copy
import dataclasses
import threading
from collections import OrderedDict, UserDict, namedtuple

import numpy as np
import pandas as pd
import pytest

from ckpt_magics.errors import CheckpointError, ResourceExhaustedError, TargetRefusedError, TensorMismatchError
from ckpt_magics.files.objects.collected import collect_tensors
from ckpt_magics.files.restore.restore import plan_restore, restore_checkpoint
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.graph_variables import GraphVariables
from ckpt_magics.graphs.session import Session
from ckpt_magics.graphs.variables.variable import Variable as GraphVariable


class Variable:
    """As TensorFlow and Keras have them."""

    def __init__(self, value):
        self.value = np.array(value)

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)

    def numpy(self):
        return self.value

    def assign(self, value):
        self.value = np.array(value)


class Refusing(Variable):
    """Takes zeros only, as those that it has before, and raises what it was given."""

    error = RuntimeError("no")

    def assign(self, value):
        if np.any(value):
            raise self.error
        super().assign(value)


class Module:
    """As torch.nn.Module: its state dict shares memory, and loading copies in place."""

    def __init__(self):
        self.w, self.b = np.zeros(2), np.zeros(2)

    def state_dict(self):
        return OrderedDict(w=self.w, b=self.b)

    def load_state_dict(self, state):
        self.w[...] = state["w"]
        self.b[...] = state["b"]


class Checking(Module):
    """Refuses only when half is loaded."""

    def load_state_dict(self, state):
        self.w[...] = state["w"]
        if np.any(state["b"]):
            raise RuntimeError("Error(s) in loading state_dict")


class Stubborn(Module):
    """Never loads anything without an error."""

    def load_state_dict(self, state):
        self.w[...] = state["w"]
        raise RuntimeError("never")


class Schedule:
    """Its state is numbers and lists, and it keeps what it loads."""

    def __init__(self):
        self.state = {"epoch": 0, "rates": [0.0, 0.0], "name": "", "mean": np.zeros(2)}

    def state_dict(self):
        return self.state

    def load_state_dict(self, state):
        self.state = state


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: object

    def __post_init__(self):
        if np.any(self.a):
            raise ValueError("bad")


@dataclasses.dataclass
class Pair:
    a: object
    b: object


@dataclasses.dataclass
class Guarded:
    """Takes its first field, and refuses the second."""

    a: object
    b: object

    def __setattr__(self, name, value):
        if name == "b" and np.any(value):
            raise AttributeError("b is not to be set")
        super().__setattr__(name, value)


class Locked(UserDict):
    """A mapping that refuses some values."""

    def __setitem__(self, key, value):
        if key == "b" and np.any(value):
            raise KeyError("b")
        super().__setitem__(key, value)


class Guard(np.ndarray):
    """An array that writes and then raises."""

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        if np.any(value):
            raise ValueError("guarded")


class Checked(namedtuple("Fields", "a")):
    """A named tuple that checks when it is made, and is always made anew."""

    def __new__(cls, a):
        if np.any(a):
            raise ValueError("checked")
        return super().__new__(cls, a)

    def _replace(self, **fields):
        return type(self)(**fields)


# A target that refuses ones, and the error that it does so with.
REFUSING = {
    "variable": (lambda: Refusing(np.zeros(2)), RuntimeError),
    "categorical": (lambda: pd.Series(pd.Categorical([0.0, 0.0], [0.0, 2.0])), TypeError),
    "frozen dataclass": (lambda: Frozen(np.zeros(2)), ValueError),
    "dataclass": (lambda: Guarded(0.0, 0.0), AttributeError),
    "mapping": (lambda: Locked(a=0.0, b=0.0), KeyError),
    "named tuple": (lambda: Checked(0.0), ValueError),
    "module": (Checking, RuntimeError),
    "stubborn module": (Stubborn, RuntimeError),
    "guarded array": (lambda: np.zeros(2).view(Guard), ValueError),
}

# A target that takes all ones.
TAKING = {
    "array": lambda: np.zeros((2, 3)),
    "Fortran": lambda: np.zeros((2, 3), order="F"),
    "strided": lambda: np.zeros((4, 6))[::2, ::-2],
    "masked": lambda: np.ma.masked_array(np.zeros(3), [0, 1, 0]),
    "objects": lambda: np.array(["", b""], object),
    "text": lambda: np.array(["", "ab"]),
    "scalar": lambda: np.float32(0),
    "number": lambda: 0,
    "string": lambda: "",
    "list": lambda: [[0, 0], [0, 0]],
    "tuple": lambda: (0.0, 0.0),
    "series": lambda: pd.Series([0.0, 0.0], [5, 5], name="s"),
    "integers": lambda: pd.Series([1, None], dtype="Int64"),
    "words": lambda: pd.Series(["", "x"]),
    "categories": lambda: pd.Series(pd.Categorical([0.0, None], [0.0, 1.0])),
    "sparse": lambda: pd.Series([0.0, 2.0], dtype="Sparse[float]"),
    "frame": lambda: pd.DataFrame({"n": [0, 0], "t": ["", ""]}, index=[7, 7]),
    "variable": lambda: Variable(np.zeros(2)),
    "module": Module,
    "schedule": Schedule,
    "dataclass": lambda: Pair(np.zeros(2), 0.0),
    "nested": lambda: {"deep": [np.zeros(2), {"n": 0}, None], "more": OrderedDict(x=0.0)},
    "open": dict,
}


def _ones(target):
    """Something for each place that no value of it equals."""
    stored = {}
    for name, array in collect_tensors(target).items():
        is_text = array.dtype == object
        stored[name] = np.full(array.shape, b"a" if is_text else 1, array.dtype)
    return stored


def _state(value):
    """What a value holds, and which objects these are, to be compared later."""
    if isinstance(value, Module):
        return [id(value), value.w.tolist(), id(value.w), value.b.tolist(), id(value.b)]
    if isinstance(value, Schedule):
        return [id(value), repr(value.state)]
    if isinstance(value, dict | UserDict):
        return [id(value), [(key, _state(item)) for key, item in value.items()]]
    if isinstance(value, list):
        return [id(value), [_state(item) for item in value]]
    if dataclasses.is_dataclass(value):
        return [id(value), {name: _state(item) for name, item in vars(value).items()}]
    if isinstance(value, np.ma.MaskedArray):
        return [id(value), value.data.tolist(), value.mask.tolist()]
    if isinstance(value, Variable):
        return [id(value), repr(value.value)]
    return [id(value), repr(value)]


@pytest.mark.parametrize("refusing", REFUSING)
@pytest.mark.parametrize("taking", TAKING)
def test_everything_is_as_it_was_when_one_target_refuses(taking, refusing):
    make, error = REFUSING[refusing]
    targets = {"first": TAKING[taking](), "refusing": make(), "last": TAKING[taking]()}
    filled = {"first": _fill(targets["first"]), "refusing": targets["refusing"], "last": _fill(targets["last"])}
    stored = _ones({name: value for name, value in filled.items() if value is not None})
    before = _state(targets)
    for order in (list(targets), list(targets)[::-1]):
        with pytest.raises(TargetRefusedError, match="refusing") as caught:
            restore_checkpoint(stored, {name: targets[name] for name in order})
        assert isinstance(caught.value.__cause__, error)
        assert "Nothing was changed; exclude refusing" in str(caught.value)
        assert _state(targets) == before


def _fill(value):
    """The value as it can be saved: without what is missing or masked, and with something in empty places."""
    if isinstance(value, pd.Series) and value.isna().any():
        return value.fillna(value.dropna().iloc[0])
    if isinstance(value, np.ma.MaskedArray):
        return value.data
    if isinstance(value, dict):
        return copy.deepcopy(value) | (
            {"deep": [np.zeros(2), {"n": 0}, np.zeros(1)]} if value else {"new": np.zeros(1)}
        )
    return value


@pytest.mark.parametrize("taking", TAKING)
def test_the_same_targets_take_their_values_when_nothing_refuses(taking):
    targets = {"t": TAKING[taking]()}
    stored = _ones({"t": _fill(targets["t"])})
    restore_checkpoint(stored, targets)
    restored = collect_tensors(targets)
    assert {name: array.tolist() for name, array in restored.items()} == {
        name: array.tolist() for name, array in stored.items()
    }


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_an_interrupt_in_the_middle_takes_everything_back_and_stays_what_it_is(error):
    variable, a, z = Refusing(np.zeros(2)), np.zeros(2), np.zeros(2)
    variable.error = error
    with pytest.raises(type(error)):
        restore_checkpoint({name: np.ones(2) for name in "avz"}, {"a": a, "v": variable, "z": z})
    assert not np.any([a, z, variable.value])


def test_an_interrupt_of_another_thread_takes_everything_back():
    caught = []

    def work():
        try:
            restore_checkpoint({name: np.ones(2) for name in "avz"}, {"a": a, "v": variable, "z": z})
        except KeyboardInterrupt as error:
            caught.append(error)

    variable, a, z = Refusing(np.zeros(2)), np.zeros(2), np.zeros(2)
    variable.error = KeyboardInterrupt()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert caught
    assert not np.any([a, z, variable.value])


def test_too_little_memory_is_said_as_such():
    variable, a = Refusing(np.zeros(2)), np.zeros(2)
    variable.error = MemoryError("Unable to allocate 8 TiB")
    with pytest.raises(
        ResourceExhaustedError, match="cannot be put in place: there is not enough memory: Unable to"
    ) as caught:
        restore_checkpoint({"a": np.ones(2), "v": np.ones(2)}, {"v": variable, "a": a})
    assert caught.value.tensor == "v"
    assert not a.any()


def test_an_error_of_this_package_stays_and_gets_the_name():
    variable, a = Refusing(np.zeros(2)), np.zeros(2)
    variable.error = TensorMismatchError("no such shape")
    with pytest.raises(TensorMismatchError, match=r"no such shape \[tensor 'v'\]. Nothing was changed"):
        restore_checkpoint({"a": np.ones(2), "v": np.ones(2)}, {"v": variable, "a": a})
    assert not a.any()


def test_says_what_does_not_take_its_former_value_back():
    class Stuck(Refusing):
        def assign(self, value):
            self.value = np.array(value)
            raise self.error

    stuck, a = Stuck(np.zeros(2)), np.zeros(2)
    with pytest.raises(TargetRefusedError, match=r"do not take their former values back, .*: net/v$"):
        restore_checkpoint({"net/v": np.ones(2), "a": np.ones(2)}, {"a": a, "net": {"v": stuck}})
    stuck.error = KeyboardInterrupt()
    stuck.value = np.zeros(2)
    with pytest.raises(KeyboardInterrupt) as caught:
        restore_checkpoint({"net/v": np.ones(2), "a": np.ones(2)}, {"a": a, "net": {"v": stuck}})
    assert "former values back" in caught.value.__notes__[0]
    assert not a.any()


def test_a_refused_value_that_changed_nothing_is_not_assigned_again():
    class Counting(Refusing):
        calls = 0

        def assign(self, value):
            self.calls += 1
            super().assign(value)

    variable = Counting(np.full(2, np.nan))
    with pytest.raises(TargetRefusedError):
        restore_checkpoint({"v": np.ones(2)}, {"v": variable})
    assert variable.calls == 1


def test_the_arrays_of_a_state_dict_change_only_when_it_is_loaded():
    class Deferring(Module):
        def load_state_dict(self, state):
            assert not self.w.any()
            assert state["w"] is not self.w
            super().load_state_dict(state)

    module = Deferring()
    w = module.w
    restore_checkpoint({"m/w": np.ones(2), "m/b": np.ones(2)}, {"m": module})
    assert module.w is w
    assert (module.w.tolist(), module.b.tolist()) == ([1, 1], [1, 1])


def test_a_setting_of_a_state_dict_keeps_its_kind_of_text():
    schedule = Schedule()
    schedule.state = {"tag": b"", "name": "", "epoch": 0}
    restore_checkpoint(
        {"s/tag": np.array(b"\xff", object), "s/name": np.array(b"x", object), "s/epoch": 1.5}, {"s": schedule}
    )
    assert schedule.state == {"tag": b"\xff", "name": "x", "epoch": 1.5}


def test_names_that_cannot_be_bound_are_part_of_the_whole():
    a = np.zeros(2)

    def bind(values):
        assert values["a"] is a
        assert a.all()
        raise LookupError("no such namespace")

    plan = plan_restore({"a": np.ones(2)}, {"a": a})
    with pytest.raises(LookupError):
        plan.apply(bind=bind)
    assert not a.any()


def test_an_interrupt_while_values_are_put_waits_until_the_notebook_has_its_names(magics, tmp_path, monkeypatch):
    class Interrupting(Variable):
        def assign(self, value):
            super().assign(value)
            _thread.interrupt_main()

    monkeypatch.chdir(tmp_path)
    magics.push({"v": Variable(np.ones(2)), "step": 7})
    magics.run_line_magic("ckpt_save", "m v step -q")
    magics.push({"v": Interrupting(np.zeros(2)), "step": 0})
    with pytest.raises(KeyboardInterrupt):
        magics.run_line_magic("ckpt_restore", "m -q")
    assert magics.user_ns["step"] == 7
    assert magics.user_ns["v"].value.all()


def test_arrays_given_as_the_source_may_be_the_targets():
    x, y = np.zeros(2), np.ones(2)
    restore_checkpoint({"a": x, "b": y}, {"a": y, "b": x})
    assert (x.tolist(), y.tolist()) == ([1, 1], [0, 0])
    values = restore_checkpoint({"a": x}).values
    values["a"][:] = 5
    assert x.tolist() == [1, 1]


def test_two_places_of_one_name_are_refused():
    with pytest.raises(CheckpointError, match="2 places have the name 'a/b'"):
        restore_checkpoint({"a/b": np.ones(2)}, {"a/b": np.zeros(2), "a": {"b": np.zeros(2)}})


def test_a_source_that_cannot_be_read_is_said_by_name():
    class Source(dict):
        reads = 0

        def __getitem__(self, key):
            raise OSError("the file is gone")

    a = np.zeros(2)
    with pytest.raises(
        CheckpointError, match=r"its values cannot be read: the file is gone \[tensor 'b'\]. Nothing was"
    ):
        restore_checkpoint(Source(b=np.ones(2)), {"b": a})


def test_variables_of_a_session_that_have_no_value_yet_get_one_or_none_of_them_does():
    with Graph().as_default() as graph:
        for name in "ab":
            GraphVariable(np.zeros(2, np.float32), name=name)
        session = Session(graph=graph)
    stored = {name: np.ones(2, np.float32) for name in "abr"}
    variables, refusing = GraphVariables(session), Refusing(np.zeros(2, np.float32))
    with pytest.raises(TargetRefusedError):
        plan_restore(stored, {**variables, "r": refusing}).apply(bind=lambda _: variables.commit())
    assert session.variable_values() == {}
    plan_restore(stored, dict(variables)).apply(bind=lambda _: variables.commit())
    assert {name: value.tolist() for name, value in session.variable_values().items()} == {"a": [1, 1], "b": [1, 1]}
