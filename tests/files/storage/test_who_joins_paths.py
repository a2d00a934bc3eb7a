"""Rules about paths stand in one floor: the others name places, and ask these."""

import re
from pathlib import Path

FILES = Path(__file__).parents[3] / "ckpt_magics" / "files"
MODULES = [path for path in FILES.rglob("*.py") if FILES / "storage" not in path.parents]

#: Everything of ``os`` but text from bytes, the type of paths, and on which system this is; code only, no docstrings.
USED = re.compile(r"(?<!`)\bos\.(?!(?:PathLike|fsdecode|fsencode|name)\b)\w+")
IMPORTED = re.compile(
    r"^ *(?:from|import) (?:os\.|pathlib|posixpath|ntpath|glob|shutil|tempfile|io import open)", re.MULTILINE
)


def test_only_the_floor_of_storage_knows_paths_of_the_system():
    assert len(MODULES) > 100
    texts = {path.relative_to(FILES).as_posix(): path.read_text("utf-8") for path in MODULES}
    found = {name: [*USED.findall(text), *IMPORTED.findall(text)] for name, text in texts.items()}
    assert {name: uses for name, uses in found.items() if uses} == {}
