"""`qtune chat`: talk to what was trained; beside it, if asked for, to what it was before."""

from __future__ import annotations

from pathlib import Path

import click

from qtune.speech import say


@click.command(
    "chat",
    help=say(
        "Talk to the model in RUN_DIR (a run, an adapter, or a whole model). Reads one question a line when "
        "something is piped in. In a terminal: /reset begins anew, /exit leaves, Ctrl-C stops an answer.",
        "与 RUN_DIR（训练目录、适配器或完整模型）中的模型对话。有管道输入时每行一个问题。"
        "在终端中：/reset 重新开始，/exit 退出，Ctrl-C 打断回答。",
    ),
)
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option(
    "--compare",
    is_flag=True,
    help=say("Beside each answer, that of the base model.", "同时显示基座模型的回答。"),
)
@click.option("--system", metavar="TEXT", default="", help=say("A system message.", "系统消息。"))
@click.option(
    "--temperature",
    type=click.FloatRange(0, 5),
    metavar="T",
    help=say("0: always the likeliest word.", "0 表示总取概率最大的词。"),
)
@click.option(
    "--top-p",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="P",
    help=say("Only the likeliest words, together P.", "只在累计概率达 P 的词中选。"),
)
@click.option(
    "--max-new-tokens",
    type=click.IntRange(1),
    default=1024,
    metavar="N",
    show_default=True,
    help=say("The longest answer.", "回答的最大长度。"),
)
@click.option(
    "--seed", type=click.IntRange(0), metavar="N", help=say("Repeatable answers.", "使回答可重复。")
)
@click.option(
    "--base",
    default="",
    metavar="MODEL",
    help=say("The base model, where it is not the one on record.", "指定基座模型，代替记录中的。"),
)
@click.option(
    "--offline", is_flag=True, help=say("Use the cache, send no request.", "只用缓存，不发请求。")
)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=say("Another file in place of .env.", "用另一个文件代替 .env。"),
)
@click.option("-q", "--quiet", is_flag=True, help=say("Answers alone.", "只输出回答。"))
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help=say("Show the libraries' own output.", "显示各库自身的输出。"),
)
def command(
    run_dir: Path,
    compare: bool,
    system: str,
    temperature: float | None,
    top_p: float | None,
    max_new_tokens: int,
    seed: int | None,
    base: str,
    offline: bool,
    env_file: Path | None,
    quiet: bool,
    verbose: bool,
) -> int:
    import sys

    from qtune.commands.conversation import Conversation, noise
    from qtune.commands.project import open_project
    from qtune.commands.trained import asking, base_of, environment, opened, refuse_scorer
    from qtune.train.after.launch import child

    project = open_project(env_file, {"HF_HUB_OFFLINE": "True"} if offline else {})
    project.settings.require_valid()
    trained = opened(run_dir)
    refuse_scorer(trained)
    found = base_of(trained, base, project.settings, quiet)
    if compare and found.folder is None:
        from qtune.train.causes import failure

        raise failure("TRN101")
    options = {
        "compare": compare,
        "temperature": temperature,
        "top_p": top_p,
        "max_new_tokens": max_new_tokens,
        "seed": seed,
    }
    asked = asking("chat", trained, found, project.settings, options)
    with child(asked, environment(project.settings), noise(verbose)) as holder:
        talk = Conversation(holder, compare=compare, system=system, quiet=quiet)
        talk.wait_until_loaded(trained)
        if sys.stdin.isatty() and sys.stdout.isatty():
            talk.in_terminal()
        else:
            talk.line_by_line(sys.stdin)
    return 0
