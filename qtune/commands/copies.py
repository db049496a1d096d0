"""`--write FORMAT=FILE`: the same report in files too, each in its format, a whole document whatever happened."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qtune.commands import documents
from qtune.commands.factsfile import check_place
from qtune.core.errors import UsageError
from qtune.core.text import Text
from qtune.doctor.facts import SettingFact
from qtune.doctor.outcome import Report
from qtune.doctor.report.formats import FORMATS, renderer
from qtune.speech import current

Copies = tuple[tuple[str, Path], ...]


def wanted(words: Iterable[str]) -> Copies:
    """Raises UsageError CFG092 for what is not FORMAT=FILE, or a file that cannot be written."""
    copies = []
    for word in words:
        name, separator, file = word.partition("=")
        if not separator or name not in FORMATS or not file:
            listed = ", ".join(FORMATS)
            raise UsageError(
                "CFG092",
                Text(
                    f"--write takes FORMAT=FILE, with a format out of {listed}; not {word!r}",
                    f"--write 的写法是 格式=文件，格式为 {listed} 之一；而不是 {word!r}",
                ),
            )
        check_place(Path(file))
        copies.append((name, Path(file)))
    return tuple(copies)


def write(report: Report, exit_code: int, copies: Copies) -> None:
    for name, path in copies:
        _save(documents.write(report, name, exit_code), path)


def write_failed(
    error: BaseException, exit_code: int, settings: tuple[SettingFact, ...], copies: Copies
) -> None:
    for name, path in copies:
        _save(renderer(name).failed(error, exit_code, current(), settings), path)


def _save(text: str, path: Path) -> None:
    try:
        path.write_text(text, "utf-8", errors="backslashreplace")
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(
            "CFG092", Text(f"cannot write {path}: {reason}", f"无法写入 {path}：{reason}")
        ) from error
