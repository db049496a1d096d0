"""From a source of the run config to the files that are read for it; a repository is a folder by then."""

from __future__ import annotations

from pathlib import Path

from qtune.core.data import cards, folders, splits
from qtune.core.data.cards import NoSubset
from qtune.core.runconfig import DataSource
from qtune.core.text import Text


class NoFiles(Exception):
    """Why a source has no file to read, and what to do."""

    def __init__(self, reason: Text, fix: Text | None = None) -> None:
        super().__init__(reason.en)
        self.reason = reason
        self.fix = fix


def is_absent(source: DataSource) -> bool:
    """A repository that is not on this machine yet, as far as the run knows."""
    return bool(source.repo_id) and not source.path.is_absolute()


def files(source: DataSource) -> list[Path]:
    """The file itself, or those of the folder. Raises NoFiles."""
    if source.repo_id or source.path.is_dir():
        names = folders.inside(source.path)
        chosen = select(names, card(source.path), source)
        return [source.path / name for name in chosen]
    return [source.path]


def card(folder: Path) -> str:
    try:
        with (folder / "README.md").open("rb") as file:
            return file.read(cards.LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def select(names: list[str], card: str, source: DataSource) -> list[str]:
    """Of the data files of a folder or a repository, those that are asked for. Raises NoFiles."""
    called = source.repo_id or str(source.path)
    if not names:
        raise NoFiles(
            Text(f"{called}: no data file in it", f"{called}：里面没有数据文件"),
            Text(
                "qtune reads JSON, JSONL, CSV, TSV and Parquet. What only a script of the repository can "
                "make has often been converted on Hugging Face: revision: refs/convert/parquet",
                "qtune 读取 JSON、JSONL、CSV、TSV 和 Parquet。只能由仓库脚本生成的数据，Hugging Face 上"
                "往往有转换好的版本：revision: refs/convert/parquet",
            ),
        )
    try:
        chosen = cards.choose(names, card if source.repo_id else "", source.subset, source.split)
    except NoSubset as lack:
        listed = ", ".join(lack.names[:20]) or "-"
        asked = Text(f"no subset {source.subset}", f"没有子集 {source.subset}")
        if not source.subset:
            asked = Text("it has several subsets", "它有多个子集")
        raise NoFiles(
            Text(
                f"{called}: {asked.en}; there are {listed}", f"{called}：{asked.zh}；现有 {listed}"
            ),
            Text("Name one of them: subset: NAME", "请写明其中一个：subset: 名称"),
        ) from None
    if not chosen:
        there = ", ".join(splits.named(names))
        raise NoFiles(
            Text(
                f"{called}: no file of the split {source.split}; there are {there}",
                f"{called}：没有 {source.split} 划分的文件；现有 {there}",
            ),
            Text("Name another: split: NAME", "请写另一个划分：split: 名称"),
        )
    return chosen
