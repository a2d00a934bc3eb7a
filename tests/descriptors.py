"""Which files this process has open, counted by the system itself."""

import contextlib
import os

import pytest

LISTING = "/proc/self/fd"

needs_descriptors = pytest.mark.skipif(not os.path.isdir(LISTING), reason="this system does not list open files")


def open_files(directory):
    """Return the paths of the open files below a directory, also of those that were deleted, sorted."""
    found = []
    for number in os.listdir(LISTING):
        with contextlib.suppress(OSError):  # the listing's own
            found.append(os.readlink(f"{LISTING}/{number}"))
    return sorted(path for path in found if path.startswith(f"{directory}{os.sep}"))
