"""Hostile files end in our errors, in little time and memory, and the process lives: each in a process with limits."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.safety.attacks import ATTACKS
from tests.safety.scale import STRESS

ROOT = Path(__file__).parents[2]

SECONDS, SECONDS_PER_BYTE = 2.0, 1e-6
"""Processor time of the slowest step, and what each byte of the file justifies beside it."""

MEMORY, MEMORY_PER_BYTE = 200 << 20, 20
"""Bytes of memory, likewise."""

#: These are large files, of which the time is in their making and in reading every name.
LARGE = {
    "two_hundred_thousand_names", "name_of_many_megabytes", "block_keys_without_end", "many_tensors_share_one_range",
    "many_tensors_reach_into_each_other", "many_slices_share_one_range", "block_snappy_64_times",
    "entry_a_hundred_thousand_slices", "state_a_hundred_thousand_paths",
}  # fmt: skip
CHOSEN = [name for name in ATTACKS if STRESS or name not in LARGE - {"many_tensors_share_one_range"}]


@pytest.fixture(scope="module")
def results():
    """What happened, by attack; an attack that killed the process is missing, and so are those after it."""
    command = [sys.executable, "-m", "tests.safety.victim", *CHOSEN]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=3000)
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    return {line["name"]: line for line in lines}, found


def test_process_lives(results):
    known, found = results
    assert found.returncode == 0, f"after {list(known)[-1:]}: {found.stderr[-2000:]}"
    assert set(known) == set(CHOSEN)
    assert len(ATTACKS) > 110


@pytest.mark.parametrize("name", CHOSEN)
def test_attack_is_answered_with_our_errors(results, name):
    result = results[0][name]
    assert result["wrong"] == []
    assert result["seconds"] < SECONDS + result["size"] * SECONDS_PER_BYTE, result["step"]
    assert result["peak"] < MEMORY + result["size"] * MEMORY_PER_BYTE


def test_memory_of_the_process_stays_small(results):
    """From the first attack to the last: what was held was given back or never taken."""
    known = list(results[0].values())
    largest = max(result["size"] for result in known)
    assert known[-1]["rss"] - known[0]["rss"] < 2 * (MEMORY + largest * MEMORY_PER_BYTE)
