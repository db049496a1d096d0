"""DWN010: something on the way compresses the files. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import DETECT, OTHER_SOURCE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "DWN010",
    DWN["DWN010"][0],
    Severity.ERROR,
    Text("Something on the way compresses the files", "途中有设备压缩了文件"),
    Page(
        what=prose(
            """
            The answer came compressed (`Content-Encoding`), although plain bytes were asked for.
            """,
            """
            明明请求的是原始字节，返回的却是压缩过的内容（`Content-Encoding`）。
            """,
        ),
        why=prose(
            """
            Offsets and hashes then are those of other bytes: neither resuming nor checking works. A proxy of
            a company or a misconfigured mirror does this.
            """,
            """
            这样一来偏移量和哈希对应的都是别的内容，断点续传和校验都无法进行。通常是公司代理或配置有误的镜像造
            成的。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Go past that proxy for the hub, if you may:
                """,
                """
                如果允许，请让平台的流量绕过该代理：
                """,
            ),
            prose(
                """
                ```
                NO_PROXY=huggingface.co,hf.co,modelscope.cn
                ```
                """,
                """
                ```
                NO_PROXY=huggingface.co,hf.co,modelscope.cn
                ```

                （域名同时匹配其子域名。）
                """,
            ),
            OTHER_SOURCE,
        ),
        verify=VERIFY,
    ),
)
