"""Checkpoints on servers that speak as clouds do, started here on loopback: what a store must do, asked of each."""

import base64
import hmac
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import Context
from email.utils import formatdate
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from ckpt_magics.errors import AbortedError, CheckpointError
from ckpt_magics.files.directory.inventory import take_inventory
from ckpt_magics.files.directory.state import get_checkpoint_state
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.storage.remote.storage_options import use_storage_options
from ckpt_magics.files.storage.store import ABSENT
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint
from tests.files.storage.remote.servers.cutting_proxy import CuttingProxy
from tests.files.storage.remote.servers.xml_server import XmlServer

pytestmark = pytest.mark.servers

BIN = Path(sys.executable).parent
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key that Azurite's documentation publishes for everybody."""


class Server(NamedTuple):
    """A service.

    Attributes:
        url: Of a bucket.
        options: What a client needs to know.
        port: Where it is.
        heeds: Whether it heeds conditions.
    """

    url: str
    options: dict
    port: int
    heeds: bool


@pytest.fixture(scope="module", autouse=True)
def no_credentials():
    """No credentials but dummies, so that nobody asks a cloud's own address for some."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
            patch.delenv(name)
        for name, value in {
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": "dummy",
            "AWS_SECRET_ACCESS_KEY": "dummy",
            "AWS_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        yield


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def running(words, port, **options):
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options) as process:
        try:
            _await(port, process)
            yield
        finally:
            process.terminate()


def _await(port, process):
    limit = time.monotonic() + 60
    while time.monotonic() < limit and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise AssertionError(f"{process.args[0]} does not answer")


@contextmanager
def moto():
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with running([BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)], port):
        urllib.request.urlopen(urllib.request.Request(f"{address}/bucket", method="PUT")).close()
        yield Server("s3://bucket", _s3_options(address), port, heeds=True)


def _s3_options(address):
    return {"key": "dummy", "secret": "dummy", "client_kwargs": {"endpoint_url": address, "region_name": "us-east-1"}}


@contextmanager
def rclone(folder):
    port = free_port()
    (folder / "bucket").mkdir()
    words = [BIN / "rclone", "serve", "s3", folder, "--addr", f"127.0.0.1:{port}", "--auth-key", "dummy,dummy"]
    with running([*words, "--config", os.devnull], port):
        yield Server("s3://bucket", _s3_options(f"http://127.0.0.1:{port}"), port, heeds=False)


@contextmanager
def azurite():
    port = free_port()
    words = [BIN.parent / "node_modules" / ".bin" / "azurite-blob", "--inMemoryPersistence", "--skipApiVersionCheck"]
    options = {
        "account_name": "devstoreaccount1",
        "account_key": AZURITE_KEY,
        "endpoint": f"http://127.0.0.1:{port}/devstoreaccount1",
    }
    with running([*words, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent"], port):
        _make_container(options)
        yield Server("az://bucket", options, port, heeds=True)


def _make_container(options):
    """Make a container, which obstore has no call for, by a request that is signed with the account's key."""
    date, version = formatdate(usegmt=True), "2021-08-06"
    account = options["account_name"]
    signed = (
        f"PUT{12 * chr(10)}x-ms-date:{date}\nx-ms-version:{version}\n/{account}/{account}/bucket\nrestype:container"
    )
    mark = base64.b64encode(hmac.digest(base64.b64decode(AZURITE_KEY), signed.encode(), "sha256")).decode()
    fields = {"x-ms-date": date, "x-ms-version": version, "Authorization": f"SharedKey {account}:{mark}"}
    address = f"{options['endpoint']}/bucket?restype=container"
    urllib.request.urlopen(urllib.request.Request(address, method="PUT", headers=fields)).close()


@contextmanager
def google():
    account = {"disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}
    with XmlServer() as one:
        options = {"endpoint_url": f"http://127.0.0.1:{one.port}", "service_account_key": json.dumps(account)}
        yield Server("gs://bucket", options, one.port, heeds=True)


SERVERS = {"moto": moto, "rclone": rclone, "azurite": azurite, "google": google}


@pytest.fixture(scope="module", params=SERVERS)
def server(request, tmp_path_factory):
    folder = [tmp_path_factory.mktemp("served")] if request.param == "rclone" else []
    with SERVERS[request.param](*folder) as server, use_storage_options(server.options):
        if server.heeds:
            yield server
        else:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "s3://bucket/ does not tell who puts a file first")
                yield server


@pytest.fixture
def folder(server, request):
    """A directory of its own for each test."""
    return place_of(f"{server.url}/{abs(hash(request.node.name))}")


def test_what_was_saved_is_read_and_let_go(folder):
    for step in range(4):
        write_checkpoint(folder / "m", {"w": np.full(1000, step)}, global_step=step, max_to_keep=2)
    with load_checkpoint(folder) as reader:
        assert np.array_equal(reader["w"], np.full(1000, 3))
    assert [one.prefix.rpartition("/")[2] for one in take_inventory(folder).checkpoints] == ["m-2", "m-3"]
    assert folder.names() == [
        "checkpoint", "m-2.data-00000-of-00001", "m-2.index", "m-3.data-00000-of-00001", "m-3.index",
    ]  # fmt: skip


def test_a_large_one_is_sent_in_parts(folder):
    value = np.random.default_rng(0).random((5, 1 << 20))
    for number in (1, 2):
        write_checkpoint(folder / "m", {"w": value * number})
        with load_checkpoint(folder / "m") as reader:
            assert np.array_equal(reader["w"], value * number)
            assert np.array_equal(reader.get_slice("w", (slice(3, 4),)), value[3:4] * number)


def test_a_prefix_is_saved_over(folder):
    for number in range(3):
        write_checkpoint(folder / "m", {"w": np.full(10, number)})
    with load_checkpoint(folder / "m") as reader:
        assert np.array_equal(reader["w"], np.full(10, 2))
    assert len([name for name in folder.names() if ".data-" in name]) == 1


def test_conditions_are_heeded_where_the_server_does(server, folder):
    place = folder / "a"
    place.put(b"1", if_match=ABSENT)
    assert place.store.can_swap is server.heeds
    if server.heeds:
        with pytest.raises(AbortedError):
            place.put(b"2", if_match=ABSENT)
        version = place.info().version
        place.put(b"3", if_match=version)
        with pytest.raises(AbortedError):
            place.put(b"4", if_match=version)
        assert place.read_start(9) == b"3"


def _save_steps(name, options, writer, steps):
    with use_storage_options(options):
        for step in range(steps):
            write_checkpoint(
                place_of(name) / f"w{writer}", {"w": np.full(3, step)}, global_step=step, max_to_keep=steps
            )


def test_four_who_save_at_once_forget_none(server, folder):
    if not server.heeds:
        assert not folder.store.can_swap
        return
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as workers:
        for done in [workers.submit(_save_steps, folder.name, server.options, writer, 12) for writer in range(4)]:
            done.result()
    listed = get_checkpoint_state(folder).all_model_checkpoint_paths
    assert len(listed) == len(set(listed)) == 48


@pytest.fixture(scope="module")
def one_that_heeds(tmp_path_factory):
    with moto() as server, use_storage_options(server.options):
        yield server


def test_the_connection_may_break_at_any_request(one_that_heeds):
    """The k-th request of a save is cut, for every k: afterwards the old checkpoint opens or the new one.

    The server gets every other one of them, and the answer is lost; both ways are tried for each beside a client in
    this process.
    """
    # Options that the fixture of another server holds open would be added to its own.
    Context().run(_cut_everywhere, one_that_heeds)


def _cut_everywhere(server):
    with use_storage_options(server.options):
        folder = place_of(f"{server.url}/cut")
        # What cannot be deleted is a warning: the save has succeeded.
        with CuttingProxy(server.port) as proxy, warnings.catch_warnings(action="ignore"):
            options = _through(server, proxy.port)
            _save(options, folder / "count" / "m", 1.0)
            proxy.cut(None)
            _save(options, folder / "count" / "m", 2.0)
            count = proxy.requests
            assert count > 8
            for at in range(count):
                place = folder / f"cut{at}" / "m"
                _save(server.options, place, 1.0)
                proxy.cut(at, reaches=at % 2 == 1)
                saved = True
                try:
                    _save(options, place, 2.0)
                except CheckpointError:
                    saved = False
                proxy.cut(None)
                value = _value(place)
                assert value == 2.0 if saved else value in {1.0, 2.0}, at


def _through(server, port):
    return json.loads(json.dumps({**server.options, "max_retries": 0}).replace(f":{server.port}", f":{port}"))


def _save(options, place, value):
    with use_storage_options(options):
        write_checkpoint(place_of(place.name), {"w": np.full(100, value)}, meta_graph=b"%f" % value)


def _value(place):
    with load_checkpoint(place) as reader:
        (value,) = np.unique(reader["w"])
        return float(value)
