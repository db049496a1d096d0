"""The YAML of `qtune run`, typed: every error at once, each with its line.

`load` reads a file; `examine` judges a text that may not be saved yet, for the doctor and the
editor. Relative paths are taken from the project's folder (`Defaults.root`), not from the file's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from qtune.core import (
    rundata,
    rundefaults,
    runedits,
    runevaluation,
    runoverrides,
    runplaces,
    runpreference,
)
from qtune.core.runagreement import disagreements
from qtune.core.runcontradictions import of_tuning
from qtune.core.rundefaults import MAX_BYTES, MAX_LENGTH, MAX_UNUSABLE, QUICKSTART
from qtune.core.runlimits import PART, SHARE
from qtune.core.runproblems import ConfigProblem, RunConfigError
from qtune.core.runreader import Reader
from qtune.core.runrecord import recorded, resolved, restore
from qtune.core.runvalues import DataSource, Defaults, RunConfig
from qtune.core.runwords import ATTENTIONS, DISTRIBUTED, METHODS, PACKINGS, TUNINGS
from qtune.core.text import Text, plain
from qtune.core.yamltree import Fault, Leaf, Mark, Table, parse

__all__ = [
    "DataSource",
    "Defaults",
    "RunConfig",
    "decoded",
    "examine",
    "load",
    "recorded",
    "resolved",
    "restore",
]


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
        problems.extend(runoverrides.apply(entries, override))
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
    method, tuning = read.choice("method", *METHODS), read.choice("tuning", *TUNINGS)
    eval_data = rundata.sources(read, "eval_data", builtin=QUICKSTART)
    eval_share = read.number("eval_share", 0.0, SHARE)
    training = rundefaults.training(method, tuning, evaluates=bool(eval_data or eval_share))
    lora = read.section("lora", rundefaults.lora(tuning))
    config = RunConfig(
        model=model,
        model_path=model_path,
        method=method,
        data=rundata.sources(read, "data", builtin=QUICKSTART),
        tuning=tuning,
        lora={} if tuning == "full" else lora,
        training=read.section("training", training),
        max_length=read.whole_number("max_length", MAX_LENGTH, low=16, high=1 << 20),
        packing=read.choice("packing", *PACKINGS),
        output_dir=runplaces.output_dir(read, defaults.output_root / path.stem, config=path),
        enable_thinking=read.switch("enable_thinking"),
        trust_remote_code=bool(read.switch("trust_remote_code")),
        eval_data=eval_data,
        eval_share=eval_share,
        max_unusable=read.number("max_unusable", MAX_UNUSABLE, PART),
        streaming=bool(read.switch("streaming")),
        preference=runpreference.read(read, method),
        distributed=read.choice("distributed", *DISTRIBUTED),
        attn_implementation=read.choice("attn_implementation", *ATTENTIONS),
    )
    read.problems.extend(of_tuning(read.entries))
    read.problems.extend(runplaces.of_length(read.entries, config.max_length, config.model_path))
    read.problems.extend(disagreements(read, config))
    read.finish()
    return runevaluation.completed(config, read.given["training"])


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
