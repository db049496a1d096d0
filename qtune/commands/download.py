"""`qtune download`: the files in the cache, and the snapshot's path on stdout, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qtune import boundary
from qtune.commands.answering import AnswersEvenWhenMisused
from qtune.core.errors import UsageError
from qtune.speech import say

if TYPE_CHECKING:
    from qtune.commands.transfer import Form
    from qtune.core.hub.interface import RepoType


class _Command(AnswersEvenWhenMisused):
    def document(self, form: str, misuse: UsageError) -> str:
        from qtune.commands.transferjson import failed

        return failed(misuse, misuse.exit_code) if form == "json" else ""


@click.command(
    "download",
    cls=_Command,
    help=say(
        "Fetch MODEL (default: DEFAULT_MODEL) into the Hugging Face cache, verified, from the hub that the "
        "settings name. An interrupted download goes on where it stopped. Prints the snapshot's path.",
        "按设置从相应的下载源获取 MODEL（默认为 DEFAULT_MODEL），校验后存入 Hugging Face 缓存。"
        "中断后重新运行会续传。标准输出只有快照的路径。",
    ),
)
@click.argument("model", default="")
@click.option(
    "--repo-type",
    type=click.Choice(["model", "dataset"]),
    default="model",
    metavar="TYPE",
    help=say(
        "What MODEL names: model or dataset.", "MODEL 是什么：model（模型）或 dataset（数据集）。"
    ),
)
@click.option(
    "--revision", metavar="NAME", help=say("A branch, tag or commit.", "分支、标签或提交。")
)
@click.option(
    "--include",
    multiple=True,
    metavar="PATTERN",
    help=say("Only files that match, e.g. '*.json'.", "只下载匹配的文件，例如 '*.json'。"),
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help=say("Leave out files that match.", "跳过匹配的文件。"),
)
@click.option(
    "--local-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help=say("Into this folder instead of the cache.", "存到该文件夹而不是缓存。"),
)
@click.option(
    "--offline",
    is_flag=True,
    help=say("Use what the cache has; send no request.", "只用缓存，不发送请求。"),
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
    help=say(
        "text, or json: what happens, one object a line on stdout.",
        "text 或 json：标准输出每行一个 JSON 对象，实时给出进展。",
    ),
)
@click.option("-q", "--quiet", is_flag=True, help=say("No progress on stderr.", "不显示进度。"))
def command(form: Form, **asked: Any) -> int:
    try:
        return _download(form, **asked)
    except BrokenPipeError:
        raise
    except BaseException as error:
        if form == "json":
            from qtune.commands.transferjson import tell_failure

            tell_failure(error, boundary.exit_code_of(error))
        raise


def _download(
    form: Form,
    model: str,
    repo_type: RepoType,
    revision: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    local_dir: Path | None,
    offline: bool,
    env_file: Path | None,
    quiet: bool,
) -> int:
    from qtune.commands.project import open_project
    from qtune.commands.target import wanted
    from qtune.commands.transfer import watching
    from qtune.core.download import download

    project = open_project(env_file, {"HF_HUB_OFFLINE": "True"} if offline else {})
    project.settings.require_valid()
    name, kind = wanted(model, repo_type, project.settings)
    asking = not project.settings.flag("HF_HUB_OFFLINE")
    with watching(quiet, form, asking=asking) as tell:
        snapshot = download(
            name,
            project.settings,
            repo_type=kind,
            revision=revision,
            include=include,
            exclude=exclude,
            local_dir=local_dir,
            tell=tell,
        )
    if form == "text":
        print(snapshot.path)
    return 0
