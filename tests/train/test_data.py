"""Every row is either trained on or named with its file, line and reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qtune.core.data.raw import MAX_LINE
from qtune.core.data.recognise import value
from qtune.core.data.unusable import KINDS, Unusable
from qtune.core.data.values import Conversation
from qtune.core.errors import TrainError
from qtune.core.runconfig import DataSource
from qtune.train import data, quickstart

GOOD = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
ALPACA = {"instruction": "q", "output": "a"}


def lines(*rows: object) -> bytes:
    return b"".join(
        (row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode()) + b"\n"
        for row in rows
    )


def read(tmp_path: Path, raw: bytes, wanted: str = "auto") -> data.Rows:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(raw)
    return data.read([DataSource(path, wanted)])


def refused(tmp_path: Path, raw: bytes) -> TrainError:
    with pytest.raises(TrainError) as caught:
        data.judge(read(tmp_path, raw))
    return caught.value


def test_formats_are_recognised_row_by_row(tmp_path: Path) -> None:
    full = {
        "system": "s",
        "history": [["h1", "r1"]],
        "instruction": "i",
        "input": "x",
        "output": "o",
    }
    rows = read(tmp_path, lines(GOOD, ALPACA, full)).usable
    assert [[(m.role, m.content) for m in row.messages] for row in rows] == [
        [("user", "q"), ("assistant", "a")],
        [("user", "q"), ("assistant", "a")],
        [
            ("system", "s"),
            ("user", "h1"),
            ("assistant", "r1"),
            ("user", "i\nx"),
            ("assistant", "o"),
        ],
    ]


def test_a_named_format_takes_no_other(tmp_path: Path) -> None:
    rows = read(tmp_path, lines(GOOD, ALPACA), "alpaca")
    assert [row.line for row in rows.usable] == [2]
    assert [(row.line, row.kind) for row in rows.bad] == [(1, "unknown-format")]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (b"{broken", "not-json"),
        (b"[1, 2]", "not-json"),
        (b"null", "not-json"),
        (b'{"a": ' * 100_000, "not-json"),
        (b'{"messages": "\xc4\xe3"}', "encoding"),
        ({"text": "plain"}, "is-text"),
        ({"words": "plain"}, "unknown-format"),
        ({}, "unknown-format"),
        ({"messages": []}, "bad-message"),
        ({"messages": "hi"}, "bad-message"),
        ({"messages": [1]}, "bad-message"),
        ({"messages": [{"role": "user"}]}, "bad-message"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "media"),
        ({"messages": [{"role": "user", "content": [1]}]}, "bad-message"),
        ({"messages": [{"role": "human", "content": "x"}]}, "bad-role"),
        ({"messages": [{"content": "x"}]}, "bad-role"),
        ({"messages": [*GOOD["messages"], {"role": "system", "content": "s"}]}, "bad-role"),
        ({"messages": [{"role": "user", "content": "q"}]}, "no-answer"),
        (
            {"messages": [*GOOD["messages"][:1], {"role": "assistant", "content": " "}]},
            "empty-answer",
        ),
        ({"messages": [{"role": "tool", "content": "x"}]}, "no-answer"),
        ({**GOOD, "tools": [{"description": "f"}]}, "tools"),
        ({**GOOD, "tools": "[{"}, "tools"),
        ({**GOOD, "images": ["a.png"]}, "media"),
        ({"instruction": "q"}, "no-answer"),
        ({"instruction": "q", "output": ""}, "empty-answer"),
        ({"instruction": "", "output": "a"}, "empty-question"),
        ({"instruction": 3, "output": "a"}, "bad-message"),
        ({"instruction": "q", "output": "a", "history": ["x"]}, "bad-message"),
        (b'{"instruction": "q", "output": "\\ud800"}', "encoding"),
    ],
)
def test_an_unusable_row_is_named_with_its_line_and_kind(
    tmp_path: Path, row: object, kind: str
) -> None:
    rows = read(tmp_path, lines(GOOD, row, ALPACA))
    assert [found.line for found in rows.usable] == [1, 3]
    (bad,) = rows.bad
    assert (bad.line, bad.kind) == (2, kind)
    assert f"rows.jsonl:2: {KINDS[kind].en}" in bad.text().en
    assert KINDS[kind].zh in bad.text().zh


def test_text_parts_are_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    row = {"messages": [{"role": "user", "content": parts}, GOOD["messages"][1]]}
    read = value(row)
    assert isinstance(read, Conversation)
    assert read.messages[0].content == "ab"


def test_a_huge_line_costs_no_memory_and_no_neighbour(tmp_path: Path) -> None:
    huge = b'{"instruction": "' + b"x" * (MAX_LINE + 10) + b'"}'
    rows = read(tmp_path, lines(GOOD, huge, ALPACA))
    assert [row.line for row in rows.usable] == [1, 3]
    assert [(row.line, row.kind) for row in rows.bad] == [(2, "too-long")]


@pytest.mark.triggers("TRN005")
@pytest.mark.spares("TRN005")
def test_up_to_one_percent_is_left_out_and_more_is_refused(tmp_path: Path) -> None:
    almost = read(tmp_path, lines(*[GOOD] * 99, b"{"))
    data.judge(almost)
    error = refused(tmp_path, lines(*[GOOD] * 98, b"{", {"text": 1}))
    assert error.code == "TRN005"
    assert "2 of 100 rows" in error.message.en
    assert "rows.jsonl:99:" in error.message.en and "rows.jsonl:100:" in error.message.en
    assert "100 条数据里有 2 条不可用" in error.message.zh


@pytest.mark.triggers("TRN002", "TRN003", "TRN004")
@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "TRN003"),
        (b"\n \n", "TRN003"),
        (b"[]", "TRN003"),
        (b"id,text\n1,hello\n", "TRN004"),
        (b'{\n  "instruction": "q",\n  "output": "a"\n}\n', "TRN004"),
        (b'[{"instruction": "q", "output": "a"}', "TRN004"),
        (b'[{"instruction": "q", "output": "a"} {}]', "TRN004"),
        (b'[{"instruction": ]', "TRN004"),
        (b"[" * 100_000, "TRN004"),
        ('{"instruction": "你好", "output": "好"}'.encode("utf-16"), "TRN002"),
        ('{"instruction": "你好", "output": "好"}'.encode("utf-16-le"), "TRN002"),
        ('{"instruction": "你好", "output": "好"}\n'.encode("gbk") * 3, "TRN002"),
        ('[{"instruction": "你好", "output": "好"}]'.encode("gbk"), "TRN002"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_one_clear_error(
    tmp_path: Path, raw: bytes, code: str
) -> None:
    error = refused(tmp_path, raw)
    assert error.code == code
    assert error.fix is not None
    if code != "TRN003":
        assert "rows.jsonl" in error.message.en


@pytest.mark.triggers("TRN001")
def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainError) as caught:
        data.read([DataSource(tmp_path / "absent.jsonl")])
    assert caught.value.code == "TRN001"
    assert "absent.jsonl" in caught.value.message.en


@pytest.mark.spares("TRN001", "TRN004")
def test_a_json_list_gives_the_line_of_each_row(tmp_path: Path) -> None:
    text = json.dumps([GOOD, {"text": 1}, ALPACA], indent=2, ensure_ascii=False)
    rows = read(tmp_path, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    starts = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("  {")]
    assert [row.line for row in rows.usable] == [starts[0], starts[2]]
    assert [row.line for row in rows.bad] == [starts[1]]


@pytest.mark.spares("TRN002", "TRN003", "TRN004")
@pytest.mark.parametrize(
    "raw",
    [
        b"\n\n" + json.dumps(GOOD).encode() + b"\n\n",
        json.dumps([GOOD], indent=2).encode(),
        '{"instruction": "你好", "output": "好\u3000"}'.encode(),
        json.dumps(ALPACA).encode(),  # without a line end
    ],
)
def test_files_that_look_empty_or_odd_and_hold_a_row_are_read(tmp_path: Path, raw: bytes) -> None:
    rows = read(tmp_path, raw)
    data.judge(rows)
    assert len(rows.usable) == 1


@pytest.mark.spares("TRN002", "TRN003")
def test_a_bom_is_no_error(tmp_path: Path) -> None:
    assert len(read(tmp_path, b"\xef\xbb\xbf" + lines(GOOD, GOOD)).usable) == 2


def test_the_report_counts_by_kind_and_shows_the_first_places(tmp_path: Path) -> None:
    rows = read(tmp_path, lines(*[{"words": 1}] * 7, b"{"))
    report = [text.en for text in data.report(rows)]
    assert report[0] == "7 × in no known format"
    assert report[6] == "  … and 2 more"
    assert report[7].startswith("1 × not a JSON object")


def test_the_quickstart_has_both_formats_both_languages_and_no_bad_row() -> None:
    rows = data.read([DataSource(Path("quickstart"))])
    assert rows.bad == ()
    assert 150 <= len(rows.usable) <= 200
    raw = [json.loads(line) for line in quickstart.INSTRUCTIONS.read_text("utf-8").splitlines()]
    assert sum("messages" in row for row in raw) > 10
    assert sum("instruction" in row for row in raw) > 100
    chinese = [r for r in rows.usable if any("一" <= c <= "鿿" for c in r.messages[-1].content)]
    assert 60 < len(chinese) < len(rows.usable) - 60


def test_every_kind_has_both_languages() -> None:
    for kind in KINDS:
        text = Unusable(kind, "detail").text()
        assert text.en.endswith(": detail") and text.zh.endswith("：detail")
