"""What `qtune init` writes: a commented `.env`, a run config that works, and a few lines of data."""

from __future__ import annotations

import json

from qtune.core.table import TABLE, Setting
from qtune.core.text import Lang, Text

RUN_CONFIG, DATA = "sft.yaml", "data/train.jsonl"

# The first key of each group of the table.
GROUPS: dict[str, Text] = {
    "USE_MODELSCOPE": Text("The three that most people need", "大多数人只需要这三项"),
    "QTUNE_SOURCES": Text("Which hub serves", "使用哪个下载源"),
    "HF_ENDPOINT": Text("Hugging Face", "Hugging Face"),
    "MODELSCOPE_ENDPOINT": Text("ModelScope", "ModelScope"),
    "HTTP_PROXY": Text("The road there", "网络"),
    "CUDA_VISIBLE_DEVICES": Text("Training", "训练"),
}
_HEAD = Text(
    "# Settings of this project. `qtune doctor` says what belongs here, `qtune doctor --fix` writes it.\n"
    "# The process environment beats this file. Keep it out of git: it may hold tokens.",
    "# 本项目的设置。`qtune doctor` 会给出建议，`qtune doctor --fix` 会写入。\n"
    "# 环境变量优先于本文件。其中可能有 Token，请勿提交到 git。",
)


def env_file(lang: Lang) -> str:
    """Every key of the table; only the FAQ's recommended ones are switched on."""
    lines = _HEAD.to(lang).split("\n")
    for row in TABLE:
        if row.key in GROUPS:
            lines += ["", f"# --- {GROUPS[row.key].to(lang)} ---"]
        lines += ["", f"# {_said(row, lang)}", assignment(row)]
    return "\n".join(lines) + "\n"


def _said(row: Setting, lang: Lang) -> str:
    gap = " " if lang == "en" else ""
    return f"{row.summary.to(lang)}{gap}{row.why.to(lang)}"


def assignment(row: Setting) -> str:
    """The row's line, commented out unless most people want it."""
    on = row.key in ("USE_MODELSCOPE", "DEFAULT_MODEL")
    return f"{'' if on else '# '}{row.key}={row.default}"


def run_config(model: str, lang: Lang) -> str:
    say = {
        "head": Text(
            f"Fine-tune with LoRA: qtune run {RUN_CONFIG}",
            f"LoRA 微调：qtune run {RUN_CONFIG}",
        ),
        "method": Text(
            "sft learns answers; pt text, dpo and reward pairs, kto labels",
            "sft 学习回答；pt 学习文本，dpo 和 reward 学习偏好对，kto 学习好坏标签",
        ),
        "tuning": Text(
            "an adapter; qlora: on 4-bit weights, dora, or full: all weights",
            "适配器；可选 qlora（4 位权重）、dora、full（全部权重）",
        ),
        "share": Text(
            "keep a part of the rows and evaluate on it; or name eval_data: FILE",
            "留出一部分数据用于评估；也可以写 eval_data: 文件",
        ),
        "preference": Text("for method: dpo", "用于 method: dpo"),
        "rate": Text(
            "tuning: full wants 1.0e-5, dpo 5.0e-6", "tuning: full 用 1.0e-5，dpo 用 5.0e-6"
        ),
        "packing": Text("short rows may share a sequence", "短数据可拼进同一条序列"),
        "report": Text("or tensorboard, swanlab, trackio", "或 tensorboard、swanlab、trackio"),
        "check": Text(
            f"Check first what stands in the way: qtune doctor {RUN_CONFIG}",
            f"先检查有无障碍：qtune doctor {RUN_CONFIG}",
        ),
        "model": Text("a repo id, or a local folder", "仓库 id 或本地文件夹"),
        "data": Text(
            "a file, a folder, a dataset repository or a list of them; put yours here",
            "文件、文件夹、数据集仓库，或由它们组成的列表；请换成你的数据",
        ),
        "lora": Text("any field of peft's LoraConfig", "peft LoraConfig 的任意字段"),
        "training": Text(
            "any field of transformers' TrainingArguments that qtune does not set itself",
            "transformers TrainingArguments 的任意字段（qtune 自行设置的除外）",
        ),
        "batch": Text(
            "1 × 8 examples a step; auto takes the largest batch that fits",
            "每步 1 × 8 条样本；auto 会选用放得下的最大批",
        ),
        "length": Text("tokens; longer examples are cut", "token 数，超出部分会被截断"),
    }
    said = {name: text.to(lang) for name, text in say.items()}
    return f"""\
# {said["head"]}
# {said["check"]}

model: {model}  # {said["model"]}
data: {DATA}  # {said["data"]}
# eval_share: 0.05  # {said["share"]}

method: sft  # {said["method"]}
# preference: {{beta: 0.1}}  # {said["preference"]}
tuning: lora  # {said["tuning"]}
lora:  # {said["lora"]}
  r: 8
  lora_alpha: 16
  target_modules: all-linear

training:  # {said["training"]}
  num_train_epochs: 3
  learning_rate: 1.0e-4  # {said["rate"]}
  per_device_train_batch_size: 1  # {said["batch"]}
  gradient_accumulation_steps: 8
  # report_to: wandb  # {said["report"]}

max_length: 2048  # {said["length"]}
# packing: true  # {said["packing"]}
"""


_EXAMPLES: tuple[tuple[Text, Text], ...] = (
    (
        Text("What is a LoRA adapter?", "什么是 LoRA 适配器？"),
        Text(
            "A small set of weights, trained beside a large model that itself stays as it was.",
            "在大模型旁训练的一小组权重，大模型本身保持不变。",
        ),
    ),
    (
        Text("Say it in one word: the opposite of north.", "用一个字回答：北的反面是？"),
        Text("South.", "南。"),
    ),
    (
        Text("Turn into a question: The shop opens at nine.", "改成疑问句：这家店九点开门。"),
        Text("When does the shop open?", "这家店几点开门？"),
    ),
    (
        Text("Who wrote these four examples?", "这四条示例是谁写的？"),
        Text(
            "qtune init did, to show the format. Replace them by your own.",
            "是 qtune init 写的，用来展示格式。请换成你自己的数据。",
        ),
    ),
)


def data(lang: Lang) -> str:
    rows = [
        {
            "messages": [
                {"role": "user", "content": question.to(lang)},
                {"role": "assistant", "content": answer.to(lang)},
            ]
        }
        for question, answer in _EXAMPLES
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
