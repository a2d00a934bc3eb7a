"""A magic's line as words: quotes and brackets hold words together, ``~`` is the home directory."""

from __future__ import annotations

from collections.abc import Iterator

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.storage.place import is_url, local_path

__all__ = ["expanded", "is_silenced", "quoted", "split_unfinished", "split_words", "without_expressions"]

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_BLANK = " \t\r\n"


def split_words(line: str) -> list[str]:
    r"""Split a line at blanks outside of quotes and brackets.

    Quotes around a whole word go; quotes inside a word belong to it, as in ``w=params["w"]``. A ``;`` at the end goes,
    and so does a comment.

    >>> split_words("'my model.ckpt' w=np.zeros((2, 3)) a[0]  # both;")
    ['my model.ckpt', 'w=np.zeros((2, 3))', 'a[0]']

    Raises:
        InvalidArgumentError: A quotation is not closed.
    """
    words = list(_words(line))
    if is_silenced(line):
        words[-1:] = filter(None, [words[-1].removesuffix(";")])
    return list(map(_unquoted, words))


def is_silenced(line: str) -> bool:
    """Whether a line ends in a ``;``, a comment aside: its value is not shown then.

    >>> is_silenced("model.ckpt;"), is_silenced("model.ckpt ;  # quiet"), is_silenced("'a;'")
    (True, True, False)

    Raises:
        InvalidArgumentError: A quotation is not closed.
    """
    *_, last = ["", *_words(line)]
    return last.endswith(";")


def _words(line: str) -> Iterator[str]:
    """Yield the words up to a comment, as they stand."""
    position = 0
    while position < len(line):
        if line[position] in _BLANK:
            position += 1
            continue
        if line[position] == "#":
            return
        end = _end_of_word(line, position)
        yield line[position:end]
        position = end


def split_unfinished(line: str) -> tuple[list[str], str]:
    """Split a line that is being typed: the words before, and the one at the end as it stands, with its quotes.

    >>> split_unfinished("'my model.ckpt' --into 'my pa"), split_unfinished("run ")
    ((['my model.ckpt', '--into'], "'my pa"), (['run'], ''))
    """
    words: list[str] = []
    position = 0
    while position < len(line):
        if line[position] in _BLANK:
            position += 1
            continue
        try:
            end = _end_of_word(line, position)
        except InvalidArgumentError:
            end = len(line)
        if end == len(line):
            return words, line[position:]
        words.append(_unquoted(line[position:end]))
        position = end
    return words, ""


def _end_of_word(line: str, start: int) -> int:
    awaited: list[str] = []
    quote = ""
    for position in range(start, len(line)):
        sign = line[position]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in _CLOSING:
            awaited.append(_CLOSING[sign])
        elif awaited and sign == awaited[-1]:
            awaited.pop()
        elif sign in _BLANK and not awaited:
            return position
    if quote:
        raise InvalidArgumentError(f"a quotation is not closed: {line[start:]}")
    # An open bracket is a plain character after all, as in the name "a[".
    blank = min((at for at in (line.find(sign, start) for sign in _BLANK) if at >= 0), default=len(line))
    return blank if awaited else len(line)


def _unquoted(word: str) -> str:
    is_quoted = len(word) > 1 and word[0] in "'\"" and word.find(word[0], 1) == len(word) - 1
    return word[1:-1] if is_quoted else word


def quoted(word: str) -> str:
    """Return a word as it has to be typed to come out of `split_words` as it is.

    Braces are doubled, for IPython fills in ``{expressions}`` before a magic sees its line.
    """
    if not word or any(sign in word for sign in " \t\r\n#;'\"([{$"):
        mark = '"' if "'" in word else "'"
        word = f"{mark}{word}{mark}"
    return without_expressions(word)


def without_expressions(word: str) -> str:
    """Return text for a line in which IPython finds no ``{expressions}``."""
    return word.replace("{", "{{").replace("}", "}}")


def expanded(path: str) -> str:
    """Return a word of a line that is a path as the system takes it, and a URL as it is."""
    return path if is_url(path) else local_path(path)
