"""Rows of files of any size: each with its line, a long list only as far as memory allows."""

from __future__ import annotations

import io
import json

import pytest

from qtune.core.data.raw import MAX_LINE, Unreadable
from qtune.core.data.rows import rows
from qtune.core.data.unusable import Unusable

ROW = {"instruction": "你好", "output": "好"}


def listed(count: int) -> bytes:
    return json.dumps([ROW] * count, ensure_ascii=False, indent=1).encode()


def test_a_buffer_is_read_like_a_file() -> None:
    text = json.dumps(ROW, ensure_ascii=False) + "\n\n" + json.dumps(ROW) + "\n"
    assert [(row.line, row.value) for row in rows(io.BytesIO(text.encode()))] == [
        (1, ROW),
        (3, ROW),
    ]


def test_the_place_in_a_line_that_is_no_json() -> None:
    (first, second) = rows(io.BytesIO('{"a": 1}\n{"b": 你好}\n'.encode()))
    assert first.value == {"a": 1}
    assert isinstance(second.value, Unusable)
    assert (second.line, second.value.kind, second.value.column) == (2, "not-json", 7)


def test_the_place_of_bytes_that_are_no_utf_8() -> None:
    (row,) = rows(io.BytesIO('{"a": "你'.encode() + b'\xc4\xe3"}\n'))
    assert isinstance(row.value, Unusable)
    assert (row.value.kind, row.value.column) == ("encoding", 9)


@pytest.mark.parametrize("most", [40, 100, 101, 102, 103, 104, 105, 106])
def test_of_a_list_that_is_too_long_the_first_rows_are_read(most: int) -> None:
    """Wherever the cut falls: within a character, a word, or between two rows."""
    read = [row.value for row in rows(io.BytesIO(listed(50)), most)]
    assert read == [ROW] * len(read)
    assert len(read) <= 3


def test_a_list_that_just_fits_is_whole() -> None:
    raw = listed(20)
    assert len(list(rows(io.BytesIO(raw), len(raw)))) == 20
    with pytest.raises(Unreadable):
        list(rows(io.BytesIO(raw[:-2]), len(raw)))


def test_what_is_broken_far_before_the_cut_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtune.core.data.array.MAX_LINE", 100)
    raw = b'[{"a": 1},\n{"b": },\n' + b'{"c": 1},\n' * 50
    with pytest.raises(Unreadable) as caught:
        list(rows(io.BytesIO(raw), len(raw) - 20))
    assert (caught.value.kind, caught.value.line) == ("not-json", 2)


def test_a_line_without_an_end_costs_no_memory() -> None:
    (row,) = rows(io.BytesIO(b'{"a": "' + b"x" * (MAX_LINE + 1)))
    assert isinstance(row.value, Unusable)
    assert row.value.kind == "too-long"
