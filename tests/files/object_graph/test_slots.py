"""A slot or a moving average is told from its name, and whose it is."""

import pytest

from ckpt_magics.files.object_graph.slots import Slot, owner_of, slot_of

NAMES = ["body/w", "body/w/Adam", "head/w", "head/w/Adam", "Adam/head/w/momentum", "other/head/w", "bn/moving_mean"]


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("body/w", None),
        ("body/w/Adam", "body/w"),
        ("head/w/Adam/more", "head/w/Adam"),
        ("Adam/head/w/momentum", "head/w"),
        ("Adam/m/head/w", "head/w"),
        ("Adam/gone/w/momentum", None),
        ("body/w_slot_vc", "body/w"),
        ("body/w_slot_embedding", None),
        ("gone/w_slot_vc", None),
        ("other/head/w", None),
        ("bn/moving_mean/biased", "bn/moving_mean"),
        ("net/bn/moving_mean", None),
        ("train/head/w/ExponentialMovingAverage", "head/w"),
    ],
)
def test_finds_the_variable_of_a_slot(name, owner):
    assert owner_of(name, {*NAMES, name}) == owner


@pytest.mark.parametrize(
    ("name", "slot"),
    [
        ("Adam/head/w/m", Slot("head/w", "Adam/", "/m")),
        ("Adam/m/head/w", Slot("head/w", "Adam/m/", "")),
        ("gone/w_slot_vr", Slot("gone/w", "", "_slot_vr")),
        ("gone/w/ExponentialMovingAverage", Slot("gone/w", "", "/ExponentialMovingAverage")),
        ("gone/w/Adam", None),
        ("time_slot_embedding", None),
        ("_slot_v", None),
    ],
)
def test_takes_a_slot_apart_around_its_variable_there_or_not(name, slot):
    assert slot_of(name, NAMES) == slot


def test_takes_the_longest_name_that_is_there():
    assert slot_of("body/w_slot_v", {"body", "body/w"}) == Slot("body/w", "", "_slot_v")
    assert slot_of("opt/a/b/c/Adam", {"opt", "a", "b/c"}) == Slot("b/c", "opt/a/", "/Adam")
