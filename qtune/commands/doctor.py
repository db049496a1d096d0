"""`qtune doctor`: settings and a goal in, a report out; with --fix, the settings that mend it are written."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from qtune import boundary
from qtune.commands.answering import AnswersEvenWhenMisused
from qtune.core.errors import UsageError
from qtune.core.text import Text
from qtune.doctor.facts import GoalKind
from qtune.doctor.outcome import FailOn
from qtune.doctor.profiles import PROFILES, NetworkErrors
from qtune.doctor.report.formats import FORMATS, renderer
from qtune.misuse import Seconds
from qtune.speech import current, say


@dataclass(frozen=True)
class Asked:
    """The options, as they were given."""

    target: str
    fix: bool
    diff: bool
    unsafe_fixes: bool
    yes: bool
    format: str  # text, or a name in FORMATS
    goal: GoalKind
    only: tuple[str, ...]
    skip: tuple[str, ...]
    list_: bool
    offline: bool
    no_speed: bool
    timeout: float | None
    profile: str | None
    network_errors: NetworkErrors | None
    fail_on: FailOn | None
    strict: bool
    write: tuple[str, ...]
    save: Path | None
    facts: Path | None
    env_file: Path | None
    verbose: int
    quiet: bool
    progress: str  # line, or jsonl: for a program that shows it in its own way

    def check(self) -> None:
        """Raises UsageError CFG092 for options that contradict each other."""
        clashes = (
            (self.facts and (self.fix or self.diff), "--facts", "--fix/--diff"),
            (self.facts and self.target, "--facts", "MODEL | RUN.yaml"),
            (self.facts and self.save, "--facts", "--save"),
            (self.fix and self.diff, "--fix", "--diff"),
            (
                self.list_ and self.format not in ("text", "json"),
                "--list",
                f"--format {self.format}",
            ),
        )
        for clash, one, other in clashes:
            if clash:
                raise UsageError(
                    "CFG092",
                    Text(f"{one} does not go with {other}", f"{one} 不能与 {other} 同时使用"),
                )
        if self.unsafe_fixes and not (self.fix or self.diff):
            raise UsageError(
                "CFG092",
                Text(
                    "--unsafe-fixes needs --fix or --diff",
                    "--unsafe-fixes 需要与 --fix 或 --diff 一起使用",
                ),
            )


def _names(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for item in value for name in item.split(",") if name.strip())


_PATH = click.Path(path_type=Path)


@click.command(
    "doctor",
    cls=AnswersEvenWhenMisused,
    help=say(
        "Find what stands in the way of downloading and training MODEL (default: DEFAULT_MODEL), or of "
        "RUN.yaml, and the settings that mend it.",
        "找出下载、训练 MODEL（默认为 DEFAULT_MODEL）或 RUN.yaml 的障碍，并给出解决它的设置。",
    ),
    epilog=say(
        "Exit: 0 nothing found, 1 findings, 2 usage, 3 a bug, 4 with --strict: not all could be checked.",
        "退出码：0 无问题，1 有问题，2 用法错误，3 程序缺陷，4 使用 --strict 时有检查未能进行。",
    ),
)
@click.argument("target", metavar="[MODEL | RUN.yaml]", default="")
@click.option("--fix", is_flag=True, help=say("Write the safe fixes.", "写入安全的修复。"))
@click.option(
    "--diff",
    is_flag=True,
    help=say(
        "Show what --fix would write to .env, and write nothing.",
        "只显示 --fix 会对 .env 做的修改，不写入。",
    ),
)
@click.option(
    "--unsafe-fixes",
    is_flag=True,
    help=say("Also the fixes that may change what you meant.", "同时包括可能改变原意的修复。"),
)
@click.option("-y", "--yes", is_flag=True, help=say("Do not ask before writing.", "写入前不询问。"))
@click.option(
    "--format",
    type=click.Choice(["text", *FORMATS]),
    default="text",
    metavar="FORMAT",
    help=say(f"text, {', '.join(FORMATS)}.", f"报告的格式：text、{'、'.join(FORMATS)}。"),
)
@click.option(
    "--for",
    "goal",
    type=click.Choice(["download", "train", "push"]),
    default="train",
    help=say("What you want to do; other things are not judged.", "要做的事；无关的内容不检查。"),
)
@click.option(
    "--only",
    multiple=True,
    callback=_names,
    metavar="NAMES",
    help=say(
        "Only these codes, prefixes or checks (TOK303, net, speed).",
        "只看这些代码、前缀或检查（TOK303、net、speed）。",
    ),
)
@click.option(
    "--skip",
    multiple=True,
    callback=_names,
    metavar="NAMES",
    help=say("Leave these out.", "跳过这些。"),
)
@click.option(
    "--list", "list_", is_flag=True, help=say("List the checks and rules.", "列出全部检查和规则。")
)
@click.option("--offline", is_flag=True, help=say("Send no request.", "不发送任何网络请求。"))
@click.option("--no-speed", is_flag=True, help=say("Do not measure speeds.", "不测速。"))
@click.option(
    "--timeout",
    type=Seconds(),
    metavar="SECONDS",
    help=say("For all checks together; 60 unless given.", "全部检查的总时限，默认 60 秒。"),
)
@click.option(
    "--profile",
    type=click.Choice([*PROFILES]),
    metavar="NAME",
    help=say(
        "default; quick: what can be seen here at once; ci: the project and its model, not this machine.",
        "default；quick：只看本机能立即看到的；ci：只看项目和模型，不看这台机器。",
    ),
)
@click.option(
    "--network-errors",
    type=click.Choice(["error", "warn"]),
    help=say(
        "What an unreachable hub is; error unless --profile ci.",
        "下载源无法访问时算什么；除 --profile ci 外默认为 error。",
    ),
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    help=say(
        "From which severity on to exit with 1; error unless given.",
        "从哪个级别起以 1 退出，默认 error。",
    ),
)
@click.option(
    "--strict",
    is_flag=True,
    help=say("Exit with 4 when a check could not be made.", "有检查未能进行时以 4 退出。"),
)
@click.option(
    "--write",
    multiple=True,
    metavar="FORMAT=FILE",
    help=say("Also write the report to FILE, as sarif, junit, …", "同时把报告以该格式写入文件。"),
)
@click.option(
    "--save",
    type=_PATH,
    metavar="FILE",
    help=say("Save what was seen, without secrets.", "保存所见的事实（不含敏感信息）。"),
)
@click.option(
    "--facts",
    type=_PATH,
    metavar="FILE",
    help=say("Judge what was saved, instead of looking.", "根据保存的事实判断，不再检查。"),
)
@click.option(
    "--env-file",
    type=_PATH,
    metavar="FILE",
    help=say("Another file in place of .env.", "用另一个文件代替 .env。"),
)
@click.option(
    "-v",
    "--verbose",
    count=True,
    help=say("Show what went well; -vv with times and facts.", "显示正常项；-vv 含耗时和事实。"),
)
@click.option("-q", "--quiet", is_flag=True, help=say("No progress on stderr.", "不显示进度。"))
@click.option("--progress", type=click.Choice(["line", "jsonl"]), default="line", hidden=True)
def command(**options: Any) -> int:
    asked = Asked(**options)
    from qtune.commands.examination import Examination

    examination = Examination(asked)
    try:
        return examination.run()
    except BrokenPipeError:
        raise
    except BaseException as error:
        code = boundary.exit_code_of(error)
        examination.failed(error, code)
        if asked.format != "text" and not examination.answered:
            document = renderer(asked.format).failed(error, code, current(), examination.settings)
            sys.stdout.write(document)
        raise
