"""TRN055: a dataset repository was not downloaded. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN055",
    "dataset-not-here",
    Severity.ERROR,
    Text("A dataset repository is not on this machine", "数据集仓库不在本机"),
    Page(
        what=prose(
            """
            The training process was given the name of a dataset repository in place of a folder with its files.
            """,
            """
            训练进程拿到的是数据集仓库的名字，而不是放有文件的文件夹。
            """,
        ),
        why=prose(
            """
            Training sends no request to any hub: `qtune run` downloads before, and hands over the folder.
            """,
            """
            训练过程不会访问任何下载源：由 `qtune run` 事先下载，再把文件夹交给训练进程。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            ```bash
            qtune run sft.yaml
            ```

            On a machine without a network, download before: `qtune download --repo-type dataset owner/name`.
            """,
            """
            ```bash
            qtune run sft.yaml
            ```

            没有网络的机器请先下载：`qtune download --repo-type dataset owner/name`。
            """,
        ),
        verify=VERIFY,
    ),
)
