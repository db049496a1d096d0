"""The YAML of `qtune run`, typed: every error at once, each with its line.

`load` reads a file; `examine` judges a text that may not be saved yet, for the doctor and the
editor. Relative paths are taken from the project's folder (`Defaults.root`), not from the file's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from qtune.core import runedits, runplaces
from qtune.core.runcontradictions import of_length, of_tuning
from qtune.core.rundefaults import MAX_BYTES, MAX_LENGTH, MAX_UNUSABLE, QUICKSTART
from qtune.core.runproblems import ConfigProblem, RunConfigError
from qtune.core.runreader import Reader
from qtune.core.text import Text, plain
from qtune.core.yamltree import Fault, Leaf, Mark, Table, Tree, parse


@dataclass(frozen=True)
class Defaults:
    """What the settings say where a run config is silent: DEFAULT_MODEL and QTUNE_OUTPUT_DIR.

    `shares`: may a path lead to another machine? Whoever only reads a text must not ask one.
    """

    model: str
    output_root: Path
    root: Path
    shares: bool = True


@dataclass(frozen=True)
class DataSource:
    """`path` is absolute, save for QUICKSTART; `format` is one of FORMATS.

    `weight` is how often its rows are seen beside those of weight 1. `repo_id` names a dataset repository
    (`path` repeats it then): `hub` is "", hf or modelscope, `subset` a folder or configuration of it.
    """

    path: Path
    format: str = "auto"
    weight: float = 1.0
    split: str = "train"
    repo_id: str = ""
    subset: str = ""
    hub: str = ""
    revision: str = ""


@dataclass(frozen=True)
class RunConfig:
    """`model` is a repo id, QUICKSTART, or (then `model_path` is set) a local folder.

    `eval_share` of the training rows is kept out of training and evaluated, unless `eval_data` says what
    is. `max_unusable` is the share of rows that may be unusable. `preference` are the numbers of dpo and kto.
    """

    model: str
    model_path: Path | None
    method: str
    data: tuple[DataSource, ...]
    tuning: str
    lora: Mapping[str, object]
    training: Mapping[str, object]
    max_length: int
    packing: str
    output_dir: Path
    enable_thinking: bool | None
    trust_remote_code: bool
    eval_data: tuple[DataSource, ...] = ()
    eval_share: float = 0.0
    max_unusable: float = MAX_UNUSABLE
    streaming: bool = False
    preference: Mapping[str, object] = field(default_factory=dict)
    distributed: str = "ddp"
    attn_implementation: str = "auto"
    warnings: tuple[ConfigProblem, ...] = ()


def load(path: Path, overrides: Sequence[str] = (), *, defaults: Defaults) -> RunConfig:
    """Raises RunConfigError with all that is wrong with the file and the overrides."""
    config, problems = examine(_read(path), path, overrides, defaults=defaults)
    errors = tuple(problem for problem in problems if problem.severity == "error")
    if config is None or errors:
        raise RunConfigError(errors)
    return config


def examine(
    text: str, path: Path, overrides: Sequence[str] = (), *, defaults: Defaults
) -> tuple[RunConfig | None, tuple[ConfigProblem, ...]]:
    """The config (None when there is an error) and every problem, in the order of the file."""
    tree, faults = parse(text, path)
    problems = [_fault(fault) for fault in faults]
    whole = Mark(path, 1, 1, 1, 1)
    if tree is None and faults:
        return None, tuple(problems)
    if isinstance(tree, Leaf) and tree.value is None:
        tree = None
    if tree is not None and not isinstance(tree, Table):
        message = Text("a run config is a table of key: value", "训练配置应当是一组 key: value")
        return None, (*problems, ConfigProblem("CFG006", message, tree.mark))
    entries = {key.text: (key, value) for key, value in tree.pairs} if tree else {}
    for override in overrides:
        problems.extend(_override(entries, override))
    reader = Reader(entries, whole, defaults.root, defaults.shares)
    config = _config(reader, path, defaults)
    problems.extend(reader.problems)
    problems = list(runedits.settled(problems, text))
    problems.sort(key=lambda p: (p.mark.path is None, p.line, p.column))
    if any(problem.severity == "error" for problem in problems):
        return None, tuple(problems)
    return dataclasses.replace(config, warnings=tuple(problems)), tuple(problems)


def _config(read: Reader, path: Path, defaults: Defaults) -> RunConfig:
    model, model_path = runplaces.model(read, defaults.model, builtin=QUICKSTART)
    config = RunConfig(
        model=model,
        model_path=model_path,
        method=read.choice("method", "sft", later=("pt", "dpo", "kto", "reward")),
        data=tuple(DataSource(*source) for source in runplaces.data(read, builtin=QUICKSTART)),
        tuning=read.choice("tuning", "lora", later=("qlora", "dora", "full")),
        lora=read.section("lora"),
        training=read.section("training"),
        max_length=read.whole_number("max_length", MAX_LENGTH, low=16, high=1 << 20),
        packing=read.choice("packing", "auto", "false", later=("true",)),
        output_dir=runplaces.output_dir(read, defaults.output_root / path.stem, config=path),
        enable_thinking=read.switch("enable_thinking"),
        trust_remote_code=bool(read.switch("trust_remote_code")),
    )
    read.problems.extend(of_tuning(read.entries))
    read.problems.extend(of_length(read.entries, config.max_length, config.model_path))
    read.finish()
    return config


def resolved(config: RunConfig) -> dict[str, object]:
    """Every value the run will use, as plain data; `load` reads it back to the same config."""
    return {
        "model": config.model,
        "method": config.method,
        "data": [_source(source) for source in config.data],
        "tuning": config.tuning,
        "lora": dict(config.lora),
        "training": dict(config.training),
        "max_length": config.max_length,
        "packing": config.packing,
        "output_dir": str(config.output_dir),
        "enable_thinking": config.enable_thinking,
        "trust_remote_code": config.trust_remote_code,
        **_more(config),
    }


def _more(config: RunConfig) -> dict[str, object]:
    """Fields that most runs leave alone: written down where they say something."""
    more: dict[str, object] = {
        "eval_data": [_source(source) for source in config.eval_data],
        "eval_share": config.eval_share,
        "max_unusable": config.max_unusable,
        "streaming": config.streaming,
        "preference": dict(config.preference),
        "distributed": config.distributed,
        "attn_implementation": config.attn_implementation,
    }
    return {key: value for key, value in more.items() if value and value != _USUAL.get(key)}


_USUAL = {"max_unusable": MAX_UNUSABLE, "distributed": "ddp", "attn_implementation": "auto"}


def _source(source: DataSource) -> dict[str, object]:
    """`path` and `format` always, the rest where it says something."""
    usual = DataSource(source.path)
    written: dict[str, object] = {"path": str(source.path), "format": source.format}
    for key, value in asdict(source).items():
        if key not in written and value != getattr(usual, key):
            written[key] = value
    return written


def _restored(source: Mapping[str, Any]) -> DataSource:
    return DataSource(**{**source, "path": Path(source["path"])})


def restore(values: Mapping[str, Any]) -> RunConfig:
    """What `resolved` wrote, without judging it again: the parent has, and the child trusts it."""
    model = Path(values["model"])
    return RunConfig(
        model=values["model"],
        model_path=model if model.is_absolute() else None,
        method=values["method"],
        data=tuple(_restored(source) for source in values["data"]),
        tuning=values["tuning"],
        lora=values["lora"],
        training=values["training"],
        max_length=values["max_length"],
        packing=values["packing"],
        output_dir=Path(values["output_dir"]),
        enable_thinking=values["enable_thinking"],
        trust_remote_code=values["trust_remote_code"],
        eval_data=tuple(_restored(source) for source in values.get("eval_data", ())),
        eval_share=values.get("eval_share", 0.0),
        max_unusable=values.get("max_unusable", MAX_UNUSABLE),
        streaming=values.get("streaming", False),
        preference=values.get("preference", {}),
        distributed=values.get("distributed", "ddp"),
        attn_implementation=values.get("attn_implementation", "auto"),
    )


def _read(path: Path) -> str:
    at = Mark(path, 1, 1)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = plain(error.strerror or type(error).__name__)
        if isinstance(error, FileNotFoundError):
            reason = Text("no such file", "文件不存在")
        elif isinstance(error, IsADirectoryError):
            reason = Text("it is a folder, not a file", "这是文件夹，不是文件")
        raise RunConfigError((ConfigProblem("CFG001", _cannot_read(path, reason), at),)) from error
    return decoded(raw, path)


def decoded(raw: bytes, path: Path) -> str:
    """The text of a run config. Raises RunConfigError for what is too large or no UTF-8."""
    if len(raw) > MAX_BYTES:
        reason = Text("larger than 1 MiB", "超过 1 MiB")
        problem = ConfigProblem("CFG001", _cannot_read(path, reason), Mark(path, 1, 1))
        raise RunConfigError((problem,))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = Text("this file is not UTF-8", "文件不是 UTF-8 编码")
        fix = Text("Save it as UTF-8 in your editor.", "请在编辑器里另存为 UTF-8。")
        problem = ConfigProblem("CFG002", message, Mark(path, line, 1), fix)
        raise RunConfigError((problem,)) from error


def _cannot_read(path: Path, reason: Text) -> Text:
    return Text(f"cannot read {path}: {reason.en}", f"无法读取 {path}：{reason.zh}")


def _fault(fault: Fault) -> ConfigProblem:
    if fault.kind == "duplicate":
        fix = Text("Keep one of the two lines.", "两行只保留一行。")
        return ConfigProblem(
            "CFG004",
            Text(f"given twice: {fault.detail}", f"重复的键：{fault.detail}"),
            fault.mark,
            fix,
            # Every other reader of YAML takes the last one.
            edit=runedits.removal(*fault.first) if fault.first is not None else None,
        )
    message = Text(f"not usable YAML: {fault.detail}", f"YAML 无法解析：{fault.detail}")
    return ConfigProblem("CFG003", message, fault.mark)


def _override(entries: dict[str, tuple[Leaf, Tree]], override: str) -> Iterable[ConfigProblem]:
    """Put `a.b=value` into the tables, replacing what the file says."""
    name, sign, text = override.partition("=")
    keys = name.strip().split(".")
    at = Mark(None)
    if not sign or not all(keys):
        yield ConfigProblem(
            "CFG011",
            Text(f"{override!r} is not key=value", f"{override!r} 不是 key=value 的形式"),
            at,
            Text("For example training.num_train_epochs=1", "例如 training.num_train_epochs=1"),
        )
        return
    value, faults = parse(text, None)
    if faults:
        detail = faults[0].detail
        message = Text(f"{override!r}: {detail}", f"{override!r}：{detail}")
        yield ConfigProblem("CFG011", message, at)
        return
    new: Tree = value if value is not None else Leaf("", None, False, at)
    if not _put(entries, keys, new):
        parent = ".".join(keys[:-1])
        yield ConfigProblem(
            "CFG011",
            Text(f"{override!r}: {parent} is not a table", f"{override!r}：{parent} 不是键值表"),
            at,
        )


def _put(entries: dict[str, tuple[Leaf, Tree]], keys: list[str], value: Tree) -> bool:
    key = Leaf(keys[0], keys[0], True, Mark(None))
    if len(keys) == 1:
        entries[keys[0]] = (key, value)
        return True
    _, inner = entries.get(keys[0], (key, Table((), Mark(None))))
    if isinstance(inner, Leaf) and inner.value is None:
        inner = Table((), inner.mark)
    if not isinstance(inner, Table):
        return False
    inside = {leaf.text: (leaf, tree) for leaf, tree in inner.pairs}
    if not _put(inside, keys[1:], value):
        return False
    kept = entries.get(keys[0], (key, inner))[0]
    entries[keys[0]] = (kept, Table(tuple(inside.values()), inner.mark))
    return True
