"""Files of every kind give the same rows, each with its place; hostile ones give one clear error."""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow  # type: ignore[import-untyped, unused-ignore]
import pytest
from pyarrow import parquet

from qtune.core.data.files import is_data, read, stream
from qtune.core.data.raw import MAX_LINE, Unreadable
from qtune.core.data.recognise import value
from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Conversation

ROWS = [
    {"instruction": '你好, "world"\nline 2', "output": "a"},
    {"instruction": "q", "output": "b;c\td"},
]


def put(folder: Path, name: str, raw: bytes) -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


def cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def table(separator: str) -> bytes:
    lines = [separator.join(ROWS[0])]
    lines += [separator.join(cell(text) for text in row.values()) for row in ROWS]
    return ("\r\n".join(lines) + "\r\n").encode()


def columns(folder: Path, rows: list[dict[str, Any]], name: str = "a.parquet") -> Path:
    path = folder / name
    parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=100)
    return path


def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps(row) for row in ROWS).encode()
    paths = [
        put(tmp_path, "a.jsonl", lines),
        put(tmp_path, "b.json", json.dumps(ROWS, indent=1).encode()),
        put(tmp_path, "c.csv", table(",")),
        put(tmp_path, "d.csv", b"\xef\xbb\xbf" + table(";")),
        put(tmp_path, "e.tsv", table("\t")),
        put(tmp_path, "f.jsonl.gz", gzip.compress(lines, mtime=0)),
        put(tmp_path, "G.CSV.GZ", gzip.compress(table(","))),
        columns(tmp_path, ROWS),
    ]
    for path in paths:
        assert is_data(path.name)
        assert [row.value for row in read(path)] == ROWS, path.name


def test_the_place_of_a_row_in_a_table_is_the_line_it_begins_in(tmp_path: Path) -> None:
    assert [row.line for row in read(put(tmp_path, "a.csv", table(",")))] == [2, 4]
    assert [row.line for row in read(columns(tmp_path, ROWS * 150))] == list(range(1, 301))


def test_an_empty_cell_is_nothing_and_one_too_many_is_told(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", b"instruction,input,output\nq,,a\nq,x\n\nq,x,a,b\n")
    first, short, long = read(path)
    assert first.value == {"instruction": "q", "input": None, "output": "a"}
    assert short.value == {"instruction": "q", "input": "x"}
    assert isinstance(long.value, Unusable)
    assert (long.line, long.value.kind) == (5, "bad-table")


def test_a_cell_of_five_megabytes_is_read(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", b'text\n"' + b"x" * (5 << 20) + b'"\n')
    (row,) = read(path)
    assert isinstance(row.value, dict) and len(row.value["text"]) == 5 << 20


def test_columns_give_no_keys_that_a_row_does_not_have(tmp_path: Path) -> None:
    """Parquet gives every message the keys of all the others, and every tool those of all the others."""
    call = {"function": {"name": "f", "arguments": '{"a": 1}'}, "type": "function", "id": "1"}
    tool = {"name": "f", "parameters": {"properties": {"a": {"type": "integer"}}}}
    other = {"name": "g", "parameters": {"properties": {"b": {"type": "string"}}}}
    talk = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "1", "tool_call_id": "1"},
        {"role": "assistant", "content": "a"},
    ]
    path = columns(tmp_path, [{"messages": talk, "tools": [tool, other]}])
    (row,) = read(path)
    read_back = value(row.value)
    assert isinstance(read_back, Conversation)
    assert [bool(m.tool_calls) for m in read_back.messages] == [False, True, False, False]
    assert [t["function"] for t in read_back.tools] == [tool, other]


# --- hostile --------------------------------------------------------------------------------------

WHOLE = b'{"instruction": "q", "output": "a"}\n'


@pytest.mark.parametrize(
    ("name", "raw", "kind", "line"),
    [
        ("a.csv", "instruction,output\nq,a\n你,好\n".encode("gbk"), "encoding", 3),
        ("a.csv", "instruction,output\n你,好\n".encode("utf-16"), "encoding", 0),
        ("a.csv", b"instruction,output\nq,\xff\n", "encoding", 2),
        ("a.csv", b"a,b,a\n1,2,3\n", "not-table", 1),
        ("a.csv", b"text\n" + b"x" * (MAX_LINE + 2), "not-table", 2),
        ("a.csv", b'text\n"' + (b"x" * 1000 + b"\n") * 20_000, "not-table", None),
        ("a.parquet", b"", "not-parquet", 0),
        ("a.parquet", b"version https://git-lfs.github.com/spec/v1\n", "not-parquet", 0),
        ("a.parquet", b"PAR1" + b"\0" * 100 + b"PAR1", "not-parquet", 0),
        ("a.jsonl.gz", WHOLE, "not-gzip", 0),
        ("a.jsonl.gz", gzip.compress(WHOLE * 50_000, mtime=0)[:-20], "not-gzip", 0),
        ("a.jsonl.gz", gzip.compress(WHOLE, mtime=0)[:-4] + b"oops", "not-gzip", 0),
        ("a.json", b"[" * 10_000 + b"]" * 10_000, "not-json", 1),
        ("a.json", b'[{"a": 1},\n\n{"b": nope}]', "not-json", 3),
        ("a.json", b'[{"a": "' + "你".encode("gbk") + b'"}]', "encoding", 1),
        ("a.json", b'[{"a": 1}' + b" " * 600_000, "not-json", None),
    ],
)
def test_a_file_that_is_broken_as_a_whole(
    tmp_path: Path, name: str, raw: bytes, kind: str, line: int | None
) -> None:
    with pytest.raises(Unreadable) as caught:
        list(read(put(tmp_path, name, raw)))
    assert caught.value.kind == kind
    assert line is None or caught.value.line == line


def test_a_parquet_file_that_breaks_off(tmp_path: Path) -> None:
    raw = columns(tmp_path, ROWS * 500).read_bytes()
    with pytest.raises(Unreadable) as caught:
        list(read(put(tmp_path, "b.parquet", raw[: len(raw) // 2])))
    assert caught.value.kind == "not-parquet"
    spoilt = bytearray(raw)
    spoilt[200:260] = bytes(60)
    try:
        rows = list(read(put(tmp_path, "c.parquet", bytes(spoilt))))
    except Unreadable as fault:
        assert fault.kind == "not-parquet"
    else:
        assert len(rows) == 1000


def test_without_pyarrow_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = columns(tmp_path, ROWS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Unreadable) as caught:
        list(read(path))
    assert caught.value.kind == "no-pyarrow"
    assert caught.value.fix is not None and "qtune[train]" in caught.value.fix.en


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"instruction": "' + b"x" * (20 << 20) + b'"}', "too-long"),
        (b'{"a": ' * 10_000 + b"1" + b"}" * 10_000, "not-json"),
        (b'{"instruction": "q\0", "output": "a"', "not-json"),
        (b'{"instruction": NaN', "not-json"),
        ('{"instruction": "你"}'.encode("gbk"), "encoding"),
        (b'"just a text"', "not-json"),
        (b"1e999", "not-json"),
    ],
    ids=["20 MB", "10,000 deep", "NUL", "NaN", "GBK", "text", "number"],
)
def test_a_hostile_line_costs_no_neighbour(tmp_path: Path, raw: bytes, kind: str) -> None:
    first, bad, last = read(put(tmp_path, "a.jsonl", WHOLE + raw + b"\n" + WHOLE))
    assert first.value == last.value == json.loads(WHOLE)
    with pytest.raises(Unusable) as caught:
        raise bad.value if isinstance(bad.value, Unusable) else _refused(bad.value)
    # Later versions of Python read 10,000 braces, and then it is a row like any other without a form.
    assert bad.line == 2 and caught.value.kind in (kind, "unknown-format")


def _refused(given: object) -> Unusable:
    try:
        value(given)
    except Unusable as reason:
        return reason
    raise AssertionError(given)


def test_a_long_list_is_never_held_whole(tmp_path: Path) -> None:
    """Rows come while the file is still being read: of 30 MB, not more than a few hundred kilobytes."""
    path = tmp_path / "a.json"
    with path.open("w") as file:
        file.write("[\n")
        for number in range(30_000):
            file.write(("," if number else "") + json.dumps({"text": f"{number} " + "x" * 1000}))
            file.write("\n")
        file.write("]")
    met: list[int] = []

    class Counting:
        def __init__(self) -> None:
            self.file = path.open("rb")

        def read(self, size: int = -1) -> bytes:
            raw = self.file.read(size)
            met.append(len(raw))
            return raw

        def seek(self, place: int) -> int:
            return self.file.seek(place)

    from qtune.core.data.rows import rows

    counting = Counting()
    reading = rows(counting)  # type: ignore[arg-type]
    assert next(reading).line == 2
    assert sum(met) < 1 << 20
    lines = [row.line for row in reading]
    counting.file.close()
    assert (len(lines), lines[-1]) == (29_999, 30_001)
    assert max(met) <= 1 << 18


def test_spoilt_files_give_rows_or_reasons_or_one_error(tmp_path: Path) -> None:
    """Four thousand files with bytes changed, put in, taken out and cut off."""
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()
    whole = {
        "a.jsonl": lines,
        "a.json": json.dumps(ROWS).encode(),
        "a.csv": table(","),
        "a.jsonl.gz": gzip.compress(lines, mtime=0),
        "a.parquet": columns(tmp_path, ROWS).read_bytes(),
    }
    dice, counts = random.Random(7), Counter[str]()
    for number in range(4000):
        name = list(whole)[number % len(whole)]
        raw = bytearray(whole[name])
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(raw) + 1)
            kind = dice.randrange(4)
            if kind == 0:
                raw[place : place + 1] = bytes([dice.randrange(256)])
            elif kind == 1:
                raw[place:place] = dice.choice(
                    [b"\0", b'"', b"{", b"[", b"\xff", b"\\ud800", b",", b"\r"]
                )
            elif kind == 2:
                del raw[place : place + dice.randint(1, 40)]
            elif dice.random() < 0.3:
                del raw[place:]
        try:
            for row in stream(io.BytesIO(bytes(raw)), name):
                if not isinstance(row.value, Unusable):
                    _said(row.value, counts)
        except Unreadable as fault:
            counts[fault.kind] += 1
    assert counts["usable"] > 500 and counts["not-parquet"] > 100 and counts["not-gzip"] > 100


def _said(given: object, counts: Counter[str]) -> None:
    try:
        value(given)
        counts["usable"] += 1
    except Unusable as reason:
        counts[reason.kind] += 1
