"""What a run config says of its data: files, folders and dataset repositories, to train and to evaluate on."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from qtune.core import runsection
from qtune.core.hub.names import is_repo_id
from qtune.core.rundefaults import DATA_NOW
from qtune.core.runedits import Replacement, did_you_mean, scalar
from qtune.core.runlimits import POSITIVE
from qtune.core.runpaths import absolute, from_root, holds_rows, is_file, is_folder, names_in
from qtune.core.runproblems import ConfigProblem
from qtune.core.runreader import Reader
from qtune.core.runschema import Field
from qtune.core.runvalues import DataSource
from qtune.core.runwords import FORMATS, HUBS
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Listing, Table, Tree

KEYS = ("path", "repo", "format", "weight", "split", "hub", "subset", "revision")
OF_REPO = ("hub", "subset", "revision")
NOT_READ = (".arrow", ".xlsx", ".xls", ".gz", ".zst", ".zip", ".tar", ".db", ".sqlite")
_MOST_NEAR = 20  # missing files for which a name like theirs is looked for
_WORD = Field(frozenset({"str"}))


def sources(read: Reader, key: str, *, builtin: str) -> tuple[DataSource, ...]:
    """`key` is data, which every run needs, or eval_data."""
    tree = read.take(key)
    if tree is None:
        if key == "data" and not {"dataset", "datasets"} & read.entries.keys():
            read.say(
                "CFG013",
                read.whole,
                Text("data is missing: name the file to train on", "缺少 data：请写训练数据文件"),
                Text("For example data: data/train.jsonl", "例如 data: data/train.jsonl"),
            )
        return ()  # of an unknown key, its own problem has this name in its fix
    items = tree.items if isinstance(tree, Listing) else (tree,)
    if not items:
        read.say("CFG007", tree.mark, Text(f"{key}: the list is empty", f"{key}：列表是空的"))
    found = [_source(read, key, item, builtin) for item in items]
    return tuple(source for source in found if source is not None)


def _source(read: Reader, key: str, tree: Tree, builtin: str) -> DataSource | None:
    if not isinstance(tree, Table):
        return _place(read, key, tree, builtin)
    given = {name.text: (name, value) for name, value in tree.pairs}
    inner = Reader(given, tree.mark, read.root, read.shares, f"{key}.")
    format_ = inner.choice("format", *FORMATS)
    weight = inner.number("weight", 1.0, POSITIVE)
    split, hub = inner.word("split", "train"), inner.choice("hub", "", *HUBS)
    subset, revision = inner.word("subset", ""), inner.word("revision", "")
    read.problems.extend(inner.problems)
    read.problems.extend(runsection.unknown(given, KEYS, f"{key}."))
    place = _told(read, key, given, tree, builtin)
    if place is None:
        return None
    if not place.repo_id:
        for name in OF_REPO:
            if name in given:
                read.problems.append(_of_repo(key, name, given))
    return DataSource(
        place.path, format_, weight, split, place.repo_id, subset, hub, revision
    )  # fmt: skip


def _told(
    read: Reader, key: str, given: Mapping[str, tuple[Leaf, Tree]], tree: Table, builtin: str
) -> DataSource | None:
    """The file, folder or repository that a table names."""
    if "path" in given and "repo" in given:
        read.say(
            "CFG010",
            given["repo"][0].mark,
            Text(f"{key}: path and repo exclude each other", f"{key}：path 和 repo 只能写一个"),
            Text("Keep one of them.", "请只保留一个。"),
        )
        return None
    if "repo" in given:
        return _repo(read, key, given["repo"][1])
    if "path" in given:
        return _place(read, key, given["path"][1], builtin)
    read.say("CFG013", tree.mark, Text(f"{key}: path is missing", f"{key}：缺少 path"))
    return None


def _repo(read: Reader, key: str, tree: Tree) -> DataSource | None:
    value = read.typed(f"{key}.repo", tree, _WORD)
    if not isinstance(value, str):
        return None
    name = value.strip()
    if "/" not in name or not is_repo_id(name):
        read.say(
            "CFG007",
            tree.mark,
            Text(
                f"{key}.repo: {value!r} is not owner/name", f"{key}.repo：{value!r} 不是 owner/name"
            ),
            Text("A file or a folder goes under path.", "文件或文件夹请写在 path 里。"),
        )
        return None
    return DataSource(Path(name), repo_id=name)


def _of_repo(key: str, name: str, given: Mapping[str, tuple[Leaf, Tree]]) -> ConfigProblem:
    return ConfigProblem(
        "CFG010",
        Text(
            f"{key}.{name} belongs to a dataset repository, and path is on this machine",
            f"{key}.{name} 只用于数据集仓库，而 path 在本机",
        ),
        given[name][0].mark,
        Text(
            f"Remove {name}, or write repo: owner/name.",
            f"请删除 {name}，或改写 repo: owner/name。",
        ),
    )


def _place(read: Reader, key: str, tree: Tree, builtin: str) -> DataSource | None:
    """What a word names: what lies on this machine goes before a repository of that name."""
    value = read.typed(key, tree, _WORD)
    if not isinstance(value, str):
        return None
    if value == builtin or read.is_afar(value):
        return DataSource(Path(value))
    path = absolute(read.root, value)
    if path is None or not value.strip():
        read.say(
            "CFG007",
            tree.mark,
            Text(f"{key}: {value!r} is not a path", f"{key}：{value!r} 不是路径"),
        )
        return None
    if path.suffix.lower() in NOT_READ and not path.name.lower().endswith(DATA_NOW):
        read.say(
            "CFG012",
            tree.mark,
            Text(
                f"{key}: qtune does not read {path.suffix} files",
                f"{key}：qtune 不能读取 {path.suffix} 文件",
            ),
            Text("Convert it to JSONL, CSV or Parquet.", "请转换成 JSONL、CSV 或 Parquet。"),
        )
    elif is_folder(path):
        if not holds_rows(path):
            listed = ", ".join(ending for ending in DATA_NOW if ending.count(".") == 1)
            read.say(
                "CFG009",
                tree.mark,
                Text(
                    f"{key}: the folder {path} holds no data file ({listed})",
                    f"{key}：文件夹 {path} 里没有数据文件（{listed}）",
                ),
            )
    elif not is_file(path):
        if _is_repo(read, value, path):
            return DataSource(Path(value), repo_id=value)
        read.say("CFG009", tree.mark, *_missing(read, key, tree, value, path))
    return DataSource(path)


def _is_repo(read: Reader, value: str, path: Path) -> bool:
    """owner/name, and not a file that is missing from a folder of that name."""
    if value.count("/") != 1 or not is_repo_id(value) or value.lower().endswith(DATA_NOW):
        return False
    beside = read.whole.path.parent / value if read.whole.path is not None else path
    return not is_folder(path.parent) and not is_folder(beside.parent)


def _missing(
    read: Reader, key: str, tree: Tree, written: str, path: Path
) -> tuple[Text, Text, Replacement | None]:
    message = Text(f"{key}: there is no file {path}", f"{key}：文件 {path} 不存在")
    beside = read.whole.path.parent / written if read.whole.path is not None else path
    near: list[str] = []
    if sum(problem.code == "CFG009" for problem in read.problems[-_MOST_NEAR:]) < _MOST_NEAR:
        names = read.folders.get(path.parent)
        if names is None:
            names = read.folders[path.parent] = names_in(path.parent)
        near = difflib.get_close_matches(path.name, names, 1)
    if is_file(beside):
        return (
            message,
            Text(
                f"Paths start at {read.root}. The file lies in {beside.parent}: write {beside}.",
                f"路径以 {read.root} 为起点。该文件在 {beside.parent}，请写 {beside}。",
            ),
            _written(tree, from_root(read.root, beside)),
        )
    if near:
        edit = None
        if written.endswith(path.name):
            edit = _written(tree, written[: len(written) - len(path.name)] + near[0])
        return message, did_you_mean(near[0]), edit
    return (
        message,
        Text(
            f"Paths start at {read.root}. A dataset repository is written repo: owner/name.",
            f"路径以 {read.root} 为起点。数据集仓库请写成 repo: owner/name。",
        ),
        None,
    )


def _written(tree: Tree, path: str) -> Replacement:
    return Replacement(tree.mark, scalar(path, quoted=isinstance(tree, Leaf) and tree.quoted))
