"""Checkpoints at URLs beside raw sockets and the clients themselves, all before one server on loopback."""

import http.client
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import OURS, Contender, Target, Work
from benchmarks.sizes import Sizes

MOST_BYTES = 256 << 20
PART = 8 << 20
AT_ONCE = 8
RAW = "raw HTTP"
CLIENT = "obstore's multipart"


def rows(sizes: Sizes, directory: Path) -> Iterator[Work]:
    """Yield the rows."""
    from ckpt_magics import save_checkpoint

    total = min(sizes.big_bytes, MOST_BYTES)
    one = {"w": np.random.default_rng(0).integers(0, 255, total, np.uint8)}
    count = min(sizes.big_tensors, total)
    many = dict(zip((f"w{number:03}" for number in range(count)), np.array_split(one["w"], count), strict=True))
    save_checkpoint(directory / "one", one)
    save_checkpoint(directory / "many", many)
    command = [sys.executable, "-m", "benchmarks.loopback", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            for name, ratio in (("one", 1.2), ("many", 1.3)):
                yield _read(name, port, total, ratio, sizes.rounds)
            yield _upload(one, port, sizes.rounds)
        finally:
            server.terminate()


def _read(name: str, port: int, total: int, ratio: float, rounds: int) -> Work:
    from ckpt_magics import load_checkpoint

    path = f"/bucket/{name}.data-00000-of-00001"

    def ours() -> None:
        with load_checkpoint(f"http://127.0.0.1:{port}/{name}") as reader:
            reader.get_tensors()

    def raw() -> None:
        buffer = memoryview(bytearray(total))
        with ThreadPoolExecutor(AT_ONCE) as workers:
            list(workers.map(lambda start: _fill(port, path, buffer, start), range(0, total, PART)))

    what = "one tensor" if name == "one" else "many tensors"
    contenders = [Contender(OURS, ours), Contender(RAW, raw)]
    if find_spec("s3fs"):
        contenders.append(Contender("s3fs", _by_s3fs(port, path, total)))
    return Work(f"read {what} at a URL, {total >> 20} MiB", tuple(contenders), (Target(ratio, RAW),), min(rounds, 5))


def _fill(port: int, path: str, buffer: memoryview, start: int) -> None:
    part = buffer[start : start + PART]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"Range": f"bytes={start}-{start + len(part) - 1}"})
    reply = connection.getresponse()
    done = 0
    while done < len(part):
        done += reply.readinto(part[done:])
    connection.close()


def _by_s3fs(port: int, path: str, total: int) -> Callable[[], object]:
    import s3fs

    system = s3fs.S3FileSystem(key="k", secret="s", endpoint_url=f"http://127.0.0.1:{port}")
    starts = list(range(0, total, PART))
    ends = [min(start + PART, total) for start in starts]
    return lambda: system.cat_ranges([path.lstrip("/")] * len(starts), starts, ends)


def _upload(tensors: dict[str, Any], port: int, rounds: int) -> Work:
    import obstore
    from obstore.store import S3Store

    from ckpt_magics.files.jobs.saving import write_checkpoint
    from ckpt_magics.files.storage.remote.storage_options import use_storage_options
    from ckpt_magics.files.tensors.arrays_to_save import arrays_by_name
    from ckpt_magics.files.tensors.save_options import SaveOptions

    address = f"http://127.0.0.1:{port}"
    options = {"key": "k", "secret": "s", "client_kwargs": {"endpoint_url": address, "region_name": "us-east-1"}}
    store = S3Store(
        "bucket", access_key_id="k", secret_access_key="s", endpoint=address, region="us-east-1",
        client_options={"allow_http": True},
    )  # fmt: skip
    data = tensors["w"].tobytes()

    def ours() -> None:
        with use_storage_options(options):
            write_checkpoint("s3://bucket/new", arrays_by_name(tensors), SaveOptions(write_state=False))

    contenders = (
        Contender(OURS, ours),
        Contender(CLIENT, lambda: obstore.put(store, "k", data, use_multipart=True, chunk_size=PART)),
    )
    return Work(f"save at a URL, {len(data) >> 20} MiB", contenders, (Target(1.3, CLIENT),), min(rounds, 5))
