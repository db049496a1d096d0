"""GPU511: the GPU's clocks are held down by heat or by its power supply."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.gpu.chosen import chosen
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose

_REASONS = {
    "hw_thermal": Text("too hot", "温度过高"),
    "sw_thermal": Text("too hot", "温度过高"),
    "power_brake": Text("the power supply brakes it", "供电不足"),
    "hw_slowdown": Text("its hardware brakes it", "硬件保护降速"),
}


def judge(facts: Facts) -> Iterable[Finding]:
    card = chosen(facts)
    reasons = [_REASONS[name] for name in card.slowed if name in _REASONS] if card else []
    if card is None or not reasons:
        return
    # hw_slowdown comes along with the closer reasons.
    closer = [reason for reason in reasons if reason != _REASONS["hw_slowdown"]] or reasons
    why = closer[0]
    yield Finding(
        "GPU511",
        Severity.INFO,
        Text(
            f"GPU {card.index} ({card.name}) is slowed down right now: {why.en}",
            f"GPU {card.index}（{card.name}）目前被降速：{why.zh}",
        ),
        fix=manual(
            "Look at temperature, fans and power cables",
            "检查温度、风扇和供电线",
            command="nvidia-smi -q -d PERFORMANCE,TEMPERATURE,POWER",
        ),
    )


RULE = Rule(
    code="GPU511",
    name="gpu-slowed",
    severity=Severity.INFO,
    title=Text("The GPU is slowed down", "GPU 被降速"),
    needs=("accelerator", "torch"),
    goals=TRAINING,
    judge=judge,
    page=Page(
        what=prose(
            """
            At the moment of the look, the GPU held its clocks down because it was too hot, or because its power
            supply told it to.
            """,
            """
            检查的那一刻，GPU 因温度过高或供电限制而降低了频率。
            """,
        ),
        why=prose(
            """
            It works, and slower: down to half its clocks and less. Before a training has begun, that speaks of a
            blocked fan, a second card that heats it, or a power cable that is not plugged in.
            """,
            """
            可以使用，但更慢，频率可能降到一半以下。训练还没开始就如此，往往是风扇受阻、旁边的显卡在散热，或供电线没有插好。
            """,
        ),
        detect=prose(
            """
            NVML's reasons for throttling: thermal slowdown by hardware or by the driver, hardware slowdown,
            external power brake. The cap on power that every card keeps under load is none of them and is not
            told. It is a moment's view of the GPU that the training would use.

            Proved with recorded answers of NVML, not on hardware.
            """,
            """
            NVML 报告的降频原因：硬件或驱动的过热降频、硬件降速、外部供电制动。显卡满载时正常的功耗上限不算在内，不会提示。
            这只反映训练将使用的那块 GPU 在当时的情况。

            用真实记录的 NVML 输出回放验证，未在硬件上实测。
            """,
        ),
        mend=prose(
            """
            Look at what it says, clean the fans, give the cards room, plug both power cables in:

            ```bash
            nvidia-smi -q -d PERFORMANCE,TEMPERATURE,POWER
            ```

            If another program heats it, this passes with that program.
            """,
            """
            查看具体信息，清理风扇，留出散热空间，插好全部供电线：

            ```bash
            nvidia-smi -q -d PERFORMANCE,TEMPERATURE,POWER
            ```

            如果是其他程序造成的发热，该程序结束后就会恢复。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor --only GPU511
            ```
            """,
            """
            执行：

            ```bash
            qtune doctor --only GPU511
            ```
            """,
        ),
        sources=("https://docs.nvidia.com/deploy/nvml-api/index.html",),
    ),
)
