"""HUB202: the hub's large files come, but not from the hosts of Xet, which huggingface_hub tries first."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.text import Text
from qtune.doctor.endings import ending
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.net.roads import trail
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    """Where the other hosts of large files are closed too, switching Xet off mends nothing: HUB201."""
    for source in facts.sources:
        xet, storage = known(facts.xet.get(source.name)), known(facts.storage.get(source.name))
        if xet is None or xet.ok or xet.reach is None or xet.reach.failed is None:
            continue
        if storage is None or not storage.ok:
            continue
        how = ending(xet.reach, xet.reach.failed)
        pushing = facts.goal.kind == "push"
        yield Finding(
            "HUB202",
            Severity.WARNING if pushing else Severity.INFO,
            Text(
                f"huggingface_hub in your own scripts would stand still at each large file: it goes by Xet "
                f"to {xet.reach.host}, and there {how.en}. qtune's own download goes by plain HTTPS then",
                f"你自己脚本中的 huggingface_hub 会在每个大文件上卡住：它通过 Xet 访问 {xet.reach.host}，"
                f"而那里{how.zh}。qtune 自己的下载会改走普通 HTTPS",
            ),
            (trail(xet.reach),),
            fix=Fix(
                Text(
                    "Let huggingface_hub download over plain HTTP: HF_HUB_DISABLE_XET=1",
                    "让 huggingface_hub 使用普通 HTTP 下载：HF_HUB_DISABLE_XET=1",
                ),
                Applicability.SAFE,
                patch=EnvPatch({"HF_HUB_DISABLE_XET": "1"}),
            ),
            source=source.name,
        )


RULE = Rule(
    code="HUB202",
    name="xet-hosts",
    severity=Severity.INFO,
    title=Text("The hosts of Xet cannot be reached", "Xet 主机无法访问"),
    needs=("xet", "storage"),
    judge=judge,
    page=Page(
        what=prose(
            """
            Hugging Face keeps large files in a store called Xet. With the package `hf_xet`, which comes
            with `huggingface_hub`, they are fetched piece by piece from hosts of their own. The hub and its
            ordinary download host answer here; the host of Xet does not.
            """,
            """
            Hugging Face 把大文件存放在名为 Xet 的系统中。装有 `hf_xet` 包（随 `huggingface_hub` 安装）时，
            文件会从专门的主机分块下载。现在下载源及其普通下载主机都可以访问，唯独 Xet 的主机不行。
            """,
        ),
        why=prose(
            """
            `qtune download` and `qtune run` are not touched: they fetch over plain HTTP. But a script of
            yours that calls `from_pretrained` or `snapshot_download` stands still at the first weight file,
            without a word, for a minute and more (measured with hf_xet 1.8 and a closed port), and the
            error names no host.
            """,
            """
            `qtune download` 和 `qtune run` 不受影响，它们使用普通 HTTP。
            但你自己调用 `from_pretrained` 或 `snapshot_download` 的脚本会在第一个权重文件处一声不吭地卡住
            一分钟以上（用 hf_xet 1.8 和关闭的端口实测），最后的报错也不说是哪台主机。
            """,
        ),
        detect=prose(
            """
            The doctor asks the hub for this model's Xet address, as the client does (`xet-read-token`), and
            walks the road to the host that the hub names. Any status counts as reachable. It is looked at
            only where `hf_xet` is installed and not switched off, and told only where the ordinary host of
            the same files answers: then switching Xet off helps. From the token that comes with the
            address nothing is kept.
            """,
            """
            诊断程序像客户端一样向下载源询问该模型的 Xet 地址（`xet-read-token`），
            再检查到那台主机的路。任何 HTTP 状态码都算可达。
            只有装了 `hf_xet` 且没有关闭它时才检查，只有同一文件的普通下载主机可以访问时才报告，
            因为这时关闭 Xet 才有用。随地址返回的凭证不会保留。
            """,
        ),
        mend=prose(
            """
            ```
            HF_HUB_DISABLE_XET=1
            ```

            Scripts see it when they are started with `qtune exec -- python my_script.py`. Or have these
            hosts allowed (as of 2026; they change): `cas-server.xethub.hf.co`, `transfer.xethub.hf.co`,
            `cas-bridge.xethub.hf.co`.
            """,
            """
            ```
            HF_HUB_DISABLE_XET=1
            ```

            用 `qtune exec -- python my_script.py` 启动的脚本会读到它。或者请管理员放行这些主机
            （2026 年的列表，可能会变）：`cas-server.xethub.hf.co`、`transfer.xethub.hf.co`、
            `cas-bridge.xethub.hf.co`。
            """,
        ),
        verify=prose(
            """
            Any status line will do, 404 too:

            ```bash
            curl -sI -m 10 https://cas-server.xethub.hf.co/ | head -1
            qtune doctor --only HUB202
            ```
            """,
            """
            出现任何状态行都说明可达，404 也算：

            ```bash
            curl -sI -m 10 https://cas-server.xethub.hf.co/ | head -1
            qtune doctor --only HUB202
            ```
            """,
        ),
        sources=(
            "https://github.com/huggingface/xet-core/issues/800",
            "https://github.com/huggingface/xet-core/issues/850",
            "https://github.com/huggingface/huggingface_hub/issues/4475",
        ),
    ),
)
