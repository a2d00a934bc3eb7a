"""A shell with the extension loaded, in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from ckpt_magics.magics import load_ipython_extension, unload_ipython_extension


@pytest.fixture
def notebook(shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """The shell with the magics, working in an empty folder."""
    monkeypatch.chdir(tmp_path)
    load_ipython_extension(shell)
    yield shell
    unload_ipython_extension(shell)
    # What %config sets would outlive the magics.
    shell.config.pop("CheckpointMagics", None)
