"""Writing `.env`: a patch is applied line by line, and the file changes in one step or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from pathlib import Path

from qtune.core.envfile import Encoding, Entry, EnvDocument, parse, read
from qtune.core.envpatch import EnvPatch
from qtune.core.errors import ConfigError
from qtune.core.text import Text

_BARE = re.compile(r"[\w./:@%+,=~-]*\Z", re.A)


def apply(document: EnvDocument, patch: EnvPatch) -> str:
    """The document's text with the patch in it.

    Comments, order, spacing and quoting of everything else stay. A key keeps its place; of a key that
    stands twice the last line is changed and the earlier ones are removed, since they never counted.
    Raises ConfigError ENV812 where the result would not be read back as meant: behind a quote that is
    never closed, or for a value that no `.env` can hold.
    """
    if document.unreadable:
        raise _not_text(document)
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", document.text)
    lines = [line for line in lines if line]
    newline = document.newline
    drop: set[int] = set()
    written = {key for key in patch.set if document.last(key) is None}
    for entry in document.entries:
        wanted = patch.set.get(entry.key)
        if entry.key in patch.unset or (
            wanted is not None and entry is not document.last(entry.key)
        ):
            drop.update(range(entry.line - 1, entry.end_line))
        elif wanted is not None and entry.value != wanted:
            written.add(entry.key)
            lines[entry.line - 1] = _rewritten(lines, entry, wanted)
            drop.update(range(entry.line, entry.end_line))
    kept = [line for number, line in enumerate(lines) if number not in drop]
    missing = [key for key in patch.set if document.last(key) is None]
    if missing and kept and not kept[-1].endswith(("\n", "\r")):
        kept[-1] += newline
    kept += [f"{key}={quoted(patch.set[key])}{newline}" for key in missing]
    text = "".join(kept)
    _check(document, patch, written, text)
    return text


def _rewritten(lines: list[str], entry: Entry, value: str) -> str:
    first, last = lines[entry.line - 1], lines[entry.end_line - 1]
    head = first[: entry.value_column - 1]
    tail = last[entry.end_column - 1 :]
    written = quoted(value)
    if entry.quote == "'" and not re.search(r"['\\\r\n]", value):
        written = f"'{value}'"
    elif entry.quote == '"' and written == value:
        written = f'"{value}"'
    return head + written + tail


def _check(document: EnvDocument, patch: EnvPatch, written: set[str], text: str) -> None:
    """A `"` that was open so far closes at the next one written: other lines would change their meaning."""
    after = parse(text)
    touched = patch.unset | patch.set.keys()
    for key in sorted(written):
        entry = after.last(key)
        if entry is None or entry.value != patch.set[key]:
            raise _not_the_same(document, key)
    before = [(e.key, e.raw) for e in document.entries if e.key not in touched]
    if before != [(e.key, e.raw) for e in after.entries if e.key not in touched]:
        raise _not_the_same(document, ", ".join(sorted(touched)))


def _not_the_same(document: EnvDocument, key: str) -> ConfigError:
    spoilt = next((line.line for line in document.unparsed if line.reason.endswith("quote")), None)
    return ConfigError(
        "ENV812",
        Text(
            f"{key} cannot be written to {document.path} so that it is read back the same",
            f"无法把 {key} 写入 {document.path} 并保证读回的值不变",
        ),
        Text(f"Mend the quotes of line {spoilt} first.", f"请先修正第 {spoilt} 行的引号。")
        if spoilt is not None
        else Text("Write the line by hand.", "请手动写入该行。"),
    )


def _not_text(document: EnvDocument) -> ConfigError:
    return ConfigError(
        "ENV812",
        Text(
            f"{document.path} is left as it is: it is not a text file of settings that can be read",
            f"{document.path} 不是可读取的设置文本文件，未作改动",
        ),
        Text("Save it as UTF-8, or move it away.", "请另存为 UTF-8，或将其移走。"),
    )


def quoted(value: str) -> str:
    """`value` as one writes it after `=`; bare where every reader of `.env` agrees on it."""
    if _BARE.match(value):
        return value
    if not re.search(r"['\\\r\n]", value):
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\")
    if "${" in value:  # it would be filled in between double quotes
        return "'" + escaped.replace("'", "\\'") + "'"
    return '"' + escaped.replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r") + '"'


def write(document: EnvDocument, text: str) -> EnvDocument:
    """Put `text` where `document` was read from, atomically, in UTF-8 with the BOM it had.

    A new file gets mode 0600, an old one keeps its mode; a link is followed, and what it points to is
    replaced. Raises ConfigError ENV812 when the place cannot be written, when the file was changed since
    it was read, or when it holds what could not be read.
    """
    target = Path(os.path.realpath(document.path))
    try:
        if document.unreadable or (target.exists() and not target.is_file()):
            raise _not_text(document)
        now = read(target)
        if now.unreadable or now.text != document.text:
            raise ConfigError(
                "ENV812",
                Text(
                    f"{document.path} was changed by another program meanwhile",
                    f"{document.path} 刚被其他程序修改",
                ),
                Text("Run the command again.", "请重新运行该命令。"),
            )
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o600
        replace_at_once(target, text.encode(_encoding(document)), mode)
    except (OSError, UnicodeError) as error:  # UnicodeError: half a surrogate pair
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError(
            "ENV812",
            Text(f"cannot write {document.path}: {reason}", f"无法写入 {document.path}：{reason}"),
            Text(
                "Check the folder's permissions and free space.", "请检查该目录的权限和剩余空间。"
            ),
        ) from error
    return parse(text, document.path, _encoding(document))


def _encoding(document: EnvDocument) -> Encoding:
    # UTF-16 is what PowerShell 5 writes and no reader of .env understands: it becomes UTF-8.
    return "utf-8-sig" if document.encoding == "utf-8-sig" else "utf-8"


def replace_at_once(target: Path, data: bytes, mode: int) -> None:
    """Raises OSError; the file is then as it was."""
    # A kill may leave this file behind: `.env.*` is what a .gitignore names.
    handle, name = tempfile.mkstemp(prefix=".env.", suffix=".tmp", dir=target.parent)
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
