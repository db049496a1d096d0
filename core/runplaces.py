"""The places that a run config names: the model, the data files, the run directory."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from qtune.core import runsection
from qtune.core.hub.names import is_repo_id
from qtune.core.rundefaults import DATA_NOW
from qtune.core.runedits import Replacement, did_you_mean, scalar
from qtune.core.runreader import Reader
from qtune.core.runschema import Field
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Listing, Table, Tree

_MOST_NEAR = 20  # missing files for which a name like theirs is looked for
DATA_KEYS = ("path", "format", "weight", "split")
DATA_LATER = (".csv", ".tsv", ".parquet", ".arrow", ".xlsx", ".gz", ".zst", ".zip")


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
    folder = _path(read.root, name)
    if folder is not None and _is_file(folder / "config.json"):
        return str(folder), folder
    if "/" in name and is_repo_id(name):
        return name, None
    if folder is not None and _is_folder(folder):
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


def data(read: Reader, *, builtin: str) -> list[tuple[Path, str]]:
    tree = read.take("data")
    if tree is None:
        if "data" not in read.entries and "dataset" in read.entries:
            return []  # the unknown key is reported, with this name in its fix
        read.say(
            "CFG013",
            read.whole,
            Text("data is missing: name the file to train on", "缺少 data：请写训练数据文件"),
            Text("For example data: data/train.jsonl", "例如 data: data/train.jsonl"),
        )
        return []
    items = tree.items if isinstance(tree, Listing) else (tree,)
    if not items:
        read.say("CFG007", tree.mark, Text("data: the list is empty", "data：列表是空的"))
    sources = [_source(read, item, builtin) for item in items]
    return [source for source in sources if source is not None]


def _source(read: Reader, tree: Tree, builtin: str) -> tuple[Path, str] | None:
    if not isinstance(tree, Table):
        path = _data_path(read, tree, builtin)
        return (path, "auto") if path is not None else None
    given = {key.text: (key, value) for key, value in tree.pairs}
    read.problems.extend(runsection.unknown(given, DATA_KEYS, "data."))
    formats = Reader(given, tree.mark, read.root, read.shares)
    format_ = formats.choice(
        "format", "auto", "messages", "alpaca", later=("sharegpt", "text", "preference", "kto")
    )
    read.problems.extend(formats.problems)
    for key, only, *same in (("weight", "1", "1.0"), ("split", "train")):
        if key in given and getattr(given[key][1], "text", "") not in (only, *same):
            read.say(
                "CFG012",
                given[key][1].mark,
                Text(
                    f"data.{key}: only {only} in this version",
                    f"data.{key}：当前版本只能是 {only}",
                ),
                Text(f"Write {only}.", f"请写 {only}。"),
                Replacement(given[key][1].mark, only),
            )
    if "path" not in given:
        read.say("CFG013", tree.mark, Text("data: path is missing", "data：缺少 path"))
        return None
    path = _data_path(read, given["path"][1], builtin)
    return (path, format_) if path is not None else None


def _data_path(read: Reader, tree: Tree, builtin: str) -> Path | None:
    value = read.typed("data", tree, Field(frozenset({"str"})))
    if not isinstance(value, str):
        return None
    if value == builtin or read.is_afar(value):
        return Path(value)
    path = _path(read.root, value)
    if path is None or not value.strip():
        read.say(
            "CFG007",
            tree.mark,
            Text(f"data: {value!r} is not a path", f"data：{value!r} 不是路径"),
        )
        return None
    if path.suffix.lower() in DATA_LATER:
        read.say(
            "CFG012",
            tree.mark,
            Text(
                f"data: {path.suffix} files are not in this version",
                f"data：当前版本还不支持 {path.suffix} 文件",
            ),
            Text("Convert it to JSONL.", "请转换成 JSONL。"),
        )
    elif _is_folder(path):
        read.say(
            "CFG007",
            tree.mark,
            Text(f"data: {path} is a folder", f"data：{path} 是文件夹"),
            Text("Name the files in it, as a list.", "请用列表写出里面的文件。"),
        )
    elif not _is_file(path):
        read.say("CFG009", tree.mark, *_missing(read, tree, value, path))
    return path


def _missing(
    read: Reader, tree: Tree, written: str, path: Path
) -> tuple[Text, Text, Replacement | None]:
    message = Text(f"data: there is no file {path}", f"data：文件 {path} 不存在")
    beside = read.whole.path.parent / written if read.whole.path is not None else path
    near: list[str] = []
    if sum(problem.code == "CFG009" for problem in read.problems[-_MOST_NEAR:]) < _MOST_NEAR:
        names = read.folders.get(path.parent)
        if names is None:
            names = read.folders[path.parent] = _names_in(path.parent)
        near = difflib.get_close_matches(path.name, names, 1)
    if _is_file(beside):
        return (
            message,
            Text(
                f"Paths start at {read.root}. The file lies in {beside.parent}: write {beside}.",
                f"路径以 {read.root} 为起点。该文件在 {beside.parent}，请写 {beside}。",
            ),
            _written(tree, _from_root(read.root, beside)),
        )
    if near:
        edit = None
        if written.endswith(path.name):
            edit = _written(tree, written[: len(written) - len(path.name)] + near[0])
        return message, did_you_mean(near[0]), edit
    return (
        message,
        Text(
            f"Paths start at {read.root}. Datasets of a hub are not in this version.",
            f"路径以 {read.root} 为起点。当前版本还不支持直接使用社区数据集。",
        ),
        None,
    )


def _written(tree: Tree, path: str) -> Replacement:
    return Replacement(tree.mark, scalar(path, quoted=isinstance(tree, Leaf) and tree.quoted))


def _from_root(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def output_dir(read: Reader, default: Path, *, config: Path) -> Path:
    tree = read.take("output_dir")
    path: Path | None = default if default.is_absolute() else read.root / default
    if tree is not None:
        value = read.typed("output_dir", tree, Field(frozenset({"str"})))
        if isinstance(value, str) and read.is_afar(value):
            return Path(value)
        path = _path(read.root, value) if isinstance(value, str) and value.strip() else None
        if path is None:
            if isinstance(value, str):
                read.say(
                    "CFG007", tree.mark, Text("output_dir: not a path", "output_dir：不是路径")
                )
            return default
    assert path is not None
    mark = tree.mark if tree is not None else read.whole
    here = _real(read.root)
    if _is_file(path):
        read.say(
            "CFG007", mark, Text(f"output_dir: {path} is a file", f"output_dir：{path} 是文件")
        )
    elif _real(path) in (here, *here.parents, _real(config).parent):
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


def _path(root: Path, text: str) -> Path | None:
    """Absolute, taken from the project's folder; None when no file system could hold it."""
    path = root / text
    try:
        path = root / Path(text).expanduser()
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return path
    except (ValueError, OSError, RuntimeError):  # a NUL, a name too long, an unknown ~user
        return None
    return path


# What these cannot look at (no permission, a link to itself, a path too long) is not there for us
# either. The methods of Path raise instead, before Python 3.14.


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _names_in(folder: Path) -> list[str]:
    """Of the files that could be data: `train.py` is not what anybody means by train.jsonl."""
    try:
        return [name for name in os.listdir(folder) if name.lower().endswith(DATA_NOW)]  # noqa: PTH208
    except OSError:
        return []
