"""GPU505: the installed torch has no code for this generation of GPUs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Accelerator, Facts, TorchBuild, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wheels import PICK, install, wheel_for
from qtune.doctor.rules.gpu.wish import TRAINING, wants_no_cuda
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both

_NO_KERNEL = "no kernel image"
_ARCH = re.compile(r"(sm|compute)_(\d{2,3})([af]?)")
_SOLDERED = frozenset(
    {53, 62, 72, 87, 101}
)  # Jetson and the like: code for others does not run there


def judge(facts: Facts) -> Iterable[Finding]:
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or build is None or wants_no_cuda(facts) or not unsupported(build):
        return
    name = build.devices[0] if build.devices else "GPU"
    of = build.capabilities[0] if build.capabilities else "?"
    yield Finding(
        "GPU505",
        Severity.ERROR,
        Text(
            f"torch {build.version} has no code for the {name} (compute capability {of}): "
            'training would stop with "no kernel image is available"',
            f"torch {build.version} 不支持 {name}（计算能力 {of}）："
            "训练会报 “no kernel image is available” 而中断",
        ),
        (
            Text(
                f"torch has code for {' '.join(build.archs)}", f"torch 支持 {' '.join(build.archs)}"
            ),
            *((in_both(build.kernel_error),) if build.kernel_error else ()),
        ),
        fix=_fix(seen),
    )


def unsupported(build: TorchBuild) -> bool:
    """By the architectures that it names, or by its own words; a computation that went well settles it."""
    if not build.available or build.hip or build.kernel == "ok" or not build.capabilities:
        return False
    if _NO_KERNEL in build.kernel_error:
        return True
    return bool(build.archs) and not runs(build.capabilities[0], build.archs)


def runs(capability: str, archs: tuple[str, ...]) -> bool:
    """Does code for one of `archs` run on this card? True for what cannot be read.

    sm_86 runs on its own and later minor versions of 8; a trailing `a` binds it to that one; compute_90 is
    compiled by the driver for anything later.
    """
    major, _, minor = capability.partition(".")
    parsed = [match for arch in archs if (match := _ARCH.fullmatch(arch))]
    if not (major.isdecimal() and minor.isdecimal()) or len(parsed) != len(archs):
        return True
    card = int(major) * 10 + int(minor)
    for kind, digits, tail in (match.groups() for match in parsed):
        code = int(digits)
        same = code // 10 == card // 10
        if code == card or (kind == "compute" and not tail and code <= card):
            return True
        if kind == "sm" and tail != "a" and same and code <= card and card not in _SOLDERED:
            return True
    return False


def _fix(seen: Accelerator) -> Fix:
    wheel = wheel_for(seen)
    if wheel is None:
        return manual(
            "Look for a build of torch for this card and driver, or train on another GPU",
            "为这块显卡和驱动寻找可用的 torch，或换一块 GPU",
            url=PICK,
        )
    return manual(
        f"Install a torch with code for this card ({wheel})",
        f"安装支持这块显卡的 torch（{wheel}）",
        command=install(wheel),
        url=PICK,
    )


RULE = Rule(
    code="GPU505",
    name="arch-unsupported",
    severity=Severity.ERROR,
    title=Text("torch has no code for this GPU", "torch 不支持这块 GPU"),
    needs=("torch", "accelerator"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            A build of torch holds machine code for certain generations of GPUs, `torch.cuda.get_arch_list()`
            names them. This card is of another: too new for it (RTX 50 is sm_120, and builds for CUDA 12.6
            end at sm_90), or too old (builds for CUDA 13 begin at sm_75, so V100 and GTX 10 are out).
            """,
            """
            每个 torch 安装包只含某几代 GPU 的机器码，`torch.cuda.get_arch_list()` 会列出。
            这块显卡不在其中：可能太新（RTX 50 系是 sm_120，而 CUDA 12.6 版只到 sm_90），
            也可能太旧（CUDA 13 版从 sm_75 起，不含 V100、GTX 10 系）。
            """,
        ),
        why=prose(
            """
            `torch.cuda.is_available()` is True and the model loads. The first computation then stops with
            "CUDA error: no kernel image is available for execution on the device".
            """,
            """
            `torch.cuda.is_available()` 为 True，模型也能加载，但第一次计算就会报
            "CUDA error: no kernel image is available for execution on the device"。
            """,
        ),
        detect=prose(
            """
            The compute capability of torch's first device against the list that it was built for: code runs
            on later minor versions of its own generation, and `compute_90` (PTX) on all later ones. A small
            computation is tried as well, and when that goes well nothing is said, whatever the list says.

            Proved with a torch in its place that answers as such builds do, not on hardware.
            """,
            """
            对照 torch 第一个设备的计算能力与其构建列表：机器码可在同一代的更高小版本上运行，
            `compute_90`（PTX）可在之后的所有架构上运行。还会实际做一次小的计算，如果成功，则不论列表如何都不提示。

            用按此类版本作答的替身 torch 验证，未在硬件上实测。
            """,
        ),
        mend=prose(
            """
            ```bash
            pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu130
            ```

            with the index that the finding names:

            | card | driver | index |
            |---|---|---|
            | RTX 50, B200 (10.0 and above) | 580 or newer | cu130 |
            | RTX 50, B200 (10.0 and above) | 570 to 579 | cu128 (torch 2.11 at most) |
            | RTX 20 to 40, A100, H100 (7.5 to 9.0) | 580 or newer | cu130 |
            | RTX 20 to 40, A100, H100 (7.5 to 9.0) | 525 to 579 | cu126 |
            | V100, GTX 10 (5.0 to 7.0) | 525 or newer | cu126 (torch 2.14 at most) |
            """,
            """
            ```bash
            pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu130
            ```

            请使用诊断结果给出的索引：

            | 显卡 | 驱动 | 索引 |
            |---|---|---|
            | RTX 50、B200（10.0 及以上） | 580 及以上 | cu130 |
            | RTX 50、B200（10.0 及以上） | 570 至 579 | cu128（torch 最高 2.11） |
            | RTX 20 至 40、A100、H100（7.5 至 9.0） | 580 及以上 | cu130 |
            | RTX 20 至 40、A100、H100（7.5 至 9.0） | 525 至 579 | cu126 |
            | V100、GTX 10（5.0 至 7.0） | 525 及以上 | cu126（torch 最高 2.14） |
            """,
        ),
        verify=prose(
            """
            A number is printed, and no error:

            ```bash
            python -c "import torch; print(torch.ones(2, device='cuda').sum())"
            qtune doctor --only GPU505
            ```
            """,
            """
            应当输出一个数，而不是报错：

            ```bash
            python -c "import torch; print(torch.ones(2, device='cuda').sum())"
            qtune doctor --only GPU505
            ```
            """,
        ),
        sources=(
            "https://github.com/pytorch/pytorch/issues/149845",
            "https://github.com/pytorch/pytorch/issues/167244",
            "https://github.com/pytorch/pytorch/issues/172352",
            "https://github.com/pytorch/pytorch/pull/182849",
            "https://github.com/pytorch/pytorch/issues/190385",
        ),
    ),
)
