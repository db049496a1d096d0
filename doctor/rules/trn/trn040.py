"""TRN040: a package for training is missing. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN040",
    "packages-missing",
    Severity.ERROR,
    Text("A package for training is missing", "缺少训练所需的包"),
    Page(
        what=prose(
            """
            torch, transformers, peft, accelerate or datasets is not installed in this environment, or cannot
            be imported.
            """,
            """
            当前环境没有安装 torch、transformers、peft、accelerate 或 datasets，或无法导入。
            """,
        ),
        why=prose(
            """
            `pip install qtune` brings what downloads and judges; what trains is large and comes with
            `[train]`.
            """,
            """
            `pip install qtune` 只包含下载和诊断所需的部分；训练所需的包很大，需要安装 `[train]`。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                pip install "qtune[train]"
                ```

                If a package is there but broken (a torchvision made for another torch says
                `operator torchvision::nms does not exist`), reinstall the pair or remove the one you do not
                need:

                ```bash
                pip uninstall torchvision
                ```
                """,
                """
                ```bash
                pip install "qtune[train]"
                ```

                如果包已安装但损坏（例如 torchvision 与 torch 不匹配时会报
                `operator torchvision::nms does not exist`），请成对重装，或卸载用不到的那个：

                ```bash
                pip uninstall torchvision
                ```
                """,
            ),
        ),
        verify=VERIFY,
        sources=("https://github.com/pytorch/pytorch/issues/122494",),
    ),
)
