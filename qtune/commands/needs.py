"""The one line of a dry run about GPU memory, from the config.json that is on this machine already."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from qtune.core import architecture
from qtune.core.amounts import gib
from qtune.core.memory import SIZE, Dtype, estimate
from qtune.core.runconfig import RunConfig
from qtune.core.settings import Settings
from qtune.core.text import Text
from qtune.core.workload import of_run

_LARGEST_CONFIG = 1 << 20


def memory(config: RunConfig, settings: Settings, folder: Path) -> list[Text]:
    """Nothing where there is no config.json to read; a reason where the model or the run is not known."""
    try:
        with (folder / "config.json").open("rb") as file:
            values = json.loads(file.read(_LARGEST_CONFIG))
    except (OSError, ValueError, RecursionError):
        return []
    sizes, run = architecture.read(values), of_run(config)
    if isinstance(sizes, Text):
        return [_untold(sizes)]
    wanted = settings.text("QTUNE_DTYPE")
    number: Dtype = wanted if wanted in SIZE else "bfloat16"
    run = replace(run, coarse=wanted in SIZE)
    needed = estimate(sizes, run, number)
    if isinstance(needed, Text):
        return [_untold(needed)]
    total = gib(needed.total)
    shares = sorted(needed.parts(), key=lambda part: -part[1])[:3]
    en = ", ".join(f"{name.en} {size / 2**30:.1f}" for name, size in shares)
    zh = "，".join(f"{name.zh} {size / 2**30:.1f}" for name, size in shares)
    told = Text(
        f"about {total} of a GPU in {number}, where a row fills max_length ({en}, …)",
        f"数据达到 max_length 时约需 {total} 显存（{number}；{zh}……）",
    )
    return [told, _GROWS] if run.auto else [told]


_GROWS = Text(
    "that is for one row at a time: with auto as many are taken as fit",
    "以上按每次一条计算；auto 会选用放得下的最大批",
)


def _untold(reason: Text) -> Text:
    return Text(f"cannot be told: {reason.en}", f"无法估算：{reason.zh}")
