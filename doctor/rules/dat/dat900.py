"""DAT900: a data file is not there, cannot be read, or holds what is no JSON and no table."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import BadRow, DataFile, Facts
from qtune.doctor.finding import Finding, Fix, Severity, Span
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dat.unusable import files, findings
from qtune.doctor.rules.dat.words import DETECT, LEFT_OUT, VERIFY
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import joined, prose

_PROBLEMS = {
    "missing": Text("there is no such file", "文件不存在"),
    "folder": Text("a folder without a file to train on", "文件夹里没有可训练的文件"),
    "unreadable": Text("it cannot be opened", "无法打开"),
    "not-json": Text(
        "neither JSONL (one object a line) nor a JSON list",
        "既不是 JSONL（每行一个对象），也不是 JSON 列表",
    ),
    "not-table": Text("it cannot be read as a table", "无法按表格读取"),
    "not-parquet": Text("damaged, or no Parquet file at all", "已损坏，或根本不是 Parquet 文件"),
    "not-gzip": Text("damaged, or not packed with gzip at all", "已损坏，或根本不是 gzip 压缩"),
    "empty": Text("there is not one row in it", "里面没有任何数据"),
}
_MENDS = {
    "missing": manual(
        "Correct the path; relative ones start at the folder in which you run qtune",
        "请改正路径；相对路径以运行 qtune 的文件夹为起点",
    ),
    "folder": manual(
        "Name the file itself, or another split: split: NAME",
        "请直接写文件，或换一个划分：split: 名称",
    ),
    "unreadable": manual("Check its permissions", "请检查读取权限"),
    "not-json": manual("Write one JSON object on each line", "请每行写一个 JSON 对象"),
    "not-table": manual(
        "Save it again as CSV in UTF-8, long texts in quotes",
        "请重新另存为 UTF-8 编码的 CSV，长文本加引号",
    ),
    "not-parquet": manual("Copy or download it again", "请重新复制或下载"),
    "not-gzip": manual("Copy or download it again", "请重新复制或下载"),
    "empty": manual("Put at least one row into it", "请至少放一条数据"),
}


def _judge(facts: Facts) -> Iterable[Finding]:
    for file in files(facts):
        if file.problem in _PROBLEMS:
            yield _whole(file)
    yield from findings("DAT900", ("not-json", "too-long", "bad-table"), facts, _mend)


def _whole(file: DataFile) -> Finding:
    what, detail = _PROBLEMS[file.problem], file.detail or Text("", "")
    more = Text(f" ({detail.en})", f"（{detail.zh}）") if file.detail else Text("", "")
    return Finding(
        "DAT900",
        Severity.ERROR,
        Text(f"{file.path}: {what.en}{more.en}", f"{file.path}：{what.zh}{more.zh}"),
        span=Span(file.path, file.line or 1, 1, file.line or 1, 1),
        fix=_MENDS[file.problem],
    )


def _mend(row: BadRow) -> Fix | None:
    if row.kind == "too-long":
        return manual("Split the row", "请拆分这一条")
    if row.kind == "bad-table":
        return manual("Put the text with the separator in quotes", "请给含有分隔符的文本加引号")
    return manual("Mend the line, or delete it", "请改正或删除这一行")


RULE = Rule(
    "DAT900",
    "dataset-unreadable",
    Severity.ERROR,
    Text("The data cannot be read", "无法读取训练数据"),
    Page(
        what=prose(
            """
            A data file of the run is missing, may not be read, is empty, or is not what its name says: neither
            JSONL (one object a line) nor a JSON list, no table (`.csv`, `.tsv`), a damaged `.parquet` or `.gz`.
            Or some of its lines are no JSON: cut off, with single quotes, with a comma too many; some lines of
            a table have more cells than it has columns.
            """,
            """
            训练要用的数据文件不存在、没有读取权限、是空的，或与扩展名不符：既不是 JSONL（每行一个对象）也不是
            JSON 列表，不是表格（`.csv`、`.tsv`），`.parquet` 或 `.gz` 已损坏。也可能是其中某些行不是合法的 JSON：
            被截断、用了单引号、多了逗号；或表格中某些行的单元格比列数多。
            """,
        ),
        why=joined(
            prose(
                "What cannot be read cannot be learnt.",
                "读不出来的数据自然学不到。",
            ),
            LEFT_OUT,
        ),
        detect=DETECT,
        mend=prose(
            """
            The finding names the line, and the column where the JSON parser stopped. A list over many lines
            becomes JSONL with

            ```bash
            python - data.json > data.jsonl <<'EOF'
            import json, sys
            for row in json.load(open(sys.argv[1], encoding="utf-8")):
                print(json.dumps(row, ensure_ascii=False))
            EOF
            ```
            """,
            """
            检查结果会给出行号，以及 JSON 解析停下的列号。如果文件是写成多行的列表，可以这样转成 JSONL：

            ```bash
            python - data.json > data.jsonl <<'EOF'
            import json, sys
            for row in json.load(open(sys.argv[1], encoding="utf-8")):
                print(json.dumps(row, ensure_ascii=False))
            EOF
            ```
            """,
        ),
        verify=VERIFY,
        sources=("https://jsonlines.org/",),
    ),
    needs=("dataset",),
    goals=TRAINING,
    judge=_judge,
)
