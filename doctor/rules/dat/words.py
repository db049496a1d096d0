"""What several pages about data say in the same words."""

from __future__ import annotations

from qtune.doctor.rules.words import prose

DETECT = prose(
    """
    Every row is read as the trainer will read it, from the first file on, for at most two seconds; the report
    says how many rows were looked at. Nothing is sent anywhere.
    """,
    """
    按训练时的方式逐条读取，从第一个文件开始，最多读两秒；报告会说明检查了多少条。不会向任何地方发送数据。
    """,
)

LEFT_OUT = prose(
    """
    Up to one row in a hundred is left out, and the report of the run says which. With more than that the
    training does not begin: then the file is probably not what it should be.
    """,
    """
    不超过百分之一的不可用数据会被跳过，训练报告会列出是哪些。超过这个比例训练不会开始：文件很可能弄错了。
    """,
)

VERIFY = prose(
    """
    ```bash
    qtune check data/train.jsonl
    qtune run sft.yaml --dry-run
    ```

    Neither downloads anything; the second shows how many rows will be trained on.
    """,
    """
    ```bash
    qtune check data/train.jsonl
    qtune run sft.yaml --dry-run
    ```

    两条命令都不会下载任何东西；第二条会显示将用多少条数据训练。
    """,
)
