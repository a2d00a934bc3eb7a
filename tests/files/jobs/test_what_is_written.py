"""What we write we can read: of odd names, options and sizes, a save is read back or refused, the old one unharmed."""

import os
import tempfile

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ckpt_magics import save_checkpoint
from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.state import latest_checkpoint
from ckpt_magics.files.storage.atomic import is_temporary_name
from ckpt_magics.notebook.reader import load_checkpoint
from tests.strategies import arrays

ODD = ["m", "m-1", "m.index", "m.meta", "m.data-00000-of-00001", "m-00000-of-00002", "m-?????-of-00002", "checkpoint"]
ODD += ["m*", "m[1]", "~", "a b", "-m", "größe", ".m", "m.", "\x01", "\ud800", os.fsdecode(b"\xff"), "n" * 300, "sub/m"]
ODD += [
    "checkpoint.index",
    "m-1-of-2",
    "\u202em",
    "m\n",
    "m\\n",
    "a/b/c",
    "d",
    "d/m",
    "file:",
    "%ckpt",
    "#",
    "'",
    '"',
    "\0",
]

base_names = st.sampled_from(ODD) | st.text(min_size=1, max_size=12)
tensor_names = st.one_of(
    st.sampled_from(
        ["w", "a/b", "", "\0", "\0x", "\0\0\1w\0\1", "\xff", "é", "\ud800", "\udcff", "/", "w:0", "x" * 5000]
    ),
    st.text(max_size=12),
    st.binary(max_size=8).map(os.fsdecode),
)


def equal(found, saved):
    """Whether an array was read as it was saved, NaNs' bits included."""
    found = np.asarray(found, saved.dtype if saved.dtype == object else None)
    if saved.dtype == object:
        return found.shape == saved.shape and found.tolist() == saved.tolist()
    return found.dtype == saved.dtype and found.shape == saved.shape and found.tobytes() == saved.tobytes()


def values(prefix):
    with load_checkpoint(prefix) as reader:
        return {name: reader[name] for name in reader}


def same(found, saved):
    return set(found) == set(saved) and all(equal(found[name], np.asarray(saved[name])) for name in saved)


options = st.fixed_dictionaries(
    {"durable": st.just(False)},
    optional={
        "write_version": st.sampled_from([1, 2]),
        "num_shards": st.integers(1, 4),
        "global_step": st.integers(-2, 10**12),
        "max_to_keep": st.sampled_from([None, 0, 1, 2]),
        "keep_checkpoint_every_n_hours": st.sampled_from([0, 1e-9, 10000.0, float("inf")]),
        "write_meta_graph": st.booleans(),
        "write_state": st.booleans(),
        "absolute_paths": st.booleans(),
        "latest_filename": base_names,
    },
)


@settings(max_examples=150, deadline=None)
@given(
    base_names,
    st.dictionaries(tensor_names, arrays(), min_size=1, max_size=5),
    options,
    st.none() | options,
)
@example("m.index", {"w": np.zeros(2)}, {"write_version": 1}, {})
@example("m-00000-of-00002", {"w": np.zeros(2)}, {"write_version": 1}, {})
@example("m", {"w": np.zeros(2)}, {"write_version": 1, "num_shards": 2}, {"latest_filename": "m-00001-of-00002"})
@example("m", {"w": np.zeros(2)}, {"num_shards": 3, "absolute_paths": True, "latest_filename": "m"}, None)
@example("m", {"w": np.zeros(2)}, {"global_step": 1, "absolute_paths": True, "latest_filename": "m-1"}, None)
def test_a_save_is_read_back_or_refused(name, tensors, new, old):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/d")
        others = {"d/inner": {}, "m": {}, "v": {"write_version": 1}}
        for other, version in others.items():
            save_checkpoint(f"{folder}/{other}", {"other": np.array(other, object)}, durable=False, **version)
        prefix = f"{folder}/{name}"
        former = {"old": np.arange(3)}
        before = saved(prefix, former, old) if old is not None else None
        after = saved(prefix, tensors, new)
        if after is not None:
            assert same(values(after), tensors)
            if new.get("write_state", True):
                directory = os.path.dirname(after)
                assert os.path.samefile(
                    os.path.dirname(latest_checkpoint(directory, new.get("latest_filename"))), directory
                )
                assert same(values(latest_checkpoint(directory, new.get("latest_filename"))), tensors)
        elif before is not None:
            assert same(values(before), former)
        replaced = {os.path.relpath(prefix, folder).partition("-?")[0] for prefix in (before, after) if prefix}
        for other in others.keys() - replaced:
            assert values(f"{folder}/{other}")["other"] == other.encode()
        assert not [name for name in os.listdir(folder) if is_temporary_name(name)]


def saved(prefix, tensors, options):
    """Save and return the prefix, or None if the save was refused as it should be."""
    try:
        return save_checkpoint(prefix, tensors, **{"durable": False, **options})
    except CheckpointError:
        return None
