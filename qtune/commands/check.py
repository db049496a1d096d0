"""`qtune check`: files judged from their text alone, as the editor does; no network, no settings, no torch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from qtune import boundary
from qtune.commands.answering import AnswersEvenWhenMisused
from qtune.doctor.report.asked import CHECK
from qtune.doctor.report.formats import FORMATS, renderer
from qtune.speech import current, say

if TYPE_CHECKING:
    from qtune.doctor.outcome import FailOn


@click.command(
    "check",
    cls=AnswersEvenWhenMisused,
    help=say(
        "Judge FILES by their text alone: .env, run configs (.yaml), data (.jsonl, .json). Sends no request.",
        "只根据内容检查文件：.env、训练配置（.yaml）、数据（.jsonl、.json）。不联网。",
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
def command(files: tuple[str, ...], stdin_filename: str | None, form: str, fail_on: FailOn) -> int:
    try:
        return _check(files, stdin_filename, form, fail_on)
    except BrokenPipeError:
        raise
    except BaseException as error:
        if form != "text":
            code = boundary.exit_code_of(error)
            sys.stdout.write(renderer(form).failed(error, code, current(), command=CHECK))
        raise


def _check(files: tuple[str, ...], stdin_filename: str | None, form: str, fail_on: FailOn) -> int:
    from qtune.commands.judging import judge
    from qtune.commands.project import here
    from qtune.doctor.outcome import exit_code

    report = judge(files, stdin_filename, here())
    code = exit_code(report, fail_on)
    if form != "text":
        from qtune.commands import documents

        sys.stdout.write(documents.write(report, form, code))
        return code
    from qtune.doctor.report import concise
    from qtune.streams import shows_glyphs, wants_color

    arrow = "→" if shows_glyphs(sys.stdout) else "->"
    text = concise.render(report, current(), color=wants_color(sys.stdout), arrow=arrow)
    sys.stdout.write(text)
    return code
