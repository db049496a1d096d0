"""DWN008: another hub was not asked, for safety. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "DWN008",
    DWN["DWN008"][0],
    Severity.ERROR,
    Text("Another hub was not asked, for safety", "出于安全考虑没有改用其他平台"),
    Page(
        what=prose(
            """
            The first hub failed before its listing could be read, and the same name on the other hub may
            belong to somebody else. So qtune did not take the model from there by itself.
            """,
            """
            首选平台在给出文件清单之前就失败了，而另一个平台上的同名仓库可能属于别人。因此 qtune 没有擅自从那
            里下载。
            """,
        ),
        why=prose(
            """
            The id `owner/name` is not protected across hubs. Without the hashes of the hub you chose, nobody
            can tell whether the files are the same.
            """,
            """
            `owner/name` 在不同平台之间并不受保护。没有首选平台的哈希，就无法判断文件是否相同。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Look at the model's page on the other hub. If it is the publisher you want, choose that hub
            yourself:

            ```
            USE_MODELSCOPE=True
            ```

            (`USE_MODELSCOPE=False` for Hugging Face.) For Qwen and a few other publishers qtune knows that
            both accounts are theirs, and changes over by itself.
            """,
            """
            到另一个平台查看该模型的页面。如果确实是你想要的发布者，就自己选定那个平台：

            ```
            USE_MODELSCOPE=True
            ```

            （选 Hugging Face 则写 `USE_MODELSCOPE=False`。）对 Qwen 等少数发布者，qtune 已知两边的账号属于同
            一机构，会自动切换。
            """,
        ),
        verify=VERIFY,
    ),
)
