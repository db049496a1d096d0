"""The command line: names and one-line helps; a command's module is imported when it is called."""

from __future__ import annotations

import difflib
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from qtune import __version__, boundary
from qtune.core.text import Text
from qtune.helppage import localise
from qtune.speech import current, say

# In the order of the work. Each is `command` in qtune.commands.<name>; the helps stand here so that
# `qtune --help` imports none of them.
COMMANDS: dict[str, Text] = {
    "doctor": Text(
        "Find what stands in the way, and the settings that mend it.",
        "找出问题所在，并给出解决它的设置。",
    ),
    "run": Text("Check, download and train.", "检查、下载并训练。"),
    "chat": Text("Talk to what was trained.", "与训练好的模型对话。"),
    "eval": Text("Measure it on rows it was not trained on.", "用没有训练过的数据评估。"),
    "export": Text("Merge the adapter into its base model.", "把适配器合并进基座模型。"),
    "push": Text("Publish the result on a hub.", "把结果发布到平台。"),
    "download": Text(
        "Fetch a model or a dataset into the Hugging Face cache.",
        "把模型或数据集下载到 Hugging Face 缓存。",
    ),
    "cache": Text("List, verify and free what was downloaded.", "列出、校验和清理已下载的内容。"),
    "data": Text(
        "Look at training data, as the model will see it.", "按模型看到的样子查看训练数据。"
    ),
    "init": Text(
        "Write a commented .env and a starter run config.", "生成带注释的 .env 和入门训练配置。"
    ),
    "login": Text("Check a token, then keep it in .env.", "验证 Token，然后保存到 .env。"),
    "env": Text(
        "Show every setting, its value and where it came from.", "查看每项设置的值及其来源。"
    ),
    "check": Text(
        "Judge files by their text: .env, run configs, code, data.",
        "只看内容检查文件：.env、训练配置、代码、数据。",
    ),
    "lsp": Text("The language server, for editors.", "供编辑器使用的语言服务器。"),
    "exec": Text("Run a program with these settings.", "用这些设置运行其他程序。"),
    "explain": Text("Explain a code such as TOK303.", "解释一个代码，例如 TOK303。"),
}


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"qtune.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return localise(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = say(f"; did you mean {near[0]!r}?", f"；是否想用 {near[0]!r}？") if near else ""
            ctx.fail(say(f"no such command: {name!r}", f"没有这个命令：{name!r}") + hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(say("Commands", "命令")):
            formatter.write_dl([(name, text.to(current())) for name, text in COMMANDS.items()])


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"qtune {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    help=say("Check the road, then fine-tune.", "先检查道路，再开始微调。"),
    epilog=say("Start with: qtune doctor", "从这里开始：qtune doctor"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version,
              help=say("Show the version and exit.", "显示版本并退出。"))  # fmt: skip
def group() -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console entry point; always ends the process, with the exit codes of qtune.boundary."""
    args = list(sys.argv[1:] if arguments is None else arguments)
    code = boundary.run(lambda: _invoke(args))
    gc.freeze()  # nor is it looked through once more before the process ends
    sys.exit(code)


def _invoke(args: list[str]) -> int:
    if "_QTUNE_COMPLETE" in os.environ:
        group.main(args, prog_name="qtune", standalone_mode=False)
        return 0
    # click's own main() would turn a closed pipe into exit 1 and ^C into an Abort.
    with localise(group).make_context("qtune", args) as context:
        result = group.invoke(context)
    return result if isinstance(result, int) else 0
