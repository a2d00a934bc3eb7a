"""Device names and how scopes merge."""

import pytest

from ckpt_magics.graphs.graph.devices import canonical_device, merge_devices


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("", ""),
        ("/cpu:0", "/device:CPU:0"),
        ("gpu", "/device:GPU:*"),
        ("/CPU:*", "/device:CPU:*"),
        ("/device:XLA_GPU:2", "/device:XLA_GPU:2"),
        ("/task:3/job:a/replica:0", "/job:a/replica:0/task:3"),
    ],
)
def test_names_become_canonical(given, canonical):
    assert canonical == canonical_device(given)


def test_inner_scope_overrides_part_by_part():
    assert merge_devices("/job:ps/gpu:1", "/cpu") == "/job:ps/device:CPU:1"
    assert merge_devices("/gpu:1", "/job:x") == "/job:x/device:GPU:1"


@pytest.mark.parametrize("name", ["/nope:1", "/task:x", "/gpu:x", "/cpu:0:1", "/device", "/job"])
def test_refuses_what_is_no_device(name):
    with pytest.raises(ValueError, match="device"):
        canonical_device(name)
