"""Tells what `qtune data` found: a table, a histogram, and examples in which what is only read stands back."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text as RichText

from qtune.commands.console import answer
from qtune.commands.looked import Looked
from qtune.commands.peeking import Unseen
from qtune.core.data.lengths import below, bins
from qtune.core.secret import redact
from qtune.core.text import Lang, Text, plain
from qtune.doctor.report.characters import clean
from qtune.doctor.report.layout import pad, wrap
from qtune.streams import shows_glyphs
from qtune.train import data
from qtune.train.data import Seen
from qtune.train.survey import Survey

WIDTH = 80
LABELS = 10  # cells, the blanks behind a label counted
BARS = 30
LONGEST = 8000  # characters of an example that are shown; --format json has them all
_SIDES = {
    "": Text("", ""),
    "chosen": Text(" · chosen", " · 较好的回答"),
    "rejected": Text(" · rejected", " · 较差的回答"),
    "good": Text(" · labelled good", " · 标为好"),
    "bad": Text(" · labelled bad", " · 标为差"),
}

Told = tuple[Text, list[Text]]


def show(found: Looked, lang: Lang) -> None:
    console = answer()
    width = min(console.width, 100) if console.is_terminal else WIDTH
    for label, sentences in _table(found):
        head = label.to(lang)
        for sentence in sentences:
            words = clean(redact(sentence.to(lang)))
            inner = len(words) - len(words.lstrip(" "))
            for line in wrap(words, width - LABELS - inner):
                _say(console, pad(head, LABELS) + " " * inner + line)
                head = ""
    if not isinstance(found.seen, Unseen):
        _examples(console, found.seen["examples"], lang)
    if found.refusal is not None:
        sys.stdout.flush()
        told = Text("A run would refuse this data.", "训练会拒绝这份数据。").to(lang)
        fix = f" {found.refusal.fix.to(lang)}" if found.refusal.fix is not None else ""
        print(f"{found.refusal.code}: {told}{redact(fix)}", file=sys.stderr)


def _table(found: Looked) -> Iterator[Told]:
    yield Text("data", "数据"), list(_files(found.train))
    yield Text("format", "格式"), [plain(_counted(found.train.formats))]
    yield Text("method", "方法"), [plain(found.config.method)]
    yield Text("rows", "条数"), list(_rows(found.train))
    if found.judged is not None:
        yield Text("eval", "评估"), [*_files(found.judged), *_rows(found.judged), *_leaks(found)]
    if isinstance(found.seen, Unseen):
        yield Text("lengths", "长度"), list(_in_characters(found.train, found.seen.reason))
    else:
        yield Text("tokens", "词元"), list(_in_tokens(found, found.seen))


def _files(found: Survey) -> Iterator[Text]:
    for number, (path, rows) in enumerate(found.files.items()):
        if number == 10:
            more = len(found.files) - number
            yield Text(f"… and {more} more files", f"…… 还有 {more} 个文件")
            return
        yield Text(f"{_short(path)}: {_rows_en(rows)}", f"{_short(path)}：{rows} 条")


def _rows(found: Survey) -> Iterator[Text]:
    total = found.usable + len(found.bad)
    usable = Text(
        f"{found.usable:,} of {total:,} usable", f"{total:,} 条中 {found.usable:,} 条可用"
    )
    yield usable
    bad = tuple(replace(row, path=Path(_short(row.path))) for row in found.bad)
    yield from data.report(Seen((found.usable,), bad))
    if found.twin is not None:
        (path, line), (first, there) = found.twin
        share = 100 * found.repeated / max(found.usable, 1)
        yield Text(
            f"{found.repeated:,} repeated ({share:.1f} %), the first in "
            f"{_short(path)}:{line}, which is {_short(first)}:{there}",
            f"{found.repeated:,} 条重复（{share:.1f}%），第一处在 "
            f"{_short(path)}:{line}，与 {_short(first)}:{there} 相同",
        )


def _leaks(found: Looked) -> list[Text]:
    if not found.leaked:
        return []
    (path, line), (first, there) = found.leaked[0]
    count = len(found.leaked)
    return [
        Text(
            f"{count:,} are trained on, too: {_short(path)}:{line} is {_short(first)}:{there}",
            f"{count:,} 条同时用于训练：{_short(path)}:{line} 与 {_short(first)}:{there} 相同",
        )
    ]


def _in_characters(found: Survey, why: Text) -> Iterator[Text]:
    yield Text(
        f"{found.characters:,} characters; not in tokens: {why.en}",
        f"共 {found.characters:,} 个字符；无法按词元统计：{why.zh}",
    )
    yield from _histogram(found.lengths, Text("characters", "字符"))


def _in_tokens(found: Looked, seen: Mapping[str, Any]) -> Iterator[Text]:
    lengths = {int(length): int(count) for length, count in seen["lengths"]}
    examples, limit = sum(lengths.values()), found.config.max_length
    tokens, learnt = seen.get("tokens", 0), seen.get("learnt", 0)
    share = 100 * learnt / max(tokens, 1)
    yield Text(
        f"{tokens:,} in {examples:,} examples, {learnt:,} ({share:.0f} %) of them learnt; by the tokenizer "
        f"of {found.config.model}",
        f"{examples:,} 个样本共 {tokens:,} 个，其中学习 {learnt:,} 个（{share:.0f}%）；"
        f"分词器来自 {found.config.model}",
    )
    if seen["rows"] < found.train.usable:
        yield Text(f"of the first {seen['rows']:,} rows", f"只统计了前 {seen['rows']:,} 条")
    yield from _histogram(lengths, Text("tokens", "词元"))
    if cut := seen.get("cut", 0):
        lost = 100 * cut / max(examples, 1)
        yield Text(
            f"{cut:,} examples ({lost:.1f} %) are longer than max_length {limit:,} and would be cut; "
            f"{seen.get('lost', 0):,} tokens would be lost",
            f"{cut:,} 个样本（{lost:.1f}%）超过 max_length {limit:,}，会被截断，丢掉 "
            f"{seen.get('lost', 0):,} 个词元",
        )
    if none := seen.get("answerless", 0):
        yield Text(
            f"{none:,} examples have no answer within max_length and would be left out",
            f"{none:,} 个样本在 max_length 之内没有答案，会被跳过",
        )
    for note in seen["notes"]:
        yield Text(f"{note['count']:,} {note['en']}", f"{note['count']:,} {note['zh']}")
    for refused in seen["refused"][:5]:
        place = f"{_short(Path(refused['path']))}:{refused['line']}"
        yield Text(
            f"{place}: left out: {refused['en']}",
            f"{place}：会被跳过：{refused['zh']}",
        )
    if len(seen["refused"]) > 5:
        more = len(seen["refused"]) - 5
        yield Text(f"… and {more} more", f"…… 还有 {more} 条")


def _histogram(lengths: Mapping[int, int], unit: Text) -> Iterator[Text]:
    if not lengths:
        return
    half, most, longest = below(lengths, 0.5), below(lengths, 0.95), max(lengths)
    yield Text(
        f"{unit.en}: half have at most {half:,}, 95 % at most {most:,}, the longest {longest:,}",
        f"{unit.zh}数：一半不超过 {half:,}，95% 不超过 {most:,}，最长 {longest:,}",
    )
    counted = bins(lengths)
    top = max(count for _, count in counted)
    bar = "█" if shows_glyphs(sys.stdout) else "#"
    for bound, count in counted:
        line = f"  <= {bound:>7,} {count:>9,} {bar * round(BARS * count / top)}"
        yield plain(line.rstrip())


def _examples(console: Console, examples: Iterable[Mapping[str, Any]], lang: Lang) -> None:
    styled = console.color_system is not None
    first = True
    for number, example in enumerate(examples, 1):
        if first:
            first = False
            dimmed = Text("dimmed: read, not learnt", "变暗的部分：只读，不学习")
            marked = Text(
                "between {+ and +}: learnt; the rest is only read",
                "{+ 与 +} 之间的部分会被学习，其余只读",
            )
            _say(console, "")
            _say(console, (dimmed if styled else marked).to(lang))
        _example(console, number, example, lang, styled)


def _example(
    console: Console, number: int, example: Mapping[str, Any], lang: Lang, styled: bool
) -> None:
    place = f"{_short(Path(example['path']))}:{example['line']}"
    side = _SIDES[example["side"]]
    title = Text(
        f"example {number}{side.en} · {place} · {example['tokens']:,} tokens, {example['learnt']:,} learnt",
        f"样本 {number}{side.zh} · {place} · {example['tokens']:,} 个词元，学习 {example['learnt']:,} 个",
    ).to(lang)
    if not shows_glyphs(sys.stdout):
        title = title.replace("·", "-")
    _say(console, "")
    console.print(RichText(clean(title), style="bold"), soft_wrap=True)
    left, shown = LONGEST, RichText()
    for piece in example["pieces"]:
        text = clean(redact(piece["text"]))[:left]
        left -= len(text)
        if styled:
            shown.append(text, style="" if piece["learnt"] else "dim")
        else:
            shown.append(f"{{+{text}+}}" if piece["learnt"] else text)
        if not left:
            more = sum(len(each["text"]) for each in example["pieces"]) - LONGEST
            shown.append(
                Text(f"\n… {more:,} more characters", f"\n…… 还有 {more:,} 个字符").to(lang)
            )
            break
    console.print(shown, soft_wrap=True)


def _say(console: Console, line: str) -> None:
    console.print(RichText(line), soft_wrap=True)


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {count:,}" for name, count in ordered) or "-"


def _rows_en(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
