"""Prints the lowest version that pyproject.toml allows of every package that the project depends on."""

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def lowest_versions(requirements: list[str]) -> list[str]:
    """Pin each requirement to its lower bound.

    Raises:
        ValueError: A requirement has no lower bound.
    """
    found = [(text, re.match(r"([\w-]+)>=([\d.]+)", text)) for text in requirements]
    if unbounded := [text for text, match in found if match is None]:
        raise ValueError(f"no lower bound: {', '.join(unbounded)}")
    return [f"{match[1]}=={match[2]}" for _, match in found if match]


if __name__ == "__main__":
    print("\n".join(lowest_versions(tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["dependencies"])))
