"""The talk around `--fix`: show what would be written, ask, write, and say of each finding whether it is gone."""

from __future__ import annotations

import dataclasses
import sys

from rich.text import Text

from qtune.commands import changes as file_changes
from qtune.commands import console
from qtune.commands.changes import Changes
from qtune.commands.project import Project
from qtune.core.envfile import EnvDocument
from qtune.core.secret import redact
from qtune.doctor import examine as doctor
from qtune.doctor.examine import Options
from qtune.doctor.outcome import Report
from qtune.doctor.recommend import patch, recommendations
from qtune.doctor.report.characters import clean
from qtune.doctor.rules import BY_CODE
from qtune.speech import current, say


def planned(report: Report, project: Project, *, unsafe: bool) -> Changes:
    document = project.settings.envfile
    if document is None or project.problems:
        document = EnvDocument(project.root / ".env", "", (), (), exists=False)
        report = dataclasses.replace(report, recommended=(), findings=())
    return file_changes.planned(report, document, unsafe=unsafe)


def agreed(changes: Changes, *, ask: bool) -> bool:
    """Shows the changes on stderr; on a terminal, asks. Without one, --fix itself is the answer."""
    err = console.progress()
    lines = [Text(""), *_colored(changes.diff())]
    for path, mode in changes.modes:
        lines.append(Text(f"chmod {mode:o} {path}"))
    for path, line in changes.ignores:
        lines.append(Text(f"{path}: + {line}"))
    if changes.plain_utf8:
        words = (f"{changes.before.path.name} in UTF-8", f"{changes.before.path.name} 改存为 UTF-8")
        lines.append(Text(say(*words)))
    console.show(err, Text("\n").join(lines))
    if not ask or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    print(say("Write this? [Y/n] ", "写入以上修改？[Y/n] "), end="", file=sys.stderr, flush=True)
    reply = sys.stdin.readline()
    return bool(reply) and reply.strip().lower() in ("", "y", "yes", "是", "好")


def _colored(diff: str) -> list[Text]:
    styles = {"+": "green", "-": "red", "@": "dim"}
    return [Text(line, styles.get(line[:1], "")) for line in diff.splitlines()]


def make(changes: Changes) -> None:
    file_changes.apply(changes)


def affected(changes: Changes, options: Options) -> Options:
    """What to look at again: settings may change everything but the line's speed; a file's mode only itself."""
    limits = dataclasses.replace(options.limits, no_speed=True)
    if changes.writes_env:
        return dataclasses.replace(options, limits=limits)
    codes = tuple(dict.fromkeys(finding.code for finding in changes.findings))
    return dataclasses.replace(options, only=codes, limits=limits)


def merged(before: Report, again: Report, changes: Changes, options: Options) -> Report:
    """The state after: what was looked at again, beside what the changes could not touch."""
    if changes.writes_env:
        return again
    mended = {finding.code for finding in changes.findings}
    kept = [finding for finding in before.findings if finding.code not in mended]
    findings = doctor.ordered([*kept, *again.findings])
    rows = recommendations(findings, before.facts)
    return dataclasses.replace(
        before,
        findings=findings,
        recommended=rows,
        patch=patch(rows),
        took_ms=before.took_ms + again.took_ms,
    )


def tell(changes: Changes, after: Report) -> None:
    """On stderr: what was written, and of each finding whether it is gone."""
    err = console.progress()
    marks = console.glyphs(sys.stderr)
    lines = [Text("")]
    if changes.writes_env:
        name = changes.before.path
        lines.append(Text(say(f"Wrote {name}", f"已写入 {name}"), "bold"))
    left = {finding.code for finding in after.findings}
    for finding in {finding.code: finding for finding in changes.findings}.values():
        code, rule = finding.code, BY_CODE.get(finding.code)
        said = (rule.title if rule is not None else finding.message).to(current())
        said = clean(redact(said)).split("\n")[0]
        if code in left:
            line = Text().append(f"{marks.error} ", "bold red")
            line.append(say(f"still there: {code} {said}", f"仍然存在：{code} {said}"))
        else:
            line = Text().append(f"{marks.ok} ", "bold green")
            line.append(say(f"gone: {code} {said}", f"已消除：{code} {said}"))
        lines.append(line)
    console.show(err, Text("\n").join([*lines, Text("")]))
