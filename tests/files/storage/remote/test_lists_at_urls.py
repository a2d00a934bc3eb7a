"""Whoever writes the list of a directory at a URL writes it anew where somebody else was quicker."""

import numpy as np
import pytest
from obstore.store import MemoryStore

from ckpt_magics.errors import AbortedError
from ckpt_magics.files.directory.managed import ManagedCheckpoints
from ckpt_magics.files.directory.pinning import change_pins
from ckpt_magics.files.directory.repair import rewrite_state
from ckpt_magics.files.directory.retention import CheckpointHistory
from ckpt_magics.files.directory.state import get_checkpoint_state, update_checkpoint_state
from ckpt_magics.files.storage.remote.obstore_client import ObstoreClient
from ckpt_magics.files.tensors.save_options import SaveOptions
from tests.files.saved import write_checkpoint
from tests.files.storage.remote.test_saving_at_urls import ROOT, bucket


class OvertakenClient(ObstoreClient):
    """A service where somebody else writes a list just before the next one that is put."""

    def __init__(self):
        super().__init__(MemoryStore(), ROOT)
        self.others = []

    def put(self, key, data, if_match):
        if key == "run/checkpoint" and self.others:
            self.others.pop()()
        super().put(key, data, if_match)


def save(folder, name):
    write_checkpoint(folder / name, {"w": np.ones(3)}, write_state=False)
    return folder / name


def by_a_saver(folder):
    history = CheckpointHistory(max_to_keep=1)
    for name in ("own-1", "own-2"):
        place = save(folder, name)
        history.record(place, SaveOptions(), stem=folder / "own")
    assert history.last_checkpoints == [place.name]


def by_a_manager(folder):
    manager = ManagedCheckpoints(folder / "own", 1, None)
    for name in ("own-1", "own-2"):
        place = save(folder, name)
        manager.record(place.name)
    assert manager.paths == [place.name]


def by_a_pin(folder):
    change_pins(folder, pin=["first"])


def by_a_repair(folder):
    folder.at(f"{ROOT}run/checkpoint").put(b"damaged")
    rewrite_state(folder)


@pytest.mark.parametrize("write", [by_a_saver, by_a_manager, by_a_pin, by_a_repair])
def test_nobody_is_forgotten(write):
    client = OvertakenClient()
    folder = bucket(client)
    first, other = save(folder, "first"), save(folder, "other")
    update_checkpoint_state(folder, first, save_relative_paths=True)

    def overtake():
        update_checkpoint_state(folder, other, [first], save_relative_paths=True)

    client.others = [overtake]
    write(folder)
    assert not client.others
    listed = get_checkpoint_state(folder).all_model_checkpoint_paths
    assert other.name in listed
    assert f"{ROOT}run/own-1" not in listed
    assert len(listed) == len(set(listed))


def test_one_who_is_overtaken_again_and_again_is_told():
    client = OvertakenClient()
    folder = bucket(client)
    place, rounds = save(folder, "own-1"), []

    def overtake():
        rounds.append(overtake)
        update_checkpoint_state(folder, place, all_model_checkpoint_timestamps=[float(len(rounds))])
        client.others.append(overtake)

    client.others = [overtake]
    with pytest.raises(AbortedError, match="not the one that was to be replaced"):
        CheckpointHistory().record(place, SaveOptions())
    assert len(rounds) > 50
