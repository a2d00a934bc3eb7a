"""Builds the browser's half of the views into a wheel or a source distribution, so that installing needs no Node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLES = (
    "loader.js",
    "variables_view.js",
    "variables_view.css",
    "saved_views.js",
    "graph_view.js",
    "graph_view.css",
    "graphviz_worker.js",
    "bytes_view.js",
    "bytes_view.css",
)

NO_NODE = """\
the browser's half of the views is not built, and npm is not here to build it.
Install Node 20 or newer (https://nodejs.org) and try again, or install a released wheel, which has it built."""


class BrowserBundles(BuildHookInterface[Any]):
    """Runs npm where the bundles are missing. An editable install leaves them to the Makefile."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build what is missing."""
        static = Path(self.root, "ckpt_magics", "notebook", "widgets", "static")
        if version == "editable" or all((static / name).exists() for name in BUNDLES):
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(NO_NODE)
        for command in (["ci"], ["run", "build"]):
            subprocess.run([npm, "--prefix", str(Path(self.root, "js")), *command], check=True)  # noqa: S603
