"""The keys of a run config in words: what each takes, what it means when it is absent, and why qtune owns some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qtune.core import runfields, runwords
from qtune.core.rundefaults import LORA, MAX_LENGTH, QUICKSTART, TRAINING, Default
from qtune.core.runfields import Closed
from qtune.core.runschema import NAMES, Field, schema
from qtune.core.text import Text, plain

Section = Literal["lora", "training"]
SECTIONS: tuple[Section, ...] = ("lora", "training")
LIBRARY = {
    "lora": ("LoraConfig", "https://huggingface.co/docs/peft/package_reference/lora"),
    "training": (
        "TrainingArguments",
        "https://huggingface.co/docs/transformers/main_classes/trainer",
    ),
}


@dataclass(frozen=True)
class Key:
    """`choices` are what this version takes; `opens`: a table or a list belongs behind it."""

    takes: Text
    default: Text
    summary: Text
    choices: tuple[str, ...] = ()
    opens: bool = False


_BOOL = NAMES["bool"]

KEYS: dict[str, Key] = {
    "model": Key(
        Text("a repo id (owner/name) or a local folder", "仓库 id（owner/name）或本地文件夹"),
        plain("DEFAULT_MODEL"),
        Text("The model to train.", "要训练的模型。"),
    ),
    "method": Key(
        NAMES["str"],
        plain("sft"),
        Text("How to train: sft is supervised fine-tuning.", "训练方法：sft 即有监督微调。"),
        ("sft",),
    ),
    "data": Key(
        Text(
            "a file (.jsonl, .json), or a list of files",
            "数据文件（.jsonl、.json），或多个文件组成的列表",
        ),
        Text("none: it must be given", "无，必须填写"),
        Text(
            f"What to train on. Paths begin at the project's folder; {QUICKSTART} is the set shipped with qtune.",
            f"训练数据。路径从项目文件夹算起；{QUICKSTART} 是 qtune 自带的小数据集。",
        ),
    ),
    "data.path": Key(
        Text("a file (.jsonl, .json)", "数据文件（.jsonl、.json）"),
        Text("none: it must be given", "无，必须填写"),
        Text("A file of rows to train on.", "一个训练数据文件。"),
    ),
    "data.format": Key(
        NAMES["str"],
        plain("auto"),
        Text("How the rows are written; auto looks at them.", "数据的格式；auto 会自动识别。"),
        ("auto", "messages", "alpaca"),
    ),
    "data.weight": Key(
        NAMES["float"],
        plain("1"),
        Text("This version takes every file once.", "当前版本每个文件各用一次。"),
        ("1",),
    ),
    "data.split": Key(
        NAMES["str"],
        plain("train"),
        Text("This version takes all rows of a file.", "当前版本使用文件中的全部数据。"),
        ("train",),
    ),
    "tuning": Key(
        NAMES["str"],
        plain("lora"),
        Text(
            "What is trained: lora trains a small adapter beside the model's weights.",
            "训练哪些参数：lora 只训练模型旁的小型适配器。",
        ),
        ("lora",),
    ),
    "lora": Key(
        NAMES["dict"],
        Text("field by field", "逐项而定"),
        Text("Fields of peft's LoraConfig.", "peft 的 LoraConfig 字段。"),
        opens=True,
    ),
    "training": Key(
        NAMES["dict"],
        Text("field by field", "逐项而定"),
        Text(
            "Fields of transformers' TrainingArguments, save those that qtune owns.",
            "transformers 的 TrainingArguments 字段，由 qtune 管理的除外。",
        ),
        opens=True,
    ),
    "max_length": Key(
        Text("a whole number from 16 to 1048576", "16 到 1048576 之间的整数"),
        plain(str(MAX_LENGTH)),
        Text(
            "Tokens of a row; what is longer is cut. GPU memory grows with it.",
            "每条数据的最大词元数，超出部分会被截断；越大越占显存。",
        ),
    ),
    "packing": Key(
        NAMES["str"],
        plain("auto"),
        Text(
            "Whether short rows share a sequence; this version keeps each to itself.",
            "是否把短数据拼成一条序列；当前版本不拼接。",
        ),
        ("auto", "false"),
    ),
    "output_dir": Key(
        Text("a folder", "文件夹"),
        Text("QTUNE_OUTPUT_DIR/<name of this file>", "QTUNE_OUTPUT_DIR/<本文件名>"),
        Text("Where the run is written.", "训练结果的存放位置。"),
    ),
    "enable_thinking": Key(
        _BOOL,
        Text("the chat template's own", "由对话模板决定"),
        Text(
            "Handed to the chat template: may the model think before it answers?",
            "传给对话模板：回答前是否允许思考。",
        ),
        ("true", "false"),
    ),
    "trust_remote_code": Key(
        _BOOL,
        plain("false"),
        Text(
            "Run Python code that comes with the model. Only for authors you trust.",
            "运行模型自带的 Python 代码。仅用于你信任的作者。",
        ),
        ("true", "false"),
    ),
}  # fmt: skip


def field_of(path: str) -> tuple[Section, str, Field | None] | None:
    """Section, name and field of a dotted key such as lora.r; None where it is of no section."""
    section, dot, name = path.partition(".")
    for known in SECTIONS:
        if section == known and dot and "." not in name:
            return known, name, schema(known).fields.get(name)
    return None


def default_of(section: str, name: str) -> Default | None:
    """qtune's own default of a field, which goes before the library's."""
    return {"lora": LORA, "training": TRAINING}.get(section, {}).get(name)


def closed(section: Section, name: str) -> Closed | None:
    return runfields.CLOSED[section].get(name)


def choices_of(path: str) -> tuple[str, ...]:
    """The words that may stand behind a key; () where they cannot be listed."""
    if path in KEYS:
        return KEYS[path].choices
    section, name, field = field_of(path) or (None, "", None)
    if field is None:
        return ()
    later = {word for place, key, word in runwords.REFUSED_WORDS if (place, key) == (section, name)}
    words = tuple(word for word in field.choices if word not in later)
    if name == "init_lora_weights":
        words = runwords.PLAIN_INIT
    return words + (("true", "false") if "bool" in field.types else ())


def takes(field: Field) -> Text:
    """The kinds of values, as a person says them."""
    kinds = [NAMES[kind] for kind in NAMES if kind in field.types and kind != "null"]
    return Text(" or ".join(k.en for k in kinds), "或".join(k.zh for k in kinds))
