"""PKG704: a package built for another torch, which transformers imports all the same."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, Import, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both


def judge(facts: Facts) -> Iterable[Finding]:
    imports = known(facts.imports)
    for name, tried in imports.tried.items() if imports is not None else ():
        if tried.error and name != "bitsandbytes":
            yield _finding(name, tried, facts)


def _finding(name: str, tried: Import, facts: Facts) -> Finding:
    packages = known(facts.packages)
    torch = packages.versions.get("torch", "") if packages is not None else ""
    return Finding(
        "PKG704",
        Severity.ERROR,
        Text(
            f"{name} {tried.version} cannot be imported with torch {torch}, and transformers imports it"
            if torch
            else f"{name} {tried.version} cannot be imported, and transformers imports it",
            f"{name} {tried.version} 与 torch {torch} 不匹配，无法导入，而 transformers 会导入它"
            if torch
            else f"{name} {tried.version} 无法导入，而 transformers 会导入它",
        ),
        (in_both(tried.error),),
        fix=manual(
            f"Remove {name}: training text models does not need it (or install the build for this torch)",
            f"卸载 {name}：训练文本模型不需要它（或安装与当前 torch 对应的版本）",
            command=f"python -m pip uninstall {name}",
        ),
    )


RULE = Rule(
    code="PKG704",
    name="built-for-another-torch",
    severity=Severity.ERROR,
    title=Text("A package was built for another torch", "某个包是为另一版本的 torch 编译的"),
    needs=("imports", "packages"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            torchvision or flash-attn is installed and was built for another torch: another version, or the
            same one for another CUDA. transformers imports it because it is there, also for models that see no pictures.
            """,
            """
            已安装的 torchvision 或 flash-attn 是为另一个 torch 编译的：版本不同，或版本相同但 CUDA 不同。
            只要装了，transformers 就会导入它，哪怕模型与图像无关。
            """,
        ),
        why=prose(
            """
            The training ends before it begins, with an error that does not name the culprit: "operator
            torchvision::nms does not exist", "Could not import module 'PreTrainedModel'", or
            "flash_attn_2_cuda … undefined symbol".
            """,
            """
            训练还没开始就会结束，而报错并不指明真正的原因："operator torchvision::nms does not exist"、
            "Could not import module 'PreTrainedModel'"，或 "flash_attn_2_cuda … undefined symbol"。
            """,
        ),
        detect=prose(
            """
            Metadata says too little, so the package is imported in a child process, after torch: torchvision
            where Pillow is installed too, as transformers does; flash-attn only with transformers 4, which
            imports it with the model. transformers 5 does so only when asked, and qtune does not ask. For the
            same reason triton and Liger kernels are not looked at. Where torch itself cannot be imported,
            nothing is said here.
            """,
            """
            仅凭元数据无法判断，所以在子进程中先导入 torch 再导入它：torchvision 在同时装有 Pillow 时检查
            （transformers 也是如此）；flash-attn 仅在 transformers 4 时检查，它会随模型一起导入，
            而 transformers 5 只在明确要求时才导入，qtune 并不要求。triton 和 Liger 同理不检查。
            如果 torch 本身就无法导入，这里不作判断。
            """,
        ),
        mend=prose(
            """
            Training text models needs neither:

            ```bash
            python -m pip uninstall torchvision flash-attn
            ```

            or install the pair from one place, here for CUDA 12.8:

            ```bash
            python -m pip install -U torch torchvision --index-url https://download.pytorch.org/whl/cu128
            ```
            """,
            """
            训练文本模型两者都不需要：

            ```bash
            python -m pip uninstall torchvision flash-attn
            ```

            或从同一来源成对安装，以 CUDA 12.8 为例：

            ```bash
            python -m pip install -U torch torchvision --index-url https://download.pytorch.org/whl/cu128
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            python -c "import torch, torchvision"
            qtune doctor --only PKG704
            ```
            """,
            """
            用以下命令确认：

            ```bash
            python -c "import torch, torchvision"
            qtune doctor --only PKG704
            ```
            """,
        ),
        sources=(
            "https://github.com/pytorch/pytorch/issues/122494",
            "https://github.com/pytorch/vision/issues/8985",
            "https://github.com/Dao-AILab/flash-attention/issues/1061",
        ),
    ),
)
