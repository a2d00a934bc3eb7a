"""A Jupyter server of the test run's own, and notebooks in it that a test drives."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from playwright.sync_api import Locator, Page

_NO_NEWS = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}

_READY = """async () => {
    await window.jupyterapp.restored;
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""

_EXECUTE = """async code => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({ code, store_history: false });
    let text = "";
    future.onIOPub = ({ header, content }) => {
        if (header.msg_type === "stream") text += content.text;
        if (header.msg_type === "error") text += content.traceback.join("\\n");
    };
    const reply = await future.done;
    return [reply.content.status, text];
}"""


# The kernel's own status goes idle with every answer that another of its threads gives.
_START = f"code => {{ window.testCode = ({_EXECUTE})(code).then(() => {{ window.testCode = null; }}); }}"
_BUSY = "() => Boolean(window.testCode)"


class JupyterServer:
    """A running server over a folder; close it.

    Args:
        app: "lab" or "notebook".
        folder: What it serves, and where it keeps its own files.
    """

    def __init__(self, app: str, folder: Path) -> None:
        self.app = app
        self.folder = folder
        self._log: list[str] = []
        self._up = threading.Event()
        port = _free_port()
        self.base = f"http://127.0.0.1:{port}"
        settings = folder / ".jupyter"
        (settings / "labconfig").mkdir(parents=True)
        (settings / "labconfig" / "page_config.json").write_text(json.dumps(_NO_NEWS))
        environment = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(settings),
            "JUPYTER_DATA_DIR": str(folder / ".data"),
            "JUPYTER_RUNTIME_DIR": str(folder / ".runtime"),
            "IPYTHONDIR": str(folder / ".ipython"),
        }
        module = {"lab": "jupyterlab", "notebook": "notebook"}[app]
        command = [sys.executable, "-m", module, "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
        command += ["--ServerApp.port_retries=0", "--IdentityProvider.token=", "--expose-app-in-browser"]
        command += [f"--ServerApp.root_dir={folder}"]
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._reading = threading.Thread(target=self._follow_log, daemon=True)
        self._reading.start()
        if not self._up.wait(timeout=90):
            self.close()
            raise RuntimeError("the Jupyter server did not start:\n" + "".join(self._log))

    def _follow_log(self) -> None:
        for line in self._process.stderr or ():
            self._log.append(line)
            if " is running at:" in line:
                self._up.set()

    def close(self) -> None:
        """Stop it and its kernels."""
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reading.join()
        if self._process.stderr:
            self._process.stderr.close()


class Complaints:
    """What a page should not do: errors on its console, exceptions, requests to another machine.

    Exceptions wholly inside the application's own scripts are its own: Notebook 7.6 throws one whenever it starts.
    """

    def __init__(self, page: Page) -> None:
        self.found: list[str] = []
        page.on("console", lambda message: self._add("console", message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._add_exception(error.stack or str(error)))
        page.on("request", lambda request: self._check_host(request.url))

    def _add(self, kind: str, text: str) -> None:
        # JupyterLab says this of its own requests when a kernel is restarted.
        if "Canceled future for" not in text:
            self.found.append(f"{kind}: {text}")

    def _add_exception(self, stack: str) -> None:
        places = re.findall(r"at .*", stack)
        if not places or not all("/static/" in place or "at async Promise" in place for place in places):
            self._add("exception", stack)

    def _check_host(self, url: str) -> None:
        parts = urlparse(url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self._add("request", url)


class Notebook:
    """An open notebook: run cells, look at what they show, ask its kernel."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.path = path

    @property
    def panel(self) -> Locator:
        """The notebook among whatever else is on the page."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    @property
    def output(self) -> Locator:
        """What the cells have shown."""
        return self.panel.locator(".jp-OutputArea-output")

    def run(self) -> None:
        """Run all cells; what they show comes later."""
        # Without waiting for the cells: some run until the test lets them go.
        self.page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def execute(self, code: str) -> str:
        """Run code in the kernel, outside any cell, and return what it printed."""
        status, text = self.page.evaluate(_EXECUTE, code)
        assert status == "ok", text
        return text

    def start(self, code: str) -> None:
        """Run code in the kernel and leave it running."""
        self.page.evaluate(_START, code)

    def is_busy(self) -> bool:
        """Whether the code that was started still runs."""
        return bool(self.page.evaluate(_BUSY))

    def value(self, expression: str) -> Any:
        """Value of an expression in the kernel, as JSON has it."""
        return json.loads(self.execute(f"import json\nprint(json.dumps({expression}))"))

    def expect(self, expression: str, expected: object) -> None:
        """Ask until an expression has this value; fail after ten seconds."""
        until = time.monotonic() + 10
        while (found := self.value(expression)) != expected and time.monotonic() < until:
            pass
        assert found == expected

    def command(self, name: str, **arguments: object) -> None:
        """Run a command of the application."""
        self.page.evaluate(
            "async ([name, args]) => { await window.jupyterapp.commands.execute(name, args); }", [name, arguments]
        )


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Write a notebook of code cells that have not run."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": kernel,
        "cells": [
            {
                "id": f"cell-{number}",
                "cell_type": "code",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(content))


def open_in_lab(page: Page, path: Path) -> Notebook:
    """Open a notebook in a page that has JupyterLab, and wait for its kernel."""
    arguments = {"path": path.name, "factory": "Notebook"}
    page.evaluate("async args => { await window.jupyterapp.commands.execute('docmanager:open', args); }", arguments)
    wait_until_ready(page)
    return Notebook(page, path)


def wait_until_ready(page: Page) -> None:
    """Wait for the notebook on the page and its kernel."""
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext")
    page.evaluate(_READY)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
