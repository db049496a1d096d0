"""PKG708: a line of the run config asks for a package that is not installed."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    packages = known(facts.packages)
    if packages is None:
        return
    for line, names in facts.goal.packages.items():
        # A name that was not looked for is no absent one: facts of an older qtune.
        if any(packages.versions.get(name) != "" for name in names):
            continue
        yield Finding(
            "PKG708",
            Severity.ERROR,
            Text(
                f"{line} needs {names[0]}, which is not installed",
                f"{line} 需要 {names[0]}，但尚未安装",
            ),
            because="PKG700" if packages.versions.get("torch") == "" else None,
            fix=manual(
                "Install it, or remove the line",
                "安装它，或删掉这一行",
                command=f"python -m pip install {names[0]}",
            ),
        )


RULE = Rule(
    code="PKG708",
    name="run-needs-package",
    severity=Severity.ERROR,
    title=Text(
        "The run config asks for a package that is not installed", "训练配置需要的软件包没有安装"
    ),
    needs=("packages",),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            A line of the run config is the work of a package that not every run needs, and that is not
            installed:

            - `method: dpo`, `kto` or `reward`: trl
            - `attn_implementation: flash_attention_2`: flash-attn
            - `training: {use_liger_kernel: true}`: liger-kernel
            - `training: {report_to: …}`: tensorboard, wandb, swanlab or trackio
            - `training: {optim: …}`: bitsandbytes for the 8-bit and paged ones, torchao, schedulefree and others
            """,
            """
            训练配置中有一行要靠某个软件包实现，并非每次训练都需要它，而它没有安装：

            - `method: dpo`、`kto` 或 `reward`：trl
            - `attn_implementation: flash_attention_2`：flash-attn
            - `training: {use_liger_kernel: true}`：liger-kernel
            - `training: {report_to: …}`：tensorboard、wandb、swanlab 或 trackio
            - `training: {optim: …}`：8 位和 paged 优化器需要 bitsandbytes，其他可能需要 torchao、schedulefree 等
            """,
        ),
        why=prose(
            """
            The run would stop at the import, after the model was downloaded.
            """,
            """
            训练会在导入时中断，而那时模型已经下载完了。
            """,
        ),
        detect=prose(
            """
            From the run config and the metadata of the installed packages; nothing is imported. That a package
            is there and broken is PKG704's.
            """,
            """
            根据训练配置和已安装软件包的元数据判断，不导入任何东西。软件包已安装但无法使用属于 PKG704。
            """,
        ),
        mend=prose(
            """
            ```bash
            python -m pip install -U 'qtune[train]'
            ```

            brings trl; the others are installed by their own names. flash-attn has to fit torch and CUDA;
            `attn_implementation: auto` takes torch's own kernel, which needs nothing.
            """,
            """
            trl 用以下命令安装：

            ```bash
            python -m pip install -U 'qtune[train]'
            ```

            其余的按各自的名称安装。flash-attn 必须与 torch 和 CUDA 匹配；
            `attn_implementation: auto` 会用 torch 自带的实现，不需要安装。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor run.yaml --only PKG708
            ```
            """,
            """
            用以下命令确认：

            ```bash
            qtune doctor run.yaml --only PKG708
            ```
            """,
        ),
        sources=(
            "https://huggingface.co/docs/trl/installation",
            "https://github.com/Dao-AILab/flash-attention",
        ),
    ),
)
