"""The keys of a run config that are qtune's own: what each takes, what it means when it is absent, and its words."""

from __future__ import annotations

from dataclasses import dataclass

from qtune.core.rundefaults import MAX_LENGTH, MAX_UNUSABLE, QUICKSTART
from qtune.core.runschema import NAMES
from qtune.core.runwords import (
    ATTENTIONS,
    DISTRIBUTED,
    FORMATS,
    HUBS,
    METHODS,
    PACKINGS,
    TUNINGS,
)
from qtune.core.text import Text, plain


@dataclass(frozen=True)
class Key:
    """`choices` are its words; `opens`: a table belongs behind it."""

    takes: Text
    default: Text
    summary: Text
    choices: tuple[str, ...] = ()
    opens: bool = False


_BOOL, _WORD = NAMES["bool"], NAMES["str"]
_SWITCH = ("true", "false")
_MUST = Text("none: it must be given", "无，必须填写")
_ABSENT = Text("none", "无")
_BY_FIELD = Text("field by field", "逐项而定")
_SOURCE = Text(
    "a file (.jsonl, .json, .csv, .tsv, .parquet), a folder, a dataset repository (owner/name), or a list of them",
    "数据文件（.jsonl、.json、.csv、.tsv、.parquet）、文件夹、数据集仓库（owner/name），或由它们组成的列表",
)


def _of_source(key: str) -> dict[str, Key]:
    """The keys of one item of data or eval_data."""
    return {
        f"{key}.path": Key(
            Text("a file, a folder or owner/name", "文件、文件夹或 owner/name"),
            _MUST,
            Text("Where the rows are.", "数据所在位置。"),
        ),
        f"{key}.format": Key(
            _WORD,
            plain("auto"),
            Text("How the rows are written; auto looks at them.", "数据的格式；auto 会自动识别。"),
            FORMATS,
        ),
        f"{key}.weight": Key(
            Text("a number above 0", "大于 0 的数字"),
            plain("1"),
            Text(
                "How often its rows are seen beside those of weight 1.",
                "相对于权重为 1 的数据，这些数据出现的次数。",
            ),
        ),
        f"{key}.split": Key(
            _WORD,
            plain("train"),
            Text("Which split of a folder or a repository.", "使用文件夹或仓库中的哪个 split。"),
        ),
        f"{key}.repo": Key(
            Text("owner/name", "owner/name"),
            _ABSENT,
            Text(
                "A dataset repository, in place of path; qtune downloads it.",
                "数据集仓库，代替 path；由 qtune 下载。",
            ),
        ),
        f"{key}.hub": Key(
            _WORD,
            Text("as for models", "与模型相同"),
            Text("Which hub the repository is on.", "仓库所在的社区。"),
            HUBS,
        ),
        f"{key}.subset": Key(
            _WORD,
            _ABSENT,
            Text("A folder or configuration of the repository.", "仓库中的文件夹或子集。"),
        ),
        f"{key}.revision": Key(
            _WORD,
            Text("the newest", "最新版本"),
            Text("A branch, tag or commit of the repository.", "仓库的分支、标签或 commit。"),
        ),
    }


KEYS: dict[str, Key] = {
    "model": Key(
        Text("a repo id (owner/name) or a local folder", "仓库 id（owner/name）或本地文件夹"),
        plain("DEFAULT_MODEL"),
        Text("The model to train.", "要训练的模型。"),
    ),
    "method": Key(
        _WORD,
        plain("sft"),
        Text(
            "How to train: sft learns answers, pt learns text, dpo and reward learn from pairs, kto from labels.",
            "训练方法：sft 学习回答，pt 学习文本，dpo 和 reward 学习偏好对，kto 学习好坏标签。",
        ),
        METHODS,
    ),
    "data": Key(
        _SOURCE,
        _MUST,
        Text(
            f"What to train on. Paths begin at the project's folder; {QUICKSTART} is the set shipped with qtune.",
            f"训练数据。路径从项目文件夹算起；{QUICKSTART} 是 qtune 自带的小数据集。",
        ),
    ),
    **_of_source("data"),
    "eval_data": Key(
        _SOURCE,
        _ABSENT,
        Text("What to evaluate on during training.", "训练过程中用于评估的数据。"),
    ),
    **_of_source("eval_data"),
    "eval_share": Key(
        Text("a share from 0 up to 1", "0 到 1 之间的比例"),
        plain("0"),
        Text(
            "A share of the training rows, drawn by the seed, that is kept out and evaluated.",
            "按随机种子从训练数据中留出的比例，不参与训练，只用于评估。",
        ),
    ),
    "max_unusable": Key(
        Text("a share from 0 to 1", "0 到 1 之间的比例"),
        plain(str(MAX_UNUSABLE)),
        Text(
            "The share of rows that may be unusable before the run refuses.",
            "允许不可用的数据比例，超过则拒绝训练。",
        ),
    ),
    "streaming": Key(
        _BOOL,
        plain("false"),
        Text(
            "Read the rows as they are needed: for data that does not fit in memory.",
            "边训练边读取，用于内存放不下的数据。",
        ),
        _SWITCH,
    ),
    "tuning": Key(
        _WORD,
        plain("lora"),
        Text(
            "What is trained: a small adapter (lora; qlora on a 4-bit model; dora), or full: all weights.",
            "训练哪些参数：小型适配器（lora；qlora 用 4 位模型；dora），或 full 全部权重。",
        ),
        TUNINGS,
    ),
    "lora": Key(
        NAMES["dict"],
        _BY_FIELD,
        Text("Fields of peft's LoraConfig.", "peft 的 LoraConfig 字段。"),
        opens=True,
    ),
    "training": Key(
        NAMES["dict"],
        _BY_FIELD,
        Text(
            "Fields of transformers' TrainingArguments, save those that qtune owns.",
            "transformers 的 TrainingArguments 字段，由 qtune 管理的除外。",
        ),
        opens=True,
    ),
    "preference": Key(
        NAMES["dict"],
        _BY_FIELD,
        Text(
            "Fields of TRL's DPOConfig, KTOConfig or RewardConfig, as the method is.",
            "TRL 的 DPOConfig、KTOConfig 或 RewardConfig 字段，视 method 而定。",
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
        _WORD,
        plain("auto"),
        Text(
            "auto lays the rows of a batch end to end where that is faster; true fills sequences of max_length "
            "with short rows before; false pads.",
            "auto 在更快时把一批数据首尾相接，不做填充；true 还会预先用短数据装满 max_length 长的序列；false 用填充。",
        ),
        PACKINGS,
    ),
    "distributed": Key(
        _WORD,
        plain("ddp"),
        Text(
            "With several GPUs: ddp keeps the whole model on each, fsdp shares it among them.",
            "多卡训练时：ddp 每张卡放完整模型，fsdp 把模型切分到各卡。",
        ),
        DISTRIBUTED,
    ),
    "attn_implementation": Key(
        _WORD,
        plain("auto"),
        Text(
            "The attention kernel; auto takes the fastest that works.",
            "注意力的实现；auto 会选可用的最快的一种。",
        ),
        ATTENTIONS,
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
        _SWITCH,
    ),
    "trust_remote_code": Key(
        _BOOL,
        plain("false"),
        Text(
            "Run Python code that comes with the model. Only for authors you trust.",
            "运行模型自带的 Python 代码。仅用于你信任的作者。",
        ),
        _SWITCH,
    ),
}
