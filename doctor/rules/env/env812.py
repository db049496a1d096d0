"""ENV812: `.env` could not be written. Raised by core.envwrite."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import prose

RULE = Rule(
    "ENV812",
    "env-not-written",
    Severity.ERROR,
    Text(".env could not be written", "无法写入 .env"),
    Page(
        what=prose(
            """
            qtune was to write `.env` and could not: the place is not writable or full, or another program
            changed the file meanwhile.
            """,
            "qtune 要写入 `.env` 却没有成功：没有写权限、磁盘已满，或其他程序刚刚修改了它。",
        ),
        why=prose(
            """
            The recommended settings are not in effect. The file is as it was: it is replaced in one step, or
            not at all.
            """,
            "推荐的设置没有生效。文件保持原样：要么一次性替换成功，要么完全不动。",
        ),
        detect=prose(
            "The file is read again just before it is replaced; if it is not what it was, nothing is written.",
            "替换之前会再读一次文件；如果内容已变，就什么都不写。",
        ),
        mend=prose(
            """
            Changed meanwhile: run the command again. Otherwise look at the folder and the disk:

            ```bash
            ls -ld . .env
            df -h .
            ```

            A `.env` that belongs to somebody else (often root, after `sudo` or from a container):

            ```bash
            sudo chown "$USER" .env
            ```

            Or see the lines with `qtune doctor --diff`, and put them in by hand.
            """,
            """
            如果是被其他程序修改：重新运行命令即可。否则请检查目录和磁盘：

            ```bash
            ls -ld . .env
            df -h .
            ```

            `.env` 属于其他用户（常见于 `sudo` 之后或来自容器，属主为 root）：

            ```bash
            sudo chown "$USER" .env
            ```

            也可以用 `qtune doctor --diff` 查看应改的行，自己写进去。
            """,
        ),
        verify=prose(
            "Run `qtune doctor --fix` again; afterwards `qtune doctor --diff` shows nothing more to change.",
            "重新运行 `qtune doctor --fix`；之后 `qtune doctor --diff` 应当没有可改的内容。",
        ),
    ),
)
