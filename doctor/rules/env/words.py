"""What several pages about `.env` say in the same words."""

from __future__ import annotations

from qtune.doctor.rules.words import prose

LINE = prose(
    """
    A line of `.env` is a name, an equals sign and a value, without spaces around the sign:

    ```
    USE_MODELSCOPE=True
    DEFAULT_MODEL=Qwen/Qwen3-4B
    ```

    A line that begins with `#` is a comment. Quotes are needed only for values with spaces or `#`.
    """,
    """
    `.env` 的每一行是“名称=值”，等号两边不留空格：

    ```
    USE_MODELSCOPE=True
    DEFAULT_MODEL=Qwen/Qwen3-4B
    ```

    以 `#` 开头的行是注释。只有值里含空格或 `#` 时才需要引号。
    """,
)

ORDER = prose(
    """
    Where a setting is named in several places, the first of these counts: an option of the command, the
    process environment, your own qtune config, the project's `.env`, the default.
    """,
    """
    同一设置出现在多处时，按以下顺序第一个生效：命令行选项、进程环境变量、你自己的 qtune 配置、项目的 `.env`、
    默认值。
    """,
)

SHOW = prose(
    """
    ```bash
    qtune env
    ```

    shows every setting with the value that counts and where it came from.
    """,
    """
    ```bash
    qtune env
    ```

    会列出每项设置、生效的值及其来源。
    """,
)

ON_THIS_MACHINE = prose(
    "By reading `.env` on this machine; no network is used, and values that may be secret are not kept.",
    "只在本机读取 `.env`；不联网，也不保留任何可能是秘密的值。",
)

ROTATE = prose(
    """
    A token that others may have seen is no longer yours alone: revoke it at
    https://huggingface.co/settings/tokens and make a new one.
    """,
    "别人可能看到过的 Token 就不再安全：请在 https://huggingface.co/settings/tokens 撤销它，再新建一个。",
)

DOTENV = "https://saurabh-kumar.com/python-dotenv/"
