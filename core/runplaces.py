"""The places that a run config names: the model and the run directory. core.rundata has the data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from qtune.core.architecture import positions
from qtune.core.hub.names import is_repo_id
from qtune.core.runedits import Replacement
from qtune.core.runpaths import absolute, is_file, is_folder, real
from qtune.core.runproblems import ConfigProblem
from qtune.core.runreader import Reader
from qtune.core.runschema import Field
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Tree

Pairs = Mapping[str, tuple[Leaf, Tree]]
_LARGEST = 1 << 20  # bytes of a config.json


def model(read: Reader, default: str, *, builtin: str) -> tuple[str, Path | None]:
    tree = read.take("model")
    mark = tree.mark if tree is not None else read.whole
    name = default
    if tree is not None:
        value = read.typed("model", tree, Field(frozenset({"str"})))
        if not isinstance(value, str):
            return default, None
        name = value.strip()
    if name == builtin or read.is_afar(name):
        return name, None
    folder = absolute(read.root, name)
    if folder is not None and is_file(folder / "config.json"):
        return str(folder), folder
    if "/" in name and is_repo_id(name):
        return name, None
    if folder is not None and is_folder(folder):
        read.say(
            "CFG015",
            mark,
            Text(f"model: {folder} has no config.json", f"model：{folder} 里没有 config.json"),
            Text(
                "Name the folder that holds config.json and the weights.",
                "请写到包含 config.json 和权重的那一层文件夹。",
            ),
        )
    elif name.startswith((".", "~", "/", "\\")) or name.count("/") > 1 or "\\" in name:
        read.say(
            "CFG015",
            mark,
            Text(f"model: there is no folder {name}", f"model：文件夹 {name} 不存在"),
            Text(
                "Correct the path, or name a repository as owner/name.",
                "请改正路径，或者写仓库名 owner/name。",
            ),
        )
    else:
        read.say(
            "CFG007",
            mark,
            Text(
                f"model: {name!r} is neither owner/name nor a local folder",
                f"model：{name!r} 既不是 owner/name，也不是本地文件夹",
            ),
            Text("For example Qwen/Qwen3-4B", "例如 Qwen/Qwen3-4B"),
        )
    return name, None


def _is_record(config: Path) -> bool:
    """Is it what a run wrote down of itself, in its own directory?"""
    return config.name == "run.yaml" and is_file(config.with_name("record.json"))


def output_dir(read: Reader, default: Path, *, config: Path) -> Path:
    tree = read.take("output_dir")
    path: Path | None = default if default.is_absolute() else read.root / default
    if tree is not None:
        value = read.typed("output_dir", tree, Field(frozenset({"str"})))
        if isinstance(value, str) and read.is_afar(value):
            return Path(value)
        path = absolute(read.root, value) if isinstance(value, str) and value.strip() else None
        if path is None:
            if isinstance(value, str):
                read.say(
                    "CFG007", tree.mark, Text("output_dir: not a path", "output_dir：不是路径")
                )
            return default
    assert path is not None
    mark = tree.mark if tree is not None else read.whole
    here = real(read.root)
    if is_file(path):
        read.say(
            "CFG007", mark, Text(f"output_dir: {path} is a file", f"output_dir：{path} 是文件")
        )
    elif real(path) in (here, *here.parents) or (
        real(path) == real(config).parent and not _is_record(config)
    ):
        read.say(
            "CFG007",
            mark,
            Text(
                "output_dir: a run needs a folder of its own",
                "output_dir：每次训练需要单独的文件夹",
            ),
            Text(f"For example runs/{config.stem}", f"例如 runs/{config.stem}"),
        )
    return path


def of_length(entries: Pairs, max_length: int, folder: Path | None) -> Iterator[ConfigProblem]:
    """Of a model in a folder, whose config.json says how long a text it was made for. MEM953 tells it of others."""
    most = _positions(folder) if folder is not None and "max_length" in entries else 0
    if not 0 < most < max_length:
        return
    value = entries["max_length"][1]
    yield ConfigProblem(
        "CFG010",
        Text(
            f"max_length {max_length} is more than the {most} positions that the model was made for",
            f"max_length {max_length} 超过了模型支持的 {most} 个位置",
        ),
        value.mark,
        Text(f"Write {most}, or less.", f"请写 {most} 或更小。"),
        "warning",
        Replacement(value.mark, str(most)),
    )


def _positions(folder: Path) -> int:
    try:
        with (folder / "config.json").open("rb") as file:
            config = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return 0
    return positions(config) if isinstance(config, dict) else 0
