"""DAT903: data in another encoding, spoilt by one, standing twice, or leaking into the evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from qtune.core.text import Text
from qtune.doctor.facts import BadRow, DataFile, Facts, Twin
from qtune.doctor.finding import Finding, Fix, Severity, Span
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dat.unusable import files, findings, looked_at
from qtune.doctor.rules.dat.words import DETECT, VERIFY
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose

# Rules of thumb: a few repetitions are in every set of data, and some are wanted.
_REPEATED, _GARBLED = 0.1, 0.01


def _judge(facts: Facts) -> Iterable[Finding]:
    yield from findings("DAT903", ("encoding",), facts, _line)
    for file in files(facts):
        if file.problem == "encoding":
            yield _encoding(file)
        if file.garbled > _GARBLED * file.rows:
            yield _garbled(file)
        if file.repeated > max(1, _REPEATED * file.usable):
            yield _repeated(file)
        if file.leaked:
            yield _leaked(file)


def _line(row: BadRow) -> Fix | None:
    return manual("Write the row again as UTF-8", "请用 UTF-8 重写这一条")


def _encoding(file: DataFile) -> Finding:
    where = Text(f" (line {file.line})", f"（第 {file.line} 行）") if file.line else Text("", "")
    written = PurePath(file.path)
    new = written.with_name(f"{written.stem}-utf8{written.suffix}")
    return Finding(
        "DAT903",
        Severity.ERROR,
        Text(f"{file.path} is not UTF-8{where.en}", f"{file.path} 不是 UTF-8 编码{where.zh}"),
        span=Span(file.path, file.line or 1, 1, file.line or 1, 1),
        fix=manual(
            "Convert it to UTF-8; Chinese programs on Windows often write GBK, PowerShell UTF-16",
            "请转换成 UTF-8；Windows 上的中文软件常用 GBK，PowerShell 常用 UTF-16",
            command=f"iconv -f GBK -t UTF-8 {file.path} > {new}",
        ),
    )


def _garbled(file: DataFile) -> Finding:
    first = file.garbled_lines[0]
    return Finding(
        "DAT903",
        Severity.WARNING,
        Text(
            f"{file.path}: {file.garbled} of {looked_at(file).en} rows hold characters that a wrong encoding has "
            "spoilt",
            f"{file.path}：{looked_at(file).zh}中有 {file.garbled} 条含有编码错误造成的乱码",
        ),
        (_lines(file.garbled_lines, file.garbled),),
        span=Span(file.path, first, 1, first, 1),
        fix=manual(
            "The text is lost in this file: make it again from the source, as UTF-8",
            "原文在这个文件里已经丢失：请从源数据重新导出为 UTF-8",
        ),
    )


def _repeated(file: DataFile) -> Finding:
    first = file.twins[0]
    return Finding(
        "DAT903",
        Severity.WARNING,
        Text(
            f"{file.path}: {file.repeated} of {looked_at(file).en} rows stand there more than once",
            f"{file.path}：{looked_at(file).zh}中有 {file.repeated} 条是重复的",
        ),
        tuple(_twins(file.path, file.twins, file.repeated)),
        span=Span(file.path, first.line, 1, first.line, 1),
        fix=manual(
            "Remove the repetitions, unless these rows are meant to count for more",
            "请去掉重复的数据，除非是有意加大它们的比重",
        ),
    )


def _leaked(file: DataFile) -> Finding:
    first = file.leaks[0]
    return Finding(
        "DAT903",
        Severity.WARNING,
        Text(
            f"{file.path}: {file.leaked} of {looked_at(file).en} rows are trained on, too",
            f"{file.path}：{looked_at(file).zh}中有 {file.leaked} 条同时出现在训练数据里",
        ),
        tuple(_twins(file.path, file.leaks, file.leaked)),
        span=Span(file.path, first.line, 1, first.line, 1),
        fix=manual(
            "Take them out of the training data: a model is not judged by what it has learnt by heart",
            "请把它们从训练数据中去掉：背下来的题不能用来评估",
        ),
    )


def _twins(path: str, twins: tuple[Twin, ...], count: int) -> Iterator[Text]:
    for twin in twins:
        there = "" if twin.path == path else f"{twin.path} "
        yield Text(
            f"line {twin.line} is {there}line {twin.first}",
            f"第 {twin.line} 行与 {there}第 {twin.first} 行相同".replace("与 第", "与第"),
        )
    if count > len(twins):
        yield Text(f"and {count - len(twins)} more", f"还有 {count - len(twins)} 条")


def _lines(lines: tuple[int, ...], count: int) -> Text:
    listed = [str(line) for line in lines]
    more = "" if count <= len(lines) else ", …"
    return Text(
        f"line {', '.join(listed)}{more}", f"第 {'、'.join(listed)} 行{'……' if more else ''}"
    )


RULE = Rule(
    "DAT903",
    "dataset-quality",
    Severity.WARNING,
    Text("The data is in a wrong encoding, or stands there twice", "数据编码有误，或有重复"),
    Page(
        what=prose(
            """
            One of four things: the file is not UTF-8; its text was spoilt by a wrong encoding before it was
            saved (`�`, or what GBK makes of that); many rows stand there more than once; rows by which the
            model is to be judged are trained on, too.
            """,
            """
            以下四种情况之一：文件不是 UTF-8 编码；文本在保存之前就因编码错误变成了乱码（`�`、`锟斤拷`）；大量数据重复；
            用于评估的数据同时出现在训练数据里。
            """,
        ),
        why=prose(
            """
            Guessing an encoding would train on garbage, silently, so the training refuses the file. Spoilt
            text is learnt as it stands. What stands there ten times is learnt ten times as hard, and then by
            heart. And a model does well at questions that it has seen.
            """,
            """
            猜测编码可能会悄悄地用乱码训练，所以训练会拒绝这样的文件。已经变成乱码的文本会被照原样学进去。
            重复十次的数据会被学十遍，最后变成死记硬背。见过的题，模型当然答得好。
            """,
        ),
        detect=prose(
            DETECT.en
            + """

            Rows are the same when every role and text in them is. A file is taken for one of evaluation by its
            name (eval, valid, test, dev) when `qtune check` is given several. Rules of thumb: repetitions are
            told from one row in ten on, spoilt text from one in a hundred on.
            """.replace("\n            ", "\n"),
            DETECT.zh
            + """

            每条消息的角色和文本都相同才算重复。`qtune check` 同时给出多个文件时，按文件名（eval、valid、test、dev）
            判断哪个用于评估。经验值：重复超过十分之一、乱码超过百分之一才会提示。
            """.replace("\n            ", "\n"),
        ),
        mend=prose(
            """
            Another encoding:

            ```bash
            iconv -f GBK -t UTF-8 train.jsonl > train-utf8.jsonl
            ```

            Repetitions, the first of each kept:

            ```bash
            awk '!seen[$0]++' train.jsonl > train-once.jsonl
            ```

            Rows of the evaluation taken out of the training data:

            ```bash
            grep -v -x -F -f eval.jsonl train.jsonl > train-only.jsonl
            ```
            """,
            """
            转换编码：

            ```bash
            iconv -f GBK -t UTF-8 train.jsonl > train-utf8.jsonl
            ```

            去重，每条保留第一次出现的：

            ```bash
            awk '!seen[$0]++' train.jsonl > train-once.jsonl
            ```

            从训练数据中去掉评估数据：

            ```bash
            grep -v -x -F -f eval.jsonl train.jsonl > train-only.jsonl
            ```
            """,
        ),
        verify=VERIFY,
        sources=("https://arxiv.org/abs/2107.06499",),
    ),
    needs=("dataset",),
    goals=TRAINING,
    judge=_judge,
)
