"""Saves at a URL: whichever request fails, before or after it arrives, the old checkpoint opens or the new one."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import fsspec
import numpy as np
import pytest
from obstore.store import MemoryStore

from ckpt_magics.errors import AbortedError, CheckpointError, UnavailableError
from ckpt_magics.files.directory.state import get_checkpoint_state, latest_checkpoint
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.remote import remote_stage
from ckpt_magics.files.storage.remote.obstore_client import ObstoreClient
from ckpt_magics.files.storage.remote.remote_store import RemoteStore
from ckpt_magics.files.storage.store import ABSENT
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint, write_kind
from tests.safety.scale import scaled

OLD, NEW, NEXT = 1.0, 2.0, 3.0
ROOT = "s3://bucket/"
REQUESTS = {"head", "get", "entries", "put", "copy", "remove", "open_writer"}


class Killed(BaseException):
    """The process is gone: nothing after the k-th request reaches the service."""


class CutClient:
    """A client whose k-th request goes wrong, before or after the service has it."""

    can_list = True

    def __init__(self, client, at=None, fault=None, *, after=False):
        self._client, self._at, self._fault, self._after = client, at, fault, after
        self.calls, self._dead = [], False

    @property
    def can_swap(self):
        return self._client.can_swap

    def __getattr__(self, name):
        real = getattr(self._client, name)

        def call(*arguments):
            if self._dead:
                raise Killed
            self.calls.append((name, arguments[0]))
            if len(self.calls) - 1 != self._at:
                return real(*arguments)
            if self._after:
                real(*arguments)
            self._dead = self._fault is Killed
            raise self._fault("as the test wants it")

        return call if callable(real) else real


@dataclass(frozen=True)
class ThisDoor:
    """Leads to one client."""

    client: object

    @property
    def scope(self):
        return id(self.client)

    def open(self):
        return self.client


CLIENTS = []


def bucket(client):
    # No two have the same number.
    CLIENTS.append(client)
    return Place(RemoteStore(ROOT, ThisDoor(client)), f"{ROOT}run")


@pytest.fixture
def client():
    return ObstoreClient(MemoryStore(), ROOT)


@pytest.fixture(params=["one request", "parts"])
def sizes(request, monkeypatch):
    if request.param == "parts":
        monkeypatch.setattr(remote_stage, "HELD_SIZE", 64)


CASES = {
    "V2": {},
    "V2 in shards": {"num_shards": 2},
    "V1": {"write_version": 1},
    "V1 in shards": {"write_version": 1, "num_shards": 2},
}


def save(folder, value, step, **options):
    tensors = {"weight": np.full((40, 50), value, np.float32), "biases": np.full(3, value)}
    return write_checkpoint(folder / "m", tensors, global_step=step, max_to_keep=2, meta_graph=b"%f" % value, **options)


def value_of(place):
    with load_checkpoint(place) as reader:
        assert set(reader) == {"weight", "biases"}
        values = {float(one) for name in reader for one in np.unique(reader[name])}
    assert len(values) == 1
    return values.pop()


def contents(client, directory="run"):
    return {name: bytes(client.get(f"{directory}/{name}", 0, 1 << 20).data) for name in client.entries(directory)}


def copied(client):
    other = ObstoreClient(MemoryStore(), ROOT)
    for name, data in contents(client).items():
        other.put(f"run/{name}", data, None)
    return other


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_what_was_saved_is_read(client, sizes, options):
    folder = bucket(client)
    for step, value in ((1, OLD), (2, NEW), (3, NEXT)):
        save(folder, value, step, **options)
    assert value_of(folder) == NEXT
    assert latest_checkpoint(folder).startswith(f"{ROOT}run/m-3")
    assert not [name for name in contents(client) if name.startswith("m-1")]
    assert 'model_checkpoint_path: "m-3' in contents(client)["checkpoint"].decode()


def test_the_files_are_those_of_a_disk(client, sizes, tmp_path):
    save(bucket(client), OLD, 1)
    save(tmp_path, OLD, 1)
    here = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    there = contents(client)
    assert there.keys() == here.keys()
    # The state files differ in the time of the save.
    assert {**there, "checkpoint": b""} == {**here, "checkpoint": b""}


STEPS = {"same prefix": (None, None, None), "next step": (1, 2, 3)}


QUICK_FAULTS = [
    ("V2", "same prefix", UnavailableError, True),
    ("V2", "next step", Killed, False),
    ("V2 in shards", "same prefix", KeyboardInterrupt, True),
    ("V1", "next step", UnavailableError, True),
    ("V1 in shards", "next step", Killed, True),
]
WAYS = [UnavailableError, KeyboardInterrupt, Killed], [False, True]
FAULTS = scaled(QUICK_FAULTS, [*product(["V2", "V2 in shards"], STEPS, *WAYS), *QUICK_FAULTS[-2:]])


@pytest.mark.parametrize(("case", "series", "fault", "after"), FAULTS)
def test_every_request_may_fail(client, case, series, fault, after):
    options, steps = CASES[case], STEPS[series]
    save(bucket(client), OLD, steps[0], **options)
    counted = CutClient(copied(client))
    save(bucket(counted), NEW, steps[1], **options)
    assert len(counted.calls) > 8
    for at in range(len(counted.calls)):
        now = copied(client)
        saved = True
        try:
            with warnings.catch_warnings(action="ignore"):
                save(bucket(CutClient(now, at, fault, after=after)), NEW, steps[1], **options)
        except (CheckpointError, KeyboardInterrupt, Killed):
            saved = False
        with warnings.catch_warnings(action="ignore"):
            value = value_of(bucket(now))
        assert value == NEW if saved else value in {OLD, NEW}, counted.calls[at]
        save(bucket(now), NEXT, steps[2], **options)
        assert value_of(bucket(now)) == NEXT


def test_two_who_save_to_one_prefix_write_to_no_file_of_each_other(client):
    first, second = bucket(client), bucket(client)
    save(first, OLD, None)
    with first.store.stage(f"{ROOT}run") as stage:
        assert stage.claim(f"{ROOT}run/m.data-00000-of-00002")
        save(second, NEW, None)
        assert value_of(second) == NEW
        assert len(contents(client)["m.data-00000-of-00002"]) == 8
        assert "m.data-00000-of-00003" in contents(client)


CLAIMED = {
    "V1": ("m", "m-00000-of-00002", "m-00000-of-00003", {"write_version": 1, "num_shards": 2}),
    "safetensors": (
        "m.safetensors",
        "m-00001-of-00002.safetensors",
        "m-00001-of-00003.safetensors",
        {"num_shards": 2},
    ),
}


class RivalClient(ObstoreClient):
    """A service where somebody else takes a name just before it is put for the first time."""

    def __init__(self, key):
        super().__init__(MemoryStore(), ROOT)
        self.key = key

    def put(self, key, data, if_match):
        if key == self.key:
            self.key = None
            super().put(key, b"rival", None)
        super().put(key, data, if_match)


@pytest.mark.parametrize("case", CLAIMED)
def test_names_are_claimed_in_every_format_and_what_others_claimed_stays(case):
    stem, claimed, free, options = CLAIMED[case]
    client = RivalClient(f"run/{claimed}")
    folder = bucket(client)
    values = {"w": np.ones((40, 50), np.float32), "b": np.ones(3)}
    if case == "V1":
        write_checkpoint(folder / stem, values, write_state=False, **options)
    else:
        write_kind(folder / stem, values, **options)
    assert contents(client)[claimed] == b"rival"
    assert free in contents(client)


def test_a_condition_is_heeded(client):
    store = bucket(client).store
    name = f"{ROOT}run/a"
    store.put(name, b"1", if_match=ABSENT)
    version = store.info(name).version
    with pytest.raises(AbortedError):
        store.put(name, b"2", if_match=ABSENT)
    store.put(name, b"3", if_match=version)
    with pytest.raises(AbortedError):
        store.put(name, b"4", if_match=version)
    assert contents(client) == {"a": b"3"}
    assert store.can_swap


def test_no_checkpoint_of_many_writers_is_forgotten(client):
    folder, count = bucket(client), 12

    def save_three(writer):
        for step in range(3):
            tensors = {"w": np.full(3, writer)}
            write_checkpoint(folder / f"w{writer}", tensors, global_step=step, max_to_keep=5)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(save_three, range(count // 3)))
    listed = get_checkpoint_state(folder).all_model_checkpoint_paths
    assert len(listed) == len(set(listed)) == count


class HeedlessClient(ObstoreClient):
    """A service that says yes to all."""

    def put(self, key, data, if_match):
        super().put(key, data, None)


def test_a_service_that_heeds_no_conditions_is_warned_of_once():
    folder = bucket(HeedlessClient(MemoryStore(), ROOT))
    with pytest.warns(UserWarning, match="one may forget the other's checkpoint"):
        save(folder, OLD, 1)
    save(folder, NEW, 2)
    assert value_of(folder) == NEW


def test_an_upload_that_is_given_up_leaves_nothing(client, monkeypatch):
    monkeypatch.setattr(remote_stage, "HELD_SIZE", 64)

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(bucket(client) / "m", {"w": np.ones(1 << 19)}, progress=interrupt)
    assert contents(client) == {}


def test_bytes_may_change_as_soon_as_they_are_written(client, monkeypatch):
    monkeypatch.setattr(remote_stage, "HELD_SIZE", 64)
    place = bucket(client) / "a"
    with place.directory.stage() as stage:
        file = stage.create(place.name, decides=True)
        for number in range(8):
            data = bytearray([number]) * (3 << 19)
            file.write(memoryview(data))
            data[:] = bytes(len(data))
        stage.commit(file, place.name, "data")
    assert place.open().read_at(0, place.size(), "all") == b"".join(bytes([n]) * (3 << 19) for n in range(8))


def test_a_file_system_of_fsspec_is_saved_to():
    system = fsspec.filesystem("memory")
    system.store.clear()
    try:
        with warnings.catch_warnings(action="ignore"):
            write_checkpoint("memory://run/m", {"w": np.arange(9.0)}, global_step=1)
        write_checkpoint("memory://run/m", {"w": np.arange(5.0)}, global_step=1)
        with load_checkpoint("memory://run") as reader:
            assert np.array_equal(reader["w"], np.arange(5.0))
    finally:
        system.store.clear()
