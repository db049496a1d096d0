"""GPU508: other programs hold the GPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qtune.core.amounts import gib
from qtune.core.envpatch import EnvPatch
from qtune.core.fitting import fits
from qtune.core.text import Text
from qtune.doctor.facts import Accelerator, Facts, Gpu, Holder, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.chosen import KEY, chosen, listed, visible
from qtune.doctor.rules.gpu.need import needed
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose

_SHARE = 0.25  # of the memory in others' hands: below it, a desktop or the driver itself
_LEAST = 2 << 30
_SHOWN = 5


def judge(facts: Facts) -> Iterable[Finding]:
    seen, card = known(facts.accelerator), chosen(facts)
    if seen is None or card is None:
        return
    if card.mode == "prohibited" or (card.mode == "exclusive" and card.holders):
        yield _closed(facts, seen, card)
    elif not card.mig and _held(card) >= max(_SHARE * card.memory_total, _LEAST):
        yield from _held_by_others(facts, seen, card)


def _held(card: Gpu) -> int:
    return card.memory_total - card.memory_free if card.memory_free <= card.memory_total else 0


def _closed(facts: Facts, seen: Accelerator, card: Gpu) -> Finding:
    name = f"GPU {card.index} ({card.name})"
    message = (
        Text(
            f"{name} is set to the compute mode Prohibited: no program may compute on it",
            f"{name} 的计算模式为 Prohibited：任何程序都不能在上面计算",
        )
        if card.mode == "prohibited"
        else Text(
            f"{name} serves one program at a time (Exclusive_Process), and another holds it",
            f"{name} 同一时间只允许一个程序使用（Exclusive_Process），现已被占用",
        )
    )
    other = _freest(facts, seen, card)
    return Finding(
        "GPU508",
        Severity.ERROR,
        message,
        tuple(_holders(card)),
        fix=_other(other)
        if other is not None
        else manual(
            "Let several programs compute on it (as root), or wait",
            "允许多个程序使用（需要 root 权限），或等待",
            command=f"sudo nvidia-smi -i {card.index} -c DEFAULT",
        ),
    )


def _held_by_others(facts: Facts, seen: Accelerator, card: Gpu) -> Iterator[Finding]:
    """Told where another GPU has more room, or where it is the reason why the training does not fit."""
    need, other = needed(facts, card), _freest(facts, seen, card)
    short = need is not None and fits(need, card.memory_free) == "too large"
    because_of_them = short and need is not None and fits(need, card.memory_total) != "too large"
    untold = need is None and _held(card) > card.memory_total / 2
    if other is None and not because_of_them and not untold:
        return
    held, total = gib(_held(card)), gib(card.memory_total)
    asked = f"; the training needs about {gib(need.total)}" if short and need is not None else ""
    asked_zh = f"；训练约需 {gib(need.total)}" if short and need is not None else ""
    yield Finding(
        "GPU508",
        Severity.ERROR if because_of_them else Severity.WARNING,
        Text(
            f"Other programs hold {held} of the {total} of GPU {card.index} ({card.name}){asked}",
            f"GPU {card.index}（{card.name}）的 {total} 显存中有 {held} 被其他程序占用{asked_zh}",
        ),
        tuple(_holders(card)),
        fix=_other(other)
        if other is not None
        else manual(
            "Wait for the programs that hold it, or end those that are yours",
            "等待占用它的程序结束，或结束其中属于你的程序",
            command="nvidia-smi",
        ),
    )


def _freest(facts: Facts, seen: Accelerator, card: Gpu) -> Gpu | None:
    """Of the GPUs that the user lets CUDA see, the one with clearly the most free memory."""
    open_to_all = [
        gpu
        for gpu in visible(listed(facts, seen), seen).cards
        if gpu.index != card.index and not gpu.mig and gpu.mode != "prohibited"
        if not (gpu.mode == "exclusive" and gpu.holders)
    ]
    best = max(open_to_all, key=lambda gpu: gpu.memory_free, default=None)
    closed = card.mode in ("prohibited", "exclusive")
    if best is None or (
        not closed and best.memory_free < card.memory_free + _SHARE * card.memory_total
    ):
        return None
    return best


def _other(gpu: Gpu) -> Fix:
    return Fix(
        Text(
            f"Use GPU {gpu.index} ({gpu.name}): {gib(gpu.memory_free)} are free there now",
            f"使用 GPU {gpu.index}（{gpu.name}）：现在有 {gib(gpu.memory_free)} 可用",
        ),
        Applicability.UNSAFE,
        # By its name where there is one: CUDA and nvidia-smi may count in different orders.
        patch=EnvPatch({KEY: gpu.uuid or str(gpu.index)}),
    )


def _holders(card: Gpu) -> Iterator[Text]:
    for holder in sorted(card.holders, key=lambda one: -one.memory)[:_SHOWN]:
        yield _holder(holder)
    if len(card.holders) > _SHOWN:
        rest = len(card.holders) - _SHOWN
        yield Text(f"and {rest} more", f"另有 {rest} 个")


def _holder(holder: Holder) -> Text:
    size = f", {gib(holder.memory)}" if holder.memory else ""
    size_zh = f"，{gib(holder.memory)}" if holder.memory else ""
    if not holder.own:
        return Text(f"process {holder.pid}{size}", f"进程 {holder.pid}{size_zh}")
    return Text(
        f"process {holder.pid}, {holder.name}, yours{size}",
        f"进程 {holder.pid}，{holder.name}，属于你{size_zh}",
    )


RULE = Rule(
    code="GPU508",
    name="gpu-busy",
    severity=Severity.WARNING,
    title=Text("Other programs hold the GPU", "GPU 被其他程序占用"),
    needs=("accelerator", "torch", "listing"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            The GPU that the training would use is in other hands: much of its memory is held, or its compute
            mode lets no second program in.
            """,
            """
            训练要用的 GPU 正被占用：大部分显存已被其他程序使用，或它的计算模式不允许第二个程序使用。
            """,
        ),
        why=prose(
            """
            Training stops with "CUDA out of memory", or "all CUDA-capable devices are busy or unavailable",
            though the card is large enough. Where two programs share a card, each of them is slower.
            """,
            """
            显卡本来够大，训练却报 "CUDA out of memory" 或
            "all CUDA-capable devices are busy or unavailable"。两个程序共用一块显卡时，各自都会变慢。
            """,
        ),
        detect=prose(
            """
            NVML tells the free memory, the compute mode, and which processes compute. It is a moment's view.
            Something is said when others hold more than a quarter (at least 2 GiB; a rule of thumb), and
            another GPU has clearly more room or the training does not fit beside them. Only GPUs that
            `CUDA_VISIBLE_DEVICES` shows are recommended. Names are shown of your own processes only; in a
            container processes are those of the host and go without.

            Proved with recorded answers of NVML, not on hardware.
            """,
            """
            NVML 提供可用显存、计算模式以及正在计算的进程，这只是当时的情况。其他程序占用超过四分之一
            （且不少于 2 GiB，经验值），并且另一块 GPU 明显更空闲、或训练因此放不下时才提示。
            只推荐 `CUDA_VISIBLE_DEVICES` 允许的 GPU。只显示属于你的进程的名称；在容器里，进程号是宿主机的，不显示名称。

            用真实记录的 NVML 输出回放验证，未在硬件上实测。
            """,
        ),
        mend=prose(
            """
            Take the GPU with the most free memory:

            ```
            CUDA_VISIBLE_DEVICES=1
            ```

            or end what is yours and forgotten, mostly a notebook's kernel or a crashed run:

            ```bash
            nvidia-smi
            kill PID
            ```
            """,
            """
            改用可用显存最多的 GPU：

            ```
            CUDA_VISIBLE_DEVICES=1
            ```

            或结束属于你、已经忘记的程序，常见的是 notebook 内核或崩溃后残留的训练：

            ```bash
            nvidia-smi
            kill PID
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            nvidia-smi
            qtune doctor --only GPU508
            ```
            """,
            """
            执行：

            ```bash
            nvidia-smi
            qtune doctor --only GPU508
            ```
            """,
        ),
        sources=("https://docs.nvidia.com/deploy/topics/topic_5_2_1.html",),
    ),
)
