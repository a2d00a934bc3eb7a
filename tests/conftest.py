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

from tests.truth import CORPUS, GOLDEN

# Two slow cores run several of these at once: a deadline would measure the machine. Failures stay reproducible, because
# the examples derive from the test itself.
settings.register_profile(
    "ckpt_magics", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ckpt_magics")


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
    return tensorflow


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """An IPython shell whose namespace is empty before and after the test."""
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.reset(new_session=False)
    yield shell
    shell.reset(new_session=False)
    gc.collect()
