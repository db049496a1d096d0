"""What several pages about downloading say in the same words."""

from __future__ import annotations

from qtune.doctor.rules.words import prose

AGAIN = prose(
    """
    Run the same command again: what has arrived and was verified is kept, and a file that was cut off goes on
    where it stopped.
    """,
    "重新运行同样的命令：已下载并通过校验的内容都会保留，中断的文件会从断点继续。",
)

OTHER_SOURCE = prose(
    """
    Let another hub serve. In mainland China ModelScope is usually the faster and steadier one, and Qwen
    models need no token there:

    ```
    USE_MODELSCOPE=True
    QTUNE_FALLBACK=True
    ```

    `qtune doctor` measures them with the very file you need.
    """,
    """
    换一个下载源。国内通常 ModelScope 更快更稳，下载 Qwen 模型也不需要 Token：

    ```
    USE_MODELSCOPE=True
    QTUNE_FALLBACK=True
    ```

    `qtune doctor` 会用你要下载的那个文件实际测速。
    """,
)

DETECT = prose(
    "`qtune download` and `qtune run` raise it while they download; the doctor does not.",
    "由 `qtune download` 和 `qtune run` 在下载过程中报告；doctor 不会报这一条。",
)

VERIFY = prose(
    """
    ```bash
    qtune download Qwen/Qwen3-4B
    ```

    (with your model) ends with the path of the snapshot.
    """,
    """
    ```bash
    qtune download Qwen/Qwen3-4B
    ```

    （换成你的模型）最后会输出快照的路径。
    """,
)
