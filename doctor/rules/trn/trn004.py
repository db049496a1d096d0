"""TRN004: a data file is not JSON. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, FORMATS, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN004",
    "data-not-json",
    Severity.ERROR,
    Text("A data file is not JSON", "数据文件不是 JSON"),
    Page(
        what=prose(
            """
            The file is neither JSONL nor a JSON list of objects: broken off in the middle, a CSV under
            another name, or an object that spans lines where one a line is expected.
            """,
            """
            文件既不是 JSONL，也不是由对象组成的 JSON 列表：可能中途截断、其实是改了扩展名的 CSV，或本该一行一
            个的对象跨了多行。
            """,
        ),
        why=prose(
            """
            Nothing can be read from it with certainty.
            """,
            """
            无法可靠地读出内容。
            """,
        ),
        detect=DETECT,
        mend=joined(
            FORMATS,
            prose(
                """
                To find the first bad line:

                ```bash
                python -m json.tool --json-lines data/train.jsonl > /dev/null
                ```
                """,
                """
                找出第一处坏行：

                ```bash
                python -m json.tool --json-lines data/train.jsonl > /dev/null
                ```
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
