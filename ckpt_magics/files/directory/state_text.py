r"""The text of a ``checkpoint`` state file: parse what anybody wrote, write what TensorFlow writes.

It is a CheckpointState message in protobuf's text format, one field per line::

    model_checkpoint_path: "m-3"
    all_model_checkpoint_paths: "m-2"
    all_model_checkpoint_paths: "m-3"
    all_model_checkpoint_timestamps: 1700000000.5        only CheckpointManager's
    last_preserved_timestamp: 1699999999.25

Parsing also takes what the format allows besides: comments, single quotes, adjacent strings, lists in brackets, commas
and semicolons, several fields in a line, every escape. The protobuf library is not used: it would be most of the time
that a notebook waits for its first checkpoint, it takes seconds for a hundred thousand lines, and it refuses the paths
that are no UTF-8 and that file systems allow.

Leniently, it also takes what editors and shells on Windows make of such a file: a byte-order mark, UTF-16, and paths
whose backslashes nobody has escaped.

Format: tensorflow/python/training/checkpoint_state.proto; protobuf's text_format.py (Tokenizer, Merge).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from ckpt_magics.errors import DataLossError

__all__ = ["CheckpointState", "decode_state", "format_state", "parse_state"]


@dataclass(slots=True)
class CheckpointState:
    """What a ``checkpoint`` file says; the fields are named as in TensorFlow's message.

    Attributes:
        model_checkpoint_path: The latest checkpoint: its prefix, or its pattern if it is a V1 checkpoint in shards.
        all_model_checkpoint_paths: Those that are kept, oldest first, the latest among them.
        all_model_checkpoint_timestamps: When they were saved, in seconds since 1970; empty, or as long as the paths.
        last_preserved_timestamp: When the last one was saved that is kept for ever; 0 if none was.
    """

    model_checkpoint_path: str = ""
    all_model_checkpoint_paths: list[str] = field(default_factory=list)
    all_model_checkpoint_timestamps: list[float] = field(default_factory=list)
    last_preserved_timestamp: float = 0.0


_TOKEN = re.compile(
    r"""(?:[ \t\r\n\f\v]++|\#[^\n]*+)*+                  # space and comments; never tried in another division
    (?: (?P<name>[A-Za-z_][\w+-]*)
    |   (?P<number>[+-]?\.?\d[\w.+-]*|-[A-Za-z]\w*)
    |   (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |   (?P<mark>[:\[\],;])
    |   (?P<end>\Z) )""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SIMPLE = dict(zip(b"abfnrtv\\'\"?", b"\a\b\f\n\r\t\v\\'\"?", strict=True))
_STRINGS = frozenset({"model_checkpoint_path", "all_model_checkpoint_paths"})
_NUMBERS = frozenset({"all_model_checkpoint_timestamps", "last_preserved_timestamp"})


_LATEST_HEAD, _PATH_HEAD = 'model_checkpoint_path: "', 'all_model_checkpoint_paths: "'
_TIME_HEAD = "all_model_checkpoint_timestamps: "
_PRESERVED_HEAD = "last_preserved_timestamp: "
_PLAIN_NUMBERS = re.compile(r"[0-9.e\n]*")
# A drive or a dot and one backslash: had it been escaped, there would be two.
_WINDOWS_START = re.compile(rb"(?:[A-Za-z]:|\.{1,2})\\(?!\\)")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode_state(text: bytes) -> str:
    """Return the contents of a state file as text, whatever its byte-order mark says that it is encoded in.

    Bytes that are not UTF-8 become lone surrogates, as in :func:`os.fsdecode`.

    Raises:
        DataLossError: It has the mark of another encoding, and is not in that.
    """
    mark, encoding = next((one for one in _BYTE_ORDER_MARKS if text.startswith(one[0])), (b"", "utf-8"))
    try:
        return text[len(mark) :].decode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")
    except UnicodeDecodeError as error:
        raise DataLossError(f"damaged state file: it begins as {encoding}, and is not") from error


def parse_state(text: str | bytes, *, lenient: bool = False) -> CheckpointState:
    """Parse the text of a state file. A field that stands once but is given twice keeps the last value.

    Args:
        text: The file's contents. Bytes that are not UTF-8 become lone surrogates, as in :func:`os.fsdecode`.
        lenient: Take what TensorFlow refuses too: a byte-order mark, and paths with unescaped backslashes.

    Raises:
        DataLossError: It is not a CheckpointState; says in which line.
    """
    if isinstance(text, bytes):
        text = decode_state(text) if lenient else text.decode("utf-8", "surrogateescape")
    plain = _parse_plain(text)
    return _parse_any(text, lenient=lenient) if plain is None else plain


def _parse_plain(text: str) -> CheckpointState | None:
    """Parse lines as TensorFlow writes them, many times quicker than token by token; None if there are others."""
    lines = text.split("\n")
    if "\\" in text or not lines[0].startswith(_LATEST_HEAD) or lines.pop():
        return None
    preserved = lines.pop().removeprefix(_PRESERVED_HEAD) if lines[-1].startswith(_PRESERVED_HEAD) else ""
    quoted = [line.removeprefix(_PATH_HEAD) for line in lines if line.startswith(_PATH_HEAD)]
    times = [line.removeprefix(_TIME_HEAD) for line in lines if line.startswith(_TIME_HEAD)]
    quoted.append(lines[0].removeprefix(_LATEST_HEAD))
    if len(quoted) + len(times) != len(lines) or not _PLAIN_NUMBERS.fullmatch("\n".join([*times, preserved])):
        return None
    # One mark at the end of each, and no other.
    if text.count('"') != 2 * len(quoted) or not all(path.endswith('"') for path in quoted):
        return None
    paths = [path[:-1] for path in quoted]
    try:
        return CheckpointState(paths.pop(), paths, list(map(float, times)), float(preserved or 0))
    except ValueError:
        return None


def _parse_any(text: str, *, lenient: bool) -> CheckpointState:
    state = CheckpointState()
    tokens = _Tokens(text, lenient=lenient)
    while not tokens.at_end:
        name = tokens.take("name", "a field name")
        if name not in _STRINGS and name not in _NUMBERS:
            raise tokens.error(f"unknown field {name[:60]!r}")
        tokens.take_mark(":")
        values = _parse_values(tokens, name)
        if name.startswith("all_"):
            getattr(state, name).extend(values)
        elif values:
            setattr(state, name, values[-1])
        tokens.skip_separator()
    return state


class _Tokens:
    """The tokens of a text, one ahead; ``lenient`` for what is made of them."""

    def __init__(self, text: str, *, lenient: bool) -> None:
        self.lenient = lenient
        self._text = text
        self._start = self._position = 0
        self.kind, self.word = "", ""
        self.advance()

    @property
    def at_end(self) -> bool:
        return self.kind == "end"

    def error(self, what: str) -> DataLossError:
        line = self._text.count("\n", 0, self._start) + 1
        return DataLossError(f"damaged state file: {what} in line {line}")

    def advance(self) -> None:
        found = _TOKEN.match(self._text, self._position)
        self._start = self._position
        if found is None or found.lastgroup is None:
            raise self.error("something that is no name, number or string")
        self.kind, self.word = found.lastgroup, found[found.lastgroup]
        self._position = found.end()
        self._start = self._position - len(self.word)

    def take(self, kind: str, what: str) -> str:
        if self.kind != kind:
            raise self.error(f"{what} is missing")
        token = self.word
        self.advance()
        return token

    def is_mark(self, mark: str) -> bool:
        return self.kind == "mark" and self.word == mark

    def take_mark(self, mark: str) -> None:
        if not self.is_mark(mark):
            raise self.error(f"{mark!r} is missing")
        self.advance()

    def skip_separator(self) -> None:
        if self.kind == "mark" and self.word in ",;":
            self.advance()


def _parse_values(tokens: _Tokens, name: str) -> list[str] | list[float]:
    """One value, or a list in brackets for a field that repeats."""
    parse = _parse_string if name in _STRINGS else _parse_number
    if not (tokens.is_mark("[") and name.startswith("all_")):
        return [parse(tokens)]  # type: ignore[return-value]  # one kind of value per field
    tokens.advance()
    values: list[str | float] = []
    while not tokens.is_mark("]"):
        if values:
            tokens.take_mark(",")
        values.append(parse(tokens))
    tokens.advance()
    return values  # type: ignore[return-value]


def _parse_string(tokens: _Tokens) -> str:
    """Adjacent strings make one, as in C."""
    parts: list[bytes] = []
    while tokens.kind == "string" or not parts:
        parts.append(_unescape(tokens.take("string", "a string")[1:-1], tokens))
    return b"".join(parts).decode("utf-8", "surrogateescape")


def _unescape(text: str, tokens: _Tokens) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    if b"\\" not in data or (tokens.lenient and _WINDOWS_START.match(data)):
        return data

    def replaced(found: re.Match[bytes]) -> bytes:
        octal, hexadecimal, short, long, simple = found.groups()
        if octal or hexadecimal:
            value = int(octal, 8) if octal else int(hexadecimal, 16)
            if value > 0xFF:
                raise tokens.error("an octal escape beyond a byte")
            return bytes([value])
        if short or long:
            value = int(short or long, 16)
            if value > 0x10FFFF or 0xD800 <= value < 0xE000:
                raise tokens.error("an escape that is no Unicode character")
            return chr(value).encode()
        if simple[0] not in _SIMPLE:
            raise tokens.error("an unknown escape")
        return bytes([_SIMPLE[simple[0]]])

    try:
        return _ESCAPE.sub(replaced, data)
    except DataLossError:
        if tokens.lenient:
            return data
        raise


def _parse_number(tokens: _Tokens) -> float:
    if tokens.kind not in {"number", "name"}:
        raise tokens.error("a number is missing")
    token = tokens.word.lower().replace("_", "?")
    try:
        # A trailing f, as in C, is allowed; "inf" has one of its own.
        value = float(token if token.endswith("inf") else token.removesuffix("f"))
    except ValueError:
        raise tokens.error("a malformed number") from None
    tokens.advance()
    return value


def format_state(state: CheckpointState) -> str:
    r"""Return the text that TensorFlow would write.

    >>> format_state(CheckpointState("m-3", ["m-2", "m-3"]))
    'model_checkpoint_path: "m-3"\nall_model_checkpoint_paths: "m-2"\nall_model_checkpoint_paths: "m-3"\n'
    """
    lines = []
    if state.model_checkpoint_path:
        lines.append(f"model_checkpoint_path: {_quote(state.model_checkpoint_path)}\n")
    lines += [f"all_model_checkpoint_paths: {_quote(path)}\n" for path in state.all_model_checkpoint_paths]
    lines += [f"all_model_checkpoint_timestamps: {float(t)!r}\n" for t in state.all_model_checkpoint_timestamps]
    if state.last_preserved_timestamp:
        lines.append(f"last_preserved_timestamp: {float(state.last_preserved_timestamp)!r}\n")
    return "".join(lines)


_ESCAPES = {chr(code): f"\\{code:03o}" for code in (*range(0x20), 0x7F)}
_ESCAPES |= {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "'": "\\'", "\\": "\\\\"}
# A byte of a path that is not UTF-8. TensorFlow cannot read such a line, but then it cannot write one either.
_ESCAPES |= {chr(0xDC00 + byte): f"\\{byte:03o}" for byte in range(0x80, 0x100)}
_ESCAPE_TABLE = str.maketrans(_ESCAPES)
_QUOTED = re.compile(r"[\"'\\]")


def _quote(text: str) -> str:
    if text.isascii() and text.isprintable() and not _QUOTED.search(text):
        return f'"{text}"'
    return f'"{text.translate(_ESCAPE_TABLE)}"'
