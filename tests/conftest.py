"""Fixtures that every part of the tests shares."""

import gc
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ckpt_magics.notebook.magics import load_ipython_extension, unload_ipython_extension
from tests.truth import CORPUS, GOLDEN

# Two slow cores run several of these at once: a deadline would measure the machine. Failures stay reproducible, because
# the examples derive from the test itself.
settings.register_profile(
    "ckpt_magics", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ckpt_magics")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Keep what collecting makes out of every collection of garbage that follows: it stays to the end."""
    gc.disable()
    result = yield
    gc.enable()
    _keep()
    return result


def _keep() -> None:
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def golden() -> Path:
    """Folder of the small checkpoints that TensorFlow wrote."""
    return GOLDEN


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of the large collection of checkpoints, which lies beside a development checkout only."""
    if not CORPUS.is_dir():
        pytest.skip("the large collection of checkpoints is not beside this checkout")
    return CORPUS


@pytest.fixture(scope="session")
def tf() -> ModuleType:
    """TensorFlow, without its log lines and outside the warnings-are-errors rule."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow

        # Loaded on first use otherwise, which would be under a test's own filters.
        tensorflow.compat.v1.train.Saver  # noqa: B018
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    _keep()
    return tensorflow


@pytest.fixture(scope="session")
def shell_of_session(tmp_path_factory: pytest.TempPathFactory) -> InteractiveShell:
    """The one IPython shell of this process, with no history and no profile of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        return InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))


@pytest.fixture
def shell(shell_of_session: InteractiveShell) -> Iterator[InteractiveShell]:
    """An IPython shell whose namespace is empty before and after the test."""
    yield shell_of_session
    with pytest.MonkeyPatch.context() as patch:
        # The shell collects garbage when it is reset, which takes longer than most tests.
        patch.setattr(gc, "collect", lambda: 0)
        shell_of_session.reset(new_session=False)
    # The namespace is that of the module ``__main__``, in which a process that is spawned later looks for this.
    shell_of_session.user_ns["__spec__"] = None


@pytest.fixture
def magics(shell: InteractiveShell) -> Iterator[InteractiveShell]:
    """The shell with the extension, which is gone afterwards, with the graph that was active."""
    load_ipython_extension(shell)
    yield shell
    unload_ipython_extension(shell)
