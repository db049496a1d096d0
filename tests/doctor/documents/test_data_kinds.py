"""Which files the editor judges as data: by their name, and a table only by columns that no other table has."""

from __future__ import annotations

import gzip
import json
from pathlib import Path, PurePath

import pyarrow  # type: ignore[import-untyped, unused-ignore]
import pytest
from pyarrow import parquet

from qtune.doctor.documents.check import check
from qtune.doctor.documents.kinds import kind_of

ROW = {"instruction": "q", "output": "a"}


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.jsonl", "", "dataset"),
        ("a.ndjson", "{", "dataset"),
        ("a.json", "[{", "dataset"),
        ("a.json", "{", None),
        ("a.jsonl.gz", "\x1f\x8b", "dataset"),
        ("a.parquet", "PAR1", "dataset"),
        ("a.csv", "instruction,output\nq,a\n", "dataset"),
        ("a.csv", '\ufeff"id";"messages"\n', "dataset"),
        ("a.tsv", "prompt\tchosen\trejected\r\n", "dataset"),
        ("a.csv", "id,text\n1,words\n", None),
        ("a.csv", "name,the instruction\n", None),
        ("a.csv", "id\ninstruction\n", None),
    ],
)
def test_what_is_judged_as_data(name: str, head: str, kind: str | None) -> None:
    assert kind_of(PurePath(name), head) == kind


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        {"text": "words"},
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        {"prompt": "q", "chosen": "a", "rejected": "b"},
        {"prompt": "q", "completion": "a", "label": False},
    ],
)
def test_without_a_run_config_every_form_is_fine(row: dict[str, object]) -> None:
    assert check(json.dumps(row) + "\n", Path("a.jsonl")).findings == ()


def test_tables_columns_and_packed_rows_are_judged_row_by_row(tmp_path: Path) -> None:
    rows = [ROW, {"instruction": "q", "output": ""}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    packed = gzip.compress("\n".join(map(json.dumps, rows)).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    (tmp_path / "a.csv").write_text("instruction,output\nq,a\nq,\n")
    for name, line in (("a.parquet", 2), ("a.jsonl.gz", 2), ("a.csv", 3)):
        with (tmp_path / name).open("rb") as file:
            checked = check(file, tmp_path / name)
        assert (checked.kind, checked.rows) == ("dataset", 2)
        (finding,) = checked.findings
        assert finding.span is not None
        assert (finding.code, finding.span.line) == ("DAT901", line)
