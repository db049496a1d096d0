"""PKG703: the run wants 4-bit weights, and bitsandbytes cannot give them."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both


def judge(facts: Facts) -> Iterable[Finding]:
    run, packages, imports = facts.goal.training, known(facts.packages), known(facts.imports)
    if run is None or run.tuning != "qlora" or packages is None:
        return
    if packages.versions.get("bitsandbytes") == "":
        yield Finding(
            "PKG703",
            Severity.ERROR,
            Text(
                "tuning: qlora needs bitsandbytes, which is not installed",
                "tuning: qlora 需要 bitsandbytes，但尚未安装",
            ),
            because="PKG700",
            fix=manual(
                "Install it, or use tuning: lora",
                "安装它，或改用 tuning: lora",
                command="python -m pip install bitsandbytes",
            ),
        )
        return
    tried = imports.tried.get("bitsandbytes") if imports is not None else None
    if tried is None or not tried.error:
        return
    yield Finding(
        "PKG703",
        Severity.ERROR,
        Text(
            f"tuning: qlora needs bitsandbytes, and {tried.version} does not work here",
            f"tuning: qlora 需要 bitsandbytes，而已安装的 {tried.version} 无法工作",
        ),
        (in_both(tried.error),),
        fix=manual(
            "Upgrade it so that it fits torch's CUDA, or use tuning: lora",
            "升级到与 torch 的 CUDA 匹配的版本，或改用 tuning: lora",
            command="python -m pip install -U bitsandbytes",
        ),
    )


RULE = Rule(
    code="PKG703",
    name="bitsandbytes",
    severity=Severity.ERROR,
    title=Text("bitsandbytes does not work", "bitsandbytes 无法工作"),
    needs=("imports", "packages"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            The run config says `tuning: qlora`: the base model's weights are kept in 4 bits, which is the work
            of bitsandbytes. It is not installed, or has no library for the CUDA that torch was built for.
            """,
            """
            训练配置写了 `tuning: qlora`：基础模型的权重以 4 位保存，由 bitsandbytes 完成。
            而它没有安装，或者没有与 torch 的 CUDA 版本对应的库。
            """,
        ),
        why=prose(
            """
            Loading the model stops with "CUDA Setup failed despite GPU being available", or says so only at
            the first layer, after the weights were read.
            """,
            """
            加载模型时会报 "CUDA Setup failed despite GPU being available"，或者读完权重后，到第一层才报错。
            """,
        ),
        detect=prose(
            """
            Only for a run with `tuning: qlora`. bitsandbytes is imported in a child process, and asked whether
            its library was built with CUDA where torch has CUDA. Tested with the real package on a machine
            without a GPU, and with recorded errors.
            """,
            """
            仅当训练配置为 `tuning: qlora` 时检查。在子进程中导入 bitsandbytes；如果 torch 可用 CUDA，
            还会确认它的库带有 CUDA。用无 GPU 机器上的真实包和记录的报错测试。
            """,
        ),
        mend=prose(
            """
            ```bash
            python -m pip install -U bitsandbytes
            python -m bitsandbytes
            ```

            A `BNB_CUDA_VERSION` that was set once chooses a library by force; unset it. Without bitsandbytes,
            LoRA on 16-bit weights works, and wants about four times the memory for them:

            ```yaml
            tuning: lora
            ```
            """,
            """
            用以下命令升级并自检：

            ```bash
            python -m pip install -U bitsandbytes
            python -m bitsandbytes
            ```

            以前设置过的 `BNB_CUDA_VERSION` 会强制选择某个库，请取消。
            不用 bitsandbytes 时可以改用 16 位权重的 LoRA，权重占用的显存约为四倍：

            ```yaml
            tuning: lora
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            python -m bitsandbytes
            qtune doctor run.yaml --only PKG703
            ```
            """,
            """
            用以下命令确认：

            ```bash
            python -m bitsandbytes
            qtune doctor run.yaml --only PKG703
            ```
            """,
        ),
        sources=(
            "https://huggingface.co/docs/bitsandbytes/main/en/installation",
            "https://github.com/bitsandbytes-foundation/bitsandbytes/issues/1559",
        ),
    ),
)
