"""What the words of a line say, or may have meant: in another order than they are read in, or naming no checkpoint."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Mapping, Sequence

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.storage.naming import INDEX_SUFFIX
from ckpt_magics.files.storage.place import is_url
from ckpt_magics.notebook.commands.line_form import LineForm
from ckpt_magics.notebook.commands.line_layout import LineLayout, options_of, positionals_of, takes_many
from ckpt_magics.notebook.commands.words import expanded

__all__ = ["line_hint", "parse_line", "source_hint", "with_hint"]

# A path of more words than this is not looked for.
MOST_WORDS = 8


def parse_line(form: LineForm, parser: argparse.ArgumentParser, layout: LineLayout) -> argparse.Namespace:
    """Return what the words of a line say.

    Args:
        form: How such lines are written.
        parser: What they take.
        layout: Their words.

    Raises:
        InvalidArgumentError: They say nothing that can be done; with the line that may be meant, if there is one.
    """
    fault = _layout_fault(form, parser, layout)
    if fault:
        raise InvalidArgumentError(f"{fault}; {form.help_line} shows its options")
    words = [word for option in layout.options for word in option]
    words += ["--", *layout.positional] if layout.positional else []
    try:
        return parser.parse_args(words)
    except InvalidArgumentError as error:
        hint = line_hint(form, parser, layout)
        text = f"{error}{'; ' if hint else ''}{hint}; {form.help_line} shows its options"
        raise InvalidArgumentError(text) from None


def _layout_fault(form: LineForm, parser: argparse.ArgumentParser, layout: LineLayout) -> str:
    """What is wrong with a line as a whole, with the line that is right where it can be told; or ""."""
    if layout.unknown:
        return _unknown(layout.unknown, options_of(parser))
    actions = positionals_of(parser)
    required = sum(action.nargs not in {"*", "?"} for action in actions)
    if len(layout.positional) < required:
        return _taken_as_value(form, actions, layout)
    if layout.misplaced and len(layout.positional) > len(actions) and not any(map(takes_many, actions)):
        return _one_too_many(form, layout)
    if layout.misplaced:
        return f"{_names(actions)} before the options: {form.quoted(layout.positional, layout.options)}"
    return ""


def _unknown(words: Sequence[str], known: Mapping[str, argparse.Action]) -> str:
    """Say which words are no options, and which they may be short for; options are not abbreviated."""
    near = dict.fromkeys(
        flag
        for word in words
        for flag in [
            *(flag for flag in known if flag.startswith(word) and word.startswith("--")),
            *difflib.get_close_matches(word, known, 2, 0.75),
        ]
    )
    text = f"unrecognized arguments: {' '.join(map(visible, words))}"
    return f"{text}; nearest: {', '.join(near)}" if near else text


def _taken_as_value(form: LineForm, actions: Sequence[argparse.Action], layout: LineLayout) -> str:
    """Say of a line without its source which value of an option may be it."""
    for at in reversed(range(len(layout.options))):
        flag, *values = layout.options[at]
        if len(values) > 1:
            source = next((value for value in values if _names_something(value)), values[-1])
            rest = [value for value in values if value != source]
            options = [*layout.options[:at], [flag, *rest], *layout.options[at + 1 :]]
            line = form.quoted([source, *layout.positional], options)
            return f"{flag} takes every word up to the next option, and {_names(actions)} before the options: {line}"
    return ""


def _one_too_many(form: LineForm, layout: LineLayout) -> str:
    flag, *values = layout.options[-1]
    words = [*values, *layout.misplaced]
    return f"quotes hold a value with blanks together: {flag} {form.quote(' '.join(words))}"


def source_hint(form: LineForm, layout: LineLayout, values: Mapping[str, object]) -> str:
    """Return the line with the value of a variable that it names in place of a checkpoint; or "".

    Args:
        form: How such lines are written.
        layout: Its words.
        values: The variables of the notebook.
    """
    words = layout.positional
    for at, word in enumerate(words):
        filled = _expression(word, values.get(word))
        if filled:
            line = form.written([*words[:at], filled, *words[at + 1 :]], layout.options)
            return f"{word} is a variable of the notebook: {line} takes what it says"
    return ""


def line_hint(form: LineForm, parser: argparse.ArgumentParser, layout: LineLayout) -> str:
    """Return what a line that fails may have meant: a path with blanks, or a source behind an option; or "".

    Args:
        form: How such lines are written.
        parser: What it takes.
        layout: Its words.
    """
    words = layout.positional
    starts = range(len(words))
    spans = [(at, end) for at in starts for end in range(min(len(words), at + MOST_WORDS), at + 1, -1)]
    paths = {span: " ".join(words[slice(*span)]) for span in spans}
    found = next((span for span in spans if _names_something(paths[span])), None)
    # What is still to be written lies in a directory that is there: the shortest such path is meant.
    found = found or next((span for span in reversed(spans) if _is_in_directory(paths[span])), None)
    if found is not None:
        line = form.quoted([*words[: found[0]], paths[found], *words[found[1] :]], layout.options)
        return f"quotes hold a path with blanks together: {line}"
    return "" if words else _taken_as_value(form, positionals_of(parser), layout)


def with_hint(text: str, hint: str) -> str:
    """Return what is wrong, and behind it the sentence on what the line may have meant, or ""."""
    dot = " " if text.endswith((".", "?", "\n")) else ". "
    return f"{text}{dot}{hint}" if hint else text


def _expression(name: str, value: object) -> str:
    """What stands for the checkpoint that a variable names; "" if it names none."""
    if isinstance(value, str | os.PathLike):
        text = f"{{{name}}}"
        return f"'{text}'" if " " in os.fspath(value) else text
    return f"{{{name}.prefix}}" if isinstance(getattr(value, "prefix", None), str) else ""


def _names_something(word: str) -> bool:
    path = expanded(word)
    # A hint is worth no request.
    return not is_url(path) and (os.path.exists(path) or os.path.exists(f"{path}{INDEX_SUFFIX}"))


def _is_in_directory(path: str) -> bool:
    """Whether a path is one into a directory whose name has a blank."""
    directory = os.path.dirname(expanded(path))
    return " " in directory and os.path.isdir(directory)


def _names(actions: Sequence[argparse.Action]) -> str:
    names = [str(action.metavar or action.dest.upper()) for action in actions]
    return f"{' and '.join(names)} {'stand' if len(names) > 1 else 'stands'}"
