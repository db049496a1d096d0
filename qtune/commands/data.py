"""`qtune data`: what is in data files, and how the model will see it; nothing is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qtune import boundary
from qtune.commands.answering import AnswersEvenWhenMisused
from qtune.core.errors import UsageError
from qtune.core.runwords import FORMATS, METHODS
from qtune.core.text import Text
from qtune.speech import current, say

if TYPE_CHECKING:
    from qtune.core.runconfig import DataSource, RunConfig
    from qtune.core.settings import Settings

_YAML = (".yaml", ".yml")


class _Command(AnswersEvenWhenMisused):
    def document(self, form: str, misuse: UsageError) -> str:
        from qtune.commands.datajson import failed

        return failed(misuse, misuse.exit_code) if form == "json" else ""


@click.command(
    "data",
    cls=_Command,
    help=say(
        "Look at training data: FILES, folders, a dataset repository (owner/name), or the data of a RUN.yaml. "
        "Forms found, rows that cannot be used, lengths, repetitions, and the first examples exactly as the "
        "model will see them.",
        "查看训练数据：FILE 可以是文件、文件夹、数据集仓库（owner/name），或一份 RUN.yaml。显示识别出的格式、"
        "不可用的数据、长度分布、重复情况，以及模型实际看到的前几个样本。",
    ),
    epilog=say(
        "Exit: 0 fit to train on, 1 not, 2 usage, 3 a bug.",
        "退出码：0 可以训练，1 不可以，2 用法错误，3 程序缺陷。",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...|RUN.yaml")
@click.option(
    "--model",
    metavar="ID|FOLDER",
    help=say(
        "Whose tokenizer and chat template (default: RUN.yaml's, or DEFAULT_MODEL).",
        "用哪个模型的分词器和对话模板（默认取 RUN.yaml 或 DEFAULT_MODEL）。",
    ),
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    metavar="METHOD",
    help=say(
        f"{', '.join(METHODS)}; otherwise the one that fits the rows.",
        f"{'、'.join(METHODS)}；不写则按数据判断。",
    ),
)
@click.option(
    "--as",
    "form_of_rows",
    type=click.Choice(FORMATS),
    default="auto",
    metavar="FORM",
    help=say(
        f"Read every row as: {', '.join(FORMATS)}.", f"按此格式读取每条数据：{'、'.join(FORMATS)}。"
    ),
)
@click.option(
    "--split",
    default="train",
    metavar="NAME",
    help=say("Of a folder or repository.", "文件夹或仓库的哪个划分。"),
)
@click.option(
    "--subset", default="", metavar="NAME", help=say("Of a repository.", "仓库的哪个子集。")
)
@click.option(
    "--max-length",
    type=click.IntRange(16, 1 << 20),
    metavar="N",
    help=say("Tokens behind which a row is cut.", "超过多少个词元截断。"),
)
@click.option(
    "-n",
    "--examples",
    "show",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    metavar="N",
    help=say("So many examples are shown.", "显示多少个样本。"),
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
    help=say("text or json.", "text 或 json。"),
)
@click.option("-q", "--quiet", is_flag=True, help=say("No progress on stderr.", "不显示进度。"))
def command(form: str, **asked: Any) -> int:
    try:
        return _data(form, **asked)
    except BrokenPipeError:
        raise
    except BaseException as error:
        if form == "json":
            from qtune.commands.datajson import failed

            print(failed(error, boundary.exit_code_of(error)), end="")
        raise


def _data(
    form: str,
    files: tuple[str, ...],
    model: str | None,
    method: str | None,
    form_of_rows: str,
    split: str,
    subset: str,
    max_length: int | None,
    show: int,
    offline: bool,
    env_file: Path | None,
    quiet: bool,
) -> int:
    from qtune.commands import datajson, datasets, datashow, peeking
    from qtune.commands.looked import Looked, look
    from qtune.commands.project import open_project

    project = open_project(env_file, {"HF_HUB_OFFLINE": "True"} if offline else {})
    settings = project.settings
    settings.require_valid()
    if len(files) == 1 and files[0].lower().endswith(_YAML):
        config = _run_config(Path(files[0]), settings)
    else:
        sources = tuple(_source(name, form_of_rows, split, subset) for name in files)
        config = _plain(sources, settings)
    config = _told(config, model, max_length, settings)
    if method is not None:
        config = replace(config, method=method)
    config = datasets.fetched(config, settings, quiet)
    found: Looked = look(config, quiet, guess=method is None and not files[0].endswith(_YAML))
    found = replace(found, seen=peeking.peek(found.config, settings, show))
    if form == "json":
        print(datajson.document(found), end="")
    else:
        datashow.show(found, current())
    return 0 if found.refusal is None else 1


def _run_config(path: Path, settings: Settings) -> RunConfig:
    from qtune.commands.target import defaults
    from qtune.core import runconfig

    return runconfig.load(path, defaults=defaults(settings))


def _plain(sources: tuple[DataSource, ...], settings: Settings) -> RunConfig:
    from qtune.core.runconfig import RunConfig
    from qtune.core.rundefaults import MAX_LENGTH

    return RunConfig(
        model=settings.text("DEFAULT_MODEL"),
        model_path=None,
        method="sft",
        data=sources,
        tuning="lora",
        lora={},
        training={"seed": 42},
        max_length=MAX_LENGTH,
        packing="auto",
        output_dir=Path.cwd(),
        enable_thinking=None,
        trust_remote_code=False,
    )


def _told(
    config: RunConfig, model: str | None, max_length: int | None, settings: Settings
) -> RunConfig:
    from qtune.core.hub.names import is_repo_id
    from qtune.core.rundefaults import QUICKSTART

    if max_length is not None:
        config = replace(config, max_length=max_length)
    if model is None:
        return config
    folder = Path(model).expanduser()
    if folder.is_dir():
        return replace(config, model=str(folder.absolute()), model_path=folder.absolute())
    if model != QUICKSTART and not is_repo_id(model):
        raise UsageError("CFG092", Text(f"there is no folder {model}", f"文件夹 {model} 不存在"))
    return replace(config, model=model, model_path=None)


def _source(name: str, form: str, split: str, subset: str) -> DataSource:
    """What lies here goes before a repository of that name."""
    from qtune.core.hub.names import is_repo_id
    from qtune.core.runconfig import DataSource
    from qtune.core.rundefaults import QUICKSTART

    if name == QUICKSTART:
        return DataSource(Path(name), form)
    path = Path(name).expanduser()
    if not path.exists() and name.count("/") == 1 and is_repo_id(name):
        from qtune.core.data.files import is_data

        if not is_data(name) and not path.parent.is_dir():
            return DataSource(Path(name), form, split=split, repo_id=name, subset=subset)
    return DataSource(path.absolute(), form, split=split)
