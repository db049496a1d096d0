"""What `chat`, `eval`, `export` and `push` are given: a run directory, its base model, and the settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtune.core.text import Text
from qtune.train.after.trained import Trained, check_whole, read
from qtune.train.causes import failure

if TYPE_CHECKING:
    from qtune.core.settings import Settings
    from qtune.train.after.asked import Asked, Task


@dataclass(frozen=True)
class Base:
    """`folder` is None where nobody knows the base model. `build`: the quickstart's, made when absent."""

    folder: Path | None
    build: bool = False


def opened(run_dir: Path) -> Trained:
    """Raises TrainError TRN100 and TRN111 for what is no trained model, or not the whole of it."""
    trained = read(run_dir.absolute())
    check_whole(trained.folder)
    return trained


def refuse_scorer(trained: Trained) -> None:
    """Raises TrainError TRN104 for a reward model, before its base is downloaded for nothing."""
    if trained.config is not None and trained.config.method == "reward":
        raise failure("TRN104")


def base_of(trained: Trained, named: str, settings: Settings, quiet: bool) -> Base:
    """The base model's folder, downloaded if need be; `named` is --base.

    Raises TrainError TRN101 where it is not known, or not on this machine any more.
    """
    from qtune.core.rundefaults import QUICKSTART
    from qtune.train import quickstart

    if not named and trained.config is not None and trained.config.model == QUICKSTART:
        return Base(quickstart.snapshot(), build=True)
    wanted = named or trained.base
    if not wanted:
        if trained.adapter:
            raise failure("TRN101", _said(trained.folder))
        return Base(None)
    folder = Path(wanted).expanduser()
    if folder.is_dir():
        return Base(folder.absolute())
    if _is_path(wanted):
        raise failure(
            "TRN101", Text(f"{wanted}: there is no such folder", f"{wanted}：文件夹不存在")
        )
    return Base(_downloaded(wanted, settings, quiet))


def _said(folder: Path) -> Text:
    name = folder / "adapter_config.json"
    return Text(f"{name} does not say which it was", f"{name} 没有写明是哪个模型")


def _is_path(text: str) -> bool:
    return Path(text).is_absolute() or text.startswith((".", "~", "\\")) or text.count("/") > 1


def _downloaded(repo_id: str, settings: Settings, quiet: bool) -> Path:
    from qtune.commands.target import repo_id as checked
    from qtune.commands.transfer import watching
    from qtune.core.download import download

    with watching(quiet, asking=not settings.flag("HF_HUB_OFFLINE")) as tell:
        return download(checked(repo_id), settings, tell=tell).path


def asking(
    task: Task,
    trained: Trained,
    base: Base,
    settings: Settings,
    options: Mapping[str, Any],
    dtype: str = "",
) -> Asked:
    from qtune.train.after.asked import Asked

    return Asked(
        task,
        trained.folder,
        trained.adapter,
        base.folder,
        base.build,
        settings.text("QTUNE_DEVICE"),
        dtype or settings.text("QTUNE_DTYPE"),
        trained.enable_thinking,
        bool(trained.config and trained.config.trust_remote_code),
        options,
    )


def environment(settings: Settings) -> dict[str, str]:
    from qtune.core.export import child_environment

    return child_environment(settings, os.environ)
