"""Rules about data, over files that a run config names, as the doctor reads them."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow  # type: ignore[import-untyped, unused-ignore]
import pytest
from pyarrow import parquet

from qtune.core.workload import Method, Workload
from qtune.doctor.examine import Options, examine
from qtune.doctor.facts import DataAsked, DataFile, Dataset, Known, Lengths
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rules.dat import RULES, dat902, dat904, dat905
from qtune.doctor.schedule import Limits
from tests.doctor.build import healthy
from tests.doctor.probes.looking import looking
from tests.doctor.rules.judging import findings, only

GOOD = {"instruction": "q", "output": "a"}
WORK = Workload(max_length=64)


def written(folder: Path, *rows: object, name: str = "train.jsonl") -> Path:
    """Each row on its line; bytes as they are."""
    path = folder / name
    path.write_bytes(
        b"".join(
            (row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode())
            + b"\n"
            for row in rows
        )
    )
    return path


def numbered(count: int) -> list[dict[str, str]]:
    return [{"instruction": f"question {n}", "output": f"answer {n}"} for n in range(count)]


def said(
    folder: Path,
    *paths: Path,
    model: str = "",
    training: Workload = WORK,
    enable_thinking: bool | None = None,
) -> Sequence[Finding]:
    """What the doctor says of a run with these files, with nothing else to look at."""
    with looking(folder) as context:
        goal = replace(
            context.goal,
            model=model or context.goal.model,
            data=tuple(DataAsked(str(path)) for path in paths),
            training=training,
            enable_thinking=enable_thinking,
        )
        report = examine(
            replace(context, goal=goal), Options(("DAT",), limits=Limits(30, offline=True))
        )
    assert {check.state for check in report.checks} == {"ok"}
    for finding in report.findings:
        assert finding.message.zh and finding.message.en != finding.message.zh
    return report.findings


def codes(found: Sequence[Finding]) -> list[str]:
    return [finding.code for finding in found]


# --- DAT900 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("DAT900")
def test_lines_that_are_no_json_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, b'{"instruction": "q", "output": ', GOOD, b"{'a': 1}")
    (finding,) = said(tmp_path, path)
    assert (finding.code, finding.severity) == ("DAT900", Severity.ERROR)
    assert finding.span is not None
    assert (finding.span.path, finding.span.line, finding.span.column) == (str(path), 2, 32)
    assert "2 rows of 4" in finding.message.en
    assert [line.en.partition(":")[0] for line in finding.evidence] == ["line 2", "line 4"]


@pytest.mark.triggers("DAT900")
@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (None, "no such file"),
        (b"", "not one row"),
        (b"id,text\n1,hello\n", "neither JSONL"),
        (b'{\n "instruction": "q"\n}\n', "neither JSONL"),
        (b'[{"instruction": "q", "output": "a"}', "cut off"),
    ],
)
def test_a_file_that_is_none_of_data(tmp_path: Path, raw: bytes | None, words: str) -> None:
    path = tmp_path / "train.jsonl"
    if raw is not None:
        path.write_bytes(raw)
    (finding,) = said(tmp_path, path)
    assert (finding.code, finding.severity) == ("DAT900", Severity.ERROR)
    assert words in finding.message.en and str(path) in finding.message.en
    assert finding.fix is not None


@pytest.mark.triggers("DAT900")
def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    (finding,) = said(tmp_path, tmp_path)
    assert finding.code == "DAT900"
    assert "a folder without a file" in finding.message.en


@pytest.mark.triggers("DAT900")
@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("a.csv", b"instruction,instruction\nq,a\n", "as a table"),
        ("a.csv", b'instruction,output\nq,"' + b"a" * (17 << 20), "as a table"),
        ("a.parquet", b"<html>not found</html>", "no Parquet file"),
        ("a.parquet", b"PAR1" + bytes(40), "no Parquet file"),
        ("a.jsonl.gz", b'{"instruction": "q", "output": "a"}', "gzip"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(
    tmp_path: Path, name: str, raw: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    (finding,) = said(tmp_path, path)
    assert (finding.code, finding.severity) == ("DAT900", Severity.ERROR)
    assert words in finding.message.en


@pytest.mark.spares("DAT900", "DAT907")
def test_tables_and_packed_files_are_fine(tmp_path: Path) -> None:
    rows = numbered(3)
    table = tmp_path / "a.csv"
    table.write_text("instruction,output\n" + "".join(f"{r['instruction']},a\n" for r in rows))
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress("\n".join(map(json.dumps, numbered(3))).encode()))
    columns = tmp_path / "c.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(numbered(3)), columns)
    assert said(tmp_path, table) == said(tmp_path, packed) == said(tmp_path, columns) == ()


@pytest.mark.spares("DAT900", "DAT901", "DAT903")
def test_blank_lines_a_bom_and_both_forms_are_fine(tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}]}
    path = tmp_path / "train.jsonl"
    rows = [json.dumps(GOOD), "", json.dumps(chat, ensure_ascii=False), ""]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(rows).encode())
    assert said(tmp_path, path) == ()


@pytest.mark.spares("DAT900", "DAT901")
def test_a_list_of_rows_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(json.dumps(numbered(3), indent=2))
    assert said(tmp_path, path) == ()


@pytest.mark.triggers("DAT900", "DAT901")
def test_a_row_in_a_hundred_is_a_warning(tmp_path: Path) -> None:
    """As the trainer has it: these are left out, and the training begins."""
    few = written(tmp_path, *numbered(199), b"{")
    assert [f.severity for f in said(tmp_path, few)] == [Severity.WARNING]
    more = written(tmp_path, *numbered(198), b"{", {"words": "x"}, b"{")
    assert [(f.code, f.severity) for f in said(tmp_path, more)] == [
        ("DAT900", Severity.ERROR),
        ("DAT901", Severity.ERROR),
    ]


# --- DAT901 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("DAT901")
@pytest.mark.parametrize(
    ("row", "words", "fix"),
    [
        ({"conversations": [{"from": "human", "value": "q"}]}, "no answer", "Fill it in"),
        ({"question": "q"}, "no known format", '{"instruction"'),
        ({"messages": [{"role": "human", "content": "q"}]}, "a role other", "gpt assistant"),
        ({"messages": [{"role": "narrator", "content": "q"}]}, "a role other", "Roles are"),
        ({"instruction": "q", "output": ""}, "an empty answer", "Fill it in"),
        ({"messages": [{"role": "user", "content": "q"}]}, "no answer", "Fill it in"),
        ({"messages": [{"role": "user"}]}, "without role or text", "a role and a text"),
        ({**GOOD, "tools": [{"kind": "f"}]}, "tools or tool calls", "functions with a name"),
        ({**GOOD, "images": ["a.png"]}, "pictures", "Leave such rows out"),
        ({"prompt": "q", "chosen": "a", "rejected": "a"}, "the same answer", "nothing to prefer"),
        ({"prompt": "q", "completion": "a", "label": 3}, "neither true nor false", "true or false"),
        ({"chosen": "a", "rejected": "b"}, "do not fit together", "Write prompt"),
    ],
)
def test_a_row_that_cannot_be_trained_on(
    tmp_path: Path, row: dict[str, Any], words: str, fix: str
) -> None:
    (finding,) = said(tmp_path, written(tmp_path, GOOD, row))
    assert (finding.code, finding.severity) == ("DAT901", Severity.ERROR)
    assert words in finding.message.en
    assert finding.fix is not None and fix in finding.fix.title.en
    assert finding.span is not None and finding.span.line == 2


@pytest.mark.triggers("DAT901")
def test_rows_of_one_kind_are_told_together(tmp_path: Path) -> None:
    (finding,) = said(tmp_path, written(tmp_path, *[{"words": "x"}] * 40))
    assert finding.code == "DAT901"
    assert "40 rows of 40" in finding.message.en
    assert len(finding.evidence) == 6
    assert finding.evidence[-1].en == "and 35 more"


@pytest.mark.spares("DAT901", "DAT906")
@pytest.mark.parametrize(
    ("method", "row"),
    [
        (
            "sft",
            {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        ),
        ("sft", {"prompt": "q", "completion": "a"}),
        ("pt", {"text": "words to read on"}),
        ("dpo", {"prompt": "q", "chosen": "a", "rejected": "b"}),
        ("kto", {"prompt": "q", "completion": "a", "label": True}),
        ("kto", {"prompt": "q", "chosen": "a", "rejected": "b"}),
    ],
)
def test_every_form_is_fine_for_its_method(
    tmp_path: Path, method: Method, row: dict[str, Any]
) -> None:
    assert said(tmp_path, written(tmp_path, row), training=Workload(method=method)) == ()


# --- DAT906, DAT907 -------------------------------------------------------------------------------


@pytest.mark.triggers("DAT906")
@pytest.mark.parametrize(
    ("method", "row", "named"),
    [
        ("sft", {"text": "words to read on"}, "pt"),
        ("sft", {"prompt": "q", "chosen": "a", "rejected": "b"}, "dpo"),
        ("sft", {"prompt": "q", "completion": "a", "label": True}, "kto"),
        ("dpo", GOOD, "sft"),
    ],
)
def test_data_of_another_method_names_it(
    tmp_path: Path, method: Method, row: dict[str, Any], named: str
) -> None:
    (finding,) = said(tmp_path, written(tmp_path, row), training=Workload(method=method))
    assert (finding.code, finding.severity) == ("DAT906", Severity.ERROR)
    assert finding.fix is not None and f"method: {named}" in finding.fix.title.en


@pytest.mark.triggers("DAT907")
def test_parquet_where_pyarrow_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(numbered(3)), path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as `import` has it for what is not there
    (finding,) = said(tmp_path, path)
    assert (finding.code, finding.severity) == ("DAT907", Severity.ERROR)
    assert finding.fix is not None and finding.fix.command


# --- DAT902 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("DAT902")
def test_long_rows_are_estimated_without_a_tokenizer(tmp_path: Path) -> None:
    long = {"instruction": "q", "output": "word " * 200}
    (finding,) = said(tmp_path, written(tmp_path, *numbered(9), long))
    assert (finding.code, finding.severity) == ("DAT902", Severity.WARNING)
    assert "about 1 of 10 rows are longer than max_length 64" in finding.message.en
    assert "estimated" in finding.evidence[0].en


@pytest.mark.triggers("DAT902")
def test_a_question_that_fills_the_row_is_told(tmp_path: Path) -> None:
    row = {"instruction": "字" * 500, "output": "a"}
    (finding,) = said(tmp_path, written(tmp_path, *numbered(3), row))
    assert finding.code == "DAT902"
    assert "the question alone" in finding.evidence[1].en


@pytest.mark.spares("DAT902")
def test_rows_that_may_just_fit_are_not_called_long(tmp_path: Path) -> None:
    near = {"instruction": "q", "output": "w" * 300}  # 50 tokens of six letters
    assert said(tmp_path, written(tmp_path, near, *numbered(3))) == ()


@pytest.mark.spares("DAT902")
def test_one_long_row_in_a_hundred_is_none_of_our_business(tmp_path: Path) -> None:
    long = {"instruction": "q", "output": "word " * 200}
    assert said(tmp_path, written(tmp_path, *numbered(99), long)) == ()


def test_when_no_row_has_room_for_an_answer_it_is_an_error() -> None:
    lengths = Lengths("tokenizer", 64, 10, 10, 10, 900)
    facts = healthy(dataset=Known(Dataset((DataFile("d.jsonl", rows=10),), lengths)))
    finding = only(dat902.RULE, facts)
    assert finding.severity is Severity.ERROR
    assert finding.fix is not None and "1024" in finding.fix.title.en
    guessed = replace(lengths, how="estimate")
    facts = healthy(dataset=Known(Dataset((DataFile("d.jsonl", rows=10),), guessed)))
    assert only(dat902.RULE, facts).severity is Severity.WARNING


@pytest.mark.triggers("DAT902")
def test_a_model_without_a_chat_template(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "tokenizer_config.json").write_text('{"eos_token": "</s>"}')
    path = written(tmp_path, GOOD)
    with looking(tmp_path) as context:
        goal = replace(
            context.goal,
            model=str(folder),
            local=True,
            data=(DataAsked(str(path)),),
            training=WORK,
        )
        options = Options(("DAT902",), limits=Limits(30, offline=True))
        (finding,) = examine(replace(context, goal=goal), options).findings
        assert finding.severity is Severity.ERROR
        assert "no chat template" in finding.message.en
        (folder / "chat_template.jinja").write_text("{{ messages }}")
        assert examine(replace(context, goal=goal), options).findings == ()


# --- DAT903 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("DAT903")
@pytest.mark.parametrize("encoding", ["utf-16", "gbk"])
def test_a_file_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "train.json"
    path.write_bytes(json.dumps([{"instruction": "你好"}], ensure_ascii=False).encode(encoding))
    (finding,) = said(tmp_path, path)
    assert (finding.code, finding.severity) == ("DAT903", Severity.ERROR)
    assert "not UTF-8" in finding.message.en
    assert finding.fix is not None and "iconv" in finding.fix.command


@pytest.mark.triggers("DAT903")
def test_lines_in_another_encoding(tmp_path: Path) -> None:
    gbk = '{"instruction": "你好", "output": "好"}'.encode("gbk")
    (finding,) = said(tmp_path, written(tmp_path, GOOD, gbk))
    assert (finding.code, finding.severity) == ("DAT903", Severity.ERROR)
    assert finding.span is not None and (finding.span.line, finding.span.column) == (2, 18)


@pytest.mark.triggers("DAT903")
@pytest.mark.parametrize("text", ["caf\ufffd", "锟斤拷锟斤拷"])
def test_text_that_a_wrong_encoding_has_spoilt(tmp_path: Path, text: str) -> None:
    spoilt = {"instruction": "q", "output": text}
    (finding,) = said(tmp_path, written(tmp_path, *numbered(10), spoilt))
    assert (finding.code, finding.severity) == ("DAT903", Severity.WARNING)
    assert "line 11" in finding.evidence[0].en


@pytest.mark.triggers("DAT903")
def test_rows_that_stand_there_twice(tmp_path: Path) -> None:
    rows = numbered(10)
    (finding,) = said(tmp_path, written(tmp_path, *rows, *rows[:3]))
    assert (finding.code, finding.severity) == ("DAT903", Severity.WARNING)
    assert finding.message.en.endswith("3 of 13 rows stand there more than once")
    assert finding.evidence[0].en == "line 11 is line 1"


@pytest.mark.triggers("DAT903")
def test_rows_that_stand_in_two_files(tmp_path: Path) -> None:
    one = written(tmp_path, *numbered(10), name="one.jsonl")
    two = written(tmp_path, *numbered(10), name="two.jsonl")
    (finding,) = said(tmp_path, one, two)
    assert finding.code == "DAT903"
    assert finding.evidence[0].en == f"line 1 is {one} line 1"


@pytest.mark.spares("DAT903")
def test_a_few_repetitions_and_answers_that_are_alike_are_fine(tmp_path: Path) -> None:
    rows = numbered(30)
    same_answer = [{"instruction": f"is {n} a number?", "output": "yes"} for n in range(30)]
    assert said(tmp_path, written(tmp_path, *rows, *rows[:3], *same_answer)) == ()


# --- DAT904 and DAT905 ----------------------------------------------------------------------------

BASE = "Qwen/Qwen3-4B-Base"


@pytest.mark.triggers("DAT904")
def test_of_lora_on_a_base_model_it_is_told_how_it_learns_to_stop(tmp_path: Path) -> None:
    """LlamaFactory#7943, Qwen3#1064, LlamaFactory#9189."""
    (finding,) = said(tmp_path, written(tmp_path, GOOD), model=BASE)
    assert (finding.code, finding.severity) == ("DAT904", Severity.INFO)
    assert finding.fix is not None and "Qwen/Qwen3-4B is the better start" in finding.fix.title.en


@pytest.mark.spares("DAT904")
@pytest.mark.parametrize(
    ("model", "training"),
    [
        (BASE, Workload(saved=("embed_tokens", "lm_head"))),
        (BASE, Workload(tuning="full")),
        (BASE, Workload(unfollowed="lora.trainable_token_indices")),
        ("Qwen/Qwen3-4B", Workload()),
        ("acme/Base-of-Qwen3", Workload()),
    ],
)
def test_a_model_that_learns_to_stop(tmp_path: Path, model: str, training: Workload) -> None:
    assert said(tmp_path, written(tmp_path, GOOD), model=model, training=training) == ()


def test_a_download_of_the_base_model_is_nobodys_mistake() -> None:
    facts = healthy()
    assert findings(dat904.RULE, replace(facts, goal=replace(facts.goal, model=BASE))) == []


THINKS = {"messages": [{"role": "user", "content": "q"},
                       {"role": "assistant", "content": "<think>\nhm\n</think>\n\na"}]}  # fmt: skip
APART = {"messages": [{"role": "user", "content": "q2"},
                      {"role": "assistant", "content": "a", "reasoning_content": "hm"}]}  # fmt: skip


@pytest.mark.triggers("DAT905")
@pytest.mark.parametrize(
    ("model", "rows", "thinking", "words"),
    [
        ("Qwen/Qwen3-4B-Instruct-2507", [THINKS, APART], None, "a model that does not"),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", [THINKS], None, "a model that does not"),
        ("Qwen/Qwen3-4B-Thinking-2507", [GOOD], None, "none of the 1 rows has any"),
        ("Qwen/Qwen3-4B", [APART, GOOD], False, "enable_thinking is false"),
    ],
)
def test_data_that_thinks_otherwise_than_the_model(
    tmp_path: Path, model: str, rows: list[object], thinking: bool | None, words: str
) -> None:
    """LlamaFactory#9392, #8832, #8816, #7978; ms-swift#5927."""
    found = said(tmp_path, written(tmp_path, *rows), model=model, enable_thinking=thinking)
    assert codes(found) == ["DAT905"]
    assert words in found[0].message.en


@pytest.mark.spares("DAT905")
@pytest.mark.parametrize(
    ("model", "rows", "thinking"),
    [
        ("Qwen/Qwen3-4B", [GOOD], None),
        ("Qwen/Qwen3-4B", [GOOD], False),
        ("Qwen/Qwen3-4B", [THINKS, GOOD], None),
        ("Qwen/Qwen3-4B-Thinking-2507", [THINKS], None),
        ("Qwen/Qwen3-4B-Instruct-2507", [GOOD], None),
    ],
)
def test_data_that_thinks_as_the_model_does(
    tmp_path: Path, model: str, rows: list[object], thinking: bool | None
) -> None:
    found = said(tmp_path, written(tmp_path, *rows), model=model, enable_thinking=thinking)
    assert found == ()


def test_without_a_usable_row_only_the_file_is_told() -> None:
    facts = healthy(dataset=Known(Dataset((DataFile("d.jsonl", problem="empty"),))))
    facts = replace(facts, goal=replace(facts.goal, model="Qwen/Qwen3-4B-Thinking-2507"))
    assert findings(dat905.RULE, facts) == []


def test_no_data_no_finding() -> None:
    assert [
        f for rule in RULES for f in rule.judge(replace(healthy(), dataset=Known(Dataset(()))))
    ] == []
