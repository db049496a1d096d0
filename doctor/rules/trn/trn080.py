"""TRN080: the training processes did not find each other. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN080",
    "rendezvous-failed",
    Severity.ERROR,
    Text("The training processes did not find each other", "各个训练进程没能互相找到"),
    Page(
        what=prose(
            """
            The training runs in several processes, and torch's rendezvous did not bring them together: the address
            that `--rdzv-endpoint` names was not reached, or not all machines came.
            """,
            """
            训练分成多个进程，但 torch 的会合（rendezvous）没有成功：连不上 `--rdzv-endpoint` 写的地址，或有机器没有到齐。
            """,
        ),
        why=prose(
            """
            Usually a firewall between the machines, a host name that one of them cannot resolve, a port that another
            program holds, or numbers that differ from machine to machine.
            """,
            """
            多半是机器之间有防火墙、某台机器解析不了主机名、端口被别的程序占用，或各台机器上给出的数字不一致。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                The same line on every machine, with a `--node-rank` of its own; machine 0 is the one that the endpoint
                names:

                ```bash
                qtune run sft.yaml --nproc auto --nnodes 2 --node-rank 0 --rdzv-endpoint node0:29500
                qtune run sft.yaml --nproc auto --nnodes 2 --node-rank 1 --rdzv-endpoint node0:29500
                ```

                While the first waits, the second must reach it: `nc -vz node0 29500`.
                """,
                """
                每台机器用同样的命令，只有 `--node-rank` 不同；0 号机器就是 endpoint 里写的那台：

                ```bash
                qtune run sft.yaml --nproc auto --nnodes 2 --node-rank 0 --rdzv-endpoint node0:29500
                qtune run sft.yaml --nproc auto --nnodes 2 --node-rank 1 --rdzv-endpoint node0:29500
                ```

                第一台等待时，第二台应当连得上它：`nc -vz node0 29500`。
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
