"""GPU513: the host has an NVIDIA GPU, and this container was started without it."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text, plain
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.state import shut_out
from qtune.doctor.rules.gpu.wish import TRAINING, severity, wants_no_cuda
from qtune.doctor.rules.words import prose

_GUIDE = (
    "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html"
)
_STARTED = {
    "docker": manual(
        "Start the container with --gpus all; the host needs nvidia-container-toolkit",
        "用 --gpus all 启动容器；宿主机需要安装 nvidia-container-toolkit",
        command="docker run --gpus all IMAGE",
        url=_GUIDE,
    ),
    "podman": manual(
        "Start the container with NVIDIA's CDI device; the host needs nvidia-container-toolkit",
        "用 NVIDIA 的 CDI 设备启动容器；宿主机需要安装 nvidia-container-toolkit",
        command="podman run --device nvidia.com/gpu=all IMAGE",
        url=_GUIDE,
    ),
    "kubernetes": manual(
        "Ask for a GPU in the pod: resources.limits nvidia.com/gpu: 1; the cluster needs NVIDIA's device plugin",
        "在 Pod 中申请 GPU：resources.limits 写 nvidia.com/gpu: 1；集群需要 NVIDIA device plugin",
        url="https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/",
    ),
    "apptainer": manual(
        "Start it with --nv", "启动时加上 --nv", command="apptainer exec --nv IMAGE COMMAND"
    ),
}


def judge(facts: Facts) -> Iterable[Finding]:
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or not shut_out(seen) or wants_no_cuda(facts):
        return
    if build is not None and build.available:
        return
    kind, passed = seen.around.container, seen.around.passed
    yield Finding(
        "GPU513",
        severity(facts, Severity.WARNING),
        Text(
            f"The host has an NVIDIA GPU, but this container ({kind}) was started without it: training would "
            "run on the CPU",
            f"宿主机有 NVIDIA GPU，但当前容器（{kind}）启动时没有带上它：训练将在 CPU 上进行",
        ),
        (plain(f"NVIDIA_VISIBLE_DEVICES={passed}"),) if passed else (),
        fix=_fix(kind),
    )


def _fix(kind: str) -> Fix:
    return _STARTED.get(kind) or manual(
        "Pass /dev/nvidia* and the driver's libraries into the container",
        "把 /dev/nvidia* 和驱动库传入容器",
        url=_GUIDE,
    )


RULE = Rule(
    code="GPU513",
    name="container-without-gpu",
    severity=Severity.WARNING,
    title=Text("The container was started without the GPU", "容器启动时没有带上 GPU"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            This is a container, and the machine under it has an NVIDIA GPU: its bus or its driver shows it.
            But there is no `/dev/nvidia0` in here. A container gets a GPU only when it is started so.
            """,
            """
            当前运行在容器中，底下的机器有 NVIDIA GPU（从总线或驱动可以看出），但容器里没有 `/dev/nvidia0`。
            只有启动时指定，容器才能使用 GPU。
            """,
        ),
        why=prose(
            """
            Everything else works, and training goes to the CPU. Installing a driver or another torch inside
            the container changes nothing.
            """,
            """
            其他一切正常，训练却会转到 CPU。在容器里安装驱动或重装 torch 都没有用。
            """,
        ),
        detect=prose(
            """
            A container shows by its marks (`/.dockerenv`, `/run/.containerenv`, the variables of Kubernetes and
            Apptainer, the control group of the first process), the GPU by the bus or by
            `/proc/driver/nvidia`. `NVIDIA_VISIBLE_DEVICES` is shown when it is set: `void` and `none` mean "no
            GPU". A container on a host without a GPU is not told.

            Proved with such files in a folder that stands for the system's root, not in a container on a GPU
            host.
            """,
            """
            容器由其标记判断（`/.dockerenv`、`/run/.containerenv`、Kubernetes 和 Apptainer 的环境变量、
            1 号进程的 cgroup），GPU 由总线或 `/proc/driver/nvidia` 判断。如果设置了 `NVIDIA_VISIBLE_DEVICES`
            会一并显示：`void` 和 `none` 表示不使用 GPU。宿主机没有 GPU 时不提示。

            用放有这些文件的目录代替系统根目录验证，未在 GPU 主机的容器中实测。
            """,
        ),
        mend=prose(
            """
            - **Docker**: with nvidia-container-toolkit on the host,

            ```bash
            docker run --gpus all --shm-size=1g IMAGE
            ```

            - **Compose**: `deploy.resources.reservations.devices` with `capabilities: [gpu]`.
            - **Podman**: `--device nvidia.com/gpu=all`.
            - **Kubernetes**: `resources.limits` with `nvidia.com/gpu: 1`.
            - **Apptainer**: `--nv`.
            """,
            """
            - **Docker**：宿主机安装 nvidia-container-toolkit 后，

            ```bash
            docker run --gpus all --shm-size=1g IMAGE
            ```

            - **Compose**：在 `deploy.resources.reservations.devices` 中写 `capabilities: [gpu]`。
            - **Podman**：`--device nvidia.com/gpu=all`。
            - **Kubernetes**：在 `resources.limits` 中写 `nvidia.com/gpu: 1`。
            - **Apptainer**：`--nv`。
            """,
        ),
        verify=prose(
            """
            Inside the container:

            ```bash
            nvidia-smi
            qtune doctor --only GPU513
            ```
            """,
            """
            在容器内执行：

            ```bash
            nvidia-smi
            qtune doctor --only GPU513
            ```
            """,
        ),
        sources=(_GUIDE, "https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/"),
    ),
)
