"""MEM950: the training needs more memory than the GPU has free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from qtune.core.amounts import gib
from qtune.core.architecture import Architecture
from qtune.core.fitting import MARGIN, SHORT, Change, advice, fits
from qtune.core.memory import Dtype, Estimate, estimate, weights
from qtune.core.smaller import smaller
from qtune.core.text import Text
from qtune.core.workload import Workload
from qtune.doctor.facts import Facts, Gpu
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.mem.place import asked, dtype, gpu
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    card, found = gpu(facts), listing(facts)
    if card is None or found is None or found.architecture is None:
        return
    number, of = dtype(facts, card), found.architecture
    run = asked(facts)
    if number is None or run.spread:
        return
    needed = estimate(of, run, number)
    if isinstance(needed, Text):
        yield from _weights_alone(facts, card, of, run, number, needed)
    elif fits(needed, card.memory_free) != "fits":
        yield _finding(facts, card, of, run, number, needed)


def _weights_alone(
    facts: Facts, card: Gpu, of: Architecture, run: Workload, number: Dtype, reason: Text
) -> Iterator[Finding]:
    """The rest is not known, and the weights are enough."""
    least = weights(of, run, number)
    if least <= card.memory_free:
        return
    yield Finding(
        "MEM950",
        Severity.ERROR,
        Text(
            f"The weights of {facts.goal.model} alone are {gib(least)}, and {_free(card).en}",
            f"仅 {facts.goal.model} 的权重就有 {gib(least)}，而 {_free(card).zh}",
        ),
        (Text(f"the rest cannot be told: {reason.en}", f"其余部分无法估算：{reason.zh}"),),
        because="GPU508" if least <= card.memory_total else None,
        fix=_fix((), run, number, card),
    )


def _finding(
    facts: Facts, card: Gpu, of: Architecture, run: Workload, number: Dtype, needed: Estimate
) -> Finding:
    short = estimate(of, replace(run, max_length=min(run.max_length, SHORT)), number)
    hopeless = isinstance(short, Estimate) and fits(short, card.memory_free) == "too large"
    tight = fits(needed, card.memory_free) == "tight"
    model, free = facts.goal.model, _free(card)
    if hopeless:
        message = Text(
            f"Training {model} needs about {gib(needed.total)}, and {free.en}",
            f"训练 {model} 约需 {gib(needed.total)}，而 {free.zh}",
        )
    elif tight:
        message = Text(
            f"Training {model} needs about {gib(needed.total)} where a row fills max_length {run.max_length}: "
            f"close to the limit, for {free.en}",
            f"若有数据达到 max_length {run.max_length}，训练 {model} 约需 {gib(needed.total)}，接近上限：{free.zh}",
        )
    else:
        message = Text(
            f"Training {model} needs about {gib(needed.total)} where a row fills max_length {run.max_length}, "
            f"and {free.en}",
            f"若有数据达到 max_length {run.max_length}，训练 {model} 约需 {gib(needed.total)}，而 {free.zh}",
        )
    changes = advice(of, run, number, card.memory_free)
    return Finding(
        "MEM950",
        Severity.ERROR if hopeless else Severity.WARNING,
        message,
        (*_evidence(run, number, needed), *_held(card)),
        because="GPU508" if fits(needed, card.memory_total) == "fits" else None,
        fix=_fix(changes, run, number, card),
    )


def _evidence(run: Workload, number: Dtype, needed: Estimate) -> Iterator[Text]:
    for name, size in needed.parts():
        if size:
            yield Text(f"{name.en}: {gib(size)}", f"{name.zh}：{gib(size)}")
    again = Text("on", "开启") if run.checkpointing else Text("off", "关闭")
    yield Text(
        f"reckoned for: {run.tuning}, {number}, batch {run.batch} × {run.max_length} tokens, "
        f"activation checkpointing {again.en}",
        f"估算条件：{run.tuning}，{number}，批大小 {run.batch} × {run.max_length} 词元，激活检查点{again.zh}",
    )


def _held(card: Gpu) -> Iterator[Text]:
    """What other programs hold, where it is worth a word."""
    held = card.memory_total - card.memory_free
    if held > MARGIN * card.memory_total:
        yield Text(
            f"other programs hold {gib(held)} of the {gib(card.memory_total)} (`nvidia-smi` shows which)",
            f"其他程序占用了 {gib(card.memory_total)} 中的 {gib(held)}（`nvidia-smi` 可查看）",
        )


def _fix(changes: tuple[Change, ...], run: Workload, number: Dtype, card: Gpu) -> Fix:
    if changes and changes[-1].fit != "too large":
        en = "; ".join(change.what.en for change in changes)
        zh = "；".join(change.what.zh for change in changes)
        total = gib(changes[-1].estimate.total)
        return manual(
            f"In the run config: {en}. It then needs about {total}",
            f"在训练配置中写 {zh}，约需 {total}",
        )
    short = replace(run, batch=1, checkpointing=True, targets=Workload().targets, unfollowed="")
    other = smaller(short, number, card.memory_free)
    en, zh = "Use a GPU with more memory", "换用显存更大的 GPU"
    if other is not None:
        name, needed = other
        en = f"Train a smaller model: {name} needs about {gib(needed.total)} with the same settings"
        zh = f"改用更小的模型：同样的设置下 {name} 约需 {gib(needed.total)}"
    return manual(en, zh)


def _free(card: Gpu) -> Text:
    return Text(
        f"{gib(card.memory_free)} are free on the {card.name}",
        f"{card.name} 只有 {gib(card.memory_free)} 可用",
    )


RULE = Rule(
    code="MEM950",
    name="gpu-memory",
    severity=Severity.ERROR,
    title=Text("The training does not fit into the GPU's memory", "显存不足以完成训练"),
    needs=("accelerator", "torch", "listing"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            The training needs more memory than the GPU has free, or nearly as much. It is an error where even
            rows of 256 tokens would not fit, and a warning where only rows as long as `max_length` would not.
            """,
            """
            训练所需的显存超过或接近 GPU 的可用显存。即使每条数据只有 256 个词元也放不下时是错误；
            只有当数据达到 `max_length` 时才放不下，则是警告。
            """,
        ),
        why=prose(
            """
            The run would end with `torch.OutOfMemoryError: CUDA out of memory`: at once, or at the first long
            row, hours later.
            """,
            """
            训练会以 `torch.OutOfMemoryError: CUDA out of memory` 中断：可能立刻发生，
            也可能在几小时后遇到第一条长数据时发生。
            """,
        ),
        detect=prose(
            """
            From the model's `config.json` and the run config alone: weights, adapters, gradients, optimizer
            states, activations, and the logits, which are large for a large vocabulary. `-v` shows each part.
            Against that stands the memory that NVIDIA's driver calls free.

            What is made of tensors was compared with real training steps (docs/memory.md has the table). Rules
            of thumb, not measured: 0.6 GiB for CUDA itself, five per cent that the allocator cannot use. Within
            ten per cent of the limit it is a warning. A model or setting whose memory is not known is not
            judged, save where its weights alone are too large.
            """,
            """
            只根据模型的 `config.json` 和训练配置计算：权重、适配器、梯度、优化器状态、激活值，以及 logits
            （词表越大越占显存）。`-v` 可查看每一部分。再与 NVIDIA 驱动报告的可用显存比较。

            由张量构成的部分已与真实训练步骤核对（误差表见 docs/memory.md）。以下为经验值，未经实测：
            CUDA 自身占用 0.6 GiB，分配器无法利用的部分占 5%。与上限相差不到 10% 时给出警告。
            无法估算的模型或设置不作判断，除非仅权重就已放不下。
            """,
        ),
        mend=prose(
            """
            In the order of least harm, in the run config; the finding says which of them it takes:

            ```yaml
            training:
              per_device_train_batch_size: 1
              gradient_accumulation_steps: 8
              activation_checkpointing: true
            max_length: 1024
            tuning: qlora
            ```

            `per_device_train_batch_size: auto` takes the largest batch that fits. If nothing helps, train a
            smaller model. Programs that hold memory on the same GPU are shown by
            `nvidia-smi`.
            """,
            """
            按代价从小到大修改训练配置，检查结果会说明需要改哪几项：

            ```yaml
            training:
              per_device_train_batch_size: 1
              gradient_accumulation_steps: 8
              activation_checkpointing: true
            max_length: 1024
            tuning: qlora
            ```

            `per_device_train_batch_size: auto` 会选用放得下的最大批。如果仍然放不下，请改用更小的模型。
            `nvidia-smi` 可以查看同一块 GPU 上占用显存的程序。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune run sft.yaml --dry-run
            qtune doctor sft.yaml --only MEM950
            ```
            """,
            """
            用以下命令查看：

            ```bash
            qtune run sft.yaml --dry-run
            qtune doctor sft.yaml --only MEM950
            ```
            """,
        ),
        sources=("https://huggingface.co/docs/transformers/model_memory_anatomy",),
    ),
)
