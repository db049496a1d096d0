"""Files and stdin, judged one by one and told as one report."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from qtune.core import secret
from qtune.core.envpatch import EnvPatch
from qtune.core.errors import UsageError
from qtune.core.rundefaults import DATA_NOW
from qtune.core.text import Text
from qtune.doctor.documents.check import Checked, check
from qtune.doctor.documents.kinds import use_of
from qtune.doctor.facts import Facts, Goal, Suppression
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.outcome import CheckState, Report
from qtune.speech import current

_SKIPPED = Text(
    "neither .env, nor a run config, data, source or packages",
    "不是 .env、训练配置、数据、源代码或依赖列表",
)


Named = tuple[Path, bytes | None]  # None: what stands in the file


def judge(named: Sequence[Named], root: Path) -> Report:
    started, clock = datetime.now().astimezone(), time.monotonic()
    given = suppressions(root)
    # What one file calls a secret is masked in what is said of the others.
    with secret.scope(keep=True):
        done = _all(named, root, given)
    goal = Goal("check", "", files=tuple(str(path) for path, _ in named))
    return Report(
        findings=tuple(finding for checked, _ in done for finding in checked.findings),
        checks=tuple(
            _state(path, checked, took)
            for (path, _), (checked, took) in zip(named, done, strict=True)
        ),
        facts=Facts(goal, suppressions=given),
        recommended=(),
        patch=EnvPatch(),
        suppressed=(),
        started=started.isoformat(timespec="seconds"),
        took_ms=round((time.monotonic() - clock) * 1000),
        ignored=tuple(ignored for checked, _ in done for ignored in checked.ignored),
    )


def called(name: str, stdin_filename: str | None) -> Named:
    """The path, and what is on stdin where that is meant.

    Raises UsageError CFG092 for a file that is not there, and for stdin without a name.
    """
    if name == "-":
        if not stdin_filename:
            raise _misuse(
                "- needs --stdin-filename: a file is known by its name",
                "- 需要同时给出 --stdin-filename：文件类型由文件名判断",
            )
        return Path(stdin_filename), sys.stdin.buffer.read()
    path = Path(name)
    if path.is_dir():
        raise _misuse(f"{name} is a folder; name files", f"{name} 是文件夹，请写文件名")
    if not path.exists():
        raise _misuse(f"there is no file {name}", f"文件 {name} 不存在")
    return path, None


def _misuse(en: str, zh: str) -> UsageError:
    return UsageError("CFG092", Text(en, zh))


def _all(
    named: Sequence[Named], root: Path, given: Sequence[Suppression]
) -> list[tuple[Checked, int]]:
    """Each with the milliseconds it took; data to train on before data to judge by, whose leaks it shows."""
    seen = None
    if sum(path.name.endswith(DATA_NOW) for path, _ in named) > 1:
        from qtune.doctor.documents.dataset import Rows

        seen = Rows()
    from qtune.doctor.documents.surroundings import world_of

    world = world_of(root)
    done: dict[int, tuple[Checked, int]] = {}
    for index in sorted(range(len(named)), key=lambda i: use_of(named[i][0]) == "eval"):
        path, text = named[index]
        began = time.monotonic()
        try:
            if text is not None:
                checked = check(text, path, root, given, seen, world)
            else:
                with path.open("rb") as file:
                    checked = check(file, path, root, given, seen, world)
        except OSError as error:
            checked = Checked("dotenv", (_unreadable(path, error),))
        done[index] = checked, round((time.monotonic() - began) * 1000)
    return [done[index] for index in range(len(named))]


def _unreadable(path: Path, error: OSError) -> Finding:
    reason = error.strerror or type(error).__name__
    message = Text(f"cannot read {path}: {reason}", f"无法读取 {path}：{reason}")
    code = {".jsonl": "DAT900", ".json": "DAT900", ".yaml": "CFG001", ".yml": "CFG001"}
    return Finding(code.get(path.suffix.lower(), "ENV812"), Severity.ERROR, message)


def _state(path: Path, checked: Checked, took_ms: int) -> CheckState:
    if checked.kind is None:
        reason = _SKIPPED.to(current())
        return CheckState(str(path), "skipped", None, reason, took_ms, needed=False)
    return CheckState(str(path), "ok", None, "", took_ms)


def suppressions(root: Path) -> tuple[Suppression, ...]:
    """What the project's pyproject.toml keeps quiet."""
    try:
        if b"tool.qtune" not in (root / "pyproject.toml").read_bytes():
            return ()
    except OSError:
        return ()
    from qtune.commands.wishes import project_file

    return project_file(root).suppressions
