"""GPU506: CUDA_VISIBLE_DEVICES hides the GPUs."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.origin import Level
from qtune.core.text import Text
from qtune.doctor.facts import Accelerator, Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.chosen import KEY, Visible, listed, visible
from qtune.doctor.rules.gpu.wish import TRAINING, severity, wants_no_cuda
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    seen = known(facts.accelerator)
    if seen is None or not seen.gpus or wants_no_cuda(facts):
        return
    value = listed(facts, seen)
    if value is None or not _can_tell(value, seen):
        return
    left, build = visible(value, seen), known(facts.torch)
    works = build is not None and build.available
    if left.behind if left.cards else not works:
        yield _finding(facts, value, left, seen)


def hides_all(facts: Facts, seen: Accelerator) -> bool:
    value = listed(facts, seen)
    return value is not None and _can_tell(value, seen) and not visible(value, seen).cards


def _can_tell(value: str, seen: Accelerator) -> bool:
    """Not where names are compared that the driver did not tell, nor for MIG's older names."""
    if "MIG-GPU-" in value:
        return False
    if "MIG-" in value and seen.how != "nvml":
        return False
    return "GPU-" not in value or all(gpu.uuid for gpu in seen.gpus)


def _finding(facts: Facts, value: str, left: Visible, seen: Accelerator) -> Finding:
    setting = facts.setting(KEY)
    inherited = setting.origin.level is Level.DEFAULT
    origin = setting.origin
    where = Text("the process environment", "进程环境变量") if inherited else origin.describe()
    if left.cards:
        hidden = ", ".join(left.behind)
        message = Text(
            f"{KEY}={value} ({where.en}): {left.bad or 'an empty entry'} names no GPU of this machine, and "
            f"CUDA stops reading there: {hidden} is hidden too",
            f"{KEY}={value}（{where.zh}）：本机没有 {left.bad or '空项'} 这块 GPU，CUDA 读到此处就停止，"
            f"其后的 {hidden} 也会被隐藏",
        )
        level = Severity.INFO
    else:
        message = Text(
            f"{KEY}={value} ({where.en}) hides every GPU: training would run on the CPU",
            f"{KEY}={value}（{where.zh}）隐藏了所有 GPU：训练将在 CPU 上进行",
        )
        level = severity(facts, Severity.WARNING)
    return Finding(
        "GPU506",
        level,
        message,
        tuple(
            Text(f"GPU {gpu.index}: {gpu.name}", f"GPU {gpu.index}：{gpu.name}")
            for gpu in seen.gpus
        ),
        span=span_of(origin, facts),
        fix=_fix(inherited),
    )


def _fix(inherited: bool) -> Fix:
    if inherited:
        return manual(
            "Take the empty variable out of the environment",
            "取消这个空的环境变量",
            command=f"unset {KEY}",
        )
    return Fix(
        Text("Let CUDA see all GPUs", "让 CUDA 看到所有 GPU"),
        Applicability.UNSAFE,
        patch=EnvPatch({}, frozenset({KEY})),
    )


RULE = Rule(
    code="GPU506",
    name="visible-devices",
    severity=Severity.WARNING,
    title=Text("CUDA_VISIBLE_DEVICES hides the GPUs", "CUDA_VISIBLE_DEVICES 隐藏了 GPU"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            `CUDA_VISIBLE_DEVICES` lists the GPUs that CUDA may use. CUDA reads it from the left up to the
            first entry that names nothing (a number that is too large, `-1`, a UUID of another machine) and
            leaves out that entry and all behind it. An empty value in the environment hides all of them, and
            so does a list that names one GPU twice.
            """,
            """
            `CUDA_VISIBLE_DEVICES` 列出 CUDA 可以使用的 GPU。CUDA 从左往右读，遇到第一个无效的项
            （编号过大、`-1`、其他机器的 UUID）就停下，该项及其后的全部忽略。环境变量中的空值会隐藏所有 GPU，
            同一块 GPU 写两次也是如此。
            """,
        ),
        why=prose(
            """
            There is no error message: `torch.cuda.is_available()` is False, or a GPU is missing. Often the
            line was copied from a machine with more GPUs.

            The first GPU of the list is the one that qtune trains on. When only later entries are wrong, this
            is a note.
            """,
            """
            不会有任何报错，只是 `torch.cuda.is_available()` 为 False，或少了一块 GPU。
            这一行往往是从 GPU 更多的机器上抄来的。

            qtune 使用列表中的第一块 GPU 训练；如果只是后面的项有误，则仅作提示。
            """,
        ),
        detect=prose(
            """
            The value that a training would get, from the environment or `.env`, is read as CUDA reads it and
            compared with the GPUs that NVML lists. An empty value in `.env` counts as not set, as every empty
            value there does. To train on the CPU on purpose, say `QTUNE_DEVICE=cpu`; then nothing is said here.

            Proved with recorded answers of NVML, not on hardware.
            """,
            """
            按 CUDA 的读法解析训练将得到的值（来自环境变量或 `.env`），与 NVML 列出的 GPU 对照。
            `.env` 里的空值一律视为未设置。确实要用 CPU 训练请设置 `QTUNE_DEVICE=cpu`，此时不再提示。

            用真实记录的 NVML 输出回放验证，未在硬件上实测。
            """,
        ),
        mend=prose(
            """
            Remove the line, or name a GPU that `nvidia-smi -L` lists:

            ```
            CUDA_VISIBLE_DEVICES=0
            ```

            The environment beats `.env`: what a shell or a cluster's scheduler has set must be changed there.
            On a cluster an empty value mostly means that the job asked for no GPU.
            """,
            """
            删除这一行，或写 `nvidia-smi -L` 列出的 GPU：

            ```
            CUDA_VISIBLE_DEVICES=0
            ```

            环境变量优先于 `.env`：由 shell 或集群调度器设置的，要在那里修改。在集群上，空值通常表示作业没有申请 GPU。
            """,
        ),
        verify=prose(
            """
            ```bash
            nvidia-smi -L
            qtune doctor --only GPU506
            ```
            """,
            """
            执行：

            ```bash
            nvidia-smi -L
            qtune doctor --only GPU506
            ```
            """,
        ),
        sources=(
            "https://docs.nvidia.com/deploy/topics/topic_5_2_1.html",
            "https://github.com/pytorch/pytorch/issues/131650",
        ),
    ),
)
