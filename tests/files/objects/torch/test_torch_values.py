"""PyTorch's tensors, modules, optimizers and schedules come back as they were."""

import copy

import ml_dtypes
import numpy as np
import pytest
import torch

from ckpt_magics.errors import InvalidArgumentError, TargetRefusedError, TensorMismatchError
from ckpt_magics.files.objects.collected import collect_tensors
from ckpt_magics.files.restore.restore import restore_checkpoint
from ckpt_magics.graphs.saver.array_saving import save_checkpoint


def make(outputs=2):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, outputs))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    return {"model": model, "optimizer": optimizer, "schedule": torch.optim.lr_scheduler.StepLR(optimizer, 2)}


def train(run, steps=3):
    torch.manual_seed(0)
    for _ in range(steps):
        run["optimizer"].zero_grad()
        run["model"](torch.randn(5, 3)).square().sum().backward()
        run["optimizer"].step()
        run["schedule"].step()


def assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        for item, twin in zip(one, other, strict=True):
            assert_same(item, twin)
    else:
        assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


@pytest.mark.parametrize("steps", [0, 2])
def test_training_goes_on_as_if_nothing_had_happened(tmp_path, steps):
    first, second = make(), make()
    train(first)
    train(second, steps)
    prefix = save_checkpoint(tmp_path / "run", first)
    weight = second["model"][0].weight
    restore_checkpoint(prefix, second)
    assert second["model"][0].weight is weight
    train(first)
    train(second)
    for name in first:
        assert_same(dict(first[name].state_dict()), dict(second[name].state_dict()))


OPTIMIZERS = {
    "Adam": lambda weights: torch.optim.Adam(weights, amsgrad=True),
    "SGD": lambda weights: torch.optim.SGD(weights, 0.1, momentum=0.9),
    "Adafactor": torch.optim.Adafactor,
    "LBFGS": lambda weights: torch.optim.LBFGS(weights, max_iter=3),
}


def stepped(kind, steps):
    """A model that has been trained some steps, and its optimizer."""
    torch.manual_seed(1)
    model = torch.nn.Linear(3, 2)
    optimizer = OPTIMIZERS[kind](model.parameters())
    step(model, optimizer, steps)
    return model, optimizer


def step(model, optimizer, steps):
    def loss():
        optimizer.zero_grad()
        value = (model(torch.linspace(-1, 1, 15).reshape(5, 3)) - 1).square().mean()
        value.backward()
        return value

    for _ in range(steps):
        optimizer.step(loss)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimizer_goes_on_in_one_without_a_state(tmp_path, kind):
    (model, optimizer), (other, fresh) = stepped(kind, 3), stepped(kind, 0)
    prefix = save_checkpoint(tmp_path / "run", {"model": model, "optimizer": optimizer})
    restore_checkpoint(prefix, {"model": other, "optimizer": fresh})
    for each in ((model, optimizer), (other, fresh)):
        step(*each, 3)
    assert_same(dict(model.state_dict()), dict(other.state_dict()))


@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("kind", ["Adam", "SGD", "Adafactor"])
def test_state_dicts_of_optimizers_are_filled_as_they_are_loaded(tmp_path, kind, steps):
    """What is None in them is a setting, which is no place for a value."""
    (model, optimizer), (other, fresh) = stepped(kind, 3), stepped(kind, steps)
    prefix = save_checkpoint(tmp_path / "run", {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    states = {"model": other.state_dict(), "optimizer": fresh.state_dict()}
    restore_checkpoint(prefix, states)
    assert_same(states["optimizer"], optimizer.state_dict())
    other.load_state_dict(states["model"])
    fresh.load_state_dict(states["optimizer"])
    for each in ((model, optimizer), (other, fresh)):
        step(*each, 3)
    assert_same(dict(model.state_dict()), dict(other.state_dict()))


def test_a_state_dict_is_as_it_was_where_something_does_not_fit(tmp_path):
    (model, optimizer), (other, fresh) = stepped("Adam", 3), stepped("Adam", 0)
    prefix = save_checkpoint(tmp_path / "run", {"model": model, "optimizer": optimizer})
    state = fresh.state_dict()
    with pytest.raises(InvalidArgumentError):
        restore_checkpoint(prefix, {"optimizer": state, "model": {"weight": np.zeros(7), "bias": np.zeros(2)}})
    assert_same(state, OPTIMIZERS["Adam"](other.parameters()).state_dict())


def test_a_misfit_leaves_the_module_as_it_was():
    saved = {name: np.array(array) for name, array in collect_tensors({"model": make()["model"]}).items()}
    model = make(outputs=5)["model"]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(TensorMismatchError, match=r"model/2.weight *its shape is \[5,4\] here"):
        restore_checkpoint(saved, {"model": model})
    assert_same(before, dict(model.state_dict()))


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float16", "complex64", "uint16", "bool"])
def test_element_types_round_trip(name):
    tensor = torch.tensor([0, 1, 2]).to(getattr(torch, name))
    array = collect_tensors({"x": tensor})["x"]
    assert array.dtype == np.dtype(getattr(ml_dtypes, name, name))
    target = torch.zeros(3).to(tensor.dtype)
    restore_checkpoint({"x": array}, {"x": target})
    assert torch.equal(target.view(torch.uint8), tensor.view(torch.uint8))


def test_resolves_views_that_numpy_cannot_see():
    wave = torch.tensor([1 + 2j]).conj()
    assert collect_tensors({"x": wave})["x"].tolist() == [1 - 2j]
    assert collect_tensors({"x": torch.eye(2, requires_grad=True).t()})["x"].shape == (2, 2)


def test_refuses_a_sparse_tensor():
    with pytest.raises(InvalidArgumentError, match="save its"):
        collect_tensors({"x": torch.eye(2).to_sparse()})


class Picky(torch.nn.Linear):
    """Copies its state in place and then complains, as modules do about what does not fit."""

    def load_state_dict(self, state, *options, **named):
        super().load_state_dict(state, *options, **named)
        if self.bias.detach().sum() > 1:
            raise RuntimeError("Error(s) in loading state_dict for Picky")


def _copied(run):
    return {name: copy.deepcopy(part.state_dict()) for name, part in run.items()}


@pytest.mark.parametrize("last", [False, True])
def test_a_module_that_complains_takes_everything_back(last):
    run = make()
    train(run)
    run["loose"] = torch.nn.ParameterDict({"x": torch.zeros(2, dtype=torch.bfloat16)})
    picky = {"picky": Picky(2, 2)}
    with torch.no_grad():
        picky["picky"].bias.zero_()
    run = {**run, **picky} if last else {**picky, **run}
    tensor, weight = torch.zeros(3), run["model"][0].weight
    saved = {name: np.ones_like(array) for name, array in collect_tensors({**run, "tensor": tensor}).items()}
    before = _copied(run)
    with pytest.raises(TargetRefusedError, match="picky, an object with a state dict, does not take its values"):
        restore_checkpoint(saved, {"tensor": tensor, **run})
    for name, part in run.items():
        assert_same(before[name], copy.deepcopy(part.state_dict()))
    assert not tensor.any()
    assert run["model"][0].weight is weight
    train(run)


def test_a_tensor_that_is_one_value_in_many_places_is_refused_by_name():
    tensor, other = torch.zeros(1).expand(3), torch.zeros(2)
    with pytest.raises(TargetRefusedError, match=r"wide, a PyTorch tensor, .*memory .*\[tensor 'wide'\]"):
        restore_checkpoint({"wide": np.ones(3, np.float32), "w": np.ones(2, np.float32)}, {"w": other, "wide": tensor})
    assert not other.any()


def test_arrays_in_the_state_of_other_objects_stay_arrays():
    class Counter:
        def __init__(self):
            self.counts = np.zeros(2)

        def state_dict(self):
            return {"counts": self.counts, "total": np.float32(0)}

        def load_state_dict(self, state):
            self.counts = state["counts"]
            self.total = state["total"]

    counter = Counter()
    restore_checkpoint({"c/counts": np.ones(2), "c/total": np.float32(2)}, {"c": counter})
    assert (type(counter.counts), type(counter.total)) == (np.ndarray, np.float32)
    assert (counter.counts.tolist(), counter.total) == ([1, 1], 2)
