"""Inputs that fuzzing once found a fault with, and good ones: a result or one of our errors is the answer."""

import contextlib
import time
from pathlib import Path

import pytest

from ckpt_magics.errors import CheckpointError
from tests.safety.fuzz_targets import TARGETS, close, seeds

CRASHERS = sorted(path for path in (Path(__file__).parent / "crashers").rglob("*") if path.is_file())


@pytest.fixture(scope="module", autouse=True)
def folder():
    yield
    close()


@pytest.mark.parametrize("path", CRASHERS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_crasher_is_answered(path):
    started = time.process_time()
    with contextlib.suppress(CheckpointError):
        TARGETS[path.parent.name](path.read_bytes())
    assert time.process_time() - started < 2


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_reach_the_target(name):
    """A target that refuses every good input would be fuzzed in vain."""
    answers = []
    for seed in seeds()[name]:
        try:
            TARGETS[name](seed)
        except CheckpointError:
            answers.append(False)
        else:
            answers.append(True)
    assert answers
    assert any(answers) or name in {"snappy", "table"}


@pytest.mark.parametrize("seed", seeds()["tensor_data"], ids=bytes.hex)
def test_every_tensor_gets_past_its_checksums(seed):
    TARGETS["tensor_data"](seed)
