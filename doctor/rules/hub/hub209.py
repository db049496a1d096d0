"""HUB209: the hub answers so late that the time limits of the settings end its answers."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.envpatch import EnvPatch
from qtune.core.text import Text
from qtune.doctor.facts import Facts, Reach, SourceFact, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.places import span_of
from qtune.doctor.rules.words import prose

# Rules of thumb: half of the limit is gone for the first byte of a tiny answer; a minute is never short.
_SHARE = 0.5
_ENOUGH = "60"


def judge(facts: Facts) -> Iterable[Finding]:
    for source in facts.sources:
        for key, road in (
            ("HF_HUB_ETAG_TIMEOUT", known(facts.reach.get(source.name))),
            ("HF_HUB_DOWNLOAD_TIMEOUT", known(facts.storage.get(source.name))),
        ):
            limit = facts.setting(key)
            if road is None or not road.ok or road.first_byte_ms is None or limit.problem:
                continue
            if road.first_byte_ms > _SHARE * 1000 * int(limit.value):
                yield _late(facts, source, road, key)


def _late(facts: Facts, source: SourceFact, road: Reach, key: str) -> Finding:
    limit = facts.setting(key)
    seconds = (road.first_byte_ms or 0) / 1000
    where = limit.origin.describe()
    return Finding(
        "HUB209",
        Severity.ERROR if seconds >= int(limit.value) else Severity.WARNING,
        Text(
            f"{source.titled}: {road.host} takes {seconds:.1f} s until the first byte, and {key} "
            f"({where.en}) allows {limit.value} s",
            f"{source.titled}：{road.host} 返回第一个字节要 {seconds:.1f} 秒，而 {key}（{where.zh}）"
            f"只允许 {limit.value} 秒",
        ),
        span=span_of(limit.origin, facts),
        fix=Fix(
            Text(f"Wait longer: {key}={_ENOUGH}", f"延长等待时间：{key}={_ENOUGH}"),
            Applicability.SAFE,
            patch=EnvPatch({key: _ENOUGH}),
        ),
        source=source.name,
    )


RULE = Rule(
    code="HUB209",
    name="timeouts",
    severity=Severity.WARNING,
    title=Text("The time limits are too short for this hub", "超时设置对该下载源来说太短"),
    needs=("reach", "storage"),
    judge=judge,
    page=Page(
        what=prose(
            """
            The hub works, but its answers take more than half of the time that `HF_HUB_ETAG_TIMEOUT` (a
            question about a file) or `HF_HUB_DOWNLOAD_TIMEOUT` (a transfer without a byte) allows.
            """,
            """
            下载源可以使用，但响应所需时间已超过 `HF_HUB_ETAG_TIMEOUT`（查询文件信息）或
            `HF_HUB_DOWNLOAD_TIMEOUT`（传输中没有数据）所允许时间的一半。
            """,
        ),
        why=prose(
            """
            The next answer that is a little slower is given up, with an error that reads as if the hub
            could not be reached. Both limits are ten seconds by default, which is ample; a slow road
            (satellite, a proxy abroad) or a limit that was lowered make them short.
            """,
            """
            下一次响应再慢一点就会被放弃，报错读起来像是下载源无法访问。两个限制默认都是十秒，通常足够；
            但线路很慢（卫星、境外代理）或限制被调小时就不够了。
            """,
        ),
        detect=prose(
            """
            The time until the first byte of answers that other checks get anyway, against the two
            settings. Half of the limit is a rule of thumb. The doctor itself waits five seconds for an
            answer; a hub that takes longer is HUB200.
            """,
            """
            用其他检查本来就会得到的响应的首字节时间，与这两项设置比较。“一半”是经验阈值。
            诊断程序自己最多等五秒，超过则属于 HUB200。
            """,
        ),
        mend=prose(
            """
            ```
            HF_HUB_ETAG_TIMEOUT=60
            HF_HUB_DOWNLOAD_TIMEOUT=60
            ```

            Longer limits cost nothing while all goes well. What they do not mend is a slow hub: HUB207
            compares.
            """,
            """
            ```
            HF_HUB_ETAG_TIMEOUT=60
            HF_HUB_DOWNLOAD_TIMEOUT=60
            ```

            一切顺利时，较长的限制没有任何代价。但它治不了下载源本身慢的问题，那由 HUB207 比较。
            """,
        ),
        verify=prose(
            """
            The stages' times are shown in milliseconds:

            ```bash
            qtune doctor --only HUB209 -v
            ```
            """,
            """
            会以毫秒显示各阶段的耗时：

            ```bash
            qtune doctor --only HUB209 -v
            ```
            """,
        ),
        sources=(
            "https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables",
        ),
    ),
)
