"""Tab completion of the magics' lines: flags, checkpoints, names in the notebook and inside a checkpoint."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher
from IPython.core.interactiveshell import InteractiveShell

from ckpt_magics.checkpoint import files
from ckpt_magics.errors import CheckpointError
from ckpt_magics.magics.namespace import array_names, user_values
from ckpt_magics.magics.words import quoted, split_words

__all__ = ["CheckpointMatcher"]

# Also after "x = ", where IPython's own hooks for magics do not look.
_LINE = re.compile(r"(?:^|=)\s*%{1,2}(ckpt_\w+|graph)\s(.*)$", re.DOTALL)
MAX_SHOWN = 500


class CheckpointMatcher:
    """Completes the lines of a shell's checkpoint magics.

    Args:
        shell: The shell, whose magics give the flags.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self.matcher = self._as_matcher()

    def _as_matcher(self) -> Any:  # noqa: ANN401 - a function with attributes that IPython's matchers have
        @context_matcher(identifier="ckpt_magics")  # type: ignore[untyped-decorator]
        def matcher(context: CompletionContext) -> SimpleMatcherResult:
            found = _LINE.search(context.text_until_cursor)
            if found is None:
                return {"completions": []}
            texts = list(dict.fromkeys(self.complete(found[1], found[2])))[:MAX_SHOWN]
            token = context.token
            completions = [SimpleCompletion(_from_token(text, _last_word(found[2]), token)) for text in texts]
            return {"completions": completions, "suppress": bool(texts)}

        return matcher

    def complete(self, magic: str, line: str) -> list[str]:
        """Return the words that may stand at the end of a line, given what is typed of it.

        Args:
            magic: Name of the magic, without %.
            line: What follows it, up to the cursor.
        """
        word = _last_word(line)
        before = split_words(line[: len(line) - len(word)])
        if word.startswith("-"):
            return [flag for flag in self._flags(magic) if flag.startswith(word)]
        if magic == "graph":
            from ckpt_magics.magics.graph_completion import complete_graph_line

            return complete_graph_line(self._shell, before, word)
        return self._checkpoint_words(magic, before, word)

    def _checkpoint_words(self, magic: str, before: list[str], word: str) -> list[str]:
        """The same for a line about checkpoints, of which ``before`` is typed and ``word`` begun."""
        positional, option = _positional(before)
        if option in {"--step", "--shards", "--max-to-keep", "--keep-every-hours"}:
            return []
        if option == "--salvage":
            return _prefixes(word)
        if option == "--into":
            return [name for name in user_values(self._shell) if name.startswith(word)]
        if not positional:
            return _prefixes(word)
        if magic == "ckpt_save":
            return [name for name in array_names(user_values(self._shell)) if name.startswith(word)]
        start = f"{word.partition('=')[0]}=" if option == "--map" and "=" in word else ""
        return [start + quoted(name) for name in _names_in(positional[0]) if name.startswith(word[len(start) :])]

    def _flags(self, magic: str) -> list[str]:
        function: object = self._shell.magics_manager.magics["line"].get(magic)
        parser = getattr(function, "parser", None)
        actions = [] if parser is None else parser._actions  # noqa: SLF001 - argparse has no public list of its flags
        return [flag for action in actions for flag in action.option_strings if flag.startswith("--")]


def _last_word(line: str) -> str:
    found = re.search(r"\S*$", line)
    return found[0] if found else ""


def _from_token(text: str, word: str, token: str) -> str:
    """Cut a completion of the whole word to what replaces IPython's token, which is the end of the word."""
    return text[len(word) - len(token) :] if token and word.endswith(token) and len(word) > len(token) else text


def _positional(words: Iterable[str]) -> tuple[list[str], str]:
    """The words that are no flags nor their values, and the flag whose value comes next, or ""."""
    positional: list[str] = []
    option = ""
    for word in words:
        if word.startswith("-"):
            option = word if word in _VALUED else ""
        elif option and not (option == "--map" and "=" not in word):
            option = option if option == "--map" else ""
        else:
            positional.append(word)
            option = ""
    return positional, option


_VALUED = {"--step", "--shards", "--max-to-keep", "--keep-every-hours", "--into", "--exclude", "--map", "--salvage"}


def _prefixes(word: str) -> list[str]:
    """Checkpoints and directories that begin with what is typed."""
    typed_folder, _, start = word.rpartition("/")
    folder = os.path.expanduser(typed_folder + "/") if "/" in word else "."
    try:
        entries = sorted(files.list_directory(folder))
    except CheckpointError:
        return []
    base = f"{typed_folder}/" if "/" in word else ""
    found: list[str] = []
    for entry in entries:
        if not entry.startswith(start):
            continue
        if files.is_directory(os.path.join(folder, entry)):
            found += [] if entry.startswith(".") else [f"{entry}/"]
        elif entry.endswith(".index"):
            found.append(entry.removesuffix(".index"))
    return [base + quoted(name) for name in found]


def _names_in(source: str) -> list[str]:
    # Loading the extension stays quick when what reads checkpoints loads on first use.
    from ckpt_magics.checkpoint.reader import load_checkpoint

    try:
        with load_checkpoint(os.path.expanduser(source)) as reader:
            graph = reader.object_graph
            return sorted(reader) if graph is None else sorted(graph.short_names)
    except CheckpointError:
        return []
