"""DWN006: the source has another version of the file. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import AGAIN, DETECT, OTHER_SOURCE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "DWN006",
    DWN["DWN006"][0],
    Severity.ERROR,
    Text("The source has another version of the file", "下载源上的文件版本不同"),
    Page(
        what=prose(
            """
            A source answered with a file of another size than the listing says.
            """,
            """
            下载源给出的文件大小与清单不一致。
            """,
        ),
        why=prose(
            """
            It has an older or newer version, or sent an error page in place of the file. Mixing versions
            gives a model that cannot be loaded.
            """,
            """
            它的版本较旧或较新，或者用错误页面代替了文件。混用版本会得到无法加载的模型。
            """,
        ),
        detect=DETECT,
        mend=joined(
            AGAIN,
            prose(
                """
                If it stays: the mirror lags behind. Use another source.
                """,
                """
                如果一直如此，说明镜像没有同步。请换一个下载源。
                """,
            ),
            OTHER_SOURCE,
        ),
        verify=VERIFY,
    ),
)
