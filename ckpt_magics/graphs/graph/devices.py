"""Device names such as ``/job:ps/task:1/device:GPU:0``, and how nested device scopes combine.

Format: tensorflow/python/framework/device_spec.py.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Self

__all__ = ["DeviceSpec", "canonical_device", "device_name", "merge_devices"]

_SHORT_TYPES = frozenset({"CPU", "CUSTOM", "EPU", "GPU", "TPU"})
"""Types that may stand without ``device:``, in any case."""


@dataclass(slots=True, unsafe_hash=True)
class DeviceSpec:
    """A device name in parts, each None while it is left open.

    A type after ``device:`` keeps its case, but for ``cpu`` and ``gpu``.

    >>> DeviceSpec.from_string("/job:ps/gpu:1").to_string()
    '/job:ps/device:GPU:1'
    >>> DeviceSpec.from_string("/device:My_Chip:*").to_string()
    '/device:My_Chip:*'
    """

    job: str | None = None
    replica: int | None = None
    task: int | None = None
    device_type: str | None = None
    device_index: int | None = None

    def __post_init__(self) -> None:
        if self.device_type in {"cpu", "gpu"}:
            self.device_type = self.device_type.upper()

    @classmethod
    def from_string(cls, name: str) -> Self:
        """Return the parts of a device name.

        Raises:
            ValueError: A part is not one that device names have.
        """
        parts: dict[str, str | int | None] = {}
        for word in name.split("/"):
            part = _parse_part(word, name) if word else {}
            if "device_type" in part and "device_type" in parts:
                raise ValueError(f"Multiple device types are not allowed while parsing the device spec: {name}.")
            parts |= part
        return cls(**parts)  # type: ignore[arg-type]  # _parse_part gives each field its own type

    def to_string(self) -> str:
        """Return the canonical name; an open index next to a type is ``*``."""
        text = f"/job:{self.job}" if self.job is not None else ""
        text += f"/replica:{self.replica}" if self.replica is not None else ""
        text += f"/task:{self.task}" if self.task is not None else ""
        if self.device_type is not None:
            text += f"/device:{self.device_type}:{'*' if self.device_index is None else self.device_index}"
        return text

    def merged_under(self, inner: Self) -> Self:
        """Return ``inner`` with the parts that it leaves open taken from this, the outer scope.

        Each part counts alone, so ``/cpu`` inside ``/gpu:1`` is ``CPU:1``, as in TensorFlow.
        """
        return self.replace(**inner._known())

    make_merged_spec = merged_under

    def replace(self, **parts: Any) -> Self:  # noqa: ANN401 -- the attributes
        """Return the device with other parts."""
        return replace(self, **parts)

    def parse_from_string(self, spec: str) -> Self:
        """Take the parts of a device name in place of all own ones, and return this device.

        Raises:
            ValueError: A part is not one that device names have.
        """
        parsed = self.from_string(spec)
        for field in fields(self):
            setattr(self, field.name, getattr(parsed, field.name))
        return self

    def merge_from(self, dev: Self) -> None:
        """Take over the parts that another device has."""
        for name, value in dev._known().items():
            setattr(self, name, value)

    def _known(self) -> dict[str, Any]:
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}


def _parse_part(word: str, name: str) -> dict[str, str | int | None]:
    key, *values = word.split(":")
    if key == "job" and len(values) == 1:
        return {"job": values[0]}
    if key in {"replica", "task"} and len(values) == 1 and values[0].isdecimal():
        return {key: int(values[0])}
    if key == "device" and len(values) == 2:
        return {"device_type": values[0]} | _parse_index(values[1:], name)
    if key.upper() in _SHORT_TYPES and len(values) <= 1:
        return {"device_type": key.upper()} | _parse_index(values, name)
    raise ValueError(f"Unknown attribute '{key}' is encountered while parsing the device spec: '{name}'.")


def _parse_index(values: list[str], name: str) -> dict[str, str | int | None]:
    if not values or values[0] == "*":
        return {"device_index": None}
    if not values[0].isdecimal():
        raise ValueError(f"the device index in {name!r} is {values[0]!r}, not a number or '*'")
    return {"device_index": int(values[0])}


@lru_cache(maxsize=1024)
def merge_devices(outer: str, inner: str) -> str:
    """Return the canonical name of ``inner`` inside a scope for ``outer``.

    Raises:
        ValueError: One of them is not a device name.

    >>> merge_devices("/job:ps/gpu:0", "/cpu:1")
    '/job:ps/device:CPU:1'
    """
    return DeviceSpec.from_string(outer).merged_under(DeviceSpec.from_string(inner)).to_string()


def device_name(device: str | DeviceSpec | None) -> str:
    """Return a device as the name that it is given by; an empty string for None."""
    return device.to_string() if isinstance(device, DeviceSpec) else device or ""


def canonical_device(name: str) -> str:
    """Return a device name as TensorFlow writes it.

    Raises:
        ValueError: It is not a device name.
    """
    return merge_devices("", name)
