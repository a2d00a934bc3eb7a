"""Fuzz the parsers with coverage guidance: ``python -m tests.safety.fuzz --executions 200000 [target ...]``.

Each target gets its share of the executions in a process of its own. What makes one fail, hang or grow is written to
``crash-*`` files in the current directory: put it into ``tests/safety/crashers/TARGET``.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

INPUT_SECONDS = 5
MEMORY_MEGABYTES = 1024
# The targets that write files are slow; what they call is fuzzed by the others too.
WEIGHTS = {"bundle": 1, "slice_table": 1, "graph": 1, "tensor_proto": 1, "torch_archive": 1, "torch_legacy": 1}
USUAL_WEIGHT = 3


def fuzz_one(name, arguments):
    """Run one target in this process; does not return."""
    import atheris

    with atheris.instrument_imports(include=["ckpt_magics"]):
        from tests.safety import fuzz_targets
    from ckpt_magics.errors import CheckpointError

    target = fuzz_targets.TARGETS[name]

    def run(data):
        try:
            target(data)
        except CheckpointError as error:
            str(error)

    atheris.Setup([sys.argv[0], *arguments], run)
    atheris.Fuzz()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--executions", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", metavar="TARGET", help=argparse.SUPPRESS)
    arguments, rest = parser.parse_known_args()
    if arguments.one:
        fuzz_one(arguments.one, [*rest, *arguments.targets])
    try:
        import atheris  # noqa: F401 - only to say early that it is missing
    except ImportError:
        sys.exit("Fuzzing needs atheris, which has wheels for Linux: pip install --group stress")
    from tests.safety.fuzz_targets import TARGETS, seeds

    names = arguments.targets or list(TARGETS)
    total = sum(WEIGHTS.get(name, USUAL_WEIGHT) for name in names)
    failed = []
    for name in names:
        runs = arguments.executions * WEIGHTS.get(name, USUAL_WEIGHT) // total
        with tempfile.TemporaryDirectory() as corpus:
            for number, seed in enumerate(seeds()[name]):
                (Path(corpus) / f"seed-{number}").write_bytes(seed)
            limits = [
                f"-timeout={INPUT_SECONDS}",
                f"-rss_limit_mb={MEMORY_MEGABYTES}",
                "-max_len=8192",
                f"-seed={arguments.seed}",
            ]
            command = [sys.executable, "-m", "tests.safety.fuzz", "--one", name, f"-runs={runs}", *limits, corpus]
            found = subprocess.run(command, capture_output=True, text=True, check=False)
        last = [line for line in found.stderr.splitlines() if line.startswith(("Done", "#"))][-1:]
        print(f"{name:14} {'failed' if found.returncode else 'ok':6} {' '.join(last)}", flush=True)
        if found.returncode:
            failed.append(name)
            print(found.stdout[-1500:], found.stderr[-3000:], sep="\n", flush=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
