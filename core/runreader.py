"""Reads the entries of a run config one by one and keeps every problem it meets."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from qtune.core import rundefaults, runsection
from qtune.core.hub.names import is_repo_id
from qtune.core.runproblems import ConfigProblem
from qtune.core.runschema import Field, Refused, value_of
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Listing, Mark, Table, Tree

DATA_KEYS = ("path", "format", "weight", "split")
DATA_LATER = (".csv", ".tsv", ".parquet", ".arrow", ".xlsx", ".gz", ".zst", ".zip")


class Reader:
    """`entries` are the top-level keys; each method takes one and reports what is wrong with it."""

    def __init__(self, entries: dict[str, tuple[Leaf, Tree]], whole: Mark, root: Path) -> None:
        self.entries = entries
        self.whole = whole
        self.root = root
        self.known: list[str] = []
        self.problems: list[ConfigProblem] = []

    def _take(self, key: str) -> Tree | None:
        """The value of a key; None when it is absent or null, which mean the default."""
        self.known.append(key)
        tree = self.entries[key][1] if key in self.entries else None
        return None if isinstance(tree, Leaf) and tree.value is None and not tree.quoted else tree

    def _say(self, code: str, mark: Mark, message: Text, fix: Text | None = None) -> None:
        self.problems.append(ConfigProblem(code, message, mark, fix))

    def _typed(self, key: str, tree: Tree, field: Field) -> object:
        """The value, or None after a problem was reported."""
        value = value_of(tree, field)
        if not isinstance(value, Refused):
            return value
        said = Text(f"{key}: {value.message.en}", f"{key}：{value.message.zh}")
        self._say(value.code, tree.mark, said)
        return None

    # --- the plain keys

    def choice(self, key: str, *values: str, later: tuple[str, ...]) -> str:
        """One of `values` (the first is the default); those in `later` have a code of their own."""
        tree = self._take(key)
        if tree is None:
            return values[0]
        if isinstance(tree, Leaf) and isinstance(tree.value, bool):
            word = str(tree.value).lower()  # packing: on
        elif isinstance(tree, Leaf):
            word = tree.text
        else:
            self._typed(key, tree, Field(frozenset({"str"})))
            return values[0]
        if word in values:
            return word
        listed = ", ".join(values)
        if word in later:
            self._say(
                "CFG012",
                tree.mark,
                Text(f"{key}: {word} is not in this version", f"{key}：当前版本还不支持 {word}"),
                Text(f"Use {listed}.", f"请用 {listed}。"),
            )
        else:
            near = runsection.near(word, (*values, *later))
            self._say(
                "CFG007",
                tree.mark,
                Text(
                    f"{key}: {word!r} is none of: {listed}",
                    f"{key}：{word!r} 不在可选项里：{listed}",
                ),
                near,
            )
        return values[0]

    def whole_number(self, key: str, *, low: int, high: int) -> int:
        default = rundefaults.MAX_LENGTH
        tree = self._take(key)
        if tree is None:
            return default
        value = self._typed(key, tree, Field(frozenset({"int"})))
        if not isinstance(value, int):
            return default
        if not low <= value <= high:
            self._say(
                "CFG007",
                tree.mark,
                Text(f"{key}: must be from {low} to {high}", f"{key}：必须在 {low} 到 {high} 之间"),
            )
            return default
        return value

    def switch(self, key: str) -> bool | None:
        tree = self._take(key)
        value = None if tree is None else self._typed(key, tree, Field(frozenset({"bool"})))
        return value if isinstance(value, bool) else None

    # --- model, data, output_dir

    def model(self, default: str, *, builtin: str) -> tuple[str, Path | None]:
        tree = self._take("model")
        mark = tree.mark if tree is not None else self.whole
        name = default
        if tree is not None:
            value = self._typed("model", tree, Field(frozenset({"str"})))
            if not isinstance(value, str):
                return default, None
            name = value.strip()
        if name == builtin:
            return name, None
        folder = self._path(name)
        if folder is not None and _is_file(folder / "config.json"):
            return str(folder), folder
        if "/" in name and is_repo_id(name):
            return name, None
        if folder is not None and _is_folder(folder):
            self._say(
                "CFG015",
                mark,
                Text(f"model: {folder} has no config.json", f"model：{folder} 里没有 config.json"),
                Text(
                    "Name the folder that holds config.json and the weights.",
                    "请写到包含 config.json 和权重的那一层文件夹。",
                ),
            )
        elif name.startswith((".", "~", "/", "\\")) or name.count("/") > 1 or "\\" in name:
            self._say(
                "CFG015",
                mark,
                Text(f"model: there is no folder {name}", f"model：文件夹 {name} 不存在"),
                Text(
                    "Correct the path, or name a repository as owner/name.",
                    "请改正路径，或者写仓库名 owner/name。",
                ),
            )
        else:
            self._say(
                "CFG007",
                mark,
                Text(
                    f"model: {name!r} is neither owner/name nor a local folder",
                    f"model：{name!r} 既不是 owner/name，也不是本地文件夹",
                ),
                Text("For example Qwen/Qwen3-4B", "例如 Qwen/Qwen3-4B"),
            )
        return name, None

    def data(self, *, builtin: str) -> list[tuple[Path, str]]:
        tree = self._take("data")
        if tree is None:
            if "data" not in self.entries and "dataset" in self.entries:
                return []  # the unknown key is reported, with this name in its fix
            self._say(
                "CFG013",
                self.whole,
                Text("data is missing: name the file to train on", "缺少 data：请写训练数据文件"),
                Text("For example data: data/train.jsonl", "例如 data: data/train.jsonl"),
            )
            return []
        items = tree.items if isinstance(tree, Listing) else (tree,)
        if not items:
            self._say("CFG007", tree.mark, Text("data: the list is empty", "data：列表是空的"))
        read = [self._source(item, builtin) for item in items]
        return [source for source in read if source is not None]

    def _source(self, tree: Tree, builtin: str) -> tuple[Path, str] | None:
        if not isinstance(tree, Table):
            path = self._data_path(tree, builtin)
            return (path, "auto") if path is not None else None
        given = {key.text: (key, value) for key, value in tree.pairs}
        self.problems.extend(runsection.unknown(given, DATA_KEYS, "data."))
        formats = Reader(given, tree.mark, self.root)
        format_ = formats.choice(
            "format", "auto", "messages", "alpaca", later=("sharegpt", "text", "preference", "kto")
        )
        self.problems.extend(formats.problems)
        for key, only in (("weight", "1"), ("split", "train")):
            if key in given and getattr(given[key][1], "text", "") not in (only, f"{only}.0"):
                self._say(
                    "CFG012",
                    given[key][1].mark,
                    Text(
                        f"data.{key}: only {only} in this version",
                        f"data.{key}：当前版本只能是 {only}",
                    ),
                )
        if "path" not in given:
            self._say("CFG013", tree.mark, Text("data: path is missing", "data：缺少 path"))
            return None
        path = self._data_path(given["path"][1], builtin)
        return (path, format_) if path is not None else None

    def _data_path(self, tree: Tree, builtin: str) -> Path | None:
        value = self._typed("data", tree, Field(frozenset({"str"})))
        if not isinstance(value, str):
            return None
        if value == builtin:
            return Path(builtin)
        path = self._path(value)
        if path is None or not value.strip():
            self._say(
                "CFG007",
                tree.mark,
                Text(f"data: {value!r} is not a path", f"data：{value!r} 不是路径"),
            )
            return None
        if path.suffix.lower() in DATA_LATER:
            self._say(
                "CFG012",
                tree.mark,
                Text(
                    f"data: {path.suffix} files are not in this version",
                    f"data：当前版本还不支持 {path.suffix} 文件",
                ),
                Text("Convert it to JSONL.", "请转换成 JSONL。"),
            )
        elif _is_folder(path):
            self._say(
                "CFG007",
                tree.mark,
                Text(f"data: {path} is a folder", f"data：{path} 是文件夹"),
                Text("Name the files in it, as a list.", "请用列表写出里面的文件。"),
            )
        elif not _is_file(path):
            self._say("CFG009", tree.mark, *self._missing(value, path))
        return path

    def _missing(self, written: str, path: Path) -> tuple[Text, Text]:
        message = Text(f"data: there is no file {path}", f"data：文件 {path} 不存在")
        beside = self.whole.path.parent / written if self.whole.path is not None else path
        near = difflib.get_close_matches(path.name, _names_in(path.parent), 1)
        if _is_file(beside):
            return message, Text(
                f"Paths start at {self.root}. The file lies in {beside.parent}: write {beside}.",
                f"路径以 {self.root} 为起点。该文件在 {beside.parent}，请写 {beside}。",
            )
        if near:
            return message, Text(f"Did you mean {near[0]}?", f"是不是 {near[0]}？")
        return message, Text(
            f"Paths start at {self.root}. Datasets of a hub are not in this version.",
            f"路径以 {self.root} 为起点。当前版本还不支持直接使用社区数据集。",
        )

    def output_dir(self, default: Path, *, config: Path) -> Path:
        tree = self._take("output_dir")
        path: Path | None = default if default.is_absolute() else self.root / default
        if tree is not None:
            value = self._typed("output_dir", tree, Field(frozenset({"str"})))
            path = self._path(value) if isinstance(value, str) and value.strip() else None
            if path is None:
                if isinstance(value, str):
                    self._say(
                        "CFG007", tree.mark, Text("output_dir: not a path", "output_dir：不是路径")
                    )
                return default
        assert path is not None
        mark = tree.mark if tree is not None else self.whole
        here = _real(self.root)
        if _is_file(path):
            self._say(
                "CFG007", mark, Text(f"output_dir: {path} is a file", f"output_dir：{path} 是文件")
            )
        elif _real(path) in (here, *here.parents, _real(config).parent):
            self._say(
                "CFG007",
                mark,
                Text(
                    "output_dir: a run needs a folder of its own",
                    "output_dir：每次训练需要单独的文件夹",
                ),
                Text(f"For example runs/{config.stem}", f"例如 runs/{config.stem}"),
            )
        return path

    def _path(self, text: str) -> Path | None:
        """Absolute, taken from the project's folder; None when no file system could hold it."""
        path = self.root / text
        try:
            path = self.root / Path(text).expanduser()
            path.lstat()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return path
        except (ValueError, OSError, RuntimeError):  # a NUL, a name too long, an unknown ~user
            return None
        return path

    # --- the tables, and what is left over

    def section(self, name: str) -> dict[str, object]:
        tree = self._take(name)
        if tree is not None and not isinstance(tree, Table):
            self._typed(name, tree, Field(frozenset({"dict"})))
            tree = None
        values, problems = runsection.read(name, tree)
        self.problems.extend(problems)
        return values

    def finish(self) -> None:
        self.problems.extend(runsection.unknown(self.entries, tuple(self.known), ""))


# What these cannot look at (no permission, a link to itself, a path too long) is not there for us
# either. The methods of Path raise instead, before Python 3.14.


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []
