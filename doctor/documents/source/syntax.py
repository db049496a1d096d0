"""Python source of any kind as statements with their lines: what is broken is left out, the rest stands.

Nothing is run. IPython's magics are taken out; those that set a variable are told.
"""

from __future__ import annotations

import ast
import bisect
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

LARGEST = 1_000_000  # characters; more than that is no source that a person writes
_LONG = 8_000
_LINES = 20  # of a part
_TRIES = 8  # for one broken statement ...
_TRIED = 400_000  # ... and characters that are read for it
_MOST_COMMENTS = 300

# Strings and comments, so that what stands in them is not taken for code. An open triple quote runs to the end.
_OPAQUE = re.compile(
    r"'''(?:[^\\]|\\.)*?(?:'''|\Z)|\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)"
    r"|'(?:[^'\\\r\n]|\\.)*'?|\"(?:[^\"\\\r\n]|\\.)*\"?|(?P<comment>\#[^\r\n]*)",
    re.S,
)
NEWLINE = re.compile(r"\r\n|\n|\r")
# Where a statement may begin that hangs on none before it.
_BEGIN = re.compile(r"(?!(?:else|elif|except|finally|case)\b)[^\W\d]|@", re.U)
_DECORATED = re.compile(r"[ \t]*(?:def|class|async|@)")
_MAGIC = re.compile(r"[ \t]*(?:[%!?]|[\w., \t]+=[ \t]*(?:!|%[a-zA-Z])|[\w.]+\?{1,2}[ \t]*$)")
_ENV = re.compile(r"[ \t]*%(?:env|set_env)[ \t]+(?P<key>\w+)[ \t]*(?:=|[ \t])[ \t]*(?P<value>\S.*)")
_CELL_OF_PYTHON = re.compile(r"%%(?:time|timeit|capture|prun|python3?|debug)\b")
_SHELL = re.compile(
    r"[ \t]*(?:[\w., \t]+=[ \t]*)?(?:!|%sx\b|%system\b|%run\b)[ \t]*(?P<program>\S*)"
)
_HARMLESS = re.compile(
    r"(?:pip3?|apt(?:-get)?|nvidia-smi|ls|mkdir|wget|curl|cat|echo|rm|git|unzip|tar)\Z"
)


@dataclass(frozen=True)
class Magic:
    """`%env KEY=VALUE`, in `line` from `column` to `end_column`."""

    line: int
    column: int
    end_column: int
    key: str
    value: str


@dataclass(frozen=True)
class Comment:
    line: int
    column: int
    text: str


@dataclass(frozen=True)
class Parsed:
    """`lines` are those of the text, each as long as it was given."""

    lines: tuple[str, ...]
    statements: tuple[ast.stmt, ...]
    magics: tuple[Magic, ...] = ()
    comments: tuple[Comment, ...] = ()
    shells: bool = False
    broken: bool = False


def parse(text: str) -> Parsed:
    clean = _clean(text)
    lines = tuple(NEWLINE.split(clean))
    if len(text) > LARGEST:
        return Parsed(lines, ())
    tree = _tree(clean)
    magics: tuple[Magic, ...] = ()
    shells = False
    if tree is None:
        clean, magics, shells = _without_magics(clean)
        tree = _tree(clean)
    statements = tuple(tree) if tree is not None else tuple(_pieces(clean))
    return Parsed(lines, statements, magics, tuple(_comments(clean)), shells, tree is None)


def parts(text: str) -> list[str]:
    """A long text in parts of whole statements, so that a change in one leaves the others as they were.

    Their lines together are those of the text. One part where it cannot be divided.
    """
    if len(text) < _LONG or len(text) > LARGEST:
        return [text]
    lines = NEWLINE.split(text)
    covered = _covered(text)
    starts = [0]
    for number, line in enumerate(lines):
        enough = number - starts[-1] >= _LINES
        if (
            enough
            and number not in covered
            and not lines[number - 1].strip()
            and _BEGIN.match(line)
        ):
            starts.append(number)
    return [
        "\n".join(lines[first:after])
        for first, after in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]


def is_whole(text: str) -> bool:
    """Can it be read as one program?"""
    return _tree(_clean(text)) is not None


def _clean(text: str) -> str:
    """The same length, without what the parser refuses to look at."""
    if text.isascii() and "\0" not in text:
        return text
    text = text.replace("\0", " ")
    if text.startswith("\ufeff"):  # a form feed is the one character that may stand there instead
        text = "\f" + text[1:]
    return re.sub("[\ud800-\udfff]", "?", text)


def _tree(text: str) -> list[ast.stmt] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an escape that is none is no concern of ours
            return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _pieces(text: str) -> Iterator[ast.stmt]:
    """The statements of the top level one by one, where they cannot be read as one program."""
    lines = NEWLINE.split(text)
    covered = _covered(text)
    begins = [
        number for number, line in enumerate(lines) if number not in covered and _BEGIN.match(line)
    ]
    decorated = False
    starts: list[int] = []
    for number in begins:
        if not decorated:
            starts.append(number)
        decorated = lines[number].startswith("@")
    for first, after in zip(starts, [*starts[1:], len(lines)], strict=False):
        yield from _piece(lines[first:after], first)


def _piece(lines: list[str], before: int) -> Iterator[ast.stmt]:
    lines = list(lines)
    size = sum(map(len, lines)) + 1
    for _ in range(max(1, min(_TRIES, _TRIED // size))):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                body = ast.parse("\n".join(lines)).body
        except SyntaxError as error:
            if not _mend(lines, error):
                return
            continue
        except (ValueError, RecursionError, MemoryError):
            return
        for statement in body:
            yield ast.increment_lineno(statement, before) if before else statement
        return


def _mend(lines: list[str], error: SyntaxError) -> bool:
    """Takes out the line that the parser stumbles over; False where that changes nothing."""
    named = re.search(r"on line (\d+)", error.msg or "")
    at = (int(named[1]) if named else error.lineno or 0) - 1
    if not 0 <= at < len(lines):
        at = len(lines) - 1
    if "unterminated triple-quoted" in (error.msg or ""):
        del lines[at:]  # what follows may be text as well as code
        return True
    if at and lines[at - 1].lstrip().startswith("@") and not _DECORATED.match(lines[at]):
        at -= 1
    line = lines[at]
    indent = line[: len(line) - len(line.lstrip())]
    other = "" if isinstance(error, IndentationError) and not named else f"{indent}pass"
    if line == other:
        return False
    lines[at] = other
    return True


def _covered(text: str) -> set[int]:
    """The lines that begin inside a string, 0-based."""
    covered: set[int] = set()
    line, last = 0, 0
    for match in _OPAQUE.finditer(text):
        if match["comment"] is not None:
            continue
        inside = len(NEWLINE.findall(match[0]))
        if inside:
            line += len(NEWLINE.findall(text, last, match.start()))
            covered.update(range(line + 1, line + 1 + inside))
            line += inside
            last = match.end()
    return covered


def _comments(text: str) -> Iterator[Comment]:
    if "qtune:" not in text:
        return
    begins = [0, *(match.end() for match in NEWLINE.finditer(text))]
    found = 0
    for match in _OPAQUE.finditer(text):
        if match["comment"] is not None and "qtune:" in match[0] and found < _MOST_COMMENTS:
            found += 1
            line = bisect.bisect_right(begins, match.start())
            yield Comment(line, match.start() - begins[line - 1] + 1, match[0])


def _without_magics(text: str) -> tuple[str, tuple[Magic, ...], bool]:
    """The text with each magic as `pass`; what IPython gives to another program is blank."""
    first = text.lstrip()
    if first.startswith("%%") and not _CELL_OF_PYTHON.match(first):
        shells = bool(re.match(r"%%(?:bash|sh|script|cmd|!)|%%!", first))
        return "".join(c for c in text if c in "\r\n"), (), shells
    parts = re.split(r"(\r\n|\n|\r)", text)
    covered = _covered(text)
    magics: list[Magic] = []
    shells = continued = False
    for number, line in enumerate(parts[::2]):
        if not continued and (number in covered or not _MAGIC.match(line)):
            continue
        if (env := _ENV.match(line)) is not None:
            value = env["value"].strip()
            magics.append(Magic(number + 1, env.start("key") + 1, len(line) + 1, env["key"], value))
        shell = _SHELL.match(line)
        shells = shells or (shell is not None and not _HARMLESS.match(shell["program"]))
        indent = line[: len(line) - len(line.lstrip())]
        parts[2 * number] = "" if continued else f"{indent}pass"
        continued = line.rstrip().endswith("\\")
    return "".join(parts), tuple(magics), shells
