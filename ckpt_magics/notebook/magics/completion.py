"""Tab completion of the magics' lines: flags, checkpoints, names in the notebook and inside a checkpoint."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher
from IPython.core.interactiveshell import InteractiveShell

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.notebook.commands.line_layout import lay_out, options_of
from ckpt_magics.notebook.commands.words import expanded, quoted, split_unfinished, without_expressions
from ckpt_magics.notebook.magics.command import parser_of
from ckpt_magics.notebook.magics.namespace import array_names, user_values
from ckpt_magics.notebook.magics.path_completion import complete_path

__all__ = ["CheckpointMatcher"]

# Also after "x = ", where IPython's own hooks for magics do not look.
_LINE = re.compile(r"(?:^|=)\s*%{1,2}(ckpt_\w+|graph)\s(.*)$", re.DOTALL)
_QUOTES = ("'", '"')
MAX_SHOWN = 500
# Options whose values are names in the checkpoint, or patterns of them.
_NAMES_OF_TENSORS = {"--exclude", "--map", "--transpose"}


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
            word = split_unfinished(found[2])[1]
            texts = list(dict.fromkeys(self.complete(found[1], found[2])))[:MAX_SHOWN]
            after = context.full_text.split("\n")[context.cursor_line][context.cursor_position :]
            completions = [SimpleCompletion(_before(text, after)) for text in texts]
            # IPython's own token is only the end of the word.
            return {"completions": completions, "suppress": bool(texts), "matched_fragment": word}

        return matcher

    def complete(self, magic: str, line: str) -> list[str]:
        """Return the words that may stand at the end of a line, given what is typed of it.

        Args:
            magic: Name of the magic, without %.
            line: What follows it, up to the cursor.
        """
        before, typed = split_unfinished(line)
        if typed.startswith("-"):
            return [flag for flag in self._flags(magic) if flag.startswith(typed)]
        mark = typed[0] if typed[:1] in _QUOTES else ""
        word = typed[1:].removesuffix(mark) if mark else typed
        if magic == "graph":
            from ckpt_magics.notebook.magics.graph_completion import complete_graph_line

            found = complete_graph_line(self._shell, lay_out(self._parser(magic), before), word)
        elif magic in {"ckpt_convert", "ckpt_average"}:
            from ckpt_magics.notebook.magics.convert_completion import complete_convert_line

            variables = _names_of_tensors(user_values(self._shell))
            found = complete_convert_line(lay_out(self._parser(magic), before), word, _names_in, variables)
        else:
            found = self._checkpoint_words(magic, before, word)
        return [_in_quotes(text, mark) for text in found if not mark or mark not in text]

    def _checkpoint_words(self, magic: str, before: list[str], word: str) -> list[str]:
        """The same for a line about checkpoints, of which ``before`` is typed and ``word`` begun."""
        layout = lay_out(self._parser(magic), before)
        positional = layout.positional
        option = layout.pending.option_strings[-1] if layout.pending is not None else ""
        if option and option not in _NAMES_OF_TENSORS:
            return self._values(magic, option, positional, word)
        if layout.closed and not option:
            return []
        if not positional:
            return complete_path(word, ".index")
        if magic in {"ckpt_save", "ckpt_diff"}:
            values = user_values(self._shell)
            names = array_names(values) if magic == "ckpt_save" else _names_of_tensors(values)
            found = [name for name in names if name.startswith(word)]
            return found if magic == "ckpt_save" else [] if positional[1:] else complete_path(word, ".index") + found
        start = f"{word.partition('=')[0]}=" if option == "--map" and "=" in word else ""
        return [start + name for name in _names_in(positional[0]) if name.startswith(word[len(start) :])]

    def _values(self, magic: str, option: str, positional: list[str], word: str) -> list[str]:
        """What may follow a flag that takes one value."""
        if option == "--step" and magic != "ckpt_save" and positional:
            return [step for step in _steps_of(positional[0]) if step.startswith(word)]
        if option == "--salvage":
            return complete_path(word, ".index")
        return [name for name in user_values(self._shell) if name.startswith(word)] if option == "--into" else []

    def _flags(self, magic: str) -> list[str]:
        return [flag for flag in options_of(self._parser(magic)) if flag.startswith("--")]

    def _parser(self, magic: str) -> argparse.ArgumentParser:
        function: object = self._shell.magics_manager.magics["line"].get(magic)
        return parser_of(function) if hasattr(function, "parser") else argparse.ArgumentParser()


def _in_quotes(text: str, mark: str) -> str:
    """Return a word as it has to be typed; in the quotes that were begun, which a directory leaves open."""
    return quoted(text) if not mark else f"{mark}{without_expressions(text)}{'' if text.endswith('/') else mark}"


def _before(text: str, after: str) -> str:
    """Leave the closing quote to the one that an editor has put behind the cursor."""
    return text[:-1] if text[-1:] in _QUOTES and after.startswith(text[-1]) else text


def _steps_of(source: str) -> list[str]:
    from ckpt_magics.files.directory.checkpoint_step import known_steps

    try:
        return [str(step) for step in known_steps(place_of(expanded(source)))]
    except CheckpointError:
        return []


def _names_of_tensors(values: Mapping[str, Any]) -> list[str]:
    """Names of the arrays, and of what holds others."""
    from ckpt_magics.files.objects.containers import container_kind

    arrays = set(array_names(values))
    return [name for name, value in values.items() if name in arrays or container_kind(value) is not None]


def _names_in(source: str) -> list[str]:
    # Loading the extension stays quick when what reads checkpoints loads on first use.
    from ckpt_magics.files.directory.open_tensors import open_tensors

    try:
        with open_tensors(expanded(source)) as tensors:
            return list(tensors)
    except CheckpointError:
        return []
