"""Writing `.env`: a patch is applied line by line, and the file changes in one step or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from pathlib import Path

from qtune.core.envfile import Entry, EnvDocument, parse, read
from qtune.core.envpatch import EnvPatch
from qtune.core.errors import ConfigError
from qtune.core.text import Text

_BARE = re.compile(r"[\w./:@%+,=~-]*\Z", re.A)


def apply(document: EnvDocument, patch: EnvPatch) -> str:
    """The document's text with the patch in it.

    Comments, order, spacing and quoting of everything else stay. A key keeps its place; of a key that
    stands twice the last line is changed and the earlier ones are removed, since they never counted.
    """
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", document.text)
    lines = [line for line in lines if line]
    newline = document.newline
    drop: set[int] = set()
    for entry in document.entries:
        wanted = patch.set.get(entry.key)
        if entry.key in patch.unset or (
            wanted is not None and entry is not document.last(entry.key)
        ):
            drop.update(range(entry.line - 1, entry.end_line))
        elif wanted is not None and entry.value != wanted:
            lines[entry.line - 1] = _rewritten(lines, entry, wanted)
            drop.update(range(entry.line, entry.end_line))
    kept = [line for number, line in enumerate(lines) if number not in drop]
    missing = [key for key in patch.set if document.last(key) is None]
    if missing and kept and not kept[-1].endswith(("\n", "\r")):
        kept[-1] += newline
    kept += [f"{key}={quoted(patch.set[key])}{newline}" for key in missing]
    return "".join(kept)


def _rewritten(lines: list[str], entry: Entry, value: str) -> str:
    first, last = lines[entry.line - 1], lines[entry.end_line - 1]
    head = first[: entry.value_column - 1]
    tail = last[entry.end_column - 1 :]
    written = quoted(value)
    if entry.quote == "'" and "'" not in value and "\n" not in value:
        written = f"'{value}'"
    elif entry.quote == '"' and written == value:
        written = f'"{value}"'
    if not entry.raw and tail.startswith("#"):  # `KEY=# comment` would swallow the comment
        tail = " " + tail
    return head + written + tail


def quoted(value: str) -> str:
    """`value` as one writes it after `=`; bare where every reader of `.env` agrees on it."""
    if _BARE.match(value):
        return value
    if "'" not in value and "\n" not in value and "\\" not in value:
        return f"'{value}'"
    body = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{body}"'


def write(document: EnvDocument, text: str) -> EnvDocument:
    """Put `text` where `document` was read from, atomically, in UTF-8 with the BOM it had.

    A new file gets mode 0600, an old one keeps its mode; a link is followed, and what it points to is
    replaced. Raises ConfigError (ENV801 is about content; ENV812 here) when the place cannot be written
    or when the file was changed since it was read.
    """
    target = Path(os.path.realpath(document.path))
    try:
        if read(target).text != document.text:
            raise ConfigError(
                "ENV812",
                Text(
                    f"{document.path} was changed by another program meanwhile",
                    f"{document.path} 刚被其他程序修改",
                ),
                Text("Run the command again.", "请重新运行该命令。"),
            )
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o600
        _replace(target, _encoded(document, text), mode)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(
            "ENV812",
            Text(f"cannot write {document.path}: {reason}", f"无法写入 {document.path}：{reason}"),
            Text(
                "Check the folder's permissions and free space.", "请检查该目录的权限和剩余空间。"
            ),
        ) from error
    return parse(text, document.path, document.encoding)


def _encoded(document: EnvDocument, text: str) -> bytes:
    # UTF-16 is what PowerShell 5 writes and no reader of .env understands: it becomes UTF-8.
    return text.encode("utf-8-sig" if document.encoding == "utf-8-sig" else "utf-8")


def _replace(target: Path, data: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(prefix=".env-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
