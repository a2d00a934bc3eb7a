"""What a call costs, however busy the machine is."""

import os


def cpu_seconds() -> float:
    """Return the seconds of CPU that this process has used, with its children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
