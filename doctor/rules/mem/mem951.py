"""MEM951: the training needs more RAM than the machine, or the container, has."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.amounts import gib
from qtune.core.architecture import parameters
from qtune.core.fitting import advice
from qtune.core.memory import SIZE, Dtype, Estimate, estimate, weights
from qtune.core.text import Text
from qtune.core.workload import Workload
from qtune.doctor.facts import Facts, Resources, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.mem.place import asked, dtype, gpu, on_cpu
from qtune.doctor.rules.words import prose

# Python with torch and transformers imported, measured; peft, the data and what else is held are a guess.
_BASE = 600 << 20


def judge(facts: Facts) -> Iterable[Finding]:
    machine, found = known(facts.resources), listing(facts)
    if machine is None or found is None or found.architecture is None:
        return
    run = asked(facts)
    if on_cpu(facts):
        number = _cpu_dtype(facts)
        needed = estimate(found.architecture, run, number)
        if isinstance(needed, Estimate):
            fix = _smaller(facts, run, number, machine)
            yield from _judged(facts, machine, needed.tensors + _BASE, fix, on_cpu=True)
        return
    card = gpu(facts)
    number_on_gpu = dtype(facts, card) if card is not None else None
    if number_on_gpu is None or run.tuning == "qlora":
        return
    # Weights of the file's own format are mapped and not copied; in another they are made in RAM first.
    in_file = found.bytes / max(1, parameters(found.architecture))
    if SIZE[number_on_gpu] > in_file * 1.5:
        needed_bytes = weights(found.architecture, run, number_on_gpu) + _BASE
        fix = manual(
            "Use a GPU that computes in bfloat16, a machine with more memory, or a smaller model",
            "换用支持 bfloat16 的 GPU、内存更大的机器，或更小的模型",
        )
        yield from _judged(facts, machine, needed_bytes, fix, on_cpu=False)


def _cpu_dtype(facts: Facts) -> Dtype:
    wanted = facts.setting("QTUNE_DTYPE").value
    return wanted if wanted in SIZE else "float32"


def _judged(
    facts: Facts, machine: Resources, needed: int, fix: Fix, *, on_cpu: bool
) -> Iterable[Finding]:
    available = min(machine.available, machine.ceiling)
    if needed <= available:
        return
    short = needed > machine.ceiling
    what = (
        Text(f"Training {facts.goal.model} on the CPU", f"用 CPU 训练 {facts.goal.model} ")
        if on_cpu
        else Text(f"Loading {facts.goal.model}", f"加载 {facts.goal.model} ")
    )
    limit = machine.memory_limit is not None and machine.memory_limit < machine.memory
    there = (
        Text(
            f"this container may use {gib(machine.ceiling)}",
            f"此容器最多可用 {gib(machine.ceiling)}",
        )
        if limit
        else Text(f"the machine has {gib(machine.ceiling)}", f"这台机器共有 {gib(machine.ceiling)}")
    )
    if not short:
        there = Text(f"{gib(available)} are free", f"当前只剩 {gib(available)}")
    yield Finding(
        "MEM951",
        Severity.ERROR if short else Severity.WARNING,
        Text(
            f"{what.en} needs about {gib(needed)} of RAM, and {there.en}",
            f"{what.zh}约需 {gib(needed)} 内存，而{there.zh}",
        ),
        fix=fix
        if short
        else manual(
            "Close other programs, or they will be swapped out or killed",
            "请关闭其他程序，否则会被换出或杀掉",
            command="ps aux --sort=-rss | head",
        ),
    )


def _smaller(facts: Facts, run: Workload, number: Dtype, machine: Resources) -> Fix:
    found = listing(facts)
    assert found is not None and found.architecture is not None
    changes = [
        change
        for change in advice(found.architecture, run, number, machine.ceiling)
        if change.run.tuning != "qlora"  # which wants a GPU
    ]
    if changes and changes[-1].fit != "too large":
        en = "; ".join(change.what.en for change in changes)
        zh = "；".join(change.what.zh for change in changes)
        return manual(f"In the run config: {en}", f"在训练配置中：{zh}")
    return manual(
        "Train a smaller model, use a GPU, or give the machine (the container) more memory",
        "训练更小的模型、使用 GPU，或给机器（容器）更多内存",
    )


RULE = Rule(
    code="MEM951",
    name="ram",
    severity=Severity.ERROR,
    title=Text("The training needs more RAM than there is", "内存不足以训练"),
    needs=("resources", "listing", "accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            The training runs on the CPU, where weights, gradients and activations lie in RAM; or the weights
            are turned into another number format on their way to the GPU, which is done in RAM. That takes
            more than the machine has, or than the container may use.
            """,
            """
            训练在 CPU 上进行，权重、梯度、激活值都在内存中；或者权重在送往 GPU 之前要转换数值格式，这一步在内存中完成。
            所需超过了机器的内存，或容器允许使用的内存。
            """,
        ),
        why=prose(
            """
            Linux ends the process without a message of its own ("Killed", exit code 137), often in the middle
            of loading. In a container `free` shows the host's memory, not the limit that counts.
            """,
            """
            Linux 会直接结束进程，没有任何说明（"Killed"，退出码 137），往往发生在加载途中。
            在容器里，`free` 显示的是宿主机的内存，而不是真正生效的上限。
            """,
        ),
        detect=prose(
            """
            The machine's memory, and the least of the limits that its control groups set (`memory.max`, or
            `memory.limit_in_bytes` of version 1), against the estimate of MEM950 without CUDA's part. For the
            program itself 0.6 GiB are reckoned with: 0.25 were measured after importing torch and
            transformers, the rest is a rule of thumb. Swap does not count.

            Measured with transformers 5.23: weights in the file's own format are mapped and take no memory of
            their own, so a GPU that computes in bfloat16 needs no RAM for them, and is not judged. In float32
            (older GPUs, CPUs) four bytes for each parameter are allocated before the GPU sees one.

            Where a GPU is there and torch does not see it, that is the finding, and this one is silent.
            """,
            """
            把机器内存与各级控制组设置的最小上限（`memory.max`，第一版为 `memory.limit_in_bytes`）取较小者，
            与 MEM950 的估算（不含 CUDA 部分）比较。程序自身按 0.6 GiB 计：导入 torch 和 transformers 后实测 0.25 GiB，
            其余为经验值。不计交换空间。

            用 transformers 5.23 实测：与文件格式相同的权重只做映射，不另占内存，
            因此以 bfloat16 计算的 GPU 不需要为它准备内存，也不作判断；
            使用 float32 时（较旧的 GPU、CPU），会先在内存中为每个参数分配四个字节。

            如果有 GPU 而 torch 看不到它，那才是要解决的问题，这里不作判断。
            """,
        ),
        mend=prose(
            """
            Give the container more memory, or train something smaller:

            ```bash
            docker run --memory 32g my-image
            ```

            ```yaml
            model: Qwen/Qwen3-0.6B
            max_length: 512
            ```
            """,
            """
            给容器更多内存，或训练更小的模型：

            ```bash
            docker run --memory 32g my-image
            ```

            ```yaml
            model: Qwen/Qwen3-0.6B
            max_length: 512
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            cat /sys/fs/cgroup/memory.max
            qtune doctor sft.yaml --only MEM951
            ```
            """,
            """
            用以下命令确认：

            ```bash
            cat /sys/fs/cgroup/memory.max
            qtune doctor sft.yaml --only MEM951
            ```
            """,
        ),
        sources=("https://docs.kernel.org/admin-guide/cgroup-v2.html#memory",),
    ),
)
