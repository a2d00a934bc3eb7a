"""A shell with the extension loaded, in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def notebook(magics: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """The shell with the magics, working in an empty folder."""
    monkeypatch.chdir(tmp_path)
    yield magics
    # What %config sets would outlive the magics.
    magics.config.pop("CheckpointMagics", None)
