"""Wrapping and padding by the cells of a terminal."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from qtune.doctor.report.characters import clean
from qtune.doctor.report.layout import pad, pad_left, shortened, wrap


def test_words_stay_whole() -> None:
    assert wrap("one two three", 7) == ["one two", "three"]


def test_a_long_word_is_not_broken_so_that_it_can_be_copied() -> None:
    url = "https://huggingface.co/settings/tokens"
    assert wrap(f"open {url} now", 12) == ["open", url, "now"]


def test_chinese_breaks_anywhere_but_not_before_its_punctuation() -> None:
    lines = wrap("令牌无效，请更换。", 8)
    assert lines == ["令牌无", "效，请更", "换。"]
    assert all(cell_len(line) <= 8 for line in lines)


def test_a_number_keeps_its_unit() -> None:
    assert wrap("下载完需要 15 分钟。", 14) == ["下载完需要", "15 分钟。"]
    assert wrap("等待了 0.5 秒，仍无响应", 9) == ["等待了", "0.5 秒，", "仍无响应"]


def test_an_opening_bracket_goes_with_what_it_opens() -> None:
    assert wrap("已跳过（modelscope、huggingface）", 14) == [
        "已跳过",
        "（modelscope、",
        "huggingface）",
    ]


@pytest.mark.parametrize("width", range(10, 60, 7))
def test_nothing_is_lost_or_added(width: int) -> None:
    text = "Hugging Face 不接受来自 .env 第 3 行的 Token hf_…zzzz：无效、已过期，或（也许）被撤销 https://a.example/b"
    assert "".join("".join(wrap(text, width)).split()) == "".join(text.split())


def test_newlines_begin_a_line() -> None:
    assert wrap("a\n\nb", 10) == ["a", "", "b"]


def test_padding_counts_cells() -> None:
    assert pad("下载源", 8) == "下载源  "
    assert pad_left("15 分钟", 9) == "  15 分钟"


def test_shortened_keeps_to_its_cells() -> None:
    assert shortened("model.safetensors", 40) == "model.safetensors"
    assert cell_len(shortened("下载下载下载下载", 9)) <= 9


def test_clean_keeps_newlines_and_marks_controls() -> None:
    assert clean("a\tb\r\nc\x1b[0m") == "a b\nc\ufffd[0m"
