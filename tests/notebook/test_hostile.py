"""Records that were changed under right checksums: a value or one of our errors, whatever they say."""

import contextlib
import shutil
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.table import TableReader
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.notebook.reader import load_checkpoint
from tests.safety.attacks import write_records
from tests.truth import GOLDEN

CHECKPOINTS = {
    "v1": GOLDEN / "tf2.21.0" / "partitioned_v1" / "p" / "model.ckpt",
    "v2": GOLDEN / "tf2.21.0" / "partitioned_v2" / "p" / "model.ckpt",
    "objects": GOLDEN / "tf2.21.0" / "object_net" / "ckpt" / "net-1",
}
# Bytes that mean something to a varint, and whole varints at their limits.
CHANGES = st.binary(min_size=1, max_size=3) | st.sampled_from(
    [b"\x00", b"\x7f", b"\x80", b"\xff" * 9 + b"\x01", b"\x80\x80\x80\x80\x10", b""]
)


def read_table(path):
    with place_of(path).open() as file:
        return [(key, bytes(value)) for key, value in TableReader(file).iter_from()]


def read_everything(prefix):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with load_checkpoint(prefix) as reader:
            reader.debug_string()
            assert len(reader.variables) == len(reader)
            for name in reader:
                for read in (reader.entry, reader.get_tensor, lambda name: reader.get_slice(name, slice(0, 1))):
                    with contextlib.suppress(CheckpointError):
                        read(name)
            assert reader.object_graph is None or reader.object_graph.tree()


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Each checkpoint with its table taken apart: path to write the table to, prefix, records."""
    folder = tmp_path_factory.mktemp("hostile")
    made = {}
    for name, prefix in CHECKPOINTS.items():
        table = prefix if name == "v1" else prefix.with_name(prefix.name + ".index")
        for file in prefix.parent.glob(prefix.name + ".data-*"):
            shutil.copy(file, folder / file.name.replace(prefix.name, name))
        made[name] = folder / table.name.replace(prefix.name, name), folder / name, read_table(table)
    return made


@pytest.mark.parametrize("name", CHECKPOINTS)
@given(data=st.data())
@settings(max_examples=150)
def test_changed_records_give_values_or_our_errors(copies, name, data):
    path, prefix, records = copies[name]
    records = list(records)
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.integers(0, len(records) - 1))
        key, value = records[row]
        start = data.draw(st.integers(0, len(value)))
        end = data.draw(st.integers(start, min(len(value), start + 3)))
        records[row] = key, value[:start] + data.draw(CHANGES) + value[end:]
    write_records(path, records)
    with contextlib.suppress(CheckpointError):
        read_everything(prefix)
