"""ENV802: `.env` is written in an encoding that most of its readers do not understand."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity, Span
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.env.words import ON_THIS_MACHINE
from qtune.doctor.rules.places import called
from qtune.doctor.rules.words import prose


def _judge(facts: Facts) -> Iterable[Finding]:
    envfile = known(facts.envfile)
    if envfile is None or envfile.encoding not in ("utf-16-le", "utf-16-be", "utf-8-sig"):
        return
    wide = envfile.encoding != "utf-8-sig"
    message = Text(
        f"{called(envfile)} is written in UTF-16, which only qtune can read",
        f"{called(envfile)} 使用了 UTF-16 编码，除 qtune 外的程序都读不了",
    )
    if not wide:
        message = Text(
            f"{called(envfile)} begins with a byte order mark, which some programs take for a part of the first name",
            f"{called(envfile)} 开头有字节序标记（BOM），有些程序会把它当成第一个名称的一部分",
        )
    yield Finding(
        "ENV802",
        Severity.WARNING if wide else Severity.INFO,
        message,
        span=Span(envfile.path, 1, 1, 1, 1),
        fix=Fix(
            Text("Write the file again as plain UTF-8", "将文件改写为普通的 UTF-8"),
            Applicability.SAFE,
            reencode=envfile.path,
        ),
    )


RULE = Rule(
    "ENV802",
    "file-encoding",
    Severity.WARNING,
    Text(".env is not plain UTF-8", ".env 不是普通的 UTF-8 编码"),
    Page(
        what=prose(
            """
            The file is stored as UTF-16, or as UTF-8 with a byte order mark (BOM) at its start. Windows
            PowerShell 5 writes both: `echo "A=1" > .env` gives UTF-16, `Set-Content -Encoding UTF8` a BOM.
            """,
            """
            文件以 UTF-16 存储，或以带字节序标记（BOM）的 UTF-8 存储。Windows PowerShell 5 会产生这两种情况：
            `echo "A=1" > .env` 得到 UTF-16，`Set-Content -Encoding UTF8` 会带 BOM。
            """,
        ),
        why=prose(
            """
            qtune reads both. Others do not: python-dotenv fails on UTF-16, and `docker --env-file`, systemd
            and a shell's `source` fail on either, or read a first name that nobody asks for.
            """,
            """
            qtune 两种都能读，其他程序则不行：python-dotenv 读不了 UTF-16；`docker --env-file`、systemd 以及
            shell 的 `source` 两种都会出错，或读出一个没人认识的名称。
            """,
        ),
        detect=ON_THIS_MACHINE,
        mend=prose(
            """
            `qtune doctor --fix` writes the file again as UTF-8; not a letter of it changes. By hand:

            ```bash
            iconv -f UTF-16 -t UTF-8 .env > .env.utf8 && mv .env.utf8 .env
            ```

            In VS Code: click the encoding in the status bar, then "Save with Encoding", "UTF-8".
            """,
            """
            `qtune doctor --fix` 会把文件改写为 UTF-8，内容一字不变。手动操作：

            ```bash
            iconv -f UTF-16 -t UTF-8 .env > .env.utf8 && mv .env.utf8 .env
            ```

            在 VS Code 中：点击状态栏里的编码，选择 “Save with Encoding”，再选 “UTF-8”。
            """,
        ),
        verify=prose(
            """
            ```bash
            file .env
            ```

            says "ASCII text" or "UTF-8 text", without "BOM".
            """,
            """
            ```bash
            file .env
            ```

            应显示 “ASCII text” 或 “UTF-8 text”，且没有 “BOM”。
            """,
        ),
        sources=(
            "https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_character_encoding",
        ),
    ),
    needs=("envfile",),
    judge=_judge,
)
