"""How many requests a job costs, which is what counts where each takes a tenth of a second."""

import numpy as np
import pytest

from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.graphs.trackable.checkpoint import Checkpoint
from ckpt_magics.graphs.trackable.eager_variable import EagerVariable
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint
from tests.files.storage.remote.file_server import FileServer
from tests.safety.scale import scaled

COUNT = scaled(10_000, 100_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    values = np.arange(COUNT * 16, dtype=np.float32).reshape(COUNT, 16)
    tensors = {f"layer{number // 100:03}/w{number:05}": values[number] for number in range(COUNT)}
    write_checkpoint(folder / "many", tensors, global_step=1, durable=False)
    Checkpoint(dense=Checkpoint(kernel=EagerVariable(np.ones(1 << 18)))).write(str(folder / "objects"))
    with FileServer() as server:
        server.add("run", folder.iterdir())
        yield server


@pytest.fixture(autouse=True)
def counted_from_here(server):
    server.take()


def test_one_of_very_many_by_its_key_costs_two(server):
    with load_checkpoint(f"{server.url}/run/many-1") as reader:
        assert reader["layer050/w05000"][0] == 5000 * 16
    assert [(one.method, one.path) for one in server.take()] == [
        ("GET", "/run/many-1.index"),
        ("GET", "/run/many-1.data-00000-of-00001"),
    ]


def test_a_list_of_all_costs_one(server):
    with load_checkpoint(f"{server.url}/run/many-1") as reader:
        assert len(list(reader)) == COUNT
    assert len(server.take()) == 1


def test_very_many_small_ones_are_read_in_merged_ranges(server):
    with open_tensors(f"{server.url}/run/many-1") as tensors:
        found = tensors.read_many(tensors.columns().keys)
    assert len(found) == COUNT
    # The index, and the values in pieces of 1 MiB at least.
    assert len(server.take()) <= 1 + -(-COUNT * 64 // (1 << 20))


def test_the_latest_of_a_directory_costs_four(server):
    with load_checkpoint(f"{server.url}/run/") as reader:
        assert reader["layer050/w05000"][0] == 5000 * 16
    assert len(server.take()) <= 4


def test_one_by_the_name_of_an_object_costs_three(server):
    with load_checkpoint(f"{server.url}/run/objects") as reader:
        assert reader["dense/kernel"][0] == 1
    # The graph comes along where it is near.
    assert len(server.take()) <= 3
