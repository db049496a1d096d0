"""GPU504: there is a GPU, and the installed torch was built without CUDA."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text, plain
from qtune.doctor.facts import Accelerator, Facts, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wheels import DRIVERS, PICK, install, wheel_for
from qtune.doctor.rules.gpu.wish import TRAINING, severity, wants_no_cuda
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or not seen.gpus or build is None or not build.installed:
        return
    if build.cuda or build.hip or build.mps or build.available or build.error:
        return
    if wants_no_cuda(facts):
        return
    gpu = seen.gpus[0].name
    yield Finding(
        "GPU504",
        severity(facts, Severity.WARNING),
        Text(
            f"torch {build.version} is built without CUDA, so it does not see the {gpu}: training would "
            "run on the CPU",
            f"torch {build.version} 不带 CUDA 支持，看不到 {gpu}：训练将在 CPU 上进行",
        ),
        (
            Text(f"driver {seen.driver}", f"驱动 {seen.driver}"),
            plain(f"torch.version.cuda = None, torch {build.version}"),
        ),
        fix=_fix(seen),
    )


def _fix(seen: Accelerator) -> Fix:
    wheel = wheel_for(seen)
    if wheel is None:
        return manual(
            f"Update NVIDIA's driver first: {seen.driver or 'it'} is too old for today's CUDA builds of torch",
            f"先更新 NVIDIA 驱动：{seen.driver or '当前版本'}太旧，不支持现在的 CUDA 版 torch",
            url=DRIVERS,
        )
    return manual(
        f"Install a torch with CUDA ({wheel} suits this driver)",
        f"安装带 CUDA 的 torch（{wheel} 适合当前驱动）",
        command=install(wheel),
        url=PICK,
    )


RULE = Rule(
    code="GPU504",
    name="cpu-wheel",
    severity=Severity.WARNING,
    title=Text("torch is built without CUDA", "安装的 torch 不带 CUDA 支持"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            The driver works and lists a GPU, but the torch in this Python was built for the CPU only:
            `torch.version.cuda` is `None`, its version often ends in `+cpu`.
            """,
            """
            驱动正常、也能看到 GPU，但当前 Python 里的 torch 是纯 CPU 版：
            `torch.version.cuda` 为 `None`，版本号往往以 `+cpu` 结尾。
            """,
        ),
        why=prose(
            """
            Training starts without an error, on the CPU, and is slower by an order of magnitude or two. It
            comes about easily: on Windows plain `pip install torch` brings the CPU build, and another
            package's requirements can replace a good torch without a word.
            """,
            """
            训练会不报错地在 CPU 上开始，速度慢一两个数量级。
            这种情况很容易发生：在 Windows 上直接 `pip install torch` 装的就是 CPU 版，
            其他包的依赖也可能悄悄替换掉原本正常的 torch。
            """,
        ),
        detect=prose(
            """
            What NVIDIA's library says, against what torch says of itself in a process of its own. Builds
            for AMD (ROCm) and for Macs are no CPU builds and are left alone, and so is `QTUNE_DEVICE=cpu`.

            Which wheel suits follows from NVIDIA's table of drivers and PyTorch's of builds: driver 580 or
            newer runs CUDA 13, 525 or newer runs CUDA 12; cards of compute capability 10 and above
            (Blackwell, RTX 50) need 12.8 or newer, those below 7.5 (V100, GTX 10) stay with 12.6, for which
            torch is built up to 2.14. The index of 12.8 stays at torch 2.11.
            """,
            """
            对照 NVIDIA 库的回答，与独立进程中 torch 的自述。AMD（ROCm）版和 Mac 版不算 CPU 版，
            不会提示；设置了 `QTUNE_DEVICE=cpu` 也不提示。

            推荐哪个安装包依据 NVIDIA 的驱动对照表和 PyTorch 的发布表：驱动 580 及以上可用 CUDA 13，
            525 及以上可用 CUDA 12；计算能力 10 及以上的显卡（Blackwell、RTX 50 系）需要 12.8 或更新，
            低于 7.5 的（V100、GTX 10 系）请用 12.6，该索引的 torch 更新到 2.14 为止。12.8 的索引停在 torch 2.11。
            """,
        ),
        mend=prose(
            """
            ```bash
            pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu128
            ```

            with the index that the finding names, in the very environment that qtune runs in. If
            torchvision or torchaudio are installed, name them too: they must come from the same index. The
            choices are listed at https://pytorch.org/get-started/locally/.

            To train on the CPU on purpose: `QTUNE_DEVICE=cpu`.
            """,
            """
            ```bash
            pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu128
            ```

            请使用诊断结果给出的索引，并在运行 qtune 的同一个环境中执行。
            如果装了 torchvision 或 torchaudio，要一并写上，它们必须来自同一个索引。
            各种组合见 https://pytorch.org/get-started/locally/ 。

            确实要用 CPU 训练：`QTUNE_DEVICE=cpu`。
            """,
        ),
        verify=prose(
            """
            The last word should be `True`:

            ```bash
            python -c "import torch; print(torch.__version__, torch.version.cuda, torch.cuda.is_available())"
            qtune doctor --only GPU504
            ```
            """,
            """
            最后一项应当是 `True`：

            ```bash
            python -c "import torch; print(torch.__version__, torch.version.cuda, torch.cuda.is_available())"
            qtune doctor --only GPU504
            ```
            """,
        ),
        sources=(
            "https://pytorch.org/get-started/previous-versions/",
            "https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html",
            "https://github.com/pytorch/pytorch/issues/178665",
            "https://github.com/pytorch/pytorch/issues/190385",
            "https://github.com/unslothai/unsloth/issues/2024",
        ),
    ),
)
