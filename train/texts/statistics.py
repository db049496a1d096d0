"""What will be trained on, in numbers, before a step is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from qtune.core.text import Text
from qtune.train.texts.thoughts import TOLD

BARS = 20


@dataclass(frozen=True)
class Statistics:
    """`tokens` are those that are read, `learnt` those that carry loss.

    `histogram` counts examples by their whole length in tokens, as (up to, how many), the bounds being
    powers of two; `longest` is the longest. `cut` examples lost `cut_tokens` behind max_length, `answerless`
    ones had no answer before it and are left out. `notes` counts what was done to the rows.
    """

    rows: int
    examples: int
    tokens: int
    learnt: int
    longest: int
    cut: int
    cut_tokens: int
    answerless: int
    histogram: Sequence[tuple[int, int]]
    notes: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def restored(read: Mapping[str, Any]) -> Statistics:
    bins = [(int(bound), int(count)) for bound, count in read["histogram"]]
    return Statistics(**{**read, "histogram": bins})


def summary(found: Statistics) -> list[Text]:
    share = 100 * found.learnt / max(found.tokens, 1)
    said = [
        Text(
            f"{found.rows} rows, {found.examples} examples, {found.tokens} tokens, of which "
            f"{found.learnt} ({share:.0f} %) are learnt",
            f"{found.rows} 条数据，{found.examples} 个训练样本，{found.tokens} 个词元，"
            f"其中学习 {found.learnt} 个（{share:.0f}%）",
        )
    ]
    most = max((count for _, count in found.histogram), default=0)
    if most:
        said.append(Text("lengths in tokens:", "样本长度（词元数）："))
    for bound, count in found.histogram:
        bar = "#" * round(BARS * count / most)
        line = f"  <= {bound:>7} {count:>8} {bar}".rstrip()
        said.append(Text(line, line))
    return said


def warnings(found: Statistics, limit: int) -> list[Text]:
    told = []
    if found.cut:
        share = 100 * found.cut / (found.examples + found.answerless)
        told.append(
            Text(
                f"{found.cut} examples ({share:.1f} %) are longer than max_length {limit} and were "
                f"cut; {found.cut_tokens} tokens are lost",
                f"{found.cut} 个样本（{share:.1f}%）超过 max_length {limit}，已截断，"
                f"丢掉 {found.cut_tokens} 个词元",
            )
        )
    if found.answerless:
        told.append(
            Text(
                f"{found.answerless} examples have no answer within max_length {limit} and were "
                "left out",
                f"{found.answerless} 个样本在 max_length {limit} 之内没有答案，已跳过",
            )
        )
    for note, count in found.notes.items():
        what = TOLD[note]
        told.append(Text(f"{count} {what.en}", f"{count} {what.zh}"))
    return told
