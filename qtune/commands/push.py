"""`qtune push`: what was trained, to a hub; the run's own files stay here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtune.speech import say

if TYPE_CHECKING:
    from qtune.core.hub.parcel import Parcel
    from qtune.core.hub.upload import Pushed
    from qtune.train.after.trained import Trained


@click.command(
    "push",
    help=say(
        "Publish the adapter or model in RUN_DIR as --repo OWNER/NAME: weights, tokenizer, card and the "
        "config without this machine's paths; never checkpoints or .env. Whether the token may write is "
        "checked first. Interrupted, the same command goes on. Prints the page's address.",
        "把 RUN_DIR 中的适配器或模型发布为 --repo OWNER/NAME：权重、分词器、模型卡，以及去掉本机路径的配置；"
        "不含检查点和 .env。上传前先检查 Token 的写权限。中断后再次运行会接着上传。标准输出为页面地址。",
    ),
)
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option(
    "--hub",
    type=click.Choice(["hf", "modelscope"]),
    required=True,
    help=say("Hugging Face, or ModelScope.", "Hugging Face 或 ModelScope。"),
)
@click.option(
    "--repo", required=True, metavar="OWNER/NAME", help=say("Made if missing.", "不存在时会创建。")
)
@click.option(
    "--private",
    is_flag=True,
    help=say("A new repository is private.", "新建的仓库设为私有。"),
)
@click.option("--revision", default="", metavar="BRANCH", help=say("A branch.", "分支。"))
@click.option(
    "--merged",
    is_flag=True,
    help=say(
        "What qtune export wrote to RUN_DIR/merged.", "上传 qtune export 导出的 RUN_DIR/merged。"
    ),
)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=say("Another file in place of .env.", "用另一个文件代替 .env。"),
)
@click.option("-q", "--quiet", is_flag=True, help=say("No progress on stderr.", "不显示进度。"))
def command(
    run_dir: Path,
    hub: str,
    repo: str,
    private: bool,
    revision: str,
    merged: bool,
    env_file: Path | None,
    quiet: bool,
) -> int:
    from qtune.commands.bars import bars
    from qtune.commands.project import open_project
    from qtune.core.hub.names import check_revision
    from qtune.core.hub.upload import Wish, check_owned, push

    project = open_project(env_file)
    project.settings.require_valid()
    _refuse_offline(project.settings.flag("HF_HUB_OFFLINE"))
    check_owned(repo)
    if revision:
        check_revision(revision)
    trained = _chosen(run_dir, merged)
    parcels = _parcels(trained)
    wish = Wish(repo, private, revision, f"Upload {repo.partition('/')[2]} with qtune")
    try:
        with bars(quiet) as progress:
            name = "huggingface" if hub == "hf" else "modelscope"
            done = push(name, wish, parcels, project.settings, progress)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            say(
                "Stopped; nothing was published. The same command goes on with what is missing.",
                "已停止，尚未发布。再次运行同样的命令会接着上传缺少的部分。",
            )
        ) from None
    if not quiet:
        click.echo(_summary(done, private), err=True)
    click.echo(done.url)
    return 0


def _refuse_offline(offline: bool) -> None:
    from qtune.core.errors import UsageError
    from qtune.core.text import Text

    if offline:
        raise UsageError(
            "CFG092",
            Text("HF_HUB_OFFLINE is on, and a push needs a hub", "HF_HUB_OFFLINE 已打开，无法上传"),
            Text("Set HF_HUB_OFFLINE=0 for this command.", "请为这条命令设置 HF_HUB_OFFLINE=0。"),
        )


def _chosen(run_dir: Path, merged: bool) -> Trained:
    """Raises TrainError TRN109 without an export, TRN110 for an adapter that nobody else could load."""
    from qtune.commands.trained import opened
    from qtune.core.text import plain
    from qtune.train.after.card import is_local
    from qtune.train.causes import failure

    if merged:
        folder = run_dir / "merged"
        if not folder.is_dir():
            raise failure("TRN109", plain(str(folder.absolute())))
        return opened(folder)
    trained = opened(run_dir)
    if trained.adapter and is_local(trained.base):
        raise failure("TRN110", plain(trained.base))
    return trained


def _parcels(trained: Trained) -> list[Parcel]:
    import yaml

    from qtune.core.hub.parcel import Parcel
    from qtune.train.after.belongings import published_files
    from qtune.train.after.card import shareable

    found = [
        Parcel(path.relative_to(trained.folder).as_posix(), path)
        for path in published_files(trained.folder)
    ]
    if trained.config is not None:
        text = yaml.safe_dump(shareable(trained.config), allow_unicode=True, sort_keys=False)
        found.append(Parcel("run.yaml", text.encode("utf-8")))
    return found


def _summary(done: Pushed, private: bool) -> str:
    told = []
    if done.created:
        kind = (
            say("private", "私有")
            if private
            else say("the hub's usual visibility", "平台默认可见性")
        )
        told.append(say(f"made the repository ({kind})", f"已创建仓库（{kind}）"))
    if done.commit:
        told.append(say(f"{done.sent} files sent", f"已上传 {done.sent} 个文件"))
        if done.kept:
            told.append(say(f"{done.kept} were there already", f"{done.kept} 个已存在"))
        told.append(say(f"commit {done.commit[:12]}", f"提交 {done.commit[:12]}"))
    else:
        told.append(say("all of it was there already", "全部内容都已存在，没有可上传的"))
    return say(", ", "，").join(told)
