"""TRN082: the machines do not share the run directory. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN082",
    "run-dir-not-shared",
    Severity.ERROR,
    Text("The machines do not share the run directory", "各台机器没有共用训练目录"),
    Page(
        what=prose(
            """
            Machine 0 wrote a file into `output_dir`, and another machine did not find it there within twenty seconds.
            """,
            """
            0 号机器在 `output_dir` 里写了一个文件，另一台机器 20 秒内没有看到。
            """,
        ),
        why=prose(
            """
            Process 0 alone writes checkpoints. To resume, every process reads the same one; in a folder of its own a
            machine would find none and begin anew, and the two would go on with different weights.
            """,
            """
            检查点只由 0 号进程写入。接着训练时，所有进程都要读同一个检查点；如果各用各的目录，有的机器会找不到检查点而
            从头开始，各机器的权重就不一致了。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Name a folder on a file system that all machines mount at the same path (NFS, Lustre, a cluster's home):

                ```bash
                qtune run sft.yaml output_dir=/shared/runs/sft --nnodes 2 …
                ```
                """,
                """
                请使用所有机器以相同路径挂载的文件系统（NFS、Lustre、集群的 home 目录）：

                ```bash
                qtune run sft.yaml output_dir=/shared/runs/sft --nnodes 2 …
                ```
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
