"""GPU515: there is an accelerator of another maker, and torch or qtune does not use it."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text, plain
from qtune.doctor.facts import Accelerator, Facts, TorchBuild, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wheels import PICK
from qtune.doctor.rules.gpu.wish import TRAINING, severity, wants_no_cuda
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both


def judge(facts: Facts) -> Iterable[Finding]:
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or build is None or not build.installed or build.error or wants_no_cuda(facts):
        return
    if build.available or build.mps or seen.gpus or seen.pci or seen.driver:
        return
    if seen.around.amd:
        yield _amd(facts, seen, build)
    elif seen.around.others or build.xpu:
        yield _unused(facts, (seen.around.others or ("Intel GPU (XPU)",))[0])


def _amd(facts: Facts, seen: Accelerator, build: TorchBuild) -> Finding:
    if build.hip and seen.around.amd == "absent":
        return Finding(
            "GPU515",
            severity(facts, Severity.WARNING),
            Text(
                "The machine has an AMD GPU, but there is no /dev/kfd here: training would run on the CPU",
                "这台机器有 AMD GPU，但这里没有 /dev/kfd：训练将在 CPU 上进行",
            ),
            (plain(f"torch {build.version}, ROCm {build.hip}"),),
            fix=manual(
                "In a container: pass the GPU's devices in",
                "在容器中：把 GPU 设备传入容器",
                command="docker run --device=/dev/kfd --device=/dev/dri IMAGE",
            ),
        )
    if build.hip and seen.around.amd == "forbidden":
        return Finding(
            "GPU515",
            severity(facts, Severity.WARNING),
            Text(
                "An AMD GPU is there, but you may not open /dev/kfd: training would run on the CPU",
                "本机有 AMD GPU，但你没有打开 /dev/kfd 的权限：训练将在 CPU 上进行",
            ),
            (plain(f"torch {build.version}, ROCm {build.hip}"),),
            fix=manual(
                "Join the groups render and video, then sign in anew",
                "加入 render 和 video 用户组，然后重新登录",
                command="sudo usermod -aG render,video $USER",
            ),
        )
    if build.hip:
        return Finding(
            "GPU515",
            severity(facts, Severity.WARNING),
            Text(
                f"An AMD GPU is there and torch {build.version} is built for ROCm, but does not see it: training "
                "would run on the CPU",
                f"本机有 AMD GPU，torch {build.version} 也是 ROCm 版，但看不到它：训练将在 CPU 上进行",
            ),
            (in_both(build.warning),) if build.warning else (),
            fix=manual(
                "Look whether this GPU is one that ROCm supports",
                "查看 ROCm 是否支持这块 GPU",
                command="rocminfo",
                url="https://rocm.docs.amd.com/projects/install-on-linux/en/latest/reference/system-requirements.html",
            ),
        )
    return Finding(
        "GPU515",
        severity(facts, Severity.INFO),
        Text(
            f"An AMD GPU is there, but torch {build.version} is not built for ROCm: training would run on the CPU",
            f"本机有 AMD GPU，但 torch {build.version} 不是 ROCm 版：训练将在 CPU 上进行",
        ),
        fix=manual(
            "If it is a GPU that ROCm supports, install the torch for ROCm (Linux only)",
            "如果 ROCm 支持这块 GPU，请安装 ROCm 版 torch（仅限 Linux）",
            url=PICK,
        ),
    )


def _unused(facts: Facts, name: str) -> Finding:
    return Finding(
        "GPU515",
        severity(facts, Severity.INFO),
        Text(
            f"qtune does not train on this machine's {name}: training would run on the CPU",
            f"本机有 {name}，但 qtune 不支持用它训练：训练将在 CPU 上进行",
        ),
        fix=manual(
            "Train on a machine with an NVIDIA GPU or a Mac with Apple silicon, or a small model on the CPU",
            "换用带 NVIDIA GPU 的机器或 Apple 芯片的 Mac，或在 CPU 上训练小模型",
        ),
    )


RULE = Rule(
    code="GPU515",
    name="other-accelerator",
    severity=Severity.INFO,
    title=Text("Another maker's accelerator is not used", "其他厂商的加速设备没有被使用"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            The machine has an accelerator that is not NVIDIA's, and the training would not run on it. What
            qtune trains on is what torch calls `cuda` and `mps`:

            | accelerator | with qtune |
            |---|---|
            | NVIDIA | yes |
            | Apple silicon (MPS) | yes |
            | AMD with torch for ROCm (Linux) | torch calls it `cuda` too, so it should run; not tested |
            | Intel GPU (XPU) | no, training goes to the CPU |
            | Ascend NPU, Cambricon, Moore Threads | no, training goes to the CPU |
            """,
            """
            本机有非 NVIDIA 的加速设备，但训练不会使用它。qtune 支持 torch 中的 `cuda` 和 `mps` 设备：

            | 加速设备 | qtune |
            |---|---|
            | NVIDIA | 支持 |
            | Apple 芯片（MPS） | 支持 |
            | AMD，配 ROCm 版 torch（Linux） | torch 同样称为 `cuda`，理应可用，但未经测试 |
            | Intel GPU（XPU） | 不支持，训练在 CPU 上进行 |
            | 昇腾 NPU、寒武纪、摩尔线程 | 不支持，训练在 CPU 上进行 |
            """,
        ),
        why=prose(
            """
            Training starts without an error and takes days instead of hours. With `QTUNE_DEVICE=cuda` it stops
            with an error at once, after the download.
            """,
            """
            训练会不报错地开始，几小时的任务变成几天。设置了 `QTUNE_DEVICE=cuda` 时，会在下载完成后立即报错停止。
            """,
        ),
        detect=prose(
            """
            AMD's compute driver lists GPUs in `/sys/class/kfd`; `/dev/kfd` must be there (in a container
            with `--device=/dev/kfd --device=/dev/dri`), and readable and writable for this user.
            Other makers show by their device files (`/dev/davinci0` and the like), Intel's by
            `torch.xpu.is_available()`. Beside an NVIDIA GPU, or where torch has a device, nothing is said.
            A GPU inside a processor counts as AMD's too, whether or not ROCm supports it: hence only a note.

            Proved with such files in a folder that stands for the system's root, not on such hardware.
            """,
            """
            AMD 的计算驱动在 `/sys/class/kfd` 中列出 GPU，`/dev/kfd` 必须存在
            （容器需加 `--device=/dev/kfd --device=/dev/dri`），且当前用户能读写。其他厂商由设备文件判断
            （如 `/dev/davinci0`），Intel 由 `torch.xpu.is_available()` 判断。有 NVIDIA GPU 或 torch 已有可用设备时不提示。
            处理器内置的 AMD 核显也会被列出，而 ROCm 不一定支持，因此只作提示。

            用放有这些文件的目录代替系统根目录验证，未在这些硬件上实测。
            """,
        ),
        mend=prose(
            """
            - **AMD**: the torch for ROCm from https://pytorch.org/get-started/locally/, and the rights:

            ```bash
            sudo usermod -aG render,video $USER
            ```

            - **All others**: another machine, or a small model on the CPU, said on purpose:

            ```
            QTUNE_DEVICE=cpu
            ```
            """,
            """
            - **AMD**：从 https://pytorch.org/get-started/locally/ 安装 ROCm 版 torch，并取得权限：

            ```bash
            sudo usermod -aG render,video $USER
            ```

            - **其他设备**：换一台机器，或明确选择在 CPU 上训练小模型：

            ```
            QTUNE_DEVICE=cpu
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            python -c "import torch; print(torch.version.hip, torch.cuda.is_available())"
            qtune doctor --only GPU515
            ```
            """,
            """
            执行：

            ```bash
            python -c "import torch; print(torch.version.hip, torch.cuda.is_available())"
            qtune doctor --only GPU515
            ```
            """,
        ),
        sources=(
            "https://github.com/ROCm/ROCT-Thunk-Interface",
            "https://pytorch.org/get-started/locally/",
        ),
    ),
)
