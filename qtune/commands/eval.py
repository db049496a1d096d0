"""`qtune eval`: how well the model does on rows it was not trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qtune import boundary
from qtune.commands.answering import AnswersEvenWhenMisused
from qtune.core.errors import QtuneError, UsageError
from qtune.speech import current, say

if TYPE_CHECKING:
    from qtune.core.runconfig import RunConfig
    from qtune.core.settings import Settings
    from qtune.train.after.trained import Trained


class _Command(AnswersEvenWhenMisused):
    def document(self, form: str, misuse: UsageError) -> str:
        from qtune.commands.evalreport import failed

        return failed(misuse, misuse.exit_code) if form == "json" else ""


@click.command(
    "eval",
    cls=_Command,
    help=say(
        "Loss and perplexity on the rows that the run in RUN_DIR kept out of training, or on those of FILE; "
        "with FILE also the answers to them, beside the expected ones: exact match and ROUGE-L.",
        "在 RUN_DIR 训练时留出的数据或 FILE 上计算损失和困惑度；"
        "给出 FILE 时还会生成回答，与参考答案比较：完全匹配率和 ROUGE-L。",
    ),
)
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--compare",
    is_flag=True,
    help=say("The base model too.", "同时评估基座模型。"),
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help=say("The first N rows only.", "只用前 N 条。"),
)
@click.option(
    "--generate/--no-generate",
    default=None,
    help=say("Write answers, or only measure the loss.", "是否生成回答，或只计算损失。"),
)
@click.option(
    "--max-new-tokens",
    type=click.IntRange(1),
    default=512,
    metavar="N",
    show_default=True,
    help=say("The longest answer.", "回答的最大长度。"),
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
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    metavar="FORMAT",
    help=say("text, or json: one document.", "text，或 json：一个完整文档。"),
)
@click.option("-q", "--quiet", is_flag=True, help=say("No progress on stderr.", "不显示进度。"))
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help=say("Show the libraries' own output.", "显示各库自身的输出。"),
)
def command(form: str, **asked: Any) -> int:
    from qtune.commands import evalreport

    try:
        values = _evaluate(**asked)
    except BrokenPipeError:
        raise
    except BaseException as error:
        if form == "json":
            shown = error if isinstance(error, QtuneError) else None
            print(evalreport.failed(shown, boundary.exit_code_of(error)), end="")
        raise
    if form == "json":
        print(json.dumps(values, indent=2, ensure_ascii=False))
    else:
        for line in evalreport.lines(values, current()):
            print(line)
    return 0


def _evaluate(
    run_dir: Path,
    file: Path | None,
    compare: bool,
    limit: int | None,
    generate: bool | None,
    max_new_tokens: int,
    base: str,
    offline: bool,
    env_file: Path | None,
    quiet: bool,
    verbose: bool,
) -> dict[str, Any]:
    from qtune.commands import datasets, evalreport
    from qtune.commands.bars import bars
    from qtune.commands.conversation import noise
    from qtune.commands.helper import watch
    from qtune.commands.project import open_project
    from qtune.commands.trained import asking, base_of, environment, opened, refuse_scorer
    from qtune.core import runconfig
    from qtune.train.after.launch import child
    from qtune.train.causes import failure

    project = open_project(env_file, {"HF_HUB_OFFLINE": "True"} if offline else {})
    project.settings.require_valid()
    trained = opened(run_dir)
    refuse_scorer(trained)
    config = _config(trained, file, project.settings)
    if datasets.absent(config):
        config = datasets.fetched(config, project.settings, quiet)
    found = base_of(trained, base, project.settings, quiet) if trained.adapter or compare else None
    if found is not None and found.folder is None:
        raise failure("TRN101")
    name = file.stem if file is not None else "held-out"
    predictions = trained.folder / "eval" / f"{name}.jsonl"
    options = {
        "config": runconfig.resolved(config),
        "places": {
            "data": [str(source.path) for source in config.data],
            "eval_data": [str(source.path) for source in config.eval_data],
        },
        "held_out": file is None,
        "limit": limit,
        "compare": compare,
        "generate": file is not None if generate is None else generate,
        "max_new_tokens": max_new_tokens,
        "predictions": str(predictions),
    }
    asked = asking("eval", trained, found or _none(), project.settings, options)
    with (
        bars(quiet) as progress,
        child(asked, environment(project.settings), noise(verbose)) as holder,
    ):
        values = watch(holder, progress)
    return evalreport.document(trained, file, values)


def _none() -> Any:
    from qtune.commands.trained import Base

    return Base(None)


def _config(trained: Trained, file: Path | None, settings: Settings) -> RunConfig:
    """The run's own, its data replaced by what is to be measured. Raises TrainError TRN105, TRN001."""
    from dataclasses import replace

    from qtune.core.runconfig import DataSource
    from qtune.train.causes import failure

    config = trained.config or _usual(settings)
    if file is not None:
        path = file.expanduser().absolute()
        return replace(config, data=(DataSource(path),), eval_data=(), eval_share=0.0)
    if config.eval_data or config.eval_share:
        return config
    raise failure("TRN105")


def _usual(settings: Settings) -> RunConfig:
    """For a folder that no run made."""
    from qtune.commands.target import defaults
    from qtune.core import runconfig

    config, _ = runconfig.examine(
        "model: quickstart\ndata: quickstart", Path("run.yaml"), defaults=defaults(settings)
    )
    assert config is not None
    return config
