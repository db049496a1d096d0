"""HUB226: a hub did not take what was to be uploaded; raised by core.hub."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import prose

RULE = Rule(
    code="HUB226",
    name="upload-refused",
    severity=Severity.ERROR,
    title=Text("The hub does not take the upload", "平台没有接受上传"),
    page=Page(
        what=prose(
            """
            The token may write, and still the hub, or the storage behind it, refused a file or the commit. Its
            own words are in the message.
            """,
            """
            Token 有写权限，但平台或其存储仍拒绝了某个文件或提交。错误信息里有平台的原话。
            """,
        ),
        why=prose(
            """
            Usual reasons: the private storage of the account is full, a name or a branch is protected, somebody
            else committed at the same moment, or the clock of this machine is off, so that the signed address
            has expired.
            """,
            """
            常见原因：账号的私有存储已满；名称或分支受保护；同时有人提交；本机时钟不准，导致签名地址过期。
            """,
        ),
        detect=prose(
            """
            `qtune push` raises it when the hub answers; the doctor uploads nothing and cannot foresee it.
            """,
            """
            由 `qtune push` 在平台答复时报告；doctor 不上传任何东西，无法预知。
            """,
        ),
        mend=prose(
            """
            ```bash
            qtune push RUN_DIR --hub hf --repo OWNER/NAME
            ```

            Large files that arrived are not sent again. On Hugging Face the storage in use is shown at
            `https://huggingface.co/settings/billing`.
            """,
            """
            ```bash
            qtune push RUN_DIR --hub hf --repo OWNER/NAME
            ```

            已经传完的大文件不会重传。Hugging Face 的存储用量见 `https://huggingface.co/settings/billing`。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune push RUN_DIR --hub hf --repo OWNER/NAME
            ```

            prints the address of the page.
            """,
            """
            ```bash
            qtune push RUN_DIR --hub hf --repo OWNER/NAME
            ```

            会打印页面地址。
            """,
        ),
    ),
)
