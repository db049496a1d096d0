"""`.env` read without loss: every entry with its place, every line that is not one, the bytes as they were.

The dialect is python-dotenv's, checked against it in the tests: `export `, single and double quotes (these
with escapes, both over several lines), ` #` comments, the last of two equal keys wins. The differences are
on purpose:

- A quote that never closes, or something behind one that does, spoils its own line only.
- `${NAME}` is filled from the file itself and a few harmless variables, never from the whole environment,
  because a cloned project's `HF_ENDPOINT=https://elsewhere/${HF_TOKEN}` would otherwise carry the token off.
  What cannot be filled stays as it is written, and so does everything in single quotes.
- A line without `=` and a key that no shell could hold are no entries; neither is a line with a NUL.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from qtune.core.table import BY_NAME

Quote = Literal["", "'", '"']
Encoding = Literal["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"]

EXPANDABLE = frozenset(
    {"HOME", "USER", "USERNAME", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "PWD", "TMPDIR", "TEMP",
     "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"}
)  # fmt: skip

# The end of a name tells: MAX_TOKENS, TOKENIZERS_PARALLELISM and HF_TOKEN_PATH hold no secret.
_SECRET_NAME = re.compile(
    r"(?:TOKEN|SECRET|PASS(?:WORD|WD|PHRASE)?|CREDENTIALS?|(?:API|ACCESS|SECRET|PRIVATE)_?KEY)(?:_?\d+)?\Z",
    re.I,
)


@lru_cache(4096)
def _named_like_a_secret(key: str) -> bool:
    return _SECRET_NAME.search(key) is not None


_SWALLOWED = re.compile(
    r"(?:TOKEN|SECRET|PASS(?:WORD|WD|PHRASE)?|CREDENTIALS?|KEY)(?:_?\d+)?=(.+)", re.I | re.S
)

LARGEST = 1 << 20  # a .env of more than 1 MiB is some other file
_LONGEST_VALUE = (
    1 << 16
)  # lines that fill one another (B=${A}${A}, C=${B}${B}, …) grow without bound


@dataclass(frozen=True)
class Entry:
    """`KEY=value`. Columns are 1-based characters, `column` that of the key without its quotes; `end_line`
    differs from `line` for quoted newlines."""

    key: str
    value: str
    line: int
    column: int
    end_line: int
    value_column: int
    end_column: int
    quote: Quote
    raw: str
    export: bool = False
    unexpanded: tuple[str, ...] = ()

    @property
    def looks_secret(self) -> bool:
        """By its name: a setting of the table is secret if its row is, another if it ends like a secret's."""
        row = BY_NAME.get(self.key)
        if row is not None and row.key.endswith("_PROXY"):
            return "@" in self.value
        return row.secret if row is not None else _named_like_a_secret(self.key)


@dataclass(frozen=True)
class Unparsed:
    """A line that is no entry. `reason`: no_equals, bad_key, open_quote, after_quote, nul; of a whole file:
    undecodable, too_large."""

    line: int
    text: str
    reason: str

    @property
    def mapping(self) -> tuple[str, int, int] | None:
        """Of a line written as in YAML, `KEY: value`: the key, and the columns where `: ` begins and ends."""
        match = _MAPPING.match(self.text) if self.reason == "no_equals" else None
        return (match[1], match.end(1) + 1, match.end() + 1) if match else None


@dataclass(frozen=True)
class EnvDocument:
    """One `.env`. `text` has the newlines of the file; `encoding` is how its bytes are written."""

    path: Path
    text: str
    entries: tuple[Entry, ...]
    unparsed: tuple[Unparsed, ...]
    encoding: Encoding = "utf-8"
    exists: bool = True

    @property
    def unreadable(self) -> bool:
        """Is there content that `text` does not show? Such a file must not be written."""
        return any(line.reason in ("too_large", "undecodable") for line in self.unparsed)

    @property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def last(self, key: str) -> Entry | None:
        """The entry that counts: the last of that key."""
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)


def swallowed(value: str) -> frozenset[str]:
    """Of a value that holds the next line too, because the newline was lost: that line's secret.

    It is told as a whole and in the parts that it falls into as part of an address or of a model's name.
    """
    match = _SWALLOWED.search(value)
    if match is None:
        return frozenset()
    forms = (match[1], match[1].lower())  # lower: as a host it is not spelled as it was written
    return frozenset(part for form in forms for part in (form, *re.split(r"[/:]", form)))


def read(path: Path, environ: Mapping[str, str] | None = None) -> EnvDocument:
    """The file at `path`; one that is not there is an empty document. Raises OSError when unreadable."""
    try:
        with open(path, "rb", opener=_opened) as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return EnvDocument(path, "", (), (), exists=False)
    return decoded(data, path, environ)


def decoded(data: bytes, path: Path, environ: Mapping[str, str] | None = None) -> EnvDocument:
    """The document that these bytes of a file are."""
    if len(data) > LARGEST:
        return EnvDocument(path, "", (), (Unparsed(1, "", "too_large"),))
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = _count_newlines(data[: error.start].decode(encoding, "replace")) + 1
        return EnvDocument(path, "", (), (Unparsed(line, "", "undecodable"),))
    if encoding.startswith("utf-16"):
        text = text.removeprefix("\ufeff")
    return parse(text, path, encoding, environ)


def _opened(path: str, flags: int) -> int:
    """A named pipe (password managers mount `.env` as one) is read; one that nobody fills is empty."""
    if not hasattr(os, "O_NONBLOCK"):
        return os.open(path, flags)
    handle = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(handle, True)
    return handle


def _encoding(data: bytes) -> Encoding:
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if data.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if data.startswith(b"\xfe\xff"):
        return "utf-16-be"
    return "utf-8"


_NEWLINE = re.compile(r"\r\n|\n|\r")
_KEY = re.compile(
    r"[^\S\r\n]*(?P<export>export[^\S\r\n]+)?(?P<key>'(?P<quoted>[^']+)'|[^=#\s]+)[^\S\r\n]*(?P<equals>=)?"
)
_VALID_KEY = re.compile(r"[A-Za-z_][\w.-]*\Z")
_MAPPING = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*:(?!//)[ \t]*(?=\S)")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S)
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*)'", re.S)
_COMMENT = re.compile(r"(?<=\s)#")
_REST = re.compile(r"[^\S\r\n]*(?:#[^\r\n]*)?(?=\r?\n|\r|\Z)")
_REFERENCE = re.compile(r"\$\{(?P<name>[^}:]*)(?::-(?P<default>[^}]*))?\}")
_ESCAPES = {
    "\\": "\\",
    '"': '"',
    "'": "'",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}


def parse(
    text: str,
    path: Path = Path(".env"),
    encoding: Encoding = "utf-8",
    environ: Mapping[str, str] | None = None,
) -> EnvDocument:
    known = {name: value for name, value in (environ or {}).items() if name in EXPANDABLE}
    entries: list[Entry] = []
    unparsed: list[Unparsed] = []
    position, line = 0, 1
    while position < len(text):
        end = _line_end(text, position)
        raw_line = text[position:end]
        item, stop = _statement(text, position, end, line)
        if isinstance(item, Entry):
            item = _expand(item, known)
            known[item.key] = item.value
            entries.append(item)
        elif item is not None:
            unparsed.append(Unparsed(line, raw_line, item))
        if stop <= end:
            stop = end
        else:  # a value in quotes ran on
            stop = _line_end(text, stop)
            line += _count_newlines(text[position:stop])
        position, line = _past_newline(text, stop, line)
    return EnvDocument(path, text, tuple(entries), tuple(unparsed), encoding)


def _line_end(text: str, position: int) -> int:
    match = _NEWLINE.search(text, position)
    return match.start() if match else len(text)


def _past_newline(text: str, position: int, line: int) -> tuple[int, int]:
    if text.startswith("\r\n", position):
        return position + 2, line + 1
    return (position + 1, line + 1) if position < len(text) else (position, line)


def _count_newlines(text: str) -> int:
    return len(_NEWLINE.findall(text)) if "\n" in text or "\r" in text else 0


def _statement(text: str, start: int, end: int, line: int) -> tuple[Entry | str | None, int]:
    """The entry that begins in text[start:end], or why there is none, and where it stops."""
    raw_line = text[start:end]
    stripped = raw_line.strip().lstrip("\ufeff").lstrip()
    if not stripped or stripped.startswith("#"):
        return None, end
    if "\0" in raw_line:
        return "nul", end
    head = _KEY.match(text, start, end)
    if head is None or head["equals"] is None:
        return "no_equals", end
    key = head["quoted"] or head["key"]
    if not _VALID_KEY.match(key):
        return "bad_key", end
    begin = head.end()
    while begin < end and text[begin].isspace():
        begin += 1
    if begin == end or (text[begin] == "#" and begin > head.end()):
        begin = end = head.end()  # no value: one would be written right behind the `=`
    quote: Quote = (
        "'" if text.startswith("'", begin) else '"' if text.startswith('"', begin) else ""
    )
    if quote:
        body = (_DOUBLE if quote == '"' else _SINGLE).match(text, begin)
        if body is None:
            return "open_quote", end
        if _REST.match(text, body.end()) is None:
            return "after_quote", end
        stop, value = body.end(), _unescape(body[1], quote)
    else:
        comment = _COMMENT.search(text, begin, end)
        stop = comment.start() if comment else end
        value = text[begin:stop].rstrip()
        stop = begin + len(value)
    last_newline = max(text.rfind("\n", start, stop), text.rfind("\r", start, stop))
    return (
        Entry(
            key=key,
            value=value,
            line=line,
            column=head.start("quoted" if head["quoted"] else "key") - start + 1,
            end_line=line + _count_newlines(text[start:stop]),
            value_column=begin - start + 1,
            end_column=stop - max(start, last_newline + 1) + 1,
            quote=quote,
            raw=text[begin:stop],
            export=head["export"] is not None,
        ),
        stop,
    )


def _unescape(body: str, quote: Quote) -> str:
    allowed = _ESCAPES if quote == '"' else {"\\": "\\", "'": "'"}
    return re.sub(r"\\(.)", lambda m: allowed.get(m[1], m[0]), body, flags=re.S)


def _expand(entry: Entry, known: Mapping[str, str]) -> Entry:
    if entry.quote == "'" or "${" not in entry.value:
        return entry
    left: list[str] = []
    room = _LONGEST_VALUE

    def fill(match: re.Match[str]) -> str:
        nonlocal room
        value = known.get(match["name"], match["default"])
        if value is None or len(value) > room:
            left.append(match["name"])
            return match[0]
        room -= len(value)
        return value

    value = _REFERENCE.sub(fill, entry.value)
    return Entry(**{**entry.__dict__, "value": value, "unexpanded": tuple(left)})
