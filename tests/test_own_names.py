"""Within the package a module's name and a class's name stand for one thing each."""

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "ckpt_magics"
MODULES = [path for path in PACKAGE.rglob("*.py") if path.name not in {"__init__.py", "__main__.py"}]

# Floors that mirror each other: a family of ops has its rows, its functions and its gradients under one name.
FAMILIES = {PACKAGE / "graphs" / floor for floor in ("ops", "nodes", "training")}


def in_compat(path):
    """Whether it has TensorFlow's names, which are not ours to choose."""
    return path.is_relative_to(PACKAGE / "compat")


def more_than_once(names):
    return sorted(name for name, count in Counter(names).items() if count > 1)


def test_no_module_name_occurs_twice():
    mirrored = {path for path in MODULES if FAMILIES & set(path.parents)}
    others = [path.stem for path in MODULES if path not in mirrored and not in_compat(path)]
    assert more_than_once([*others, *{path.stem for path in mirrored}]) == []


def test_no_class_name_occurs_twice():
    trees = (ast.parse(path.read_text("utf-8")) for path in MODULES if not in_compat(path))
    classes = [node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    assert len(classes) > 200
    assert more_than_once(classes) == []
