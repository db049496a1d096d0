"""DAT904: LoRA on a base model of Qwen3, whose end-of-turn token was never trained: what qtune does about it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qtune.core.text import Text
from qtune.core.workload import Workload
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose

_BASE = re.compile(r"(?:.*/)?(Qwen3(?:\.\d+)?-[\w.]+)-Base/?", re.I)
_EMBEDDINGS = frozenset({"embed_tokens", "lm_head"})


def _judge(facts: Facts) -> Iterable[Finding]:
    run, base = facts.goal.training, _BASE.fullmatch(facts.goal.model)
    if run is None or base is None or run.method == "pt" or _learns_embeddings(run):
        return
    instruct = f"Qwen/{base[1]}"
    yield Finding(
        "DAT904",
        Severity.INFO,
        Text(
            f"{facts.goal.model} is a base model: LoRA alone would not teach it to stop, so qtune trains the rows "
            "of its end token too",
            f"{facts.goal.model} 是基座模型：只用 LoRA 学不会停下来，所以 qtune 会同时训练结束词元对应的几行词嵌入",
        ),
        (
            Text(
                "it has never been trained on <|im_end|>, which ends a turn; not every server takes an adapter with "
                "such rows: qtune export merges them",
                "它没有训练过表示一轮结束的 <|im_end|>；并非所有推理服务都支持带这几行的适配器，可用 qtune export 合并",
            ),
        ),
        fix=manual(
            f"Nothing needs to be done; {instruct} is the better start for most purposes",
            f"不需要做什么；多数情况下从 {instruct} 开始更好",
        ),
    )


def _learns_embeddings(run: Workload) -> bool:
    if run.tuning == "full" or run.unfollowed == "lora.trainable_token_indices":
        return True
    return bool(_EMBEDDINGS & {*run.saved, *run.targets})


RULE = Rule(
    "DAT904",
    "base-model-never-stops",
    Severity.INFO,
    Text("A base model that LoRA alone does not teach to stop", "只用 LoRA，基座模型学不会停止"),
    Page(
        what=prose(
            """
            The run trains LoRA on a base model of Qwen3 (`Qwen3-…-Base`) with conversations. Every answer in
            them ends with `<|im_end|>`, and the base model has never been trained on that token.
            """,
            """
            该训练用对话数据在 Qwen3 的基座模型（`Qwen3-…-Base`）上做 LoRA。每个回答都以 `<|im_end|>` 结尾，
            而基座模型从未训练过这个词元。
            """,
        ),
        why=prose(
            """
            LoRA leaves the embeddings and the output layer as they are, so the token stays as good as unknown:
            the model answers well, and then goes on and on. Full fine-tuning does not have this. `qtune run`
            measures the rows of the template's tokens, trains those that were never trained beside the adapter,
            and names both end tokens in `generation_config.json`.
            """,
            """
            LoRA 不改动词嵌入和输出层，这个词元对模型来说始终是陌生的：回答得不错，却停不下来。全参数微调没有这个问题。
            `qtune run` 会检查模板所用词元的词嵌入，把没有训练过的几行和适配器一起训练，并在
            `generation_config.json` 里写明两个结束词元。
            """,
        ),
        detect=prose(
            """
            By the model's name, and by what the run config trains: nothing is measured. A folder of your own
            counts where it is still called so.
            """,
            "根据模型名称和训练配置判断，没有实测。自己的文件夹如果保留了这样的名字，也会被识别。",
        ),
        mend=prose(
            """
            The instruct model is the better start nearly always:

            ```yaml
            model: Qwen/Qwen3-4B
            ```

            To stay with the base model nothing needs to be written. Where the adapter is to be served as it is,
            by a program that does not take single rows (vLLM), merge it with `qtune export` first, or train the
            embeddings as a whole, which takes much more memory:

            ```yaml
            lora: {modules_to_save: [embed_tokens, lm_head]}
            ```
            """,
            """
            多数情况下，从 Instruct 模型开始更好：

            ```yaml
            model: Qwen/Qwen3-4B
            ```

            继续用基座模型也不需要写什么。如果要直接部署适配器，而推理程序不支持单独的几行（例如 vLLM），
            请先用 `qtune export` 合并；或者训练整个词嵌入，显存占用会大很多：

            ```yaml
            lora: {modules_to_save: [embed_tokens, lm_head]}
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor sft.yaml --only DAT904
            ```
            """,
            """
            重新检查：

            ```bash
            qtune doctor sft.yaml --only DAT904
            ```
            """,
        ),
        sources=(
            "https://github.com/hiyouga/LlamaFactory/issues/7943",
            "https://github.com/QwenLM/Qwen3/issues/1064",
            "https://github.com/hiyouga/LlamaFactory/issues/9189",
        ),
    ),
    goals=TRAINING,
    judge=_judge,
)
