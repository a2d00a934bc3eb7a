"""Workers that die at a point of their work, once: by a SIGKILL that they send to themselves."""

import os
import signal

from ckpt_magics.files.kinds.bundle import bundle_parts, bundle_sink
from ckpt_magics.files.parallel import lazy_saving
from ckpt_magics.files.storage import atomic

POINTS = {
    "before a part": (lazy_saving, "write_part", "before"),
    "when the data file is begun": (atomic.StagedFiles, "create", "after"),
    "when values are written": (bundle_parts, "write_values", "after"),
    "when the entries are made": (bundle_sink.BundleSink, "finish_values", "after"),
    "when the data file is in place": (atomic.StagedFiles, "publish", "after"),
    "when the index is in place": (atomic.StagedFiles, "commit", "after"),
    "behind a part": (lazy_saving, "write_part", "after"),
}
"""Where a function is, its name, and whether death comes before or after it."""


def die(marker):
    """End this process as the system would, unless one has done so before."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(point, marker):
    """Let this process die at a point."""
    owner, name, when = POINTS[point]
    function = getattr(owner, name)

    def deadly(*given, **options):
        if when == "before":
            die(marker)
        result = function(*given, **options)
        if when == "after":
            die(marker)
        return result

    setattr(owner, name, deadly)


def always_die(block):
    """A chunk that no worker survives."""
    if block.size:
        os.kill(os.getpid(), signal.SIGKILL)
    return block


def interrupt(block, process):
    """Send Ctrl-C to another process when the first chunk is computed."""
    if block.size and block.flat[0] == 0:
        os.kill(process, signal.SIGINT)
    return block
