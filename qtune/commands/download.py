"""`qtune download`: the files in the cache, and the snapshot's path on stdout, nothing else."""

from __future__ import annotations

from pathlib import Path

import click

from qtune.speech import say


@click.command(
    "download",
    help=say(
        "Fetch MODEL (default: DEFAULT_MODEL) into the Hugging Face cache, verified, from the hub that the "
        "settings name. An interrupted download goes on where it stopped. Prints the snapshot's path.",
        "按设置从相应的下载源获取 MODEL（默认为 DEFAULT_MODEL），校验后存入 Hugging Face 缓存。"
        "中断后重新运行会续传。标准输出只有快照的路径。",
    ),
)
@click.argument("model", default="")
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
@click.option("-q", "--quiet", is_flag=True, help=say("No progress on stderr.", "不显示进度。"))
def command(
    model: str,
    revision: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    local_dir: Path | None,
    offline: bool,
    env_file: Path | None,
    quiet: bool,
) -> int:
    from qtune.commands.bars import bars
    from qtune.commands.project import open_project
    from qtune.commands.target import repo_id
    from qtune.core.download import download

    project = open_project(env_file, {"HF_HUB_OFFLINE": "True"} if offline else {})
    project.settings.require_valid()
    name = repo_id(model or project.settings.text("DEFAULT_MODEL"))
    with bars(quiet) as progress:
        snapshot = download(
            name,
            project.settings,
            revision=revision,
            include=include,
            exclude=exclude,
            local_dir=local_dir,
            progress=progress,
        )
    print(snapshot.path)
    return 0
