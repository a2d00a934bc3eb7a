"""Device names and how scopes merge."""

import pytest

from ckpt_magics.graphs.graph.devices import DeviceSpec, canonical_device, merge_devices


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


def test_programs_change_a_device_in_place():
    device = DeviceSpec(job="worker")
    assert device.parse_from_string("/job:ps/task:2") is device
    device.merge_from(DeviceSpec(task=3, device_type="gpu"))
    device.device_index = 1
    assert device.to_string() == "/job:ps/task:3/device:GPU:1"
    assert device.replace(task=4).to_string() == "/job:ps/task:4/device:GPU:1"
    assert device.make_merged_spec(DeviceSpec(device_index=0)).to_string() == "/job:ps/task:3/device:GPU:0"
    assert device == DeviceSpec.from_string("/job:ps/task:3/gpu:1")
