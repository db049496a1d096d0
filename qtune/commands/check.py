"""`qtune check`: files judged from their text alone, as the editor does; no network, no settings, no torch."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import click

from qtune import boundary
from qtune.commands.answering import AnswersEvenWhenMisused
from qtune.core.errors import UsageError
from qtune.core.text import Text
from qtune.doctor.report.asked import CHECK
from qtune.doctor.report.formats import FORMATS, renderer
from qtune.speech import current, say

if TYPE_CHECKING:
    from qtune.doctor.outcome import FailOn, Report


@dataclass(frozen=True)
class Asked:
    """The options, as they were given."""

    files: tuple[str, ...]
    stdin_filename: str | None
    form: str  # text, or a name in FORMATS
    fail_on: FailOn
    fix: bool
    diff: bool
    unsafe_fixes: bool

    def check(self) -> None:
        """Raises UsageError CFG092 for options that contradict each other."""
        if self.fix and self.diff:
            raise _misuse("--fix does not go with --diff", "--fix 不能与 --diff 同时使用")
        if self.unsafe_fixes and not (self.fix or self.diff):
            raise _misuse(
                "--unsafe-fixes needs --fix or --diff",
                "--unsafe-fixes 需要与 --fix 或 --diff 一起使用",
            )
        if self.fix and "-" in self.files and len(self.files) > 1:
            raise _misuse(
                "--fix takes - alone: its text goes to stdout",
                "--fix 处理 - 时不能再给其他文件：修复后的内容写到标准输出",
            )


def _misuse(en: str, zh: str) -> UsageError:
    return UsageError("CFG092", Text(en, zh))


@click.command(
    "check",
    cls=AnswersEvenWhenMisused,
    help=say(
        "Judge FILES by their text: .env, run configs (.yaml), Python, notebooks, requirements*.txt, "
        "pyproject.toml, data (.jsonl, .json, .csv, .parquet). Sends no request.",
        "根据内容检查文件：.env、训练配置（.yaml）、Python、notebook、requirements*.txt、pyproject.toml、"
        "数据（.jsonl、.json、.csv、.parquet）。不联网。",
    ),
    epilog=say(
        "Exit: 0 nothing found, 1 findings, 2 usage, 3 a bug.",
        "退出码：0 无问题，1 有问题，2 用法错误，3 程序缺陷。",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILES... | -")
@click.option(
    "--stdin-filename",
    metavar="FILE",
    help=say("What the text on stdin (-) is called.", "标准输入（-）中的内容所对应的文件名。"),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", *FORMATS]),
    default="text",
    metavar="FORMAT",
    help=say(f"text, {', '.join(FORMATS)}.", f"报告的格式：text、{'、'.join(FORMATS)}。"),
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    default="error",
    help=say("From which severity on to exit with 1.", "从哪个级别起以 1 退出。"),
)
@click.option(
    "--fix",
    is_flag=True,
    help=say(
        "Write the safe fixes to the files; of stdin, the text to stdout.",
        "把安全的修复写入文件；标准输入的内容修复后写到标准输出。",
    ),
)
@click.option(
    "--diff",
    is_flag=True,
    help=say(
        "Show what --fix would write, and write nothing.", "只显示 --fix 会做的修改，不写入。"
    ),
)
@click.option(
    "--unsafe-fixes",
    is_flag=True,
    help=say("Also the fixes that may change what you meant.", "同时包括可能改变原意的修复。"),
)
def command(**options: Any) -> int:
    asked = Asked(**options)
    form = asked.form
    try:
        return _check(asked)
    except BrokenPipeError:
        raise
    except BaseException as error:
        if form != "text":
            code = boundary.exit_code_of(error)
            sys.stdout.write(renderer(form).failed(error, code, current(), command=CHECK))
        raise


def _check(asked: Asked) -> int:
    from qtune.commands.judging import called, judge
    from qtune.commands.project import here
    from qtune.doctor.outcome import exit_code

    asked.check()
    root = here()
    named = [called(name, asked.stdin_filename) for name in asked.files]
    if asked.fix or asked.diff:
        from qtune.commands import mending

        changes = mending.planned(named, root, unsafe=asked.unsafe_fixes)
        shown = "".join(change.diff for change in changes)
        if asked.fix:
            sys.stderr.write(shown)
            mending.put(changes)
            named = mending.after(named, changes)
    report = judge(named, root)
    code = exit_code(report, asked.fail_on)
    if asked.diff and asked.form == "text":
        sys.stdout.write(shown)
        if not shown:
            print(say("nothing to change", "无需修改"), file=sys.stderr)
        return code
    if asked.diff:
        sys.stderr.write(shown)
    out = sys.stdout
    if asked.fix and "-" in asked.files:  # the text is the answer
        out = sys.stderr
        sys.stdout.buffer.write(named[0][1] or b"")
    out.write(_told(report, asked.form, code, out))
    return code


def _told(report: Report, form: str, code: int, out: TextIO) -> str:
    if form != "text":
        from qtune.commands import documents

        return documents.write(report, form, code)
    from qtune.doctor.report import concise
    from qtune.streams import shows_glyphs, wants_color

    arrow = "→" if shows_glyphs(out) else "->"
    return concise.render(report, current(), color=wants_color(out), arrow=arrow)
