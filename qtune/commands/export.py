"""`qtune export`: one folder with the whole model, that answers as the adapter does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qtune.speech import say

if TYPE_CHECKING:
    from qtune.commands.trained import Base
    from qtune.core.settings import Settings
    from qtune.train.after.trained import Trained


@click.command(
    "export",
    help=say(
        "Merge the adapter in RUN_DIR into its base model and write the whole to OUT (default: "
        "RUN_DIR/merged), as safetensors with tokenizer and card. What was written is loaded again and "
        "compared with the adapter before it is kept. Prints the folder's path.",
        "把 RUN_DIR 中的适配器合并进基座模型，完整写入 OUT（默认 RUN_DIR/merged）："
        "safetensors、分词器和模型卡。写完会重新加载并与适配器比对，一致才保留。标准输出为文件夹路径。",
    ),
)
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path), required=False)
@click.option(
    "--ollama", is_flag=True, help=say("Write a Modelfile for Ollama too.", "同时写出 Modelfile。")
)
@click.option(
    "--dtype",
    type=click.Choice(["auto", "bfloat16", "float16", "float32"]),
    default="auto",
    metavar="DTYPE",
    help=say(
        "auto (as the base is stored), bfloat16, float16 or float32.",
        "auto（与基座一致）、bfloat16、float16 或 float32。",
    ),
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
@click.option("-q", "--quiet", is_flag=True, help=say("No progress on stderr.", "不显示进度。"))
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help=say("Show the libraries' own output.", "显示各库自身的输出。"),
)
def command(
    run_dir: Path,
    out: Path | None,
    ollama: bool,
    dtype: str,
    base: str,
    offline: bool,
    env_file: Path | None,
    quiet: bool,
    verbose: bool,
) -> int:
    from qtune.commands.bars import bars
    from qtune.commands.conversation import noise
    from qtune.commands.helper import watch
    from qtune.commands.project import open_project
    from qtune.commands.trained import asking, environment, opened, refuse_scorer
    from qtune.train.after.card import card
    from qtune.train.after.launch import child
    from qtune.train.after.staging import staged

    project = open_project(env_file, {"HF_HUB_OFFLINE": "True"} if offline else {})
    project.settings.require_valid()
    trained = opened(run_dir)
    refuse_scorer(trained)
    target = (out if out is not None else run_dir / "merged").absolute()
    with staged(target) as into:  # refuses before a base model is downloaded for nothing
        found = _base(trained, base, project.settings, quiet)
        _check_room(trained, found, target, dtype)
        options = {"into": str(into), "ollama": ollama, "base": base or trained.base}
        asked = asking("export", trained, found, project.settings, options, dtype)
        with (
            bars(quiet) as progress,
            child(asked, environment(project.settings), noise(verbose)) as holder,
        ):
            values = watch(holder, progress)
        text = card(trained, base or trained.base, values)
        (into / "README.md").write_text(text, encoding="utf-8", newline="\n")
    if not quiet and values:
        click.echo(_verified(values), err=True)
    click.echo(str(target))
    return 0


def _base(trained: Trained, named: str, settings: Settings, quiet: bool) -> Base:
    from qtune.commands.trained import Base, base_of

    return base_of(trained, named, settings, quiet) if trained.adapter else Base(None)


def _verified(values: dict[str, Any]) -> str:
    apart, allowed = f"{values['apart']:.1e}", f"{values['allowed']:.0e}"
    return say(
        f"verified: it answers as the adapter does (logits {apart} apart, {allowed} allowed)",
        f"已验证：与适配器输出一致（logits 相差 {apart}，允许 {allowed}）",
    )


def _check_room(trained: Trained, base: Base, target: Path, dtype: str) -> None:
    """Raises TrainError TRN108 before anything is written."""
    import shutil

    from qtune.core import amounts
    from qtune.core.text import Text
    from qtune.train.after.staging import needed
    from qtune.train.causes import failure

    needs = needed(base.folder if trained.adapter else trained.folder, dtype)
    parent = next(folder for folder in target.parents if folder.is_dir())
    free = shutil.disk_usage(parent).free
    if needs > free:
        asked, left = amounts.size(needs), amounts.size(free)
        raise failure(
            "TRN108",
            Text(
                f"{target} would take {asked}, {left} are free",
                f"{target} 需要 {asked}，可用 {left}",
            ),
        )
