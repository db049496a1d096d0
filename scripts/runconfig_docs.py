"""The run config's part of `docs/settings*.md`: its keys, its defaults with their reasons, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qtune.core.rundefaults import DPO, LORA, PREFERENCE, TRAINING, VARIANTS, Default
from qtune.core.runfields import CLOSED, Closed
from qtune.core.text import Lang, Text, plain
from qtune.doctor.documents.run.ownkeys import KEYS, Key
from qtune.doctor.documents.run.words import written

_INTRO = Text(
    "The YAML of `qtune run`. `lora:` takes the fields of peft's `LoraConfig`, `training:` those of transformers'\n"
    "`TrainingArguments`, `preference:` those of TRL's `DPOConfig`, `KTOConfig` or `RewardConfig`. The editor and\n"
    "`qtune doctor run.yaml` know every one of them. `qtune run run.yaml training.learning_rate=2e-4` beats the file.",
    "`qtune run` 的 YAML。`lora:` 中可用 peft 的 `LoraConfig` 字段，`training:` 中可用 transformers 的\n"
    "`TrainingArguments` 字段，`preference:` 中可用 TRL 的 `DPOConfig`、`KTOConfig` 或 `RewardConfig` 字段，\n"
    "编辑器和 `qtune doctor run.yaml` 全都认得。命令行 `qtune run run.yaml training.learning_rate=2e-4` 优先于文件。",
)
_AUTO = Text(
    "With `per_device_train_batch_size: auto` the largest micro-batch that fits is found, and\n"
    "`gradient_accumulation_steps` is the effective batch.",
    "写 `per_device_train_batch_size: auto` 时，qtune 会找出放得下的最大微批次，\n"
    "此时 `gradient_accumulation_steps` 就是有效批大小。",
)

# Title -> a whole run config; tests/scripts/test_runconfig_docs.py reads each.
EXAMPLES: tuple[tuple[Text, str], ...] = (
    (
        Text(
            "QLoRA on an evaluated share, the batch found by qtune",
            "QLoRA，留出一部分数据评估，批大小由 qtune 决定",
        ),
        """\
model: Qwen/Qwen3-8B
data: [data/train.jsonl, {repo: tatsu-lab/alpaca, weight: 0.5}]
eval_share: 0.05
tuning: qlora
lora: {r: 16, lora_alpha: 32, use_rslora: true}
training: {per_device_train_batch_size: auto, gradient_accumulation_steps: 16, load_best_model_at_end: true}
""",
    ),
    (
        Text("Preferences, after supervised fine-tuning", "有监督微调之后的偏好训练"),
        """\
model: runs/sft-merged
method: dpo
data: {path: data/pairs.parquet, format: preference}
preference: {beta: 0.1, loss_type: [sigmoid, sft], loss_weights: [1.0, 0.2]}
training: {num_train_epochs: 1, report_to: [tensorboard]}
""",
    ),
    (
        Text("All weights over several GPUs, rows packed", "多卡全参数训练，打包数据"),
        """\
model: Qwen/Qwen3-4B
method: pt
data: {path: corpus, format: text}
tuning: full
distributed: fsdp
packing: true
max_length: 4096
""",
    ),
)
_WHAT = Text("what it is", "说明")


def section(lang: Lang) -> Iterator[str]:
    def say(en: str, zh: str) -> str:
        return Text(en, zh).to(lang)

    yield from ("", f"## {say('The run config', '训练配置')}", "", _INTRO.to(lang), "")
    for title, example in EXAMPLES:
        yield from (f"{title.to(lang)}:", "", "```yaml", *example.splitlines(), "```", "")
    yield f"### {say('Keys', '键')}"
    yield ""
    yield from _table(
        lang, Text("key", "键"), Text("takes", "取值"), Text("absent", "不写时"), _WHAT
    )
    for path, key in KEYS.items():
        if not path.startswith("eval_data."):
            yield _row(f"`{path}`", _takes(key, lang), key.default.to(lang), key.summary.to(lang))
    yield ""
    yield say("`eval_data` takes the same keys as `data`.", "`eval_data` 的各项与 `data` 相同。")
    yield from ("", f"### {say('Defaults, and why', '默认值及理由')}", "")
    yield from _table(
        lang, Text("field", "字段"), Text("value", "值"), Text("when", "何时"), Text("why", "理由")
    )
    always = Text("always", "总是")
    yield from _defaults("lora", always, LORA, lang)
    yield from _defaults("training", always, TRAINING, lang)
    for when, table in VARIANTS:
        yield from _defaults("training", when, table, lang)
    yield from _defaults("preference", Text("dpo, kto", "dpo、kto"), PREFERENCE, lang)
    yield from _defaults("preference", plain("dpo"), DPO, lang)
    yield ""
    yield say(
        "What qtune leaves alone has its library's default.", "其余字段沿用各库自己的默认值。"
    )
    yield from ("", _AUTO.to(lang), "")
    yield f"### {say('Fields that are refused, and why', '不能写的字段及原因')}"
    yield ""
    yield from _table(lang, Text("fields", "字段"), Text("code", "代码"), Text("why", "原因"))
    for name in ("training", "lora", "preference"):
        yield from _refused(name, CLOSED[name], lang)


def _takes(key: Key, lang: Lang) -> str:
    return " ".join(f"`{word}`" for word in key.choices) if key.choices else key.takes.to(lang)


def _defaults(section: str, when: Text, table: Mapping[str, Default], lang: Lang) -> Iterator[str]:
    for name, default in table.items():
        yield _row(
            f"`{section}.{name}`",
            f"`{written(default.value)}`",
            when.to(lang),
            default.why.to(lang),
        )


def _refused(section: str, closed: Mapping[str, Closed], lang: Lang) -> Iterator[str]:
    """Fields of one reason together."""
    reasons: dict[Closed, list[str]] = {}
    for name, why in closed.items():
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        page = f"rules/{why.code}{'.zh' if lang == 'zh' else ''}.md"
        listed = " ".join(f"`{name}`" for name in names)
        said = why.reason.to(lang)
        end = "." if lang == "en" else "。"
        head = said[:1] if said.startswith(("qtune", "peft", "transformers")) else said[:1].upper()
        yield _row(f"{section}: {listed}", f"[{why.code}]({page})", f"{head}{said[1:]}{end}")


def _table(lang: Lang, *heads: Text) -> Iterator[str]:
    yield _row(*(head.to(lang) for head in heads))
    yield "|" + "---|" * len(heads)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
