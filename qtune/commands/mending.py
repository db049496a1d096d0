"""`qtune check --fix`: each file's fixes as its new text, shown first, then put in its place in one step."""

from __future__ import annotations

import codecs
import difflib
import io
import os
import stat
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qtune.commands.judging import Named, suppressions
from qtune.core import envfile, secret
from qtune.core.envwrite import replace_at_once
from qtune.core.errors import ConfigError, QtuneError, UsageError
from qtune.core.secret import redact
from qtune.core.text import Text
from qtune.doctor.documents.check import check
from qtune.doctor.documents.edits import edited, fix_all
from qtune.doctor.documents.kinds import Kind, kind_of
from qtune.doctor.finding import Finding
from qtune.doctor.report.characters import clean
from qtune.speech import say

_LARGEST = 64 << 20


@dataclass(frozen=True)
class Change:
    """`after` are the bytes that shall stand where `before` stood; `diff` shows it, secrets masked.

    `typed`: it came from stdin, and is written nowhere.
    """

    path: Path
    before: bytes
    after: bytes
    diff: str
    typed: bool = False


def planned(named: Iterable[Named], root: Path, *, unsafe: bool) -> list[Change]:
    """Files that cannot be read, or hold what their encoding does not allow, are left as they are."""
    from qtune.doctor.documents.surroundings import world_of

    given, world = suppressions(root), world_of(root)
    changes: list[Change] = []
    with secret.scope(keep=True):  # the diff masks them too
        for path, typed in named:
            data = typed if typed is not None else _bytes(path)
            form = _decoded(data, path) if data is not None else None
            if data is None or form is None:
                continue
            text, codec = form

            def judged(text: str, path: Path = path) -> Sequence[Finding]:
                return check(text, path, root, given, world=world).findings

            edits = fix_all(text, path, judged(text), unsafe, again=judged)
            after = _encoded(edited(text, edits), codec, path)
            if after is not None and after != data:
                diff = _diff(path, data, after, text, edited(text, edits))
                changes.append(Change(path, data, after, diff, typed is not None))
    return changes


def put(changes: Iterable[Change]) -> None:
    """Raises ConfigError ENV812, UsageError CFG092 for a file that cannot be written; it is then as it was."""
    for change in changes:
        if not change.typed:
            _put(change)


def after(named: Iterable[Named], changes: Iterable[Change]) -> list[Named]:
    """What is to be judged now."""
    typed = {change.path: change.after for change in changes if change.typed}
    return [(path, typed.get(path, text) if text is not None else None) for path, text in named]


# --- bytes and text -------------------------------------------------------------------------------


def _bytes(path: Path) -> bytes | None:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return path.read_bytes()
    except OSError:
        return None


def _decoded(data: bytes, path: Path) -> tuple[str, str] | None:
    """The text and its encoding; None for what has no fixes, and where the bytes would not come back."""
    kind: Kind | None = kind_of(path, data[: 1 << 16].decode("utf-8", "replace"))
    if kind is None or kind == "dataset":
        return None
    if kind == "dotenv":
        document = envfile.decoded(data, path)
        return None if document.unreadable else (document.text, document.encoding)
    codec = "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
    try:
        if kind == "python":
            codec = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        text = data.decode(codec)
        return (text, codec) if text.encode(codec) == data else None
    except (SyntaxError, LookupError, UnicodeError):
        return None


def _encoded(text: str, codec: str, path: Path) -> bytes | None:
    """A `.env` in UTF-16, which no reader of one understands, becomes UTF-8 (ENV802)."""
    if codec.startswith("utf-16") and kind_of(path, "") == "dotenv":
        codec = "utf-8"
    try:
        return text.encode(codec)
    except UnicodeError:
        return None


def _diff(path: Path, before: bytes, after: bytes, old: str, new: str) -> str:
    if old == new:
        return say(f"{path} in UTF-8", f"{path} 改存为 UTF-8") + "\n"
    if kind_of(path, "") == "dotenv":
        from qtune.doctor.report.envdiff import unified

        shown = unified(envfile.parse(old, path), envfile.parse(new, path))
        return shown.replace(f"--- {path.name}\n+++ {path.name}\n", _head(path), 1)
    lines = difflib.unified_diff(_shown(old), _shown(new), n=3, lineterm="")
    return _head(path) + "".join(f"{line}\n" for line in [*lines][2:])


def _head(path: Path) -> str:
    name = clean(str(path))
    return f"--- {name}\n+++ {name}\n"


def _shown(text: str) -> list[str]:
    return [clean(line) for line in redact(text).splitlines()]


# --- into their places ----------------------------------------------------------------------------


def _put(change: Change) -> None:
    target = Path(os.path.realpath(change.path))
    try:
        if target.read_bytes() != change.before:
            raise _refusal(
                change.path,
                Text("was changed by another program meanwhile", "刚被其他程序修改"),
                Text("Run the command again.", "请重新运行该命令。"),
            )
        replace_at_once(target, change.after, stat.S_IMODE(target.stat().st_mode))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _refusal(
            change.path,
            Text(f"cannot be written: {reason}", f"无法写入：{reason}"),
            Text(
                "Check the folder's permissions and free space.", "请检查该目录的权限和剩余空间。"
            ),
        ) from error


def _refusal(path: Path, what: Text, then: Text) -> QtuneError:
    message = Text(f"{path} {what.en}", f"{path} {what.zh}")
    if kind_of(path, "") == "dotenv":
        return ConfigError("ENV812", message, then)
    return UsageError("CFG092", message, then)
